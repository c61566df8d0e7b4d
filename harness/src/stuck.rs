//! Why a run does not go on: who waits for what.

use orrery_sim::client::HistoryKind;
use orrery_sim::{ClientId, Node, NodeId, Value, World};

use crate::describe;

/// Nodes that are told of at most; the rest is counted.
const NODES_SHOWN: u32 = 9;
/// Armed timers that are told of per node at most.
const TIMERS_SHOWN: usize = 3;

/// One line for each client and node that waits, and one for messages that do not move.
pub(crate) fn reasons<N: Node>(world: &World<N>) -> Vec<String> {
    let mut lines = waiting_clients(world);
    lines.extend(NodeId::all(world.node_count().min(NODES_SHOWN)).filter_map(|id| node(world, id)));
    let (kept, flying) = (world.kept_back().count(), world.in_flight().len());
    if kept + flying != 0 {
        lines.push(format!("{flying} messages are on the wire, {kept} are kept back"));
    }
    lines
}

/// The clients whose last operation is still open.
fn waiting_clients<N: Node>(world: &World<N>) -> Vec<String> {
    let mut seen: Vec<ClientId> = Vec::new();
    let mut lines = Vec::new();
    for entry in world.history().iter().rev() {
        let client = entry.operation.client;
        if seen.contains(&client) {
            continue;
        }
        seen.push(client);
        if let HistoryKind::Invoke(operation) = &entry.what {
            let asked = Value::of(operation);
            lines.push(format!("{client} waits since {} for {asked}", entry.time));
        }
    }
    lines.sort_unstable();
    lines
}

/// What a node waits for, if it is up.
fn node<N: Node>(world: &World<N>, id: NodeId) -> Option<String> {
    world.node(id)?;
    let mut waits = Vec::new();
    let behind: Vec<String> = world.waiting_for_disk(id).map(describe::effect).collect();
    if let Some(first) = behind.first() {
        waits.push(format!("for its disk, with {} effects behind it: {first}", behind.len()));
    }
    let timers: Vec<String> = world
        .timers(id)
        .take(TIMERS_SHOWN)
        .map(|(timer, due)| match due {
            Some(due) => format!("{} at {due}", Value::of(&timer)),
            None => format!("{}, which its clock never reaches", Value::of(&timer)),
        })
        .collect();
    if !timers.is_empty() {
        waits.push(format!("for timer {}", timers.join(", ")));
    }
    let unreached = unreached(world, id);
    if !unreached.is_empty() {
        waits.push(format!("and does not reach {}", unreached.join(", ")));
    }
    (!waits.is_empty()).then(|| format!("{id} waits {}", waits.join("; ")))
}

/// The nodes to which nothing of `id` comes through.
fn unreached<N: Node>(world: &World<N>, id: NodeId) -> Vec<String> {
    let pairs = world.closed_pairs();
    let own = pairs.into_iter().filter(|(from, _)| *from == id);
    own.map(|(_, to)| to.to_string()).collect()
}
