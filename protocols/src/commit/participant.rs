//! A participant: work and locks, its vote, the outcome, and what it does when it comes back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use orrery_sim::{DurationRange, NodeId, OperationId, Start};

use crate::bank::{Bank, Posting, TxId, home};

use super::bugs::{T1, T3, T4, T9, T10, T11, T16, T17};
use super::door::Door;
use super::message::{State, Vote};
use super::three_phase::Termination;
use super::{Commit, Form, Message, Note, Outcome, Record, Timer};

/// A participant's part of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// The transaction.
    pub tx: TxId,
    /// The client's operation that it is.
    pub operation: OperationId,
    /// What is done to which accounts.
    pub postings: Vec<Posting>,
}

/// A transaction in doubt: the participant voted yes and does not know what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prepared {
    /// Its part.
    pub branch: Branch,
    /// All who have something to commit.
    pub peers: Vec<NodeId>,
    /// Three-phase commit: whether it knows that all voted yes.
    pub(super) is_committable: bool,
    /// Whether it has crashed since it voted.
    pub(super) has_crashed: bool,
    /// How often it has asked what was decided.
    pub(super) asked: u32,
}

/// A transaction that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Finished {
    /// What came of it.
    pub outcome: Outcome,
    /// The client's operation that it was, where that is known.
    pub operation: Option<OperationId>,
}

/// The participant of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// Accounts and locks.
    pub bank: Bank,
    /// Work that waits for locks, in order.
    pub(super) waiting: VecDeque<Branch>,
    /// Work that is done, before the vote.
    pub(super) active: BTreeMap<TxId, Branch>,
    /// In doubt: voted yes, outcome unknown.
    pub(super) prepared: BTreeMap<TxId, Prepared>,
    /// What came of all others. It grows as long as the run does.
    pub(super) finished: BTreeMap<TxId, Finished>,
    /// Decentralised commit: the votes heard.
    pub(super) votes: BTreeMap<TxId, BTreeMap<NodeId, bool>>,
    /// Three-phase commit: transactions that it coordinates in place of a coordinator that is down.
    pub(super) terminations: BTreeMap<TxId, Termination>,
    /// Faster Paxos Commit: what acceptors say.
    pub(super) tallies: BTreeMap<TxId, super::paxos_commit::Tally>,
}

impl Participant {
    /// What the journal adds up to. A prepared transaction without an outcome is in doubt, and holds its locks again.
    pub(super) fn recover(start: &Start<'_, Commit>, door: &mut Door<'_, '_>) -> Self {
        let settings = door.settings;
        let own = (0..settings.accounts)
            .filter(|account| home(*account, &settings.participants) == start.id);
        let mut participant = Self {
            bank: Bank::new(own, settings.balance),
            waiting: VecDeque::new(),
            active: BTreeMap::new(),
            prepared: BTreeMap::new(),
            finished: BTreeMap::new(),
            votes: BTreeMap::new(),
            terminations: BTreeMap::new(),
            tallies: BTreeMap::new(),
        };
        for record in start.journal.records() {
            participant.replay(record);
        }
        let txs: Vec<TxId> = participant.prepared.keys().copied().collect();
        for tx in txs {
            let prepared = &participant.prepared[&tx];
            participant.bank.lock(tx, &prepared.branch.postings);
            participant.wait_for_outcome(tx, door);
        }
        participant
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Checkpoint { balances, finished } => {
                self.bank = Bank::restored(balances.clone());
                self.finished.clone_from(finished);
                self.prepared.clear();
            }
            Record::Prepared { branch, peers } => {
                let (branch, peers) = (branch.clone(), peers.clone());
                let (is_committable, has_crashed, asked) = (false, true, 0);
                let prepared = Prepared { branch, peers, is_committable, has_crashed, asked };
                self.finished.remove(&prepared.branch.tx);
                self.prepared.insert(prepared.branch.tx, prepared);
            }
            Record::PreCommitted { tx } => {
                if let Some(prepared) = self.prepared.get_mut(tx) {
                    prepared.is_committable = true;
                }
            }
            Record::Concluded { tx, operation, outcome } => {
                if let Some(prepared) = self.prepared.remove(tx)
                    && *outcome == Outcome::Commit
                {
                    self.bank.apply(&prepared.branch.postings);
                }
                self.finished.insert(*tx, Finished { outcome: *outcome, operation: *operation });
            }
            Record::Collecting { .. }
            | Record::Decided { .. }
            | Record::End { .. }
            | Record::Accepted { .. } => {}
        }
    }
}

