//! The coordinator: work, phase 1, phase 2, and what it does when it comes back.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{NodeId, OperationId, Start};

use crate::bank::{Operation, Output, Posting, TxId, home};

use super::bugs::{T2, T5, T6, T7, T8, T12};
use super::door::Door;
use super::message::{State, Vote};
use super::{Commit, Form, Message, Note, Outcome, Record, Timer};

/// What the coordinator knows of a transaction that it has not forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// The client's operation.
    pub(super) operation: OperationId,
    /// What each participant has to do; nothing more is known after a crash.
    pub(super) parts: BTreeMap<NodeId, Vec<Posting>>,
    /// What was read.
    pub(super) read: BTreeMap<NodeId, Vec<Posting>>,
    /// How far it is.
    pub(super) phase: Phase,
}

/// How far a transaction is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Phase {
    /// Participants do their work.
    Working { worked: BTreeSet<NodeId> },
    /// They vote.
    Voting { votes: BTreeMap<NodeId, Vote> },
    /// Three-phase commit: they are told that all voted yes.
    PreCommitting { acks: BTreeSet<NodeId> },
    /// Some have not acknowledged the outcome.
    Telling { outcome: Outcome, unacked: BTreeSet<NodeId> },
    /// Others decide, and tell.
    Waiting,
}

/// The coordinator of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coordinator {
    incarnation: u32,
    /// How many transactions it began in this life.
    number: u64,
    pub(super) open: BTreeMap<TxId, Open>,
    /// Outcomes, where coordinators do not forget them.
    pub(super) known: BTreeMap<TxId, Outcome>,
}

impl Coordinator {
    /// The recovery manager: a transaction with an outcome and without an end is told again. Presumed commit: one that was
    /// collecting and has no outcome is aborted (Mohan, Lindsay & Obermarck 1986, §3 and §4).
    pub(super) fn recover(start: &Start<'_, Commit>, door: &mut Door<'_, '_>) -> Self {
        let incarnation = if door.bug(&T12) { 0 } else { start.incarnation };
        let (open, known) = (BTreeMap::new(), BTreeMap::new());
        let mut coordinator = Self { incarnation, number: 0, open, known };
        let form = door.settings.protocol;
        for record in start.journal.records() {
            match record {
                Record::Collecting { tx, operation, participants } => {
                    coordinator.reopen(*tx, *operation, Outcome::Abort, participants);
                }
                Record::Decided { tx, operation, outcome, participants } => {
                    coordinator.open.remove(tx);
                    if form.acks(*outcome) {
                        coordinator.reopen(*tx, *operation, *outcome, participants);
                    } else if form == Form::ThreePhase {
                        coordinator.known.insert(*tx, *outcome);
                    }
                }
                Record::End { tx } => drop(coordinator.open.remove(tx)),
                Record::Prepared { .. }
                | Record::PreCommitted { .. }
                | Record::Concluded { .. }
                | Record::Checkpoint { .. }
                | Record::Accepted { .. } => {}
            }
        }
        let txs: Vec<TxId> = coordinator.open.keys().copied().collect();
        for tx in txs {
            coordinator.resend(tx, door);
        }
        coordinator
    }

    fn reopen(
        &mut self,
        tx: TxId,
        operation: OperationId,
        outcome: Outcome,
        participants: &[NodeId],
    ) {
        let unacked = participants.iter().copied().collect();
        let phase = Phase::Telling { outcome, unacked };
        let (parts, read) = (BTreeMap::new(), BTreeMap::new());
        self.open.insert(tx, Open { operation, parts, read, phase });
    }

