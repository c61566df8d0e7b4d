//! Paxos Commit: an instance of Paxos for the vote of each resource manager, so that no single node can block.
//!
//! **Source:** J. Gray and L. Lamport, *Consensus on Transaction Commit*, ACM TODS 2006, §4, and §4.3 for Faster Paxos Commit.
//!
//! - Each resource manager (here: participant) proposes *prepared* or *aborted* in ballot 0 of its own instance, by a phase 2a
//!   message to F + 1 acceptors. Ballot 0 is its own, so that no phase 1 is needed.
//! - An acceptor answers for all instances at once, when it has heard from all or from one that aborts. What F + 1 of 2F + 1
//!   acceptors have accepted in one ballot is chosen. If *prepared* is chosen in every instance, the transaction commits.
//! - If the leader or some resource manager is silent, another leader runs a ballot of its own, and where phase 1 reports nothing, it
//!   proposes *aborted*.
//! - Faster: acceptors tell the resource managers, which is one delay less.
//!
//! With F = 0 the one acceptor is the coordinator of two-phase commit.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{NodeId, Start};

use crate::bank::{Output, TxId};

use super::bugs::T15;
use super::coordinator::{Coordinator, Phase};
use super::door::Door;
use super::participant::Participant;
use super::{Commit, Form, Message, Note, Outcome, Record, Settings, Timer};

/// The number of a ballot. Ballot 0, which has no leader, belongs to the resource managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ballot {
    /// The round, 0 for the resource managers' own.
    pub round: u32,
    /// Whose it is.
    pub leader: Option<NodeId>,
    /// In which of its leader's lives it began: no ballot is used twice.
    pub life: u32,
}

impl Ballot {
    /// The resource managers' own.
    pub const ZERO: Self = Self { round: 0, leader: None, life: 0 };
}

/// What an acceptor has promised and accepted for all instances of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Instance {
    /// It accepts nothing of a lower ballot.
    promised: Ballot,
    /// What it accepted for each resource manager, and in which ballot.
    accepted: BTreeMap<NodeId, (Ballot, bool)>,
    /// Whether it has told what it accepted in ballot 0.
    has_told: bool,
}

impl Default for Instance {
    fn default() -> Self {
        Self { promised: Ballot::ZERO, accepted: BTreeMap::new(), has_told: false }
    }
}

/// The acceptor of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Acceptor {
    instances: BTreeMap<TxId, Instance>,
}

/// What acceptors said that they accepted, ballot by ballot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    heard: BTreeMap<(Ballot, NodeId), BTreeMap<NodeId, bool>>,
}

impl Tally {
    /// Takes note of a phase 2b message. What has been chosen by now for the transaction as a whole, if that is clear.
    fn hear(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        values: BTreeMap<NodeId, bool>,
        peers: &[NodeId],
        quorum: usize,
    ) -> Option<Outcome> {
        self.heard.insert((ballot, from), values);
        let of_ballot = self.heard.iter().filter(|((of, _), _)| *of == ballot);
        let of_ballot: Vec<&BTreeMap<NodeId, bool>> = of_ballot.map(|(_, values)| values).collect();
        let chosen = |rm: &NodeId, value: bool| {
            quorum <= of_ballot.iter().filter(|values| values.get(rm) == Some(&value)).count()
        };
        if peers.iter().any(|rm| chosen(rm, false)) {
            Some(Outcome::Abort)
        } else if peers.iter().all(|rm| chosen(rm, true)) {
            Some(Outcome::Commit)
        } else {
            None
        }
    }
}

/// A leader's ballot, after the resource managers' own came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Recovery {
    ballot: Ballot,
    peers: Vec<NodeId>,
    promises: BTreeMap<NodeId, BTreeMap<NodeId, (Ballot, bool)>>,
    has_proposed: bool,
}

/// The leader of a node: it learns, and runs ballots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leader {
    tallies: BTreeMap<TxId, Tally>,
    recoveries: BTreeMap<TxId, Recovery>,
    /// The highest round that it knows of.
    round: u32,
    /// How often it has started before.
    life: u32,
    /// Who votes on what it leads.
    peers: BTreeMap<TxId, Vec<NodeId>>,
    outcomes: BTreeMap<TxId, Outcome>,
}

impl Settings {
    /// The F + 1 acceptors that the resource managers tell in ballot 0: the coordinator's own, and those behind it.
    pub(super) fn active(&self, tx: TxId) -> Vec<NodeId> {
        let first = self.acceptors.iter().position(|id| *id == tx.coordinator).unwrap_or(0);
        let ring = self.acceptors.iter().cycle().skip(first);
        ring.take(self.quorum()).copied().collect()
    }

    /// A majority of the acceptors: F + 1 of 2F + 1.
    pub(super) const fn quorum(&self) -> usize {
        self.acceptors.len() / 2 + 1
    }

    /// Whom an uncertain resource manager asks, so many times after the first: one leader after the other.
    pub(super) fn candidate(&self, tx: TxId, asked: u32) -> NodeId {
        let first = self.acceptors.iter().position(|id| *id == tx.coordinator).unwrap_or(0);
        let place = first + asked.saturating_sub(1) as usize;
        self.acceptors[place % self.acceptors.len()]
    }
}

