//! Atomic commit: a transaction that was worked on at several nodes takes effect at all of them or at none.
//!
//! **Sources:** J. Gray, *Notes on Data Base Operating Systems*, 1978, for two-phase commit; C. Mohan, B. Lindsay and R. Obermarck,
//! *Transaction Management in the R\* Distributed Database Management System*, ACM TODS 1986, cited as R\*, for its logging, presumed
//! abort, presumed commit and read-only votes; P. A. Bernstein, V. Hadzilacos and N. Goodman, *Concurrency Control and Recovery in
//! Database Systems*, 1987, chapter 7, cited as BHG, for AC1 to AC5, cooperative termination, topologies and three-phase commit
//! (Skeen, SIGMOD 1981); J. Gray and L. Lamport, *Consensus on Transaction Commit*, ACM TODS 2006, for Paxos Commit.
//!
//! **System model:** nodes crash and come back with their journals; links lose, double, delay and reorder. Safety needs no clocks, but
//! for three-phase commit, which needs that nodes only crash, that links lose nothing, and that who does not answer in time is down.
//!
//! # The idea
//!
//! - **Phase 1.** The coordinator asks all participants whether they can commit. Who says yes is *prepared*: from now on
//!   it can do either, whatever happens to it, and may do neither by itself. It is *uncertain*.
//! - **Phase 2.** If all said yes, the coordinator decides to commit, else to abort, and tells them. The decision is made when it is on
//!   the coordinator's disk.
//!
//! While it is uncertain, a participant holds its locks. If the coordinator fails just then, everybody waits: two-phase commit *blocks*.
//! The other protocols here pay messages, delays or assumptions to get rid of that window.
//!
//! # Where to read what
//!
//! | file | source | rules |
//! |---|---|---|
//! | `coordinator.rs` | R\* §2 to §4 | `begin`, `prepare`, `vote`, `decide`, `ack`, `inquiry`, recovery |
//! | `participant.rs` | R\* §2 to §4; BHG §7.4 | `work`, `prepare`, `told`, `conclude`, `decision_request`, recovery |
//! | `form.rs` | R\* §2 to §4 | who acknowledges and who forces what in which protocol |
//! | `topology.rs` | BHG §7.4 | linear and decentralised commit |
//! | `three_phase.rs` | BHG §7.5; Skeen | `pre_commit`, `terminate`, TR1 to TR4 |
//! | `paxos_commit.rs` | Gray & Lamport §4 | phases 1a to 2b, for acceptors, leaders and resource managers |
//! | `door.rs` | | the way to disk and network |
//! | [`crate::bank`] | BHG §3 | accounts, transfers, locks |
//! | [`invariants`] | BHG §7.3 | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Ours
//!
//! - Work comes first and apart: locks are taken before any vote, by messages that no paper counts. So a reader that leaves at its vote
//!   leaves no gap in two-phase locking.
//! - Links lose messages: votes are waited for a while, outcomes are told again, who is uncertain asks. Participants remember what came of
//!   a transaction, so that a late copy of a message begins nothing; the papers have sessions for that.
//! - A transaction's name has its coordinator's life in it, so that no disk write is needed to make it unique.
//! - In linear and decentralised commit, whoever is uncertain asks the next in the chain, or all.
//!
//! # Left out
//!
//! - Hierarchies of coordinators; read-only votes in linear, decentralised, three-phase and Paxos Commit.
//! - Deadlock detection: work that waits too long for locks is given up.

pub mod bugs;
mod coordinator;
mod door;
mod form;
pub mod invariants;
pub mod message;
mod participant;
mod paxos_commit;
mod registration;
mod site;
mod statistics;
mod three_phase;
mod topology;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Duration, NodeId, OperationId, Protocol};

use crate::bank::{Operation, Output, Posting, TxId};

pub use coordinator::{Coordinator, Open};
pub use form::{Form, Heuristic, TerminationRule};
pub use message::{Message, State, Vote};
pub use participant::{Branch, Finished, Participant, Prepared};
pub use paxos_commit::{Acceptor, Ballot, Leader};
pub use registration::Parameters;
pub use site::Site;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit;

impl Protocol for Commit {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What became of a transaction.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It takes effect, everywhere.
    Commit,
    /// It does not, anywhere.
    Abort,
}

impl Outcome {
    /// The message that tells it.
    const fn message(self, tx: TxId) -> Message {
        match self {
            Self::Commit => Message::Commit { tx },
            Self::Abort => Message::Abort { tx },
        }
    }
}

