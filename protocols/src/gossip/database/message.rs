//! What sites send, wait for and report.

use serde::Serialize;

use orrery_sim::{NodeId, OperationId};

use super::entry::{Entries, Entry, Timestamp};

/// Mail and rumors first, then comparisons in the order of how they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To all: an update (Demers, section 1.2).
    Mail {
        /// Of which key.
        key: String,
        /// Timestamp and item.
        entry: Entry,
    },
    /// To a random site: what is hot (section 1.4).
    Rumors {
        /// Key by key.
        entries: Entries,
    },
    /// The answer: these were no news.
    Needless {
        /// Which keys.
        keys: Vec<String>,
    },
    /// Compare everything, or some leaves: send me what you have.
    Request {
        /// Which leaves of the tree; all where absent.
        leaves: Option<Vec<u32>>,
    },
    /// Compare everything, or some leaves: this is what I have, or what you lack of it.
    Entries {
        /// Key by key.
        entries: Entries,
        /// Which leaves of the tree they are of; all where absent.
        leaves: Option<Vec<u32>>,
        /// Whether the other is to answer with what is newer there.
        answer: bool,
        /// Whether the sender chose its partner.
        is_chooser: bool,
    },
    /// Recent updates and a checksum of everything.
    Recent {
        /// The recent updates.
        entries: Entries,
        /// The sender's checksum.
        checksum: u64,
        /// Whether the sender chose its partner: the first of two such messages.
        is_chooser: bool,
    },
    /// Peel back: the next updates in the order of their age, and a checksum of everything.
    Peel {
        /// How many such messages the sender has sent before.
        depth: u32,
        /// The updates.
        entries: Entries,
        /// The sender's checksum.
        checksum: u64,
        /// Whether the sender chose its partner.
        is_chooser: bool,
    },
    /// Hashes of the tree's nodes, at one of its levels.
    Hashes {
        /// Which, 0 for the root.
        level: u32,
        /// Place in the level, and hash.
        hashes: Vec<(u32, u64)>,
        /// Whether the sender chose its partner.
        is_chooser: bool,
    },
}

/// What a site waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Time to compare with another.
    AntiEntropy,
    /// Time to tell rumors.
    Rumor,
}

/// How an update came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Means {
    /// By direct mail.
    Mail,
    /// As a rumor.
    Rumor,
    /// By a comparison.
    AntiEntropy,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A client's update happens here.
    Updated {
        /// Which operation.
        operation: OperationId,
        /// Of which key.
        key: String,
        /// Timestamp and item.
        entry: Entry,
    },
    /// A site took an update that is newer than what it had.
    Adopted {
        /// Of which key.
        key: String,
        /// Timestamp and item.
        entry: Entry,
        /// Who sent it.
        from: NodeId,
        /// How.
        by: Means,
    },
    /// A site drops a death certificate: it is old.
    Expired {
        /// Of which key.
        key: String,
        /// Its timestamp.
        timestamp: Timestamp,
        /// Whether it is kept dormant.
        is_dormant: bool,
    },
    /// An obsolete item woke a dormant death certificate up.
    Reactivated {
        /// Of which key.
        key: String,
        /// Its timestamp.
        timestamp: Timestamp,
        /// Who sent the item.
        by: NodeId,
    },
}
