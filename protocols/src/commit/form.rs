//! The protocols, and by which rules they differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::Duration;

use super::Outcome;

/// A protocol of the family.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Basic two-phase commit (R\*, §2).
    #[serde(alias = "basic")]
    TwoPhase,
    /// Presumed abort (R\*, §3): what nobody remembers was aborted.
    PresumedAbort,
    /// Presumed commit (R\*, §4): what nobody remembers was committed.
    PresumedCommit,
    /// The participants form a chain (BHG, §7.4).
    Linear,
    /// Everybody tells everybody (BHG, §7.4).
    Decentralised,
    /// Three-phase commit (Skeen 1981; BHG, §7.5).
    ThreePhase,
    /// Paxos Commit (Gray & Lamport 2006, §4).
    PaxosCommit,
    /// Faster Paxos Commit (Gray & Lamport 2006, §4.3).
    FasterPaxosCommit,
}

impl Form {
    /// Whether acceptors decide.
    pub const fn is_paxos(self) -> bool {
        match self {
            Self::PaxosCommit | Self::FasterPaxosCommit => true,
            Self::TwoPhase
            | Self::PresumedAbort
            | Self::PresumedCommit
            | Self::Linear
            | Self::Decentralised
            | Self::ThreePhase => false,
        }
    }

    /// Whether readers may leave when they vote.
    pub const fn has_read_only_votes(self) -> bool {
        self.is_presuming()
    }

    /// Whether the coordinator's disk decides.
    pub const fn coordinator_decides(self) -> bool {
        match self {
            Self::TwoPhase | Self::PresumedAbort | Self::PresumedCommit | Self::ThreePhase => true,
            Self::Linear | Self::Decentralised | Self::PaxosCommit | Self::FasterPaxosCommit => {
                false
            }
        }
    }

    /// Whether the coordinator forgets transactions, and presumes what came of them.
    pub const fn is_presuming(self) -> bool {
        self.presumption().is_some()
    }

    /// What came of a transaction that the coordinator does not know. Basic two-phase commit forgets a transaction when everybody
    /// knows its outcome; who asks after that is told of one that was never decided.
    pub const fn presumption(self) -> Option<Outcome> {
        match self {
            Self::TwoPhase | Self::PresumedAbort => Some(Outcome::Abort),
            Self::PresumedCommit => Some(Outcome::Commit),
            Self::Linear
            | Self::Decentralised
            | Self::ThreePhase
            | Self::PaxosCommit
            | Self::FasterPaxosCommit => None,
        }
    }

    /// Whether participants acknowledge the outcome: not if it will be presumed.
    pub const fn acks(self, outcome: Outcome) -> bool {
        match (self, outcome) {
            (Self::TwoPhase, _)
            | (Self::PresumedAbort, Outcome::Commit)
            | (Self::PresumedCommit, Outcome::Abort) => true,
            (Self::PresumedAbort, Outcome::Abort)
            | (Self::PresumedCommit, Outcome::Commit)
            | (
                Self::Linear
                | Self::Decentralised
                | Self::ThreePhase
                | Self::PaxosCommit
                | Self::FasterPaxosCommit,
                _,
            ) => false,
        }
    }

    /// Whether a participant forces the outcome: where it acknowledges it, so that nobody has to tell it again.
    pub const fn participant_forces(self, outcome: Outcome) -> bool {
        self.acks(outcome) || matches!(self, Self::ThreePhase)
    }

    /// Whether the coordinator forces its decision: where nobody would presume it.
    pub const fn coordinator_forces(self, outcome: Outcome) -> bool {
        match (self, outcome) {
            (Self::TwoPhase | Self::ThreePhase, _)
            | (Self::PresumedAbort | Self::PresumedCommit, Outcome::Commit) => true,
            (Self::PresumedAbort | Self::PresumedCommit, Outcome::Abort)
            | (
                Self::Linear | Self::Decentralised | Self::PaxosCommit | Self::FasterPaxosCommit,
                _,
            ) => false,
        }
    }
}

/// Three-phase commit: what participants do when the coordinator is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TerminationRule {
    /// One of them takes its place and asks the others.
    Elected,
    /// Each commits if it knows that all voted yes, and aborts if not. Wrong with more than two sites, and under partitions.
    Naive,
}

/// What an uncertain participant does in the end, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heuristic {
    /// How long it waits.
    pub after: Duration,
    /// What it does then.
    pub outcome: Outcome,
}