/// Work.
impl Participant {
    /// Locks the accounts, now or when they are free.
    pub(super) fn work(&mut self, branch: Branch, door: &mut Door<'_, '_>) {
        let tx = branch.tx;
        let is_old = self.finished.get(&tx).is_some_and(|finished| {
            finished.operation.is_none_or(|operation| operation == branch.operation)
        });
        let is_known = self.active.contains_key(&tx)
            || self.prepared.contains_key(&tx)
            || self.waiting.iter().any(|waiting| waiting.tx == tx);
        if is_old || is_known {
            return door.ctx.probe("work-twice");
        }
        door.set_timer(Timer::Idle(tx), door.settings.idle);
        self.waiting.push_back(branch);
        self.grant(door);
        if self.waiting.iter().any(|waiting| waiting.tx == tx) {
            door.note(Note::Waits { tx });
        }
    }

    /// Gives locks to whoever waits for them, in order, where they are free.
    fn grant(&mut self, door: &mut Door<'_, '_>) {
        for branch in std::mem::take(&mut self.waiting) {
            if !self.bank.lock(branch.tx, &branch.postings) {
                self.waiting.push_back(branch);
                continue;
            }
            let tx = branch.tx;
            let read = self.bank.read(&branch.postings);
            if door.bug(&T11) && door.settings.is_read_only(&branch.postings) {
                self.bank.unlock(tx);
            }
            self.active.insert(tx, branch);
            door.send(tx.coordinator, Message::Worked { tx, read });
        }
    }

    /// Forgets work that it has not voted on: its coordinator gave it up, or is silent.
    pub(super) fn drop_work(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        self.waiting.retain(|waiting| waiting.tx != tx);
        if self.active.remove(&tx).is_some() {
            self.bank.unlock(tx);
        }
        door.cancel_timer(Timer::Idle(tx));
        self.grant(door);
    }
}

/// The vote.
impl Participant {
    /// Phase 1: yes if it can commit, which is on its disk before it says so.
    pub(super) fn prepare(
        &mut self,
        from: NodeId,
        tx: TxId,
        peers: &[NodeId],
        door: &mut Door<'_, '_>,
    ) {
        if self.prepared.contains_key(&tx) {
            return; // Asked twice, and answered once.
        }
        let Some(branch) = self.active.get(&tx) else { return self.refuse(tx, None, peers, door) };
        let (postings, operation) = (branch.postings.clone(), branch.operation);
        if door.settings.is_read_only(&postings) {
            let vote = Vote::ReadOnly { read: self.bank.read(&postings) };
            door.note(Note::Voted { tx, operation, vote: vote.clone() });
            self.drop_work(tx, door);
            return door.send(from, Message::Vote { tx, vote });
        }
        if !self.bank.covers(&postings) {
            return self.refuse(tx, Some(operation), peers, door);
        }
        door.cancel_timer(Timer::Idle(tx));
        let Some(branch) = self.active.remove(&tx) else { return };
        door.write(Record::Prepared { branch: branch.clone(), peers: peers.to_vec() });
        let (is_committable, has_crashed, asked) = (false, false, 0);
        let prepared =
            Prepared { branch, peers: peers.to_vec(), is_committable, has_crashed, asked };
        self.prepared.insert(tx, prepared);
        let is_hasty = door.bug(&T1) || door.bug(&T16) && door.settings.protocol.is_paxos();
        if !is_hasty {
            door.force();
        }
        door.note(Note::Voted { tx, operation, vote: Vote::Yes });
        door.note_when_durable(Note::Prepared { tx, operation });
        Self::tell_vote(tx, true, peers, door);
        if door.bug(&T10) {
            self.bank.unlock(tx);
            self.grant(door);
        }
        if let Some(heuristic) = door.settings.heuristic {
            door.set_timer(Timer::Heuristic(tx), heuristic.after);
        }
        self.wait_for_outcome(tx, door);
    }

