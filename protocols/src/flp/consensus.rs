//! The protocol that the adversary plays against: consensus on one bit among three processes, by
//! Paxos. It is deterministic and has no clock: a process does something only when it takes a step.

use serde::Serialize;

use orrery_sim::NodeId;

/// How many processes there are: `n1` to `n3`.
pub const PROCESSES: usize = 3;
/// How many of them decide: the protocol bears that one of them stops.
const MAJORITY: usize = 2;

/// A ballot. Its process is its remainder by three, so that no two have the same one.
pub type Ballot = u64;

/// A value that was accepted, and under which ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Accepted {
    /// The ballot.
    pub ballot: Ballot,
    /// The value: 0 or 1.
    pub value: u8,
}

/// What a process receives in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Content {
    /// Nothing, as receive may always give (FLP, §2): a process that waits for nothing and is told by its
    /// failure detector to lead begins a ballot.
    Null {
        /// Whom its failure detector takes for the leader.
        leader: NodeId,
    },
    /// Phase 1a of Paxos.
    Prepare(Ballot),
    /// Phase 1b: the ballot, and what was accepted.
    Promise(Ballot, Option<Accepted>),
    /// Phase 2a.
    Accept(Accepted),
    /// Phase 2b.
    Voted(Ballot),
    /// A higher ballot was promised: the ballot refused, and the higher one.
    Nack(Ballot, Ballot),
    /// It is decided.
    Decide(u8),
}

/// What a process does about its own ballot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Phase {
    /// It has none, or gave it up.
    Idle,
    /// It waits for promises.
    Preparing {
        /// Who has promised.
        promises: Vec<NodeId>,
        /// The highest of what they have accepted.
        highest: Option<Accepted>,
    },
    /// It waits for votes.
    Accepting {
        /// Who has voted.
        votes: Vec<NodeId>,
        /// For what.
        value: u8,
    },
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Process {
    /// Who it is.
    pub id: NodeId,
    /// The bit that it begins with.
    pub input: u8,
    /// It takes part in no lower ballot.
    pub promised: Ballot,
    /// What it accepted last.
    pub accepted: Option<Accepted>,
    /// Its own last ballot; 0 where it had none.
    pub ballot: Ballot,
    /// The highest ballot that it has heard of.
    pub seen: Ballot,
    /// What it does about its own.
    pub phase: Phase,
    /// Its output register: written once.
    pub decided: Option<u8>,
}

/// What a process sends in a step.
pub type Sends = Vec<(NodeId, Content)>;

impl Process {
    /// The process `id` with that input.
    pub const fn new(id: NodeId, input: u8) -> Self {
        Self {
            id,
            input,
            promised: 0,
            accepted: None,
            ballot: 0,
            seen: 0,
            phase: Phase::Idle,
            decided: None,
        }
    }

    fn others(&self, content: Content) -> Sends {
        let others = (0..PROCESSES).map(NodeId::from_index).filter(|id| *id != self.id);
        others.map(|id| (id, content)).collect()
    }

    /// Takes a step: a message, or nothing, comes in; messages go out. There is nothing else.
    pub fn take_step(&mut self, from: NodeId, content: Content) -> Sends {
        match content {
            Content::Null { leader } => self.lead(leader),
            Content::Prepare(ballot) => self.promise(from, ballot),
            Content::Promise(ballot, accepted) => self.count_promise(from, ballot, accepted),
            Content::Accept(proposal) => self.vote(from, proposal),
            Content::Voted(ballot) => self.count_vote(from, ballot),
            Content::Nack(ballot, promised) => {
                self.seen = self.seen.max(promised);
                if ballot == self.ballot {
                    self.phase = Phase::Idle;
                }
                vec![]
            }
            Content::Decide(value) => {
                self.decided.get_or_insert(value);
                self.phase = Phase::Idle;
                vec![]
            }
        }
    }

    /// Begins a ballot above all others, unless it waits for one, or knows the outcome.
    fn lead(&mut self, leader: NodeId) -> Sends {
        if leader != self.id || self.phase != Phase::Idle || self.decided.is_some() {
            return vec![];
        }
        let count = PROCESSES as u64;
        self.ballot = (self.seen.max(self.promised) / count + 1) * count + self.id.index() as u64;
        self.promised = self.ballot;
        self.phase = Phase::Preparing { promises: vec![self.id], highest: self.accepted };
        self.others(Content::Prepare(self.ballot))
    }

    fn promise(&mut self, from: NodeId, ballot: Ballot) -> Sends {
        if ballot < self.promised {
            return vec![(from, Content::Nack(ballot, self.promised))];
        }
        self.give_way(ballot);
        vec![(from, Content::Promise(ballot, self.accepted))]
    }

    /// With a majority of promises: the highest accepted value, or its own input.
    fn count_promise(&mut self, from: NodeId, ballot: Ballot, accepted: Option<Accepted>) -> Sends {
        let Phase::Preparing { promises, highest } = &mut self.phase else { return vec![] };
        if ballot != self.ballot || promises.contains(&from) {
            return vec![];
        }
        promises.push(from);
        *highest = accepted.max(*highest);
        if promises.len() < MAJORITY {
            return vec![];
        }
        let value = highest.map_or(self.input, |accepted| accepted.value);
        let proposal = Accepted { ballot, value };
        self.accepted = Some(proposal);
        self.phase = Phase::Accepting { votes: vec![self.id], value };
        self.others(Content::Accept(proposal))
    }

    fn vote(&mut self, from: NodeId, proposal: Accepted) -> Sends {
        if proposal.ballot < self.promised {
            return vec![(from, Content::Nack(proposal.ballot, self.promised))];
        }
        self.give_way(proposal.ballot);
        self.accepted = Some(proposal);
        vec![(from, Content::Voted(proposal.ballot))]
    }

    fn count_vote(&mut self, from: NodeId, ballot: Ballot) -> Sends {
        let Phase::Accepting { votes, value } = &mut self.phase else { return vec![] };
        if ballot != self.ballot || votes.contains(&from) {
            return vec![];
        }
        votes.push(from);
        if votes.len() < MAJORITY {
            return vec![];
        }
        let value = *value;
        self.decided.get_or_insert(value);
        self.phase = Phase::Idle;
        self.others(Content::Decide(value))
    }

    /// Promises `ballot`. Its own, if lower, is lost.
    fn give_way(&mut self, ballot: Ballot) {
        self.promised = self.promised.max(ballot);
        if self.ballot < ballot {
            self.phase = Phase::Idle;
        }
    }
}