    /// A client asks for a transaction: the participants get their work.
    pub(super) fn begin(
        &mut self,
        id: OperationId,
        operation: &Operation,
        door: &mut Door<'_, '_>,
    ) {
        if self.open.values().any(|open| open.operation == id) {
            return; // The client asks again; it is on its way.
        }
        if !door.ctx.is_first_attempt() {
            door.ctx.probe("asked-again");
            return door.ctx.give_up(id); // It may have committed: what was done is forgotten.
        }
        let Some(postings) = operation.postings(door.settings.accounts) else {
            return door.ctx.fail(id);
        };
        self.number += 1;
        let tx =
            TxId { coordinator: door.id(), incarnation: self.incarnation, number: self.number };
        let mut parts: BTreeMap<NodeId, Vec<Posting>> = BTreeMap::new();
        for posting in postings {
            let to = home(posting.account, &door.settings.participants);
            parts.entry(to).or_default().push(posting);
        }
        for (to, postings) in &parts {
            let work = Message::Work { tx, operation: id, postings: postings.clone() };
            door.send(*to, work);
        }
        door.set_timer(Timer::Work(tx), door.settings.work_timeout);
        let phase = Phase::Working { worked: BTreeSet::new() };
        self.open.insert(tx, Open { operation: id, parts, read: BTreeMap::new(), phase });
    }