    /// No: it aborts, whatever the others do.
    fn refuse(
        &mut self,
        tx: TxId,
        operation: Option<OperationId>,
        peers: &[NodeId],
        door: &mut Door<'_, '_>,
    ) {
        match self.finished.get(&tx).map(|finished| finished.outcome) {
            Some(Outcome::Commit) => return,
            Some(Outcome::Abort) => {}
            None => self.abort_alone(tx, operation, door),
        }
        if let Some(operation) = operation {
            door.note(Note::Voted { tx, operation, vote: Vote::No });
        }
        Self::tell_vote(tx, false, peers, door);
    }

    /// Aborts what it has not voted for. With presumed abort nobody will ever need the record (§3).
    pub(super) fn abort_alone(
        &mut self,
        tx: TxId,
        operation: Option<OperationId>,
        door: &mut Door<'_, '_>,
    ) {
        self.drop_work(tx, door);
        let outcome = Outcome::Abort;
        door.write(Record::Concluded { tx, operation, outcome });
        self.finished.insert(tx, Finished { outcome, operation });
        if door.settings.protocol == Form::PresumedAbort {
            return;
        }
        door.force();
        if let Some(operation) = operation {
            door.note_when_durable(Note::Decided { tx, operation, outcome });
        }
    }

    /// Says how it votes to whom that matters.
    fn tell_vote(tx: TxId, is_yes: bool, peers: &[NodeId], door: &mut Door<'_, '_>) {
        let vote = if is_yes { Vote::Yes } else { Vote::No };
        match door.settings.protocol {
            Form::TwoPhase | Form::PresumedAbort | Form::PresumedCommit | Form::ThreePhase => {
                door.send(tx.coordinator, Message::Vote { tx, vote });
            }
            Form::Linear => Self::pass_on(tx, is_yes, peers, door),
            Form::Decentralised => Self::tell_everybody(tx, &vote, peers, door),
            Form::PaxosCommit | Form::FasterPaxosCommit => {
                Self::phase_2a(tx, is_yes, peers, door);
            }
        }
    }
}

/// The outcome.
impl Participant {
    /// Somebody tells it what was decided.
    pub(super) fn hear(
        &mut self,
        from: NodeId,
        tx: TxId,
        outcome: Outcome,
        door: &mut Door<'_, '_>,
    ) {
        if door.settings.protocol == Form::Linear {
            self.told_in_chain(from, tx, outcome, door);
        } else {
            self.told(tx, outcome, door);
        }
    }

    /// Phase 2: the transaction is over here, and that is on disk before anybody is told so.
    pub(super) fn told(&mut self, tx: TxId, outcome: Outcome, door: &mut Door<'_, '_>) {
        let form = door.settings.protocol;
        if self.prepared.contains_key(&tx) {
            return self.conclude(tx, outcome, door);
        }
        let finished = self.finished.get(&tx).copied();
        match finished {
            Some(Finished { outcome: did, operation: Some(operation) }) if did != outcome => {
                door.note(Note::HeuristicDamage { tx, operation, did, should: outcome });
            }
            None if outcome == Outcome::Abort => {
                let branch = self.active.get(&tx);
                let operation = branch.map(|branch| branch.operation);
                self.abort_alone(tx, operation, door);
            }
            // It knows; or it is a commit of what it has been told before, and has forgotten.
            Some(_) | None => {}
        }
        if form.acks(outcome) {
            door.send(tx.coordinator, Message::Ack { tx });
        }
    }

