//! The exchange of operations: each update is sent to all, and delivered once and after all that it may depend on (Shapiro et al. 2011, section 2.3: op-based objects need
//! reliable causal broadcast). What was lost is asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::bugs::{G13, G14};
use super::dot::{Dot, Versions};
use super::message::{Message, Note, Op, Update, Value};
use super::parameters::Kind;
use super::registration::Crdt;
use super::replica::Replica;

/// What a replica has of operations. Their effects are no joins: twice is not once, and their order matters unless they are concurrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Ops {
    /// All that were delivered, for those who ask.
    delivered: BTreeMap<Dot, Op>,
    /// What came before something that it may depend on.
    waiting: BTreeMap<Dot, Op>,
    /// A counter's number.
    number: i64,
    /// A set's additions that were not removed.
    added: BTreeMap<String, BTreeSet<Dot>>,
}

impl Ops {
    /// What a reader sees.
    pub(super) fn value(&self, kind: Kind) -> Value {
        match kind {
            Kind::GCounter | Kind::PnCounter => Value::Number(self.number),
            Kind::GSet | Kind::TwoPhaseSet | Kind::OrSet | Kind::Lww | Kind::Mv | Kind::Rga => {
                Value::Elements(self.added.keys().cloned().collect())
            }
        }
    }

    /// The additions of an element that were not removed.
    pub(super) fn dots(&self, element: &str) -> Vec<Dot> {
        self.added.get(element).into_iter().flatten().copied().collect()
    }

    /// The second half of an update, at every replica: `effect`.
    fn apply(&mut self, dot: Dot, update: &Update) {
        match update {
            Update::Count { by } => self.number = self.number.saturating_add(*by),
            Update::Add { element } => {
                self.added.entry(element.clone()).or_default().insert(dot);
            }
            Update::Remove { element, dots } => {
                let Some(own) = self.added.get_mut(element) else { return };
                own.retain(|dot| !dots.contains(dot));
                if own.is_empty() {
                    self.added.remove(element);
                }
            }
            Update::Write { .. } | Update::Insert { .. } | Update::Delete { .. } => {}
        }
    }
}

impl Replica {
    pub(super) fn on_ops(&mut self, ops: Vec<Op>, ctx: &mut Context<'_, Crdt>) {
        for op in ops {
            self.receive(op, ctx);
        }
    }

    /// An operation came, for the first time or once more.
    fn receive(&mut self, op: Op, ctx: &mut Context<'_, Crdt>) {
        if self.known.has(op.dot) {
            ctx.probe("op-again");
            if ctx.bug(&G13) {
                self.ops.apply(op.dot, &op.update);
            }
            return;
        }
        if !self.is_next(&op, ctx) {
            ctx.probe("op-too-early");
            self.ops.waiting.insert(op.dot, op);
            return;
        }
        self.deliver(op);
        self.deliver_waiting(ctx);
        ctx.note(Note::Merged { value: self.value() });
    }

    /// Whether everything that an operation may depend on is here: all of its replica before it, and what that one knew of others.
    fn is_next(&self, op: &Op, ctx: &Context<'_, Crdt>) -> bool {
        let is_in_order = op.dot.number == self.known.count(op.dot.replica) + 1;
        is_in_order && (self.known.covers(&op.known) || ctx.bug(&G14))
    }

    pub(super) fn deliver(&mut self, op: Op) {
        self.ops.apply(op.dot, &op.update);
        self.known.add(op.dot);
        self.ops.delivered.insert(op.dot, op);
    }

    fn deliver_waiting(&mut self, ctx: &mut Context<'_, Crdt>) {
        loop {
            let next = self.ops.waiting.values().find(|op| self.is_next(op, ctx));
            let Some(dot) = next.map(|op| op.dot) else { return };
            if let Some(op) = self.ops.waiting.remove(&dot) {
                self.deliver(op);
            }
        }
    }

    /// Another tells what it has: it gets what it lacks.
    pub(super) fn on_known(&self, from: NodeId, known: &Versions, ctx: &mut Context<'_, Crdt>) {
        let lacking = self.ops.delivered.values().filter(|op| !known.has(op.dot));
        let ops: Vec<Op> = lacking.cloned().collect();
        if !ops.is_empty() {
            ctx.send(from, Message::Ops { ops });
        }
    }
}