    /// A participant has its locks. When all have, the commit begins.
    pub(super) fn worked(
        &mut self,
        from: NodeId,
        tx: TxId,
        read: Vec<Posting>,
        door: &mut Door<'_, '_>,
    ) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        let Phase::Working { worked } = &mut open.phase else { return };
        worked.insert(from);
        open.read.insert(from, read);
        if worked.len() == open.parts.len() {
            door.cancel_timer(Timer::Work(tx));
            self.prepare(tx, door);
        }
    }

    /// The work took too long: nobody was asked to prepare, so nobody has to be told for sure.
    pub(super) fn work_timeout(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.remove(&tx) else { return };
        door.ctx.probe("work-timeout");
        for to in open.parts.keys() {
            door.send(*to, Message::Cancel { tx });
        }
        door.ctx.fail(open.operation);
    }

    /// Phase 1. Presumed commit writes down first whom it collects votes from (§4).
    fn prepare(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        let operation = open.operation;
        let participants: Vec<NodeId> = open.parts.keys().copied().collect();
        let writers = open.parts.iter().filter(|(_, part)| !door.settings.is_read_only(part));
        let peers: Vec<NodeId> = writers.map(|(id, _)| *id).collect();
        let form = door.settings.protocol;
        if form == Form::PresumedCommit {
            let participants = participants.clone();
            door.write(Record::Collecting { tx, operation, participants });
            if !door.bug(&T7) {
                door.force();
            }
        }
        door.note(Note::Began { tx, operation, participants: participants.clone() });
        open.phase = Phase::Voting { votes: BTreeMap::new() };
        match form {
            Form::TwoPhase
            | Form::PresumedAbort
            | Form::PresumedCommit
            | Form::ThreePhase
            | Form::Decentralised => {
                door.send_all(&participants, &Message::Prepare { tx, peers });
            }
            Form::Linear => {
                open.phase = Phase::Waiting;
                door.send(peers[0], Message::Prepare { tx, peers: peers.clone() });
            }
            Form::PaxosCommit | Form::FasterPaxosCommit => {
                open.phase = Phase::Waiting;
                door.send(peers[0], Message::Initiate { tx, peers: peers.clone() });
            }
        }
        door.set_timer(Timer::Vote(tx), door.settings.vote_timeout);
    }

    /// A vote: one no decides, and so does the last yes.
    pub(super) fn vote(&mut self, from: NodeId, tx: TxId, vote: Vote, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        let Phase::Voting { votes } = &mut open.phase else { return };
        door.note(Note::Counted { tx, from, vote: vote.clone() });
        if let Vote::ReadOnly { read } = &vote {
            open.read.insert(from, read.clone());
        }
        let is_no = vote == Vote::No;
        votes.insert(from, vote);
        if is_no {
            self.decide(tx, Outcome::Abort, door);
        } else if votes.len() == open.parts.len() {
            self.all_yes(tx, door);
        }
    }

    fn all_yes(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        if door.settings.protocol != Form::ThreePhase {
            return self.decide(tx, Outcome::Commit, door);
        }
        // Skeen 1981: nobody commits while anybody is uncertain.
        open.phase = Phase::PreCommitting { acks: BTreeSet::new() };
        door.send_all(open.parts.keys(), &Message::PreCommit { tx });
        door.set_timer(Timer::Vote(tx), door.settings.vote_timeout);
    }

    /// Three-phase commit: a participant knows that all voted yes.
    pub(super) fn pre_commit_ack(&mut self, from: NodeId, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        let Phase::PreCommitting { acks } = &mut open.phase else { return };
        acks.insert(from);
        if acks.len() == open.parts.len() {
            self.decide(tx, Outcome::Commit, door);
        }
    }

    /// Votes are missing, or acknowledgements of a pre-commit: who has not answered is down.
    pub(super) fn vote_timeout(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        match &open.phase {
            Phase::Voting { .. } if door.settings.protocol == Form::Decentralised => {
                self.ask_participants(tx, door);
            }
            Phase::Voting { .. } => {
                door.ctx.probe("vote-missing");
                let outcome = if door.bug(&T5) { Outcome::Commit } else { Outcome::Abort };
                self.decide(tx, outcome, door);
            }
            Phase::PreCommitting { acks } if acks.is_empty() => {
                // Nobody who is up knows: it would be forgotten if the coordinator failed.
                door.send_all(open.parts.keys(), &Message::PreCommit { tx });
                door.set_timer(Timer::Vote(tx), door.settings.vote_timeout);
            }
            Phase::PreCommitting { .. } => self.decide(tx, Outcome::Commit, door),
            Phase::Waiting => self.ask_participants(tx, door),
            Phase::Working { .. } | Phase::Telling { .. } => {}
        }
    }

    /// Where the coordinator does not decide: what was decided?
    fn ask_participants(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get(&tx) else { return };
        let operation = open.operation;
        if !door.settings.protocol.is_paxos() {
            // In a chain the first one knows what the next one knows.
            let first = if door.settings.protocol == Form::Linear { 1 } else { open.parts.len() };
            let asked = open.parts.keys().take(first);
            door.send_all(asked, &Message::DecisionRequest { tx, operation });
        }
        door.set_timer(Timer::Vote(tx), door.settings.vote_timeout);
    }

    /// Phase 2.
    pub(super) fn decide(&mut self, tx: TxId, outcome: Outcome, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        let form = door.settings.protocol;
        let operation = open.operation;
        door.cancel_timer(Timer::Vote(tx));
        let told = open.told();
        let read: Vec<Posting> = open.read.values().flatten().copied().collect();
        let note = Note::Decided { tx, operation, outcome };
        let has_record = Self::write_decision(tx, operation, outcome, &told, door);
        match outcome {
            Outcome::Commit => door.note_when_durable(note),
            Outcome::Abort => door.note(note),
        }
        let message = outcome.message(tx);
        if form != Form::Decentralised && form != Form::Linear {
            door.send_all(&told, &message);
        }
        door.answer(operation, outcome, Output::Committed { read });
        let forgets = outcome == Outcome::Commit && door.bug(&T6);
        if form.acks(outcome) && !told.is_empty() && !forgets {
            let unacked = told.into_iter().collect();
            open.phase = Phase::Telling { outcome, unacked };
            door.set_timer(Timer::Resend(tx), door.settings.resend);
            return;
        }
        self.open.remove(&tx);
        if has_record && form.acks(outcome) {
            door.write(Record::End { tx });
        }
        if !form.is_presuming() {
            self.known.insert(tx, outcome);
        }
    }

    /// The record of a decision, forced where somebody could be told something else after a crash. Whether there is one.
    fn write_decision(
        tx: TxId,
        operation: OperationId,
        outcome: Outcome,
        told: &[NodeId],
        door: &mut Door<'_, '_>,
    ) -> bool {
        let form = door.settings.protocol;
        if !form.coordinator_decides() {
            return false;
        }
        if told.is_empty() && outcome == Outcome::Commit {
            // All were readers, and nobody will ask. Only what is collecting needs an end.
            if form == Form::PresumedCommit {
                door.write(Record::End { tx });
            }
            return false;
        }
        door.write(Record::Decided { tx, operation, outcome, participants: told.to_vec() });
        let is_hasty = outcome == Outcome::Commit && door.bug(&T2);
        if form.coordinator_forces(outcome) && !is_hasty {
            door.force();
        }
        true
    }

    /// A participant has the outcome on its disk. When all have, the transaction can be forgotten.
    pub(super) fn ack(&mut self, from: NodeId, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get_mut(&tx) else { return };
        let Phase::Telling { unacked, .. } = &mut open.phase else { return };
        unacked.remove(&from);
        if unacked.is_empty() {
            self.open.remove(&tx);
            door.cancel_timer(Timer::Resend(tx));
            door.write(Record::End { tx });
        }
    }

    /// Some have not acknowledged: they are told again.
    pub(super) fn resend(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get(&tx) else { return };
        let Phase::Telling { outcome, unacked } = &open.phase else { return };
        door.send_all(unacked, &outcome.message(tx));
        door.set_timer(Timer::Resend(tx), door.settings.resend);
    }

    /// A participant is uncertain and asks. Of a transaction that was forgotten, what is presumed (§3, §4).
    pub(super) fn inquiry(&mut self, from: NodeId, tx: TxId, door: &mut Door<'_, '_>) {
        let form = door.settings.protocol;
        let outcome = match self.open.get(&tx).map(|open| &open.phase) {
            Some(Phase::Telling { outcome, .. }) => Some(*outcome),
            Some(_) => None,
            None if door.bug(&T8) && form == Form::TwoPhase => Some(Outcome::Commit),
            None => self.known.get(&tx).copied().or_else(|| form.presumption()),
        };
        if let Some(outcome) = outcome {
            door.send(from, outcome.message(tx));
        }
    }

    /// Somebody else knows what was decided.
    pub(super) fn learn(&mut self, tx: TxId, outcome: Outcome, door: &mut Door<'_, '_>) {
        if door.settings.protocol.is_paxos() {
            return self.learned(tx, outcome, door);
        }
        let Some(open) = self.open.get(&tx) else { return };
        match open.phase {
            Phase::Voting { .. } | Phase::PreCommitting { .. } | Phase::Waiting => {
                self.decide(tx, outcome, door);
            }
            Phase::Working { .. } | Phase::Telling { .. } => {}
        }
    }

    /// Three-phase commit: what the coordinator knows, to whoever coordinates in its place.
    pub(super) fn state(&self, tx: TxId) -> Option<State> {
        match (self.known.get(&tx), self.open.get(&tx).map(|open| &open.phase)) {
            (Some(Outcome::Commit), _) => Some(State::Committed),
            (Some(Outcome::Abort), _) => Some(State::Aborted),
            (None, Some(Phase::PreCommitting { .. })) => Some(State::Committable),
            (None, Some(_)) => Some(State::Uncertain),
            (None, None) => None,
        }
    }
}

impl Open {
    /// Who has to be told of the outcome: all but those who left or aborted when they voted.
    fn told(&self) -> Vec<NodeId> {
        let votes = match &self.phase {
            Phase::Voting { votes } => Some(votes),
            Phase::Working { .. }
            | Phase::PreCommitting { .. }
            | Phase::Telling { .. }
            | Phase::Waiting => None,
        };
        let is_done = |id: &NodeId| match votes.and_then(|votes| votes.get(id)) {
            Some(Vote::No | Vote::ReadOnly { .. }) => true,
            Some(Vote::Yes) | None => false,
        };
        self.parts.keys().copied().filter(|id| !is_done(id)).collect()
    }
}
