//! Coordinating reads and writes (§4.5), standing in for owners that do not answer (§4.6), and read repair (§5).

use std::collections::{BTreeMap, BTreeSet};

use orrery_sim::{Context, NodeId, OperationId};

use crate::clocks::VectorClock;

use super::bugs::{Q4, Q6, Q7};
use super::message::Message;
use super::ring;
use super::server::Timer;
use super::server::{Dynamo, Note, Operation, Output, Pending, Phase, Server};
use super::store::{Actor, Record, Siblings, Written, names};

/// With a planted bug, a version remembers what its writer had seen of so many nodes.
const TRUNCATED: usize = 1;

impl Server {
    /// Coordinates an operation on a key that this node owns; the owners take turns.
    pub(super) fn coordinate(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        if self.pending.contains_key(&id) {
            return;
        }
        let owners = self.owners(operation.key());
        if !owners.contains(&self.id) {
            let turn = id.number as usize % owners.len();
            return ctx.redirect(id, owners.get(turn).copied());
        }
        match operation {
            Operation::Get { .. } | Operation::Put { .. } | Operation::Delete { .. } => {
                self.read(id, operation, ctx);
            }
            Operation::Add { .. } => self.write(id, operation, &Siblings::default(), ctx),
        }
    }

    /// Asks all owners.
    fn read(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Dynamo>) {
        let key = String::from(operation.key());
        if matches!(operation, Operation::Get { .. }) {
            ctx.note(Note::Reads { id, key: key.clone() });
        }
        let answers = BTreeMap::from([(self.id, self.store.get(&key))]);
        let phase = Phase::Reading(answers);
        self.pending.insert(id, Pending { operation, phase, has_stand_ins: false });
        ctx.set_timer(Timer::Quorum(id), self.settings.timeout);
        for owner in self.owners(&key).into_iter().filter(|owner| *owner != self.id) {
            ctx.send(owner, Message::Read { id, key: key.clone(), owner });
        }
        self.finish_read(id, ctx);
    }

    /// One answer more; of a stand-in it counts only if the quorum is sloppy.
    pub(super) fn on_read_reply(
        &mut self,
        from: NodeId,
        id: OperationId,
        owner: NodeId,
        siblings: Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Phase::Reading(answers) = &mut pending.phase else { return };
        if from == owner || self.settings.sloppy {
            answers.entry(owner).and_modify(|known| known.merge(&siblings)).or_insert(siblings);
            self.finish_read(id, ctx);
        }
    }

    /// R have answered: a read is done, and a write begins.
    fn finish_read(&mut self, id: OperationId, ctx: &mut Context<'_, Dynamo>) {
        let Some(pending) = self.pending.get(&id) else { return };
        let Phase::Reading(answers) = &pending.phase else { return };
        if answers.len() < self.settings.r as usize {
            return;
        }
        let (answers, operation) = (answers.clone(), pending.operation.clone());
        let mut merged = Siblings::default();
        for siblings in answers.values() {
            merged.merge(siblings);
        }
        if !matches!(operation, Operation::Get { .. }) {
            return self.write(id, operation, &merged, ctx);
        }
        self.pending.remove(&id);
        ctx.cancel_timer(Timer::Quorum(id));
        let key = operation.key();
        let found = names(&merged).into_iter().collect();
        ctx.note(Note::Read { id, key: key.into(), found });
        let values = merged.values().filter_map(|written| written.value.clone());
        ctx.complete(id, Output::Values(values.collect()));
        if self.settings.read_repair {
            self.repair(key, &answers, &merged, ctx);
        }
    }

    /// Sends what was read to those who had less (§5).
    fn repair(
        &mut self,
        key: &str,
        answers: &BTreeMap<NodeId, Siblings>,
        merged: &Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        for (owner, siblings) in answers {
            if siblings == merged {
                continue;
            }
            ctx.probe("read-repair");
            if *owner == self.id {
                self.on_repair(key, merged.clone(), ctx);
            } else {
                let (key, siblings) = (key.into(), merged.clone());
                ctx.send(*owner, Message::Repair { key, siblings });
            }
        }
    }

