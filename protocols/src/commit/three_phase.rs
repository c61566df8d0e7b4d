//! Three-phase commit at a participant: it may decide although the coordinator is down.
//!
//! **Source:** D. Skeen, *Nonblocking Commit Protocols*, SIGMOD 1981; P. A. Bernstein, V. Hadzilacos and N. Goodman, *Concurrency
//! Control and Recovery in Database Systems*, 1987, §7.5, with its termination rules TR1 to TR4.
//!
//! Nobody commits while anybody who is up is uncertain, so that those who are up can always decide among themselves. That takes a
//! network on which silence proves that somebody is down.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Duration, NodeId, OperationId};

use crate::bank::TxId;

use super::bugs::{T13, T14};
use super::door::Door;
use super::message::State;
use super::participant::{Participant, Prepared};
use super::{Message, Note, Outcome, Record, TerminationRule, Timer};

/// A transaction that a participant coordinates because its coordinator is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Termination {
    /// What each knows, and whether it has crashed since it voted.
    reports: BTreeMap<NodeId, (State, bool)>,
    /// Whether those who were uncertain were told that all voted yes.
    is_driving: bool,
}

impl Prepared {
    /// How long it waits for the coordinator: the first participant takes over first, and who has crashed last of all.
    pub(super) fn turn(&self, door: &Door<'_, '_>) -> Duration {
        let place = self.peers.iter().position(|id| *id == door.ctx.id()).unwrap_or(0);
        let places = place + if self.has_crashed { self.peers.len() } else { 0 };
        let round = door.settings.round;
        // A termination takes two rounds; the next one begins when it must be over.
        let span = round.saturating_add(round).saturating_add(round);
        (0..places).fold(door.settings.inquiry, |sum, _| sum.saturating_add(span))
    }
}

impl Participant {
    /// Phase 2: all voted yes. It is on disk before it is acknowledged.
    pub(super) fn pre_commit(&mut self, from: NodeId, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(prepared) = self.prepared.get_mut(&tx) else { return };
        if !prepared.is_committable {
            prepared.is_committable = true;
            door.write(Record::PreCommitted { tx });
            door.force();
        }
        door.send(from, Message::PreCommitAck { tx });
        self.wait_for_outcome(tx, door);
    }

    /// The coordinator is silent: it is down. With elected termination this participant takes its place (§7.5); with
    /// naive termination it does what its own state suggests, which is right with two sites and no partition only.
    pub(super) fn terminate(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let Some(prepared) = self.prepared.get(&tx) else { return };
        let is_committable = prepared.is_committable;
        if is_committable && door.bug(&T13) {
            return self.conclude(tx, Outcome::Abort, door);
        }
        match door.settings.termination {
            TerminationRule::Naive => {
                let outcome = if is_committable { Outcome::Commit } else { Outcome::Abort };
                self.conclude(tx, outcome, door);
            }
            TerminationRule::Elected => {
                let operation = prepared.branch.operation;
                let own = (prepared.state(), prepared.has_crashed);
                door.note(Note::TookOver { tx, operation });
                let others = prepared.others(tx, door);
                let reports = BTreeMap::from([(door.id(), own)]);
                self.terminations.insert(tx, Termination { reports, is_driving: false });
                door.send_all(&others, &Message::StateRequest { tx, operation });
                door.set_timer(Timer::Poll(tx), door.settings.round);
                self.wait_for_outcome(tx, door);
            }
        }
    }

    /// Somebody coordinates in the coordinator's place and asks what this one knows. Who has not voted aborts.
    pub(super) fn state_request(
        &mut self,
        from: NodeId,
        tx: TxId,
        operation: OperationId,
        door: &mut Door<'_, '_>,
    ) {
        let (state, has_crashed) = if let Some(prepared) = self.prepared.get(&tx) {
            (prepared.state(), prepared.has_crashed)
        } else {
            if !self.finished.contains_key(&tx) {
                self.abort_alone(tx, Some(operation), door);
            }
            match self.finished.get(&tx).map(|finished| finished.outcome) {
                Some(Outcome::Commit) => (State::Committed, false),
                Some(Outcome::Abort) | None => (State::Aborted, false),
            }
        };
        door.send(from, Message::StateReport { tx, state, has_crashed });
        self.wait_for_outcome(tx, door);
    }

    /// What another one knows.
    pub(super) fn state_report(
        &mut self,
        from: NodeId,
        tx: TxId,
        report: (State, bool),
        door: &mut Door<'_, '_>,
    ) {
        let Some(termination) = self.terminations.get_mut(&tx) else { return };
        termination.reports.insert(from, report);
        match report.0 {
            State::Committed => self.finish(tx, Outcome::Commit, door),
            State::Aborted => self.finish(tx, Outcome::Abort, door),
            State::Uncertain | State::Committable => {}
        }
    }

    /// Whoever is up has answered by now. TR1 and TR2 are in [`Self::state_report`].
    pub(super) fn poll(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let (Some(termination), Some(prepared)) =
            (self.terminations.get_mut(&tx), self.prepared.get(&tx))
        else {
            return;
        };
        if termination.is_driving {
            return self.finish(tx, Outcome::Commit, door);
        }
        let all = &termination.reports;
        let up = all.values().filter(|(_, has_crashed)| !has_crashed).count();
        let voters = prepared.peers.iter().filter(|id| all.contains_key(id)).count();
        if up == 0 && voters < prepared.peers.len() {
            // All have crashed since they voted. Whoever is missing may have decided last.
            door.ctx.probe("total-failure");
            self.terminations.remove(&tx);
            return;
        }
        let counts = |(_, has_crashed): &&(State, bool)| up == 0 || !has_crashed;
        let is_committable =
            all.values().filter(counts).any(|(state, _)| *state == State::Committable);
        if !is_committable {
            return self.finish(tx, Outcome::Abort, door); // TR3
        }
        if door.bug(&T14) {
            return self.finish(tx, Outcome::Commit, door);
        }
        // TR4: first nobody is uncertain any more.
        termination.is_driving = true;
        let uncertain = all.iter().filter(|(_, (state, _))| *state == State::Uncertain);
        let uncertain: Vec<NodeId> = uncertain.map(|(id, _)| *id).collect();
        door.send_all(&uncertain, &Message::PreCommit { tx });
        door.set_timer(Timer::Poll(tx), door.settings.round);
        let own = door.id();
        if uncertain.contains(&own) {
            self.pre_commit(own, tx, door);
        }
    }

    /// Decides, in the coordinator's place.
    fn finish(&mut self, tx: TxId, outcome: Outcome, door: &mut Door<'_, '_>) {
        let Some(prepared) = self.prepared.get(&tx) else { return };
        let others = prepared.others(tx, door);
        self.conclude(tx, outcome, door);
        door.send_all(&others, &outcome.message(tx));
    }
}

impl Prepared {
    pub(super) const fn state(&self) -> State {
        if self.is_committable { State::Committable } else { State::Uncertain }
    }

    /// The other participants, and the coordinator.
    fn others(&self, tx: TxId, door: &Door<'_, '_>) -> Vec<NodeId> {
        let own = door.ctx.id();
        let all = self.peers.iter().copied().chain([tx.coordinator]);
        all.filter(|id| *id != own).collect()
    }
}
