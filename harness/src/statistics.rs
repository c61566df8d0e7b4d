//! What is measured of every run.

use std::collections::BTreeMap;

use orrery_sim::registration::{NoteEntry, ProtocolOf, Registration, Statistic};
use orrery_sim::{Node, NodeId, SimTime, World};

use crate::report::Measured;
use crate::service::Service;

const fn plain(name: &'static str, about: &'static str) -> Statistic {
    Statistic { name, scale: 1, unit: "", about }
}

const fn time(name: &'static str, about: &'static str) -> Statistic {
    Statistic { name, scale: 1_000_000, unit: "ms", about }
}

/// The statistics that every run has, whatever the protocol; those of clients where there are clients.
pub const ENGINE: [Statistic; 14] = [
    plain("events", "events of the run"),
    plain("messages", "messages put on the wire"),
    plain("bytes", "bytes put on the wire"),
    plain("operations", "client operations that took effect"),
    plain("forced_writes", "syncs that made a record durable"),
    plain("lazy_writes", "records whose handler did not sync"),
    plain("fault_families", "families of faults that changed something"),
    Statistic { name: "sim_time", scale: 1_000_000_000, unit: "s", about: "simulated time" },
    time("latency_p50", "half of the completed operations took no longer"),
    time("latency_p90", "90 % of the completed operations took no longer"),
    time("latency_p99", "99 % of the completed operations took no longer"),
    plain("given_up", "client operations whose outcome nobody learned"),
    time("longest_gap", "the longest time without a completed operation, from the first one on"),
    Statistic {
        name: "served",
        scale: 100,
        unit: "%",
        about: "windows of 100 ms with a completed operation, from the first one on",
    },
];

/// All statistics of a run that is over and whose clients asked until `until`, by name.
pub fn measure<R: Registration>(
    world: &World<R::Node>,
    notes: &[NoteEntry<ProtocolOf<R>>],
    until: SimTime,
) -> BTreeMap<String, Measured> {
    let counters = world.counters();
    let total = counters.total();
    let effective = world.ledger().families().filter(|(_, tally)| 0 < tally.effective).count();
    let engine = [
        world.events(),
        total.sent,
        total.bytes,
        counters.completed,
        counters.forced_writes,
        counters.lazy_writes,
        effective as u64,
        world.now().as_nanos(),
    ];
    let clients = of_clients(world, until.min(world.now()));
    named(engine, clients, R::STATISTICS, &R::statistics(world, notes))
}

/// The values by the names of their statistics. The same whatever the protocol, so that it is compiled once.
fn named(
    engine: [u64; 8],
    clients: [Option<u64>; 6],
    statistics: &[Statistic],
    own: &[Option<i64>],
) -> BTreeMap<String, Measured> {
    let own = statistics.iter().zip(own);
    let own = own.filter_map(|(statistic, value)| value.map(|value| (statistic, value)));
    let engine = ENGINE.iter().zip(engine.into_iter().map(Some).chain(clients));
    let engine = engine.filter_map(|(statistic, value)| Some((statistic, value?.cast_signed())));
    let all = engine.chain(own);
    let measured = all.map(|(s, value)| (s.name.to_string(), Measured { value, scale: s.scale }));
    measured.collect()
}

/// The statistics of clients, which come last in [`ENGINE`]; nothing where nobody asked anything.
fn of_clients<N: Node>(world: &World<N>, until: SimTime) -> [Option<u64>; 6] {
    let Some(service) = Service::of(world.history(), until) else { return [None; 6] };
    let latency = [50, 90, 99].map(|percent| service.latency(percent));
    // In hundredths of a percent.
    let served = (service.served * 10_000).checked_div(service.windows);
    let [p50, p90, p99] = latency;
    [p50, p90, p99, Some(service.given_up), Some(service.longest_gap), served]
}

/// Who is up and in which role, in a line: the reason why a goal was missed begins here.
pub fn standing<N: Node>(world: &World<N>) -> String {
    let describe = |id: NodeId| match world.node(id) {
        None => format!("{id} is down"),
        Some(_) if world.is_paused(id) => format!("{id} stands still"),
        Some(_) if world.is_slow(id) => {
            format!("{id} is slow: {} events wait", world.inbox_len(id))
        }
        Some(node) if node.role().is_empty() => format!("{id} is up"),
        Some(node) => format!("{id} is {} in epoch {}", node.role(), node.epoch()),
    };
    let nodes: Vec<String> = NodeId::all(world.node_count().min(9)).map(describe).collect();
    let closed = world.closed_pairs().len();
    let cut =
        if closed == 0 { String::new() } else { format!("; {closed} directed links are cut") };
    format!("at {}: {}{cut}", world.now(), nodes.join(", "))
}