    /// Makes a version that overwrites what was seen, and sends it to all owners with its siblings.
    fn write(
        &mut self,
        id: OperationId,
        operation: Operation,
        seen: &Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let (key, value) = match &operation {
            Operation::Put { key, value } | Operation::Add { key, value } => {
                (key.clone(), Some(value.clone()))
            }
            Operation::Delete { key } => (key.clone(), None),
            Operation::Get { .. } => return,
        };
        let mut siblings = self.store.get(&key);
        siblings.merge(seen);
        let (actor, last) = if ctx.bug(&Q7) {
            (Actor::Client(id.client), 0)
        } else {
            (Actor::Node(self.id), self.store.writes)
        };
        let context = context_of(seen, ctx);
        let dot = siblings.write(actor, last, &context, Written { id, value });
        let name = (id, dot);
        let over = names(seen).into_iter().collect();
        ctx.note(Note::Wrote { name, key: key.clone(), over });
        self.record(Record::Counted(last.max(dot.number)), ctx);
        self.set(&key, siblings.clone(), ctx);
        ctx.sync();
        for owner in self.owners(&key).into_iter().filter(|owner| *owner != self.id) {
            let (key, siblings) = (key.clone(), siblings.clone());
            ctx.send(owner, Message::Write { id, key, siblings, owner });
        }
        // Its own copy is on disk before anything that follows leaves this node.
        let phase = Phase::Writing { siblings, name, acks: BTreeSet::from([self.id]) };
        self.pending.insert(id, Pending { operation, phase, has_stand_ins: false });
        ctx.set_timer(Timer::Quorum(id), self.settings.timeout);
        self.finish_write(id, ctx);
    }

    /// One copy more; a hint counts only if the quorum is sloppy.
    pub(super) fn on_write_reply(
        &mut self,
        from: NodeId,
        id: OperationId,
        owner: NodeId,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Phase::Writing { acks, .. } = &mut pending.phase else { return };
        if from == owner || self.settings.sloppy || ctx.bug(&Q4) {
            acks.insert(owner);
            self.finish_write(id, ctx);
        }
    }

    /// W have it.
    fn finish_write(&mut self, id: OperationId, ctx: &mut Context<'_, Dynamo>) {
        let Some(pending) = self.pending.get(&id) else { return };
        let Phase::Writing { acks, name, .. } = &pending.phase else { return };
        if acks.len() < self.settings.w as usize {
            return;
        }
        ctx.note(Note::Acknowledged { name: *name, key: pending.operation.key().into() });
        ctx.complete(id, Output::Written);
        ctx.cancel_timer(Timer::Quorum(id));
        self.pending.remove(&id);
    }

    /// Too few have answered: others stand in for the rest. If even that does not help, the operation is given up.
    pub(super) fn stand_in(&mut self, id: OperationId, ctx: &mut Context<'_, Dynamo>) {
        let Some(pending) = self.pending.get(&id) else { return };
        let key = String::from(pending.operation.key());
        if pending.has_stand_ins {
            let pending = self.pending.remove(&id);
            let is_get = pending.is_some_and(|it| matches!(it.operation, Operation::Get { .. }));
            return if is_get { ctx.fail(id) } else { ctx.give_up(id) };
        }
        let has_answered = |owner: &NodeId| match &pending.phase {
            Phase::Reading(answers) => answers.contains_key(owner),
            Phase::Writing { acks, .. } => acks.contains(owner),
        };
        let mut missing = self.owners(&key);
        missing.retain(|owner| !has_answered(owner));
        let stand_ins = ring::stand_ins(&key, self.settings.n, self.nodes);
        for (owner, to) in missing.into_iter().zip(stand_ins) {
            ctx.probe("stand-in");
            let key = key.clone();
            let message = match &pending.phase {
                Phase::Reading(_) => Message::Read { id, key, owner },
                Phase::Writing { siblings, .. } => {
                    Message::Write { id, key, siblings: siblings.clone(), owner }
                }
            };
            ctx.send(to, message);
        }
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.has_stand_ins = true;
        }
        ctx.set_timer(Timer::Quorum(id), self.settings.timeout);
    }
}

/// What a writer has seen.
fn context_of(seen: &Siblings, ctx: &Context<'_, Dynamo>) -> VectorClock<Actor> {
    let mut context = seen.context();
    if ctx.bug(&Q6) {
        let out: Vec<Actor> = context.entries().skip(TRUNCATED).map(|(actor, _)| actor).collect();
        for actor in out {
            context.forget(actor);
        }
    }
    context
}
