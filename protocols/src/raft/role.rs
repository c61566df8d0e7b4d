//! The roles of a server, each with what only it needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use orrery_sim::{NodeId, OperationId, Position};

use crate::kv::Operation;

use super::administration;
use super::check_quorum::Contact;
use super::lease::Lease;
use super::membership::CatchUp;
use super::numbers::{Index, Round};
use super::snapshot::Sending;

/// What a server is in its current term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Role {
    /// Follows a leader, or waits for one.
    Follower {
        /// The leader of the current term, once it was heard: where clients are sent.
        leader: Option<NodeId>,
    },
    /// Would stand for election if others would vote for it (dissertation, §9.6).
    PreCandidate {
        /// Who would, itself included, in the order of arrival.
        would_vote: Vec<NodeId>,
    },
    /// Wants to lead.
    Candidate {
        /// Who voted for it, itself included. A set in raft.tla; here in the order of arrival.
        votes_granted: Vec<NodeId>,
    },
    /// Leads.
    Leader(Box<Leadership>),
}

/// Volatile state on leaders (figure 2), made afresh at each election.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leadership {
    /// For each follower, the next entry to send: a guess that refusals correct.
    pub next_index: BTreeMap<NodeId, Index>,
    /// For each server, up to where its disk is known to agree with our log. Knowledge, never a
    /// guess: entries are committed on the strength of it.
    pub match_index: BTreeMap<NodeId, Index>,
    /// Our own entries that are not known to be on our disk, with their places in the journal.
    pub unsynced: VecDeque<(Position, Index)>,
    /// Writes that clients asked of us and that were not applied: whom to answer.
    pub asked: BTreeSet<OperationId>,
    /// The latest round of heartbeats.
    pub round: Round,
    /// For each follower, the latest round that it answered.
    pub acknowledged: BTreeMap<NodeId, Round>,
    /// Reads that wait for us to commit an entry of our term.
    pub parked: Vec<(OperationId, Reader)>,
    /// Reads that wait for a round, in the order of their rounds.
    pub reads: VecDeque<Read>,
    /// Snapshots on their way to followers that need entries which the log has no more.
    pub sending: BTreeMap<NodeId, Sending>,
    /// Membership changes that administrators asked for, the first one under way.
    pub changes: VecDeque<(OperationId, administration::Request)>,
    /// The new servers of that one, until they have caught up.
    pub catch_up: Option<CatchUp>,
    /// When followers were heard last (`check_quorum.rs`).
    pub contact: Contact,
    /// Until when nobody else can be elected (`lease.rs`).
    pub lease: Lease,
}

/// A read under way (dissertation, §6.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Which of which client.
    pub id: OperationId,
    /// Who is to be told.
    pub reader: Reader,
    /// What was committed when the read began: the state must be at least as new.
    pub read_index: Index,
    /// The round that proves that we still led after the read began.
    pub round: Round,
}

/// Who waits for a leader's word on a read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Reader {
    /// The client, for the value.
    Client(Operation),
    /// A follower that will answer the client, for the read index.
    Follower(NodeId),
}

impl Leadership {
    /// The state of a new leader, `id`, of these peers. Its log ends at `last` and is on its disk.
    pub fn new(id: NodeId, peers: &BTreeSet<NodeId>, last: Index) -> Self {
        let matches = peers.iter().map(|peer| (*peer, Index(0)));
        Self {
            next_index: peers.iter().map(|peer| (*peer, last.next())).collect(),
            match_index: matches.chain([(id, last)]).collect(),
            unsynced: VecDeque::new(),
            asked: BTreeSet::new(),
            round: Round(0),
            acknowledged: peers.iter().map(|peer| (*peer, Round(0))).collect(),
            parked: vec![],
            reads: VecDeque::new(),
            sending: BTreeMap::new(),
            changes: VecDeque::new(),
            catch_up: None,
            contact: Contact::default(),
            lease: Lease::default(),
        }
    }

    /// The log of `peer` agrees with ours up to `index`, on its disk.
    pub fn matches(&mut self, peer: NodeId, index: Index) {
        let matched = self.match_index.entry(peer).or_default();
        *matched = index.max(*matched);
        let next = self.next_index.entry(peer).or_default();
        *next = matched.next().max(*next);
    }

    /// The reads that wait for this leader: nothing was done for them.
    pub fn waiting_reads(&self) -> impl Iterator<Item = (OperationId, &Reader)> {
        let parked = self.parked.iter().map(|(id, reader)| (*id, reader));
        parked.chain(self.reads.iter().map(|read| (read.id, &read.reader)))
    }
}