/// A resource manager.
impl Participant {
    /// It begins a commit, as the first that is prepared (§4.2, `BeginCommit`, which is its phase 2a message here).
    pub(super) fn initiate(
        &mut self,
        from: NodeId,
        tx: TxId,
        peers: &[NodeId],
        door: &mut Door<'_, '_>,
    ) {
        self.prepare(from, tx, peers, door);
    }

    /// Phase 2a of ballot 0 in its own instance.
    pub(super) fn phase_2a(tx: TxId, is_yes: bool, peers: &[NodeId], door: &mut Door<'_, '_>) {
        let values = BTreeMap::from([(door.id(), is_yes)]);
        let (ballot, peers) = (Ballot::ZERO, peers.to_vec());
        let message = Message::Phase2a { tx, ballot, values, peers };
        let active = door.settings.active(tx);
        door.send_all(&active, &message);
    }

    /// Faster Paxos Commit: acceptors tell it directly.
    pub(super) fn phase_2b(
        &mut self,
        from: NodeId,
        (tx, ballot): (TxId, Ballot),
        values: BTreeMap<NodeId, bool>,
        door: &mut Door<'_, '_>,
    ) {
        let Some(prepared) = self.prepared.get(&tx) else { return };
        let tally = self.tallies.entry(tx).or_default();
        let quorum = door.settings.quorum();
        let Some(outcome) = tally.hear(from, ballot, values, &prepared.peers, quorum) else {
            return;
        };
        let is_first = prepared.peers.first() == Some(&door.id());
        self.conclude(tx, outcome, door);
        if is_first {
            door.send(tx.coordinator, Message::Finished { tx, outcome });
        }
    }
}

impl Acceptor {
    /// What its disk kept.
    pub(super) fn recover(start: &Start<'_, Commit>) -> Self {
        let mut acceptor = Self::default();
        for record in start.journal.records() {
            let Record::Accepted { tx, promised, accepted } = record else { continue };
            let (promised, accepted) = (*promised, accepted.clone());
            acceptor.instances.insert(*tx, Instance { promised, accepted, has_told: true });
        }
        acceptor
    }

    fn write(tx: TxId, instance: &Instance, door: &mut Door<'_, '_>) {
        let (promised, accepted) = (instance.promised, instance.accepted.clone());
        door.write(Record::Accepted { tx, promised, accepted });
        door.force();
    }

    /// Phase 1b: nothing of a lower ballot from now on.
    pub(super) fn phase_1a(
        &mut self,
        from: NodeId,
        tx: TxId,
        ballot: Ballot,
        door: &mut Door<'_, '_>,
    ) {
        let instance = self.instances.entry(tx).or_default();
        if ballot <= instance.promised {
            door.ctx.probe("ballot-refused");
            let promised = instance.promised;
            return door.send(from, Message::Nack { tx, promised });
        }
        instance.promised = ballot;
        Self::write(tx, instance, door);
        let accepted = instance.accepted.clone();
        door.send(from, Message::Phase1b { tx, ballot, accepted });
    }

    /// Phase 2b. In ballot 0 it waits until it can answer for all, with one write and one message.
    pub(super) fn phase_2a(
        &mut self,
        from: NodeId,
        (tx, ballot): (TxId, Ballot),
        values: &BTreeMap<NodeId, bool>,
        peers: &[NodeId],
        door: &mut Door<'_, '_>,
    ) {
        let instance = self.instances.entry(tx).or_default();
        if ballot < instance.promised {
            return door.ctx.probe("ballot-refused");
        }
        instance.promised = ballot;
        instance.accepted.extend(values.iter().map(|(rm, value)| (*rm, (ballot, *value))));
        let is_own = ballot == Ballot::ZERO;
        let is_whole = instance.accepted.len() == peers.len()
            || instance.accepted.values().any(|(_, value)| !value);
        if is_own && (!is_whole || instance.has_told) {
            return;
        }
        instance.has_told = true;
        let values = instance.accepted.iter().map(|(rm, (_, value))| (*rm, *value)).collect();
        Self::write(tx, instance, door);
        let message = Message::Phase2b { tx, ballot, values };
        if !is_own {
            door.send(from, message);
        } else if door.settings.protocol == Form::FasterPaxosCommit {
            door.send_all(peers, &message);
        } else {
            door.send(tx.coordinator, message);
        }
    }
}

impl Leader {
    pub(super) fn new(life: u32) -> Self {
        Self { life, ..Self::default() }
    }

    /// An acceptor has promised a higher ballot: the next one has to be higher still.
    pub(super) fn nack(&mut self, promised: Ballot) {
        self.round = self.round.max(promised.round);
    }

