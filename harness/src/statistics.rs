//! What is measured of every run.

use std::collections::BTreeMap;

use orrery_sim::registration::{NoteEntry, ProtocolOf, Registration, Statistic};
use orrery_sim::{Node, NodeId, World};

use crate::report::Measured;

const fn plain(name: &'static str, about: &'static str) -> Statistic {
    Statistic { name, scale: 1, unit: "", about }
}

/// The statistics that every run has, whatever the protocol.
pub const ENGINE: [Statistic; 8] = [
    plain("events", "events of the run"),
    plain("messages", "messages put on the wire"),
    plain("bytes", "bytes put on the wire"),
    plain("operations", "client operations that took effect"),
    plain("forced_writes", "syncs that made a record durable"),
    plain("lazy_writes", "records whose handler did not sync"),
    plain("fault_families", "families of faults that changed something"),
    Statistic { name: "sim_time", scale: 1_000_000_000, unit: "s", about: "simulated time" },
];

/// All statistics of a run that is over, by name.
pub fn measure<R: Registration>(
    world: &World<R::Node>,
    notes: &[NoteEntry<ProtocolOf<R>>],
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
    let own = R::STATISTICS.iter().zip(R::statistics(world, notes));
    let own = own.filter_map(|(statistic, value)| value.map(|value| (statistic, value)));
    let engine = ENGINE.iter().zip(engine.map(u64::cast_signed));
    let all = engine.chain(own);
    let measured = all.map(|(s, value)| (s.name.to_string(), Measured { value, scale: s.scale }));
    measured.collect()
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
