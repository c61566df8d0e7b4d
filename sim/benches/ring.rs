//! The engine's cost per delivered message beside a bare queue: the same ring and a draw for each message, but no
//! node, no digest, no streams. Run with `cargo bench -p orrery-sim`; the rows are to be read as ratios.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use divan::Bencher;
use orrery_sim::queue::Queue;
use orrery_sim::{
    Context, Duration, DurationRange, Law, Node, NodeId, Protocol, Setup, SimTime, Start, World,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::Serialize;

const NODES: u32 = 5;
const MESSAGES: u64 = 100_000;

fn main() {
    divan::main();
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ring;

impl Protocol for Ring {
    type Config = ();
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
struct Member {
    hops: u64,
}

impl Node for Member {
    type Protocol = Ring;

    fn on_start(start: Start<'_, Ring>, ctx: &mut Context<'_, Ring>) -> Self {
        if start.id == NodeId(1) {
            ctx.send(NodeId(2), 1);
        }
        Self { hops: 0 }
    }

    fn on_message(&mut self, _: NodeId, hops: u64, ctx: &mut Context<'_, Ring>) {
        self.hops = hops;
        ctx.send(NodeId(ctx.id().0 % NODES + 1), hops + 1);
    }

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Ring>) {}
}

fn latency() -> DurationRange {
    DurationRange::new(Duration::from_millis(1), Duration::from_millis(10))
}

fn ring(latency: Law) -> World<Member> {
    let mut setup = Setup::new(1, vec![(); NODES as usize]);
    setup.links.default.latency = latency;
    World::new(setup).expect("the setup names five nodes")
}

#[divan::bench(sample_count = 50)]
fn engine(bencher: Bencher<'_, '_>) {
    deliver(bencher, &Law::Uniform(latency()));
}

/// The engine where no law draws: what is left without randomness.
#[divan::bench(sample_count = 50)]
fn engine_without_draws(bencher: Bencher<'_, '_>) {
    deliver(bencher, &Law::Constant(Duration::from_millis(5)));
}

fn deliver(bencher: Bencher<'_, '_>, law: &Law) {
    bencher.counter(MESSAGES).with_inputs(|| ring(law.clone())).bench_local_values(|mut world| {
        for _ in 0..MESSAGES + u64::from(NODES) {
            divan::black_box(world.step(SimTime::MAX).expect("a ring has one message").is_some());
        }
        world.digest()
    });
}

/// The floor: what anybody writes first, a heap of what is due and when, with a latency from one `ChaCha8`
/// stream. Each message is shown to the outside, as a simulator must deliver it to somebody.
#[divan::bench(sample_count = 50)]
fn floor(bencher: Bencher<'_, '_>) {
    bare_heap(bencher, Rng::next_u64);
}

/// The floor with the eight words that belong to each message of the engine, whether or not a law asks for them.
#[divan::bench(sample_count = 50)]
fn floor_with_eight_words(bencher: Bencher<'_, '_>) {
    bare_heap(bencher, |rng| {
        let mut words = [0; 32];
        rng.fill_bytes(&mut words);
        u64::from_le_bytes(words.as_chunks().0[2])
    });
}

fn bare_heap(bencher: Bencher<'_, '_>, draw: impl Fn(&mut ChaCha8Rng) -> u64 + Sync) {
    bencher.counter(MESSAGES).with_inputs(|| ChaCha8Rng::seed_from_u64(1)).bench_local_values(
        |mut rng| {
            let law = Law::Uniform(latency());
            let mut heap = BinaryHeap::from([Reverse((0_u64, 0_u64, 1_u32, 0_u64))]);
            let mut order = 0;
            while let Some(Reverse((time, _, node, payload))) = heap.pop() {
                if divan::black_box(payload) == MESSAGES {
                    break;
                }
                order += 1;
                let at = time + law.sample(draw(&mut rng)).as_nanos();
                heap.push(Reverse((at, order, node % NODES + 1, payload + 1)));
            }
            order
        },
    );
}

/// The floor on the engine's own queue, which has a short cut for what is due first.
#[divan::bench(sample_count = 50)]
fn own_queue(bencher: Bencher<'_, '_>) {
    bencher.counter(MESSAGES).with_inputs(|| ChaCha8Rng::seed_from_u64(1)).bench_local_values(
        |mut rng| {
            let law = Law::Uniform(latency());
            let mut queue = Queue::default();
            let order = queue.next_order();
            queue.push(SimTime::ZERO, order, (1_u32, 0_u64)).expect("the queue is empty");
            while let Some((time, _, (node, payload))) = queue.pop() {
                if divan::black_box(payload) == MESSAGES {
                    break;
                }
                let at = time.saturating_add(law.sample(rng.next_u64()));
                let order = queue.next_order();
                queue.push(at, order, (node % NODES + 1, payload + 1)).expect("the queue is empty");
            }
            queue
        },
    );
}
