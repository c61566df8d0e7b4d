//! What nodes send.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{NodeId, OperationId};

use crate::bank::{Posting, TxId};

use super::{Ballot, Outcome};

/// How a participant votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Vote {
    /// It can commit and will do as it is told.
    Yes,
    /// It cannot, and has aborted.
    No,
    /// It has nothing to commit, and leaves (Mohan, Lindsay & Obermarck 1986, §3).
    ReadOnly {
        /// What it read, while it still held its locks.
        read: Vec<Posting>,
    },
}

/// What a process knows of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// It voted yes and knows no more.
    Uncertain,
    /// Three-phase commit: it knows that all voted yes.
    Committable,
    /// It committed.
    Committed,
    /// It aborted.
    Aborted,
}

/// A message: first the work that comes before any commit, which papers do not count; then the commit of a run without faults;
/// then what is said after faults; then Paxos Commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To a participant: lock these accounts for the transaction.
    Work {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// The participant's part.
        postings: Vec<Posting>,
    },
    /// To the coordinator: the locks are held.
    Worked {
        /// The transaction.
        tx: TxId,
        /// What was read.
        read: Vec<Posting>,
    },
    /// To a participant, before it is asked for its vote: forget the work.
    Cancel {
        /// The transaction.
        tx: TxId,
    },
    /// Paxos Commit, to the resource manager that begins: the work is done everywhere.
    Initiate {
        /// The transaction.
        tx: TxId,
        /// All resource managers.
        peers: Vec<NodeId>,
    },
    /// Faster Paxos Commit, to whoever has the client: this came of it.
    Finished {
        /// The transaction.
        tx: TxId,
        /// What came of it.
        outcome: Outcome,
    },

    /// Phase 1: can you commit? In linear commit also: all before you can.
    Prepare {
        /// The transaction.
        tx: TxId,
        /// Those who have something to commit, in the order of a chain if they form one.
        peers: Vec<NodeId>,
    },
    /// The answer.
    Vote {
        /// The transaction.
        tx: TxId,
        /// The answer.
        vote: Vote,
    },
    /// Three-phase commit: everybody voted yes.
    PreCommit {
        /// The transaction.
        tx: TxId,
    },
    /// Three-phase commit: I know.
    PreCommitAck {
        /// The transaction.
        tx: TxId,
    },
    /// Phase 2: commit.
    Commit {
        /// The transaction.
        tx: TxId,
    },
    /// Phase 2: abort.
    Abort {
        /// The transaction.
        tx: TxId,
    },
    /// To the coordinator: it is on my disk, you may forget it.
    Ack {
        /// The transaction.
        tx: TxId,
    },

    /// From an uncertain participant to the coordinator: what was decided?
    Inquiry {
        /// The transaction.
        tx: TxId,
        /// All who voted on it.
        peers: Vec<NodeId>,
    },
    /// From an uncertain participant to the others: do you know what was decided, or can you decide?
    DecisionRequest {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
    },
    /// The answer.
    DecisionReply {
        /// The transaction.
        tx: TxId,
        /// What the other one knows.
        state: State,
    },
    /// Three-phase commit, from who coordinates in place of a coordinator that is down.
    StateRequest {
        /// The transaction.
        tx: TxId,
        /// The client's operation that it is.
        operation: OperationId,
    },
    /// The answer.
    StateReport {
        /// The transaction.
        tx: TxId,
        /// What the other one knows.
        state: State,
        /// Whether it has crashed since it voted.
        has_crashed: bool,
    },

    /// Paxos Commit, phase 1a: promise to accept nothing of a lower ballot, for all instances of the transaction.
    Phase1a {
        /// The transaction.
        tx: TxId,
        /// The ballot.
        ballot: Ballot,
    },
    /// Phase 1b: I promise, and this is what I have accepted.
    Phase1b {
        /// The transaction.
        tx: TxId,
        /// The ballot.
        ballot: Ballot,
        /// For each resource manager of which there is something: the ballot, and whether it is prepared.
        accepted: BTreeMap<NodeId, (Ballot, bool)>,
    },
    /// To a leader: I have promised a higher ballot.
    Nack {
        /// The transaction.
        tx: TxId,
        /// That ballot.
        promised: Ballot,
    },
    /// Phase 2a: accept. In ballot 0 each resource manager speaks for itself.
    Phase2a {
        /// The transaction.
        tx: TxId,
        /// The ballot.
        ballot: Ballot,
        /// For each resource manager whether it is prepared; the others abort.
        values: BTreeMap<NodeId, bool>,
        /// All resource managers.
        peers: Vec<NodeId>,
    },
    /// Phase 2b: I have accepted, for all instances at once.
    Phase2b {
        /// The transaction.
        tx: TxId,
        /// The ballot.
        ballot: Ballot,
        /// What was accepted.
        values: BTreeMap<NodeId, bool>,
    },
}

/// The kinds of messages that are work and not commit.
pub const WORK: [&str; 5] = ["Work", "Worked", "Cancel", "Initiate", "Finished"];
