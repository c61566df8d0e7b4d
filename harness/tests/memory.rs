//! What a run keeps does not grow with its length: only who records it, or keeps the history of clients for a verdict, pays
//! for every event. A binary of its own, because the allocator counts for all threads.

use std::alloc::System;

use orrery_harness::workloads::Workload;
use orrery_sim::{Context, Duration, Law, Node, NodeId, Protocol, Setup, SimTime, Start, World};
use serde::Serialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The digest's chain of checkpoints is all that may grow, up to 4 096 of 16 bytes; buffers grow by doubling.
const BOUND: usize = 2 * 4_096 * 16;

/// How many bytes were asked for while `work` was done, whether they were given back or not.
fn taken(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    region.change().bytes_allocated
}

/// A node that keeps what it hears: what the bound must catch.
#[derive(Clone, Debug, Serialize)]
struct Hoarder(Vec<u64>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hoard;

impl Protocol for Hoard {
    type Config = ();
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

impl Node for Hoarder {
    type Protocol = Hoard;

    fn on_start(_start: Start<'_, Hoard>, ctx: &mut Context<'_, Hoard>) -> Self {
        ctx.send(ctx.id(), 0);
        Self(vec![])
    }

    fn on_message(&mut self, from: NodeId, message: u64, ctx: &mut Context<'_, Hoard>) {
        self.0.push(message);
        ctx.send(from, message + 1);
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, Hoard>) {}
}

/// A run of the hoarder.
fn hoard(events: u64) {
    let mut setup = Setup::<Hoard>::new(1, vec![()]);
    setup.links.default.latency = Law::Constant(Duration::from_millis(1));
    let mut world = World::<Hoarder>::new(setup).unwrap();
    while world.events() < events && world.step(SimTime::MAX).unwrap().is_some() {}
}

#[test]
fn a_longer_run_takes_no_more_memory() {
    for workload in Workload::ALL {
        let [short, long] = [50_000, 400_000].map(|messages| {
            let run = workload.engine(1);
            taken(|| assert_eq!(run(messages).deliveries, messages))
        });
        assert!(long < short + BOUND, "{}: {short} bytes, {long} bytes", workload.name());
    }
    let [short, long] = [50_000, 400_000].map(|events| taken(|| hoard(events)));
    assert!(short + BOUND < long, "a node that keeps all: {short} bytes, {long} bytes");
}