    /// What was in doubt is decided.
    pub(super) fn conclude(&mut self, tx: TxId, outcome: Outcome, door: &mut Door<'_, '_>) {
        let Some(Prepared { branch, .. }) = self.prepared.remove(&tx) else { return };
        let (form, operation) = (door.settings.protocol, branch.operation);
        if outcome == Outcome::Commit {
            self.bank.apply(&branch.postings);
        }
        self.bank.unlock(tx);
        self.finished.insert(tx, Finished { outcome, operation: Some(operation) });
        self.votes.remove(&tx);
        self.tallies.remove(&tx);
        self.terminations.remove(&tx);
        door.write(Record::Concluded { tx, operation: Some(operation), outcome });
        if form.participant_forces(outcome) {
            door.force();
        }
        door.note(Note::Decided { tx, operation, outcome });
        for timer in [Timer::Outcome(tx), Timer::Heuristic(tx), Timer::Poll(tx)] {
            door.cancel_timer(timer);
        }
        if form.acks(outcome) {
            door.send(tx.coordinator, Message::Ack { tx });
        }
        self.grant(door);
        self.checkpoint(door);
    }

    /// Replaces a long journal by what it adds up to: the accounts, what is over, and what is in doubt.
    fn checkpoint(&mut self, door: &mut Door<'_, '_>) {
        let every = u64::from(door.settings.checkpoint);
        // On a node that is an acceptor too, the journal is not the participant's alone.
        let is_alone = !door.settings.acceptors.contains(&door.id());
        if every == 0 || !is_alone || door.desk.records < every + self.prepared.len() as u64 {
            return;
        }
        let (balances, finished) = (self.bank.balances().clone(), self.finished.clone());
        let mut records = vec![Record::Checkpoint { balances, finished }];
        for Prepared { branch, peers, is_committable, .. } in self.prepared.values() {
            if door.bug(&T17) {
                continue;
            }
            records.push(Record::Prepared { branch: branch.clone(), peers: peers.clone() });
            if *is_committable {
                records.push(Record::PreCommitted { tx: branch.tx });
            }
        }
        door.ctx.probe("checkpoint");
        door.checkpoint(records);
    }
}

/// In doubt.
impl Participant {
    /// Sets the timer by which an uncertain participant does something about it.
    pub(super) fn wait_for_outcome(&self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(prepared) = self.prepared.get(&tx) else { return };
        let settings = door.settings;
        match settings.protocol {
            Form::ThreePhase => door.set_timer(Timer::Outcome(tx), prepared.turn(door)),
            Form::TwoPhase
            | Form::PresumedAbort
            | Form::PresumedCommit
            | Form::Linear
            | Form::Decentralised => door.set_timer(Timer::Outcome(tx), settings.inquiry),
            Form::PaxosCommit | Form::FasterPaxosCommit => {
                let most = settings.inquiry.saturating_add(settings.inquiry);
                let range = DurationRange::new(settings.inquiry, most);
                door.set_timer_between(Timer::Outcome(tx), range);
            }
        }
    }