/// What nodes keep to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Which protocol.
    pub protocol: Form,
    /// Who coordinates what clients ask.
    pub coordinators: Vec<NodeId>,
    /// Who has accounts.
    pub participants: Vec<NodeId>,
    /// Paxos Commit: who accepts.
    pub acceptors: Vec<NodeId>,
    /// How many accounts there are, and what is on each at the start.
    pub accounts: u32,
    /// What is on each at the start.
    pub balance: i64,
    /// Whether those who only read leave when they vote.
    pub read_only: bool,
    /// Whether the uncertain ask each other.
    pub cooperative: bool,
    /// Three-phase commit: what participants do when the coordinator is silent.
    pub termination: TerminationRule,
    /// What an uncertain participant does in the end, by itself.
    pub heuristic: Option<Heuristic>,
    /// After how many records a participant's journal is replaced by what it adds up to; 0 is never.
    pub checkpoint: u32,
    /// How long a coordinator waits for work to be done.
    pub work_timeout: Duration,
    /// How long it waits for votes.
    pub vote_timeout: Duration,
    /// How long a participant keeps work that it is not asked to vote on.
    pub idle: Duration,
    /// How long a participant is uncertain until it asks.
    pub inquiry: Duration,
    /// How long a coordinator waits for acknowledgements.
    pub resend: Duration,
    /// Three-phase commit: within this time whoever is up has answered.
    pub round: Duration,
}

impl Settings {
    /// Whether these postings make their participant a reader, who may leave when it votes.
    fn is_read_only(&self, postings: &[Posting]) -> bool {
        self.read_only && postings.iter().all(|posting| posting.amount == 0)
    }
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// Coordinator, presumed commit: votes are asked from these.
    Collecting {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// All participants.
        participants: Vec<NodeId>,
    },
    /// Coordinator: the decision.
    Decided {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// The decision.
        outcome: Outcome,
        /// Who has to be told.
        participants: Vec<NodeId>,
    },
    /// Coordinator: everybody knows, it may be forgotten.
    End {
        /// The transaction.
        tx: TxId,
    },
    /// Participant: it can commit.
    Prepared {
        /// Its part.
        branch: Branch,
        /// All who have something to commit.
        peers: Vec<NodeId>,
    },
    /// Participant, three-phase commit: all can.
    PreCommitted {
        /// The transaction.
        tx: TxId,
    },
    /// Participant: it is over.
    Concluded {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is, where that is known.
        operation: Option<OperationId>,
        /// What came of it.
        outcome: Outcome,
    },
    /// Participant: what the journal came to.
    Checkpoint {
        /// What is on the accounts.
        balances: BTreeMap<u32, i64>,
        /// What is over.
        finished: BTreeMap<TxId, Finished>,
    },
    /// Acceptor: what it has promised and accepted.
    Accepted {
        /// The transaction.
        tx: TxId,
        /// Nothing of a lower ballot.
        promised: Ballot,
        /// For each resource manager, the ballot and whether it is prepared.
        accepted: BTreeMap<NodeId, (Ballot, bool)>,
    },
}

/// What nodes wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Coordinator: work takes too long.
    Work(TxId),
    /// Coordinator: votes are missing, or the news from those who decide.
    Vote(TxId),
    /// Coordinator: acknowledgements are missing.
    Resend(TxId),
    /// Participant: it is not asked to vote.
    Idle(TxId),
    /// Participant: it is uncertain for too long.
    Outcome(TxId),
    /// Participant: it decides by itself.
    Heuristic(TxId),
    /// Three-phase commit: whoever is up has answered.
    Poll(TxId),
    /// Paxos Commit: a leader's ballot takes too long.
    Ballot(TxId),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A participant's work waits for locks.
    Waits {
        /// The transaction.
        tx: TxId,
    },
    /// The work is done everywhere, and the commit begins.
    Began {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// All participants.
        participants: Vec<NodeId>,
    },
    /// A participant votes.
    Voted {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// Its vote.
        vote: Vote,
    },
    /// A participant's vote is on its disk and on its way: it is uncertain from now on.
    Prepared {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
    },
    /// A coordinator has a vote.
    Counted {
        /// The transaction.
        tx: TxId,
        /// Whose.
        from: NodeId,
        /// The vote.
        vote: Vote,
    },
    /// A node has decided, or knows what was decided.
    Decided {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// The decision.
        outcome: Outcome,
    },
    /// Three-phase commit: a participant coordinates because the coordinator is silent.
    TookOver {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
    },
    /// Paxos Commit: a leader begins a ballot of its own.
    BallotBegan {
        /// The transaction.
        tx: TxId,
        /// The ballot.
        ballot: Ballot,
    },
    /// A participant decides by itself, because nobody else does.
    Heuristic {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// What it decides.
        outcome: Outcome,
    },
    /// The damage report: a participant did what was not decided.
    HeuristicDamage {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// What it did.
        did: Outcome,
        /// What was decided.
        should: Outcome,
    },
}
