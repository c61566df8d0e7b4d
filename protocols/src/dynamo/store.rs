//! What a node keeps: versions of the keys that it owns, hints for others, and its journal of both.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{ClientId, LocalTime, NodeId, OperationId};

use crate::clocks::{Dot, Dotted};

/// Who numbers writes: the node that coordinates them. (A client, with a planted bug.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Actor {
    /// A node.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// By which operation.
    pub id: OperationId,
    /// The value; `None` for a tombstone.
    pub value: Option<String>,
}

/// The versions of a key that nobody has overwritten.
pub type Siblings = Dotted<Actor, Written>;

/// What tells a version from all others: the operation that wrote it, and its dot, for an operation may be tried twice.
pub type Name = (OperationId, Dot<Actor>);

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// A key has these versions now.
    Stored {
        /// Which.
        key: String,
        /// All of them; none if its tombstones were removed.
        siblings: Siblings,
    },
    /// This node keeps these versions for an owner.
    Hinted {
        /// For whom.
        owner: NodeId,
        /// Of which key.
        key: String,
        /// All of them; none if they were handed over.
        siblings: Siblings,
        /// When they came, by this node's clock.
        since: LocalTime,
    },
    /// This node has numbered so many writes.
    Counted(u64),
}

/// Versions that are kept for an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// All of them.
    pub siblings: Siblings,
    /// When the first came.
    pub since: LocalTime,
}

/// All that survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Store {
    /// By key.
    pub keys: BTreeMap<String, Siblings>,
    /// By owner and key.
    pub hints: BTreeMap<(NodeId, String), Hint>,
    /// Writes that this node has numbered.
    pub writes: u64,
}

impl Store {
    /// What the journal tells.
    pub(super) fn replay(records: impl Iterator<Item = Record>) -> Self {
        let mut store = Self::default();
        for record in records {
            store.apply(record);
        }
        store
    }

    /// Takes a record over.
    pub(super) fn apply(&mut self, record: Record) {
        match record {
            Record::Stored { key, siblings } if siblings.versions().len() == 0 => {
                self.keys.remove(&key);
            }
            Record::Stored { key, siblings } => {
                self.keys.insert(key, siblings);
            }
            Record::Hinted { owner, key, siblings, .. } if siblings.versions().len() == 0 => {
                self.hints.remove(&(owner, key));
            }
            Record::Hinted { owner, key, siblings, since } => {
                self.hints.insert((owner, key), Hint { siblings, since });
            }
            Record::Counted(writes) => self.writes = writes,
        }
    }

    /// The versions of a key that this node owns.
    pub(super) fn get(&self, key: &str) -> Siblings {
        self.keys.get(key).cloned().unwrap_or_default()
    }

    /// The versions of a key that this node keeps for others.
    pub(super) fn hinted(&self, key: &str) -> Siblings {
        let mut all = Siblings::default();
        for ((_, hinted), hint) in &self.hints {
            if hinted == key {
                all.merge(&hint.siblings);
            }
        }
        all
    }
}

/// The names of versions.
pub(super) fn names(siblings: &Siblings) -> BTreeSet<Name> {
    siblings.versions().map(|(dot, written)| (written.id, dot)).collect()
}

/// Whether there is nothing but tombstones.
pub(super) fn is_deleted(siblings: &Siblings) -> bool {
    siblings.versions().len() != 0 && siblings.values().all(|written| written.value.is_none())
}
