//! Ballots: the numbers of proposals. They print as `b2.n1`.

use std::fmt;

use serde::Serialize;

use orrery_sim::NodeId;

/// The number of a proposal. The round counts first; the proposer makes it different from everybody
/// else's, so that no two proposals have the same number ("Paxos Made Simple", §2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ballot {
    /// How often somebody tried, from 1.
    pub round: u64,
    /// Whose number it is.
    pub proposer: NodeId,
}

impl Ballot {
    /// One number for tools that compare ballots without knowing them.
    pub const fn epoch(self) -> u64 {
        (self.round << 16) | (self.proposer.0 as u64 & 0xFFFF)
    }
}

impl fmt::Debug for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("b{}.{}", self.round, self.proposer))
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A proposal: a number and a value. The same value may be proposed under many numbers; the same
/// number stands for one value only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Proposal {
    /// Its number.
    pub ballot: Ballot,
    /// What is to be chosen.
    pub value: String,
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` at {}", self.value, self.ballot)
    }
}
