//! What a process is as a leader (PMMC, §2.3 to §2.5, figures 6 and 7): passive, scouting, or active.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use orrery_sim::{ClientId, LocalTime, NodeId, OperationId, Position};

use crate::kv::Operation;

use super::message::{Command, PValue};
use super::numbers::{Ballot, Round, Slot};

/// What a process is as a leader. As an acceptor and as a replica it is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub enum Role {
    /// Passive: somebody else leads, or nobody.
    Follower {
        /// Who was heard last as the leader of the highest ballot: where clients are sent.
        leader: Option<NodeId>,
    },
    /// Has a scout under way: phase 1.
    Candidate(Scout),
    /// Active: its ballot was adopted by a quorum, and it proposes.
    Leader(Leadership),
}

/// Phase 1 for all slots at once (PMMC, figure 6 (b)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scout {
    /// The ballot that is to be adopted.
    pub ballot: Ballot,
    /// Who has promised.
    pub promises: Vec<NodeId>,
    /// What they have accepted: for each slot, the one of the highest ballot.
    pub pvalues: BTreeMap<Slot, PValue>,
}

/// An active leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leadership {
    /// Its ballot.
    pub ballot: Ballot,
    /// The next slot to propose a command for.
    pub slot_in: Slot,
    /// Who has promised this ballot.
    pub promises: Vec<NodeId>,
    /// Commands that predecessors may have had chosen, for slots from `slot_in` on.
    pub pvalues: BTreeMap<Slot, PValue>,
    /// The slot behind all in which a predecessor may have had something chosen.
    pub takeover: Slot,
    /// Phase 2 under way, slot by slot.
    pub commanders: BTreeMap<Slot, Commander>,
    /// Commands that no slot was found for yet.
    pub requests: VecDeque<Command>,
    /// Operations that clients asked of us and that were not performed: whom to answer.
    pub asked: BTreeSet<OperationId>,
    /// Slots in which our own acceptance is not known to be on our disk, with its place in the journal.
    pub unsynced: VecDeque<(Position, Slot)>,
    /// The latest round of heartbeats.
    pub round: Round,
    /// For each acceptor, the latest round that it answered.
    pub acknowledged: BTreeMap<NodeId, Round>,
    /// Rounds that no quorum has answered yet, with the moment at which each began.
    pub rounds: VecDeque<(Round, LocalTime)>,
    /// Until when nobody else can have become leader, by our clock.
    pub lease: Option<LocalTime>,
    /// Reads that wait for us to know all that our predecessors had chosen.
    pub parked: Vec<(OperationId, Operation)>,
    /// Reads that wait for a round, in the order of their rounds.
    pub reads: VecDeque<Read>,
    /// For each session, the number of its last operation and since when that is so, by our clock.
    pub sessions: BTreeMap<ClientId, (u64, LocalTime)>,
}

/// Phase 2 for one slot (PMMC, figure 6 (a)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commander {
    /// What is proposed.
    pub command: Command,
    /// Who has accepted it. A set; here in the order of arrival.
    pub accepted_by: Vec<NodeId>,
    /// When it was sent last.
    pub sent: LocalTime,
}

/// A read under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Who asks.
    pub id: OperationId,
    /// What.
    pub operation: Operation,
    /// The round that proves that we still led after the read began.
    pub round: Round,
}

impl Leadership {
    /// The state of a leader whose scout was successful. Its proposals begin at `slot_out`.
    pub fn new(scout: Scout, slot_out: Slot) -> Self {
        let mut leadership = Self {
            ballot: scout.ballot,
            slot_in: slot_out,
            promises: scout.promises,
            takeover: slot_out,
            pvalues: scout.pvalues,
            commanders: BTreeMap::new(),
            requests: VecDeque::new(),
            asked: BTreeSet::new(),
            unsynced: VecDeque::new(),
            round: Round(0),
            acknowledged: BTreeMap::new(),
            rounds: VecDeque::new(),
            lease: None,
            parked: vec![],
            reads: VecDeque::new(),
            sessions: BTreeMap::new(),
        };
        leadership.expect_predecessors();
        leadership
    }

    /// In the slots of which something was reported, predecessors may have had something chosen.
    pub fn expect_predecessors(&mut self) {
        let last = self.pvalues.last_key_value().map(|(slot, _)| slot.next());
        self.takeover = self.takeover.max(last.unwrap_or(self.takeover));
    }
}

/// PMMC's *pmax* and ◁, a report at a time: of what was accepted in a slot, what has the highest ballot counts. If anything
/// was chosen there, then it is this (P2c).
pub fn pmax(
    pvalues: &mut BTreeMap<Slot, PValue>,
    reported: impl IntoIterator<Item = (Slot, PValue)>,
) {
    for (slot, pvalue) in reported {
        let known = pvalues.entry(slot).or_insert_with(|| pvalue.clone());
        if known.ballot < pvalue.ballot {
            *known = pvalue;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kv;

    use super::*;

    #[test]
    fn the_highest_ballot_counts_slot_by_slot() {
        let pvalue = |round, of| PValue {
            ballot: Ballot { round, leader: NodeId(1) },
            command: Command::Store(kv::Command::ExpireSession {
                client: ClientId(of),
                through: 1,
            }),
        };
        let mut all = BTreeMap::new();
        pmax(&mut all, [(Slot(1), pvalue(2, 2)), (Slot(2), pvalue(1, 1))]);
        pmax(&mut all, [(Slot(1), pvalue(1, 1)), (Slot(2), pvalue(3, 3))]);
        assert_eq!(all[&Slot(1)], pvalue(2, 2));
        assert_eq!(all[&Slot(2)], pvalue(3, 3));
    }
}
