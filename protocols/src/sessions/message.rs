//! What nodes tell each other, in the order of a write and a read.

use serde::Serialize;

use orrery_sim::NodeId;

use crate::clocks::Hybrid;

use super::stamps::Stamps;

/// A write in the primary's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Whose register.
    pub client: NodeId,
    /// The how manieth write of that client: it is also the value.
    pub value: u64,
    /// When the primary took it: rises from entry to entry.
    pub time: Hybrid,
}

/// Whatever is said carries the stamps of the event that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Of the event that sent it.
    pub stamps: Stamps,
    /// What is said.
    pub body: Body,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Body {
    /// To the primary: my register becomes this.
    Write {
        /// The how manieth write of this client; greater ones are newer.
        value: u64,
    },
    /// Back: it is in the order.
    Written {
        /// Which.
        value: u64,
        /// Its time: the client's token.
        token: Hybrid,
    },
    /// To a follower: the order goes on like this.
    Append {
        /// How many entries are before these.
        before: u64,
        /// In order.
        entries: Vec<Entry>,
    },
    /// Back: this many are applied.
    Applied {
        /// How many.
        count: u64,
    },
    /// To a follower: what is in my register?
    Read {
        /// Number of the read among the client's.
        read: u64,
        /// The newest time that the client knows of: answer from then on.
        token: Hybrid,
    },
    /// Back.
    Found {
        /// Number of the read.
        read: u64,
        /// What is in it; 0 before the first write.
        value: u64,
        /// The time of the newest entry that was applied.
        token: Hybrid,
    },
}