    /// Nothing was heard for too long. Two-phase commit: it may neither commit nor abort, only ask.
    pub(super) fn outcome_timeout(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(prepared) = self.prepared.get_mut(&tx) else { return };
        prepared.asked += 1;
        if door.bug(&T3) {
            return self.conclude(tx, Outcome::Abort, door);
        }
        if door.bug(&T4) {
            return self.conclude(tx, Outcome::Commit, door);
        }
        let (operation, peers) = (prepared.branch.operation, prepared.peers.clone());
        let asked = prepared.asked;
        let own = door.id();
        let others = peers.iter().filter(|id| **id != own);
        let request = Message::DecisionRequest { tx, operation };
        match door.settings.protocol {
            Form::TwoPhase | Form::PresumedAbort | Form::PresumedCommit => {
                door.send(tx.coordinator, Message::Inquiry { tx, peers: peers.clone() });
                if door.settings.cooperative {
                    door.send_all(others, &request);
                }
            }
            Form::Decentralised => {
                door.send_all(others, &request);
                // After a crash its own vote is what its disk says.
                self.hear_vote(own, tx, true, door);
            }
            Form::Linear => {
                let place = peers.iter().position(|id| *id == own);
                match place.and_then(|place| peers.get(place + 1)) {
                    Some(next) => door.send(*next, request),
                    None => return self.told_in_chain(own, tx, Outcome::Commit, door),
                }
            }
            Form::ThreePhase => return self.terminate(tx, door),
            Form::PaxosCommit | Form::FasterPaxosCommit => {
                let candidate = door.settings.candidate(tx, asked);
                door.send(candidate, Message::Inquiry { tx, peers: peers.clone() });
            }
        }
        self.wait_for_outcome(tx, door);
    }

    /// Another one is uncertain. Who has not voted yet aborts, so that the other one can (Bernstein, Hadzilacos & Goodman
    /// 1987, §7.4, cooperative termination).
    pub(super) fn decision_request(
        &mut self,
        from: NodeId,
        tx: TxId,
        operation: OperationId,
        door: &mut Door<'_, '_>,
    ) {
        if self.prepared.contains_key(&tx) {
            let form = door.settings.protocol;
            let vote = Message::Vote { tx, vote: Vote::Yes };
            let reply = Message::DecisionReply { tx, state: State::Uncertain };
            return door.send(from, if form == Form::Decentralised { vote } else { reply });
        }
        if !self.finished.contains_key(&tx) {
            door.ctx.probe("aborted-for-another");
            self.abort_alone(tx, Some(operation), door);
            // With presumed abort too: it must not forget what it makes another one rely on.
            door.force();
        }
        let state = match self.finished.get(&tx).map(|finished| finished.outcome) {
            Some(Outcome::Commit) => State::Committed,
            Some(Outcome::Abort) | None => State::Aborted,
        };
        door.send(from, Message::DecisionReply { tx, state });
    }

    /// Another one answers.
    pub(super) fn decision_reply(&mut self, tx: TxId, state: State, door: &mut Door<'_, '_>) {
        match state {
            State::Committed => self.conclude(tx, Outcome::Commit, door),
            State::Aborted => self.conclude(tx, Outcome::Abort, door),
            State::Uncertain | State::Committable if door.bug(&T9) => {
                self.conclude(tx, Outcome::Abort, door);
            }
            State::Uncertain | State::Committable => door.ctx.probe("both-uncertain"),
        }
    }

    /// A person, or a policy, decides what nobody else does.
    pub(super) fn heuristic(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let (Some(prepared), Some(heuristic)) = (self.prepared.get(&tx), door.settings.heuristic)
        else {
            return;
        };
        let operation = prepared.branch.operation;
        let outcome = heuristic.outcome;
        door.note(Note::Heuristic { tx, operation, outcome });
        self.conclude(tx, outcome, door);
    }
}

/// What monitors and tests look at.
impl Participant {
    /// What is in doubt.
    pub const fn in_doubt(&self) -> &BTreeMap<TxId, Prepared> {
        &self.prepared
    }

    /// Whether it remembers that it voted on a transaction, or what came of it.
    pub fn remembers(&self, tx: TxId) -> bool {
        self.prepared.contains_key(&tx) || self.finished.contains_key(&tx)
    }

    /// Work that waits for locks.
    pub fn waiting(&self) -> BTreeSet<OperationId> {
        self.waiting.iter().map(|branch| branch.operation).collect()
    }
}
