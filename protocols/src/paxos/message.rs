//! What processes send.

use serde::Serialize;

use super::ballot::{Ballot, Proposal};

/// A message, in the order of a run without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Phase 1a, from a proposer to the acceptors: promise to accept nothing that is numbered less,
    /// and say what you have accepted.
    Prepare {
        /// The number of the proposal that is to come.
        ballot: Ballot,
    },
    /// Phase 1b, to the proposer: I promise.
    Promise {
        /// The number of the prepare request.
        ballot: Ballot,
        /// The highest-numbered proposal that the acceptor has accepted, if any.
        accepted: Option<Proposal>,
    },
    /// Phase 2a, from the proposer to the acceptors: accept this.
    Accept {
        /// The number that was promised, and the value that phase 1 allows.
        proposal: Proposal,
    },
    /// Phase 2b, to whoever has to learn: I have accepted this.
    Accepted {
        /// What.
        proposal: Proposal,
    },
    /// To a proposer whose request is ignored: you had better give up this number. Safety does not
    /// need it ("Paxos Made Simple", §2.2, end).
    Nack {
        /// The number of the request.
        ballot: Ballot,
        /// The higher number that stands in its way.
        promised: Ballot,
    },
    /// From a distinguished learner to the other learners: this was chosen.
    Learn {
        /// What was chosen, and at which number this was found out.
        proposal: Proposal,
    },
}
