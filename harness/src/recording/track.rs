//! What changed in a typed world since it was last looked at.

use orrery_sim::client::HistoryKind;
use orrery_sim::journal::Damage;
use orrery_sim::plan::MessageAddress;
use orrery_sim::step::{Event, Outcome};
use orrery_sim::{Clock, Node, NodeId, Position, Protocol, SimTime, Value, WallRun, World};

use crate::describe;
use crate::live;
use crate::session::{NodeView, SHOWN};

use super::change::{
    Change, FlightLine, FlightsChange, NodeChange, OperationChange, OperationLine, Rebuilt,
    StateChange,
};
use super::follow::follow;
use super::lines::Text;
use super::patch::splice;
use super::tree::Tree;

type MessageOf<N> = <<N as Node>::Protocol as Protocol>::Message;
type Flight<N> = (SimTime, MessageAddress, MessageOf<N>);
type RecordOf<N> = <<N as Node>::Protocol as Protocol>::Record;

/// The world as it was when it was last looked at, and no more: its size does not depend on how long the run is.
pub(super) struct Tracker<N: Node> {
    nodes: Vec<Known<N>>,
    in_flight: Vec<Flight<N>>,
    kept_back: Vec<(MessageAddress, MessageOf<N>)>,
    closed: Vec<(NodeId, NodeId)>,
    /// Entries of the clients' history that were told.
    told: usize,
    /// When the next wall clock will be set.
    next_correction: Option<SimTime>,
}

/// What is known of a node. Its journal is kept as records, because their text costs more than comparing them.
struct Known<N: Node> {
    view: NodeView,
    clock: Clock,
    wall: WallRun,
    journal: Vec<RecordOf<N>>,
    /// Older records that are not shown.
    older: usize,
    damage: Vec<(usize, Damage)>,
    /// Up to where the journal was durable.
    durable: Position,
}

impl<N: Node> Tracker<N> {
    /// Knows nothing yet of a world of `nodes` nodes.
    pub(super) fn new(nodes: u32) -> Self {
        let known = |view| Known {
            view,
            clock: Clock::default(),
            wall: WallRun::default(),
            journal: vec![],
            older: 0,
            damage: vec![],
            durable: Position::default(),
        };
        let blank = Rebuilt::blank(nodes).view.nodes;
        Self {
            nodes: blank.into_iter().map(known).collect(),
            in_flight: vec![],
            kept_back: vec![],
            closed: vec![],
            told: 0,
            next_correction: None,
        }
    }

    /// Everything about `world`, for a reader who knows nothing.
    pub(super) fn whole(world: &World<N>) -> Change {
        let history = world.history();
        let mut tracker = Self { told: history.len(), ..Self::new(world.node_count()) };
        let shown = live::operations(history);
        let older = world.counters().invoked.saturating_sub(shown.len() as u64);
        let shown = shown.into_iter().map(OperationLine::from).collect();
        Change { all_operations: Some((older, shown)), ..tracker.everything(world) }
    }

