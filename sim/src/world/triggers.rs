//! What happened, as predicates see it, and the triggers of the plan.

use crate::client::HistoryKind;
use crate::id::{NodeId, OperationId};
use crate::measure::Kind;
use crate::node::{Node, Protocol};
use crate::plan::{Action, Trigger};
use crate::predicate::{EventFacts, EventKind, Former, Predicate, Scope};
use crate::step::{Arrival, Deed, Event, Outcome};
use crate::time::SimTime;
use crate::value::Value;

use super::World;
use super::faults::Fallen;
use super::plan_state::{Urgent, Watch};

impl<N: Node> Scope for World<N> {
    fn now(&self) -> SimTime {
        self.now
    }
    fn node_count(&self) -> u32 {
        self.nodes.len() as u32
    }
    fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].node.is_some()
    }
    fn role(&self, node: NodeId) -> &str {
        self.node(node).map_or("", Node::role)
    }
    fn state(&self, node: NodeId) -> Option<Value> {
        self.node(node).map(Value::of)
    }
    fn node_with_role(&self, role: &str) -> Option<NodeId> {
        self.with_role(role)
    }
    fn item_node(&self, name: &str) -> Option<NodeId> {
        self.plan.node_of(name)
    }
}

/// Tells `visit` everything that the last step was, in order: the event itself, then what came of it. Payloads
/// and effects are known only while the world traces.
pub fn facts<N: Node>(world: &World<N>, visit: &mut dyn FnMut(&EventFacts<'_>)) {
    event_facts(world, visit);
    let step = &world.step;
    let node = step.handled_by;
    for outcome in &step.outcomes {
        outcome_facts(outcome, visit);
    }
    for operation in &step.ended {
        ending_facts(world, *operation, visit);
    }
    for note in &step.notes {
        let payload = || Value::of(note);
        let fact = EventFacts::new(EventKind::Note, Kind::of(note).name);
        visit(&EventFacts { node, payload: Some(&payload), ..fact });
    }
}

/// The first part of [`facts`]: the event by itself, known before it is handled.
fn event_facts<N: Node>(world: &World<N>, visit: &mut dyn FnMut(&EventFacts<'_>)) {
    match &world.step.event {
        Event::Start { node } => {
            visit(&EventFacts { node: Some(*node), ..EventFacts::new(EventKind::Start, "") });
        }
        Event::Arrive { message, kind, arrival, payload, .. } => {
            let what = match arrival {
                Arrival::Handled | Arrival::Waits => EventKind::Deliver,
                Arrival::Down | Arrival::CutOff | Arrival::Damaged => EventKind::Drop,
                // It has not come to its end yet.
                Arrival::Clogged => return,
            };
            let tree = || payload.as_ref().map_or(Value::Null, Value::of);
            let (from, to) = (Some(message.from), Some(message.to));
            let fact = EventFacts::new(what, kind.name);
            visit(&EventFacts { from, to, node: to, payload: Some(&tree), ..fact });
        }
        Event::Timer { node, timer, is_waiting } if !is_waiting => {
            let tree = || Value::of(timer);
            let fact = EventFacts::new(EventKind::Timer, Kind::of(timer).name);
            visit(&EventFacts { node: Some(*node), payload: Some(&tree), ..fact });
        }
        Event::Synced { node, is_waiting, .. } if !is_waiting => {
            visit(&EventFacts { node: Some(*node), ..EventFacts::new(EventKind::Sync, "") });
        }
        Event::Ask { operation, node, attempt: 1, payload, .. } => {
            let tree = || payload.as_ref().map_or(Value::Null, Value::of);
            let name = payload.as_ref().map_or("", |payload| Kind::of(payload).name);
            let fact = EventFacts::new(EventKind::Invoke, name);
            let (node, client) = (Some(*node), Some(operation.client));
            visit(&EventFacts { node, client, payload: Some(&tree), ..fact });
        }
        Event::SyncFailed { node, is_waiting, .. } if !is_waiting => {
            visit(&EventFacts { node: Some(*node), ..EventFacts::new(EventKind::Disk, "") });
        }
        Event::Deed(deed) => deed_facts(world, deed, visit),
        Event::Timer { .. }
        | Event::Synced { .. }
        | Event::SyncFailed { .. }
        | Event::Ask { .. }
        | Event::GiveUp { .. } => {}
    }
}

fn deed_facts<N: Node>(world: &World<N>, deed: &Deed, visit: &mut dyn FnMut(&EventFacts<'_>)) {
    let Some(kind) = deed_kind(deed.word).filter(|_| deed.changed) else { return };
    let fallen = world.fallen.as_ref().filter(|_| kind == EventKind::Crash);
    let fallen = fallen.filter(|fallen| Some(fallen.node) == deed.node);
    let tree = || fallen.map_or(Value::Null, |fallen| Value::of(&fallen.state));
    let former = fallen.map(|fallen| {
        let Fallen { role, had_role, .. } = *fallen;
        Former { role, had_role, state: &tree }
    });
    let (node, client) = (deed.node, deed.client);
    let links = &deed.pairs;
    let fact = EventFacts { links, node, client, former, ..EventFacts::new(kind, "") };
    match deed.message {
        Some(message) => {
            visit(&EventFacts { from: Some(message.from), to: Some(message.to), ..fact });
        }
        None => visit(&fact),
    }
}

/// What a predicate calls a deed.
fn deed_kind(word: &str) -> Option<EventKind> {
    match word {
        "flap" => Some(EventKind::Cut),
        "jump" => Some(EventKind::Clock),
        // The arrival follows as an event of its own.
        "deliver" => None,
        word => EventKind::of_word(word),
    }
}

fn outcome_facts<P: Protocol>(outcome: &Outcome<P>, visit: &mut dyn FnMut(&EventFacts<'_>)) {
    let Outcome::Sent { message, kind, payload, passage } = outcome else { return };
    let tree = || Value::of(payload);
    let (from, to) = (Some(message.from), Some(message.to));
    let fact = EventFacts::new(EventKind::Send, kind.name);
    let fact = EventFacts { from, to, node: from, payload: Some(&tree), ..fact };
    visit(&fact);
    if passage.is_lost() {
        visit(&EventFacts { kind: EventKind::Drop, ..fact });
    }
}

/// An operation ended in this step: how, is in the history.
fn ending_facts<N: Node>(
    world: &World<N>,
    operation: OperationId,
    visit: &mut dyn FnMut(&EventFacts<'_>),
) {
    let mut entries = world.history.iter().rev();
    let Some(entry) = entries.find(|entry| entry.operation == operation) else { return };
    let kind = match &entry.what {
        HistoryKind::Ok(_) => EventKind::Complete,
        HistoryKind::Fail => EventKind::Fail,
        HistoryKind::Info => EventKind::Unknown,
        HistoryKind::Invoke(_) => return,
    };
    let tree = || match &entry.what {
        HistoryKind::Ok(output) => Value::of(output),
        HistoryKind::Invoke(_) | HistoryKind::Fail | HistoryKind::Info => Value::Null,
    };
    let fact = EventFacts::new(kind, operation_name(world, operation));
    let client = Some(operation.client);
    visit(&EventFacts { node: entry.node, client, payload: Some(&tree), ..fact });
}

/// What kind of operation that was.
fn operation_name<N: Node>(world: &World<N>, id: OperationId) -> &'static str {
    let entries = world.history.iter().rev().filter(|entry| entry.operation == id);
    let mut invocation = entries.filter_map(|entry| match &entry.what {
        HistoryKind::Invoke(operation) => Some(Kind::of(operation).name),
        HistoryKind::Ok(_) | HistoryKind::Fail | HistoryKind::Info => None,
    });
    invocation.next().unwrap_or("")
}

impl<N: Node> World<N> {
    /// Switches the description of payloads and outcomes in [`Step`](crate::Step) on or off. Off costs nothing.
    pub fn set_tracing(&mut self, is_on: bool) {
        self.is_tracing = is_on;
        self.decide_description();
    }

    /// Outcomes are described where somebody looks, and where a trigger watches.
    pub(super) fn decide_description(&mut self) {
        self.is_described = self.is_tracing || self.plan.is_watching();
    }

    /// After a step: which triggers fired, and whether a role that items wait for has somebody now.
    #[inline(never)]
    pub(super) fn watch(&mut self) {
        self.retry_waiting();
        if self.plan.is_watching() {
            self.watch_triggers(false);
        }
        self.decide_description();
    }

    /// Before a step is handled: whether a crash is to fall inside it.
    #[inline]
    pub(super) fn foresee_crash(&mut self) {
        if self.plan.is_watching() {
            self.watch_triggers(true);
        }
    }

    /// Counts the step towards the triggers. The crashes inside events look at the event before it is handled,
    /// all others at what came of it.
    fn watch_triggers(&mut self, is_before: bool) {
        let items = self.plan.items();
        let mut watching = std::mem::take(self.plan.watching_mut());
        let now = self.now;
        watching.retain(|watch| now <= watch.until);
        let mut fired = Vec::new();
        for watch in &mut watching {
            let item = &items[watch.item];
            let Trigger::When(predicate) = &item.trigger else { continue };
            let inside = match &item.action {
                Action::Crash { after_effects, .. } => *after_effects,
                _ => None,
            };
            if inside.is_some() == is_before && self.is_hit(watch, predicate, is_before) {
                fired.push((watch.item, inside));
            }
        }
        watching.retain(|watch| fired.iter().all(|(item, _)| *item != watch.item));
        *self.plan.watching_mut() = watching;
        for (item, inside) in fired {
            // A crash inside the event of another node is none: it falls behind the event.
            match inside.filter(|_| self.is_about_event(&items[item].action)) {
                Some(after) => self.crash_inside = Some((item, after)),
                None => self.interrupt(Urgent::Item(item)),
            }
        }
    }

    /// Whether an action aims at the node of the current event.
    fn is_about_event<O>(&self, action: &Action<O>) -> bool {
        match action {
            Action::Crash { node, .. } => {
                let target = self.resolve(node);
                target.is_some() && target == self.step.event.node()
            }
            _ => false,
        }
    }

    fn is_hit(&self, watch: &mut Watch, predicate: &Predicate, is_before: bool) -> bool {
        if predicate.event.is_none() {
            return watch.occurrences.after_event(predicate, self);
        }
        let mut fires = false;
        let mut visit = |fact: &EventFacts<'_>| {
            fires |= watch.occurrences.after_fact(predicate, fact, self);
        };
        if is_before {
            event_facts(self, &mut visit);
        } else {
            facts(self, &mut visit);
        }
        fires
    }
}
