//! The world at one moment, as people see it.

use std::collections::{BTreeMap, BTreeSet};

use orrery_sim::client::{HistoryEntry, HistoryKind};
use orrery_sim::{ClientId, Node, NodeId, Protocol, Sequence, Value, World};

use crate::describe;
use crate::session::{FlightView, NodeView, OperationView, SHOWN, WorldView};

/// The world as people see it.
pub fn view<N: Node>(world: &World<N>) -> WorldView {
    with_nodes(
        world,
        NodeId::all(world.node_count()).map(|id| whole_node_view(world, id)).collect(),
    )
}

/// The world as people see it, which was seen as `earlier` a few events before or after, where nothing but events on the
/// nodes `touched` lies between.
pub(super) fn view_again<N: Node>(
    world: &World<N>,
    earlier: WorldView,
    touched: &BTreeSet<NodeId>,
) -> WorldView {
    let again = |node: NodeView| {
        if touched.contains(&node.id) {
            return whole_node_view(world, node.id);
        }
        node_view(world, node.id, node.state, (node.older_records as usize, node.journal))
    };
    with_nodes(world, earlier.nodes.into_iter().map(again).collect())
}

fn with_nodes<N: Node>(world: &World<N>, nodes: Vec<NodeView>) -> WorldView {
    let flight = |message, payload: &<N::Protocol as Protocol>::Message, arrives| {
        let (kind, payload) = (describe::kind(payload), Value::of(payload).to_string());
        FlightView { message, kind, payload, arrives }
    };
    let operations = operations(world.history());
    let older_operations = world.counters().invoked.saturating_sub(operations.len() as u64);
    WorldView {
        time: world.now(),
        event: world.events(),
        nodes,
        in_flight: world.in_flight().into_iter().map(|(t, a, m)| flight(a, m, Some(t))).collect(),
        kept_back: world.kept_back().map(|(a, m)| flight(a, m, None)).collect(),
        closed: world.closed_pairs(),
        operations,
        older_operations,
    }
}

fn whole_node_view<N: Node>(world: &World<N>, id: NodeId) -> NodeView {
    let state = world.node(id).map_or(Value::Null, |node| Value::brief(node, SHOWN));
    let journal = world.journal(id);
    let older = Value::left_out(journal.as_written().len(), SHOWN);
    node_view(world, id, state, (older, describe::journal(journal, older)))
}

/// A node as people see it, with this as its state, and this as its journal behind so many older records.
pub(crate) fn node_view<N: Node>(
    world: &World<N>,
    id: NodeId,
    state: Value,
    (older, journal): (usize, Vec<String>),
) -> NodeView {
    let node = world.node(id);
    NodeView {
        id,
        is_up: node.is_some(),
        is_paused: world.is_paused(id),
        is_slow: world.is_slow(id),
        inbox: world.inbox_len(id),
        behaviour: world.behaviour(id),
        role: node.map_or(String::new(), |node| node.role().to_string()),
        epoch: node.map_or(0, Node::epoch),
        incarnation: world.incarnation(id),
        clock: world.clock(id),
        wall_clock: world.wall_clock(id),
        state,
        timers: world.timers(id).map(|(t, due)| (Value::of(&t).to_string(), due)).collect(),
        disk: describe::disk(world.disk(id)),
        journal,
        older_records: older as u64,
        unsynced: world.journal(id).unsynced().map(describe::change).collect(),
        waiting: world.waiting_for_disk(id).map(describe::effect).collect(),
    }
}

/// The last operations.
pub(crate) fn operations<P: Protocol>(history: &Sequence<HistoryEntry<P>>) -> Vec<OperationView> {
    let is_invocation = |entry: &HistoryEntry<P>| matches!(entry.what, HistoryKind::Invoke(_));
    let mut from = history.len();
    let mut count = 0;
    // Backwards, as far as is shown: a run may have a million of them.
    while 0 < from && count < SHOWN {
        from -= 1;
        count += usize::from(is_invocation(&history[from]));
    }
    let mut views: Vec<OperationView> = Vec::with_capacity(count);
    let mut open: BTreeMap<ClientId, usize> = BTreeMap::new();
    for entry in history.range(from..history.len()) {
        let client = entry.operation.client;
        let ending = match &entry.what {
            HistoryKind::Invoke(operation) => {
                open.insert(client, views.len());
                views.push(invoked(entry, Value::of(operation).to_string()));
                continue;
            }
            HistoryKind::Ok(output) => Value::of(output).to_string(),
            HistoryKind::Fail => String::from("fail"),
            HistoryKind::Info => String::from("unknown"),
        };
        // A client has one operation open: its last one.
        if let Some(place) = open.remove(&client) {
            let view = &mut views[place];
            view.ended = Some(entry.time);
            view.ended_at = Some(entry.event);
            view.ending = Some(ending);
        }
    }
    views
}

fn invoked<P: Protocol>(entry: &HistoryEntry<P>, asked: String) -> OperationView {
    OperationView {
        id: entry.operation.to_string(),
        client: entry.operation.client,
        asked,
        invoked: entry.time,
        invoked_at: entry.event,
        ended: None,
        ended_at: None,
        ending: None,
    }
}