    /// What the last event of `world`, which must be tracing, changed. A handler that panicked may have left
    /// anything behind.
    pub(super) fn event(&mut self, world: &World<N>, has_panicked: bool) -> Change {
        let step = world.last();
        let (may_move, node) = match &step.event {
            // The plan may do anything to anyone.
            Event::Deed(_) => return self.everything(world),
            _ if has_panicked => return self.everything(world),
            Event::Arrive { message, .. } => (true, Some(message.to)),
            Event::Start { node }
            | Event::Timer { node, .. }
            | Event::Synced { node, .. }
            | Event::SyncFailed { node, .. }
            | Event::Ask { node, .. } => (false, Some(*node)),
            Event::GiveUp { .. } => (false, None),
        };
        let sends = step.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Sent { .. }));
        let other = step.handled_by.filter(|handled| Some(*handled) != node);
        let touched = node.into_iter().chain(other);
        let mut nodes: Vec<_> = touched.filter_map(|id| self.node(world, id)).collect();
        if self.next_correction.is_some_and(|next| next <= world.now()) {
            self.corrections(world, &mut nodes);
        }
        Change {
            nodes,
            in_flight: if may_move || sends { self.in_flight(world) } else { None },
            kept_back: if may_move || sends { self.kept_back(world) } else { None },
            closed: None,
            operations: self.operations(world),
            all_operations: None,
        }
    }

    fn everything(&mut self, world: &World<N>) -> Change {
        let all = || NodeId::all(world.node_count());
        self.next_correction = all().filter_map(|id| world.next_correction(id)).min();
        Change {
            nodes: all().filter_map(|id| self.node(world, id)).collect(),
            in_flight: self.in_flight(world),
            kept_back: self.kept_back(world),
            closed: self.closed(world),
            operations: self.operations(world),
            all_operations: None,
        }
    }

    /// How many things are held, each counted by its parts.
    pub(super) fn size(&self) -> usize {
        let of_node = |known: &Known<N>| {
            let view = &known.view;
            let lists = view.timers.len() + view.unsynced.len() + view.waiting.len();
            lists + known.journal.len() + leaves(&view.state)
        };
        let nodes: usize = self.nodes.iter().map(of_node).sum();
        nodes + self.in_flight.len() + self.kept_back.len() + self.closed.len()
    }

    /// Wall clocks were set: adds how they run now to `nodes`, which has changed for other reasons.
    fn corrections(&mut self, world: &World<N>, nodes: &mut Vec<NodeChange>) {
        let all = || NodeId::all(world.node_count());
        for id in all() {
            if let Some(wall) = self.nodes[id.index()].wall(world, id) {
                match nodes.iter_mut().find(|change| change.id.0 == id) {
                    Some(change) => change.wall = Some(wall),
                    None => nodes.push(NodeChange { wall: Some(wall), ..NodeChange::none(id) }),
                }
            }
        }
        self.next_correction = all().filter_map(|id| world.next_correction(id)).min();
    }

    fn node(&mut self, world: &World<N>, id: NodeId) -> Option<NodeChange> {
        let known = &mut self.nodes[id.index()];
        let journal = known.journal(world, id);
        let (clock, wall) = (known.clock(world, id), known.wall(world, id));
        let state = known.state(world.node(id));
        // These are compared above; the view keeps the state alone.
        let tree = std::mem::replace(&mut known.view.state, Value::Null);
        let now = live::node_view(world, id, tree, (0, vec![]));
        let old = std::mem::replace(&mut known.view, now);
        let now = &known.view;
        let due =
            |(name, due): &(String, Option<SimTime>)| (name.clone(), due.map(SimTime::as_nanos));
        let change = NodeChange {
            id: Text(id),
            is_up: (now.is_up != old.is_up).then_some(now.is_up),
            is_paused: (now.is_paused != old.is_paused).then_some(now.is_paused),
            role: (now.role != old.role).then(|| now.role.clone()),
            is_slow: (now.is_slow != old.is_slow).then_some(now.is_slow),
            inbox: (now.inbox != old.inbox).then_some(now.inbox),
            behaviour: (now.behaviour != old.behaviour).then_some(now.behaviour),
            epoch: (now.epoch != old.epoch).then_some(now.epoch),
            incarnation: (now.incarnation != old.incarnation).then_some(now.incarnation),
            clock,
            wall,
            state,
            timers: (now.timers != old.timers).then(|| now.timers.iter().map(due).collect()),
            journal,
            disk: (now.disk != old.disk).then(|| now.disk.clone()),
            unsynced: (now.unsynced != old.unsynced).then(|| now.unsynced.clone()),
            waiting: (now.waiting != old.waiting).then(|| now.waiting.clone()),
        };
        (change != NodeChange::none(id)).then_some(change)
    }

    fn in_flight(&mut self, world: &World<N>) -> Option<FlightsChange> {
        let now = world.in_flight();
        let mut change = FlightsChange::default();
        let mut old = std::mem::take(&mut self.in_flight).into_iter().enumerate().peekable();
        for (place, (time, address, message)) in now.iter().enumerate() {
            let is_same =
                |(_, (t, a, m)): &(usize, Flight<N>)| t == time && a == address && m == *message;
            // What is gone was due earlier, or stood among those due at the same time.
            let rest = now.get(place..).unwrap_or_default();
            let is_gone = |(_, (due, gone, _)): &(usize, Flight<N>)| {
                due < time || due == time && !remains((*due, *gone), rest)
            };
            while let Some((place, _)) = old.next_if(|old| !is_same(old) && is_gone(old)) {
                change.gone.push(place);
            }
            if let Some((_, kept)) = old.next_if(is_same) {
                self.in_flight.push(kept);
            } else {
                change.new.push((place, flight(*address, message, Some(*time))));
                self.in_flight.push((*time, *address, (*message).clone()));
            }
        }
        change.gone.extend(old.map(|(place, _)| place));
        (change != FlightsChange::default()).then_some(change)
    }

    fn kept_back(&mut self, world: &World<N>) -> Option<(usize, usize, Vec<FlightLine>)> {
        let old = self.kept_back.iter().map(|(address, message)| (*address, message));
        if old.eq(world.kept_back()) {
            return None;
        }
        let now: Vec<_> = world.kept_back().map(|(a, m)| (a, m.clone())).collect();
        let (start, cut, put) = splice(&self.kept_back, &now);
        let put = put.iter().map(|(address, message)| flight(*address, message, None)).collect();
        self.kept_back = now;
        Some((start, cut, put))
    }

    fn closed(&mut self, world: &World<N>) -> Option<Vec<[Text<NodeId>; 2]>> {
        let now = world.closed_pairs();
        if now == self.closed {
            return None;
        }
        self.closed = now;
        Some(self.closed.iter().map(|(from, to)| [Text(*from), Text(*to)]).collect())
    }

    fn operations(&mut self, world: &World<N>) -> Vec<OperationChange> {
        let history = world.history();
        let new = history.range(self.told.min(history.len())..history.len());
        self.told = history.len();
        let change = |entry: &orrery_sim::client::HistoryEntry<N::Protocol>| {
            let (asked, ending) = match &entry.what {
                HistoryKind::Invoke(operation) => (Some(Value::of(operation).to_string()), None),
                HistoryKind::Ok(output) => (None, Some(Value::of(output).to_string())),
                HistoryKind::Fail => (None, Some(String::from("fail"))),
                HistoryKind::Info => (None, Some(String::from("unknown"))),
            };
            let (id, client) = (entry.operation.to_string(), Text(entry.operation.client));
            OperationChange { id, client, asked, ending }
        };
        new.map(change).collect()
    }
}