    /// The first phase 2a message of a transaction comes to its leader: all others are to prepare.
    pub(super) fn begin_commit(
        &mut self,
        from: NodeId,
        tx: TxId,
        peers: &[NodeId],
        door: &mut Door<'_, '_>,
    ) {
        let is_first = self.peers.insert(tx, peers.to_vec()).is_none();
        if tx.coordinator != door.id() || !is_first {
            return;
        }
        let others = peers.iter().filter(|id| **id != from);
        door.send_all(others, &Message::Prepare { tx, peers: peers.to_vec() });
    }

    /// An acceptor has accepted. A majority in one ballot chooses.
    pub(super) fn phase_2b(
        &mut self,
        from: NodeId,
        (tx, ballot): (TxId, Ballot),
        values: BTreeMap<NodeId, bool>,
        door: &mut Door<'_, '_>,
    ) -> Option<Outcome> {
        let peers = self.peers.get(&tx)?.clone();
        let tally = self.tallies.entry(tx).or_default();
        let outcome = tally.hear(from, ballot, values, &peers, door.settings.quorum())?;
        if self.outcomes.insert(tx, outcome).is_some() {
            return None;
        }
        self.recoveries.remove(&tx);
        // Faster Paxos Commit: in ballot 0 the resource managers learn by themselves.
        let is_told = ballot == Ballot::ZERO && door.settings.protocol == Form::FasterPaxosCommit;
        if !is_told {
            door.send_all(&peers, &outcome.message(tx));
        }
        Some(outcome)
    }

    /// A resource manager is uncertain: it is told the outcome, or a ballot begins that finds it.
    pub(super) fn inquiry(
        &mut self,
        from: NodeId,
        tx: TxId,
        peers: &[NodeId],
        door: &mut Door<'_, '_>,
    ) {
        if let Some(outcome) = self.outcomes.get(&tx) {
            return door.send(from, outcome.message(tx));
        }
        self.begin_ballot(tx, peers, door);
    }

    /// Phase 1a, for all instances of a transaction, unless such a ballot is on its way.
    pub(super) fn begin_ballot(&mut self, tx: TxId, peers: &[NodeId], door: &mut Door<'_, '_>) {
        if self.recoveries.contains_key(&tx) || self.outcomes.contains_key(&tx) {
            return;
        }
        self.peers.insert(tx, peers.to_vec());
        self.round += 1;
        let ballot = Ballot { round: self.round, leader: Some(door.id()), life: self.life };
        door.note(Note::BallotBegan { tx, ballot });
        let (peers, promises) = (peers.to_vec(), BTreeMap::new());
        self.recoveries.insert(tx, Recovery { ballot, peers, promises, has_proposed: false });
        let acceptors = door.settings.acceptors.clone();
        door.send_all(&acceptors, &Message::Phase1a { tx, ballot });
        door.set_timer(Timer::Ballot(tx), door.settings.vote_timeout);
    }

    /// A ballot took too long: the next inquiry begins another.
    pub(super) fn ballot_timeout(&mut self, tx: TxId) {
        self.recoveries.remove(&tx);
    }

    /// Phase 2a of its ballot: what a majority has accepted last, and where there is nothing, aborted.
    pub(super) fn phase_1b(
        &mut self,
        from: NodeId,
        (tx, ballot): (TxId, Ballot),
        accepted: BTreeMap<NodeId, (Ballot, bool)>,
        door: &mut Door<'_, '_>,
    ) {
        let Some(recovery) = self.recoveries.get_mut(&tx) else { return };
        if recovery.ballot != ballot || recovery.has_proposed {
            return;
        }
        recovery.promises.insert(from, accepted);
        if recovery.promises.len() < door.settings.quorum() {
            return;
        }
        recovery.has_proposed = true;
        let silence = door.bug(&T15);
        let value = |rm: &NodeId| {
            let reported = recovery.promises.values().filter_map(|accepted| accepted.get(rm));
            reported.max().map_or(silence, |(_, value)| *value)
        };
        let values = recovery.peers.iter().map(|rm| (*rm, value(rm))).collect();
        let peers = recovery.peers.clone();
        let acceptors = door.settings.acceptors.clone();
        door.send_all(&acceptors, &Message::Phase2a { tx, ballot, values, peers });
    }
}

impl Coordinator {
    /// Paxos Commit: the outcome is known, and the client is told.
    pub(super) fn learned(&mut self, tx: TxId, outcome: Outcome, door: &mut Door<'_, '_>) {
        let Some(open) = self.open.get(&tx) else { return };
        if !matches!(open.phase, Phase::Waiting) {
            return;
        }
        let Some(open) = self.open.remove(&tx) else { return };
        door.cancel_timer(Timer::Vote(tx));
        let operation = open.operation;
        door.note(Note::Decided { tx, operation, outcome });
        let read = open.read.into_values().flatten().collect();
        door.answer(operation, outcome, Output::Committed { read });
        self.known.insert(tx, outcome);
    }

    /// Who votes on a transaction that waits for others to decide.
    pub(super) fn undecided(&self, tx: TxId) -> Option<Vec<NodeId>> {
        let open = self.open.get(&tx)?;
        let waits = matches!(open.phase, Phase::Waiting);
        waits.then(|| open.parts.keys().copied().collect())
    }
}
