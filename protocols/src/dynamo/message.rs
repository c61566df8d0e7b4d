//! What nodes tell each other: reads and writes, then repairs.

use serde::Serialize;

use orrery_sim::{Digest, NodeId, OperationId};

use super::store::Siblings;

/// In the order of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To an owner, or to who stands in for one: what do you have?
    Read {
        /// For which operation.
        id: OperationId,
        /// Of which key.
        key: String,
        /// For whom the receiver is asked; itself, if it is an owner.
        owner: NodeId,
    },
    /// Back.
    ReadReply {
        /// For which operation.
        id: OperationId,
        /// For whom it speaks.
        owner: NodeId,
        /// All versions.
        siblings: Siblings,
    },
    /// To an owner, or to who stands in for one: keep these.
    Write {
        /// For which operation.
        id: OperationId,
        /// Of which key.
        key: String,
        /// All versions.
        siblings: Siblings,
        /// Whose they are; the receiver's, if it is an owner.
        owner: NodeId,
    },
    /// Back: they are on disk.
    WriteReply {
        /// For which operation.
        id: OperationId,
        /// Whose they are.
        owner: NodeId,
    },
    /// To an owner that was found out of date (§5).
    Repair {
        /// Of which key.
        key: String,
        /// All versions that were read.
        siblings: Siblings,
    },
    /// To an owner: what was kept for you (§4.6).
    Handoff {
        /// Of which key.
        key: String,
        /// All versions.
        siblings: Siblings,
    },
    /// Back: it is on disk.
    HandoffReply {
        /// Of which key.
        key: String,
        /// What was handed over.
        siblings: Siblings,
    },
    /// The hash of all keys that both own (§4.7).
    Root {
        /// The hash.
        root: Digest,
    },
    /// Back: mine is the same.
    Same {
        /// The hash.
        root: Digest,
    },
    /// Back: mine is another. The hashes of its parts.
    Leaves {
        /// In order.
        leaves: Vec<Digest>,
    },
    /// The keys of parts that differ.
    Keys {
        /// Which parts.
        parts: Vec<u32>,
        /// All versions of each key in them.
        keys: Vec<(String, Siblings)>,
        /// Whether the receiver has sent its own already.
        is_answer: bool,
    },
    /// All owners have these tombstones: remove them.
    Collect {
        /// Of which key.
        key: String,
        /// The tombstones.
        siblings: Siblings,
    },
}