impl<N: Node> Known<N> {
    fn journal(&mut self, world: &World<N>, id: NodeId) -> Option<(u64, usize, Vec<String>)> {
        let journal = world.journal(id);
        let written = journal.as_written();
        let damage = || journal.damage().map(|damaged| (damaged.place, damaged.damage));
        // Records reach the disk together with a later position.
        if self.durable == journal.durable()
            && self.older + self.journal.len() == written.len()
            && damage().eq(self.damage.iter().copied())
        {
            return None;
        }
        self.durable = journal.durable();
        let older = Value::left_out(written.len(), SHOWN);
        let was_older = std::mem::replace(&mut self.older, older);
        let was_damaged = std::mem::replace(&mut self.damage, damage().collect());
        let now = || written.range(older..written.len());
        let keep = if was_older == older {
            let same = self.journal.iter().zip(now()).take_while(|(old, now)| old == now).count();
            let place = first_difference(&was_damaged, &self.damage, older);
            place.map_or(same, |place| same.min(place - older))
        } else {
            0
        };
        if was_older == older && keep == self.journal.len() && older + keep == written.len() {
            return None;
        }
        self.journal.truncate(keep);
        self.journal.extend(now().skip(keep).cloned());
        Some((older as u64, keep, describe::journal(journal, older + keep)))
    }

    fn state(&mut self, node: Option<&N>) -> Option<StateChange> {
        let tree = &mut self.view.state;
        if let (false, Some(node)) = (*tree == Value::Null, node) {
            let patches = follow(tree, node, SHOWN);
            return (!patches.is_empty()).then_some(StateChange::Patch(patches));
        }
        let now = node.map_or(Value::Null, |node| Value::brief(node, SHOWN));
        if *tree == now {
            return None;
        }
        tree.clone_from(&now);
        Some(StateChange::Whole(Tree(now)))
    }

    fn clock(&mut self, world: &World<N>, id: NodeId) -> Option<Clock> {
        let now = *world.clock_state(id);
        (std::mem::replace(&mut self.clock, now) != now).then_some(now)
    }

    fn wall(&mut self, world: &World<N>, id: NodeId) -> Option<WallRun> {
        let now = world.wall_run(id);
        (std::mem::replace(&mut self.wall, now) != now).then_some(now)
    }
}

/// The first place from `from` on at which two lists of damage differ.
fn first_difference(
    old: &[(usize, Damage)],
    new: &[(usize, Damage)],
    from: usize,
) -> Option<usize> {
    let gone = old.iter().filter(|damaged| !new.contains(damaged));
    let come = new.iter().filter(|damaged| !old.contains(damaged));
    gone.chain(come).map(|(place, _)| *place).filter(|place| from <= *place).min()
}

/// Whether the message of that address and time is still among those at the head of `now` that are due then.
fn remains<M>(
    (time, address): (SimTime, MessageAddress),
    now: &[(SimTime, MessageAddress, &M)],
) -> bool {
    let mut same = now.iter().take_while(|(due, ..)| *due == time);
    same.any(|(_, other, _)| *other == address)
}

fn flight<M: serde::Serialize>(
    message: MessageAddress,
    payload: &M,
    arrives: Option<SimTime>,
) -> FlightLine {
    FlightLine {
        message: Text(message),
        kind: describe::kind(payload),
        payload: Value::of(payload).to_string(),
        arrives: arrives.map(SimTime::as_nanos),
    }
}

/// How many ends a tree has.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Id(..) => 1,
        Value::List(items) => items.iter().map(leaves).sum(),
        Value::Map(pairs) => pairs.iter().map(|(key, value)| leaves(key) + leaves(value)).sum(),
        Value::Struct(_, fields) => fields.iter().map(|(_, value)| leaves(value)).sum(),
        Value::Variant(_, inner) => leaves(inner),
    }
}
