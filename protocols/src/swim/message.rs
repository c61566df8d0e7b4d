//! What members tell each other, in the order of a period, and the order of what they hold of each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use orrery_sim::NodeId;

/// How often a member has had to say that it is alive: raised by the member itself and by nobody else. Prints as `i3`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// The one behind it.
    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "i{}", self.0)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What is held of a member in one of its incarnations. The later one overrides the earlier ones (§4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Status {
    /// It takes part.
    #[default]
    Alive,
    /// It did not answer, and has not denied that it failed.
    Suspect,
    /// It did not deny in time.
    Faulty,
}

/// What is held of a member. Totally ordered, by incarnation and then by status: the greater one overrides, so that whatever order news
/// comes in, the same is held in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Opinion {
    /// Of which incarnation this speaks.
    pub incarnation: Incarnation,
    /// What is held of it.
    pub status: Status,
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {}", self.status, self.incarnation)
    }
}

/// A piece of news, piggybacked on pings and acks (§4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    /// Of whom.
    pub member: NodeId,
    /// What is to be held of it.
    pub opinion: Opinion,
    /// Who said so first: the member itself, who accuses it, or who confirmed its failure. Lifeguard counts accusers.
    pub by: NodeId,
}

/// In the order of a period in which nothing is heard of the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Are you there?
    Ping {
        /// Number of the question among its sender's.
        sequence: u64,
        /// News.
        updates: Vec<Update>,
    },
    /// I am here; or, from a helper: it is.
    Ack {
        /// The number of the question.
        sequence: u64,
        /// News.
        updates: Vec<Update>,
    },
    /// Ping `target` for me: I hear nothing of it.
    PingReq {
        /// Number of the question among its sender's.
        sequence: u64,
        /// Who is not heard.
        target: NodeId,
        /// News.
        updates: Vec<Update>,
    },
    /// From a helper: I have not heard it either, so far. It shows that the way to the helper is whole (Lifeguard, §IV.A).
    Nack {
        /// The number of the question.
        sequence: u64,
    },
}
