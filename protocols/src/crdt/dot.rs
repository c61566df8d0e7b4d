//! Names of updates, and sets of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use orrery_sim::NodeId;

/// A replica in one of its lives: what a node has forgotten in a crash, it must not be asked for under its old name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaId {
    /// On which node.
    pub node: NodeId,
    /// In which of its lives.
    pub incarnation: u32,
}

impl fmt::Debug for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}'{}", self.node, self.incarnation))
    }
}

/// As it prints: `n1'0`.
impl Serialize for ReplicaId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

/// The name of an update: who made it, and how many that one had made before, plus one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dot {
    /// Who.
    pub replica: ReplicaId,
    /// Which of its updates, from 1.
    pub number: u64,
}

impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:?}.{}", self.replica, self.number))
    }
}

/// As it prints: `n1'0.7`.
impl Serialize for Dot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

/// A version vector: of each replica, its first so many updates.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Versions(BTreeMap<ReplicaId, u64>);

impl Versions {
    /// Only this update, with all of its replica before it.
    pub fn of(dot: Dot) -> Self {
        Self(BTreeMap::from([(dot.replica, dot.number)]))
    }

    /// How many updates of a replica it has.
    pub fn count(&self, replica: ReplicaId) -> u64 {
        self.0.get(&replica).copied().unwrap_or(0)
    }

    /// Whether it has this update.
    pub fn has(&self, dot: Dot) -> bool {
        dot.number <= self.count(dot.replica)
    }

    /// Whether it has all that `other` has.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(replica, count)| *count <= self.count(*replica))
    }

    /// Adds one update.
    pub fn add(&mut self, dot: Dot) {
        let count = self.0.entry(dot.replica).or_default();
        *count = dot.number.max(*count);
    }

    /// Adds all that `other` has.
    pub fn join(&mut self, other: &Self) {
        for (replica, count) in &other.0 {
            let own = self.0.entry(*replica).or_default();
            *own = (*own).max(*count);
        }
    }
}
