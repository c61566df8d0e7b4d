//! What processes send, under the paper's names.

use serde::Serialize;

use super::round::Round;

/// A vote: a round and the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Vote {
    /// `vrnd`: the round.
    pub round: Round,
    /// `vval`: for what.
    pub value: String,
}

/// A message, in the order of a run without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From a coordinator to the acceptors: take part in no lower round, and say how you voted last.
    Phase1a {
        /// The round that it begins.
        round: Round,
    },
    /// To the coordinator: I do, and I did.
    Phase1b {
        /// The round of the request.
        round: Round,
        /// The vote of the highest round in which the acceptor has voted, if in any.
        vote: Option<Vote>,
    },
    /// From the coordinator to the acceptors: vote for this.
    Phase2a {
        /// The round.
        round: Round,
        /// The value; `None` is the paper's *any*: whatever a proposer sends you.
        value: Option<String>,
    },
    /// From a proposer to the acceptors: here is a value.
    Propose {
        /// What it would like to be chosen.
        value: String,
    },
    /// From an acceptor to everybody: I have voted. The coordinator reads these as a report too.
    Phase2b {
        /// How.
        vote: Vote,
    },
    /// To a coordinator: I take part in a higher round. Safety does not need it.
    Nack {
        /// The round of the request.
        round: Round,
        /// The higher one.
        rnd: Round,
    },
}
