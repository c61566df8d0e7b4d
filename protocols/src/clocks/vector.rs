//! Vector clocks: C. Fidge, *Timestamps in Message-Passing Systems That Preserve the Partial Ordering*, ACSC 1988; F. Mattern, *Virtual Time and
//! Global States of Distributed Systems*, 1988.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How two events, or two versions, stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Causality {
    /// They are the same.
    Equal,
    /// The first may have caused the second.
    Before,
    /// The second may have caused the first.
    After,
    /// Neither knew of the other.
    Concurrent,
}

/// How many events of each process are known; who is not named has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VectorClock<K: Ord>(BTreeMap<K, u64>);

impl<K: Ord> Default for VectorClock<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> VectorClock<K> {
    /// How many events of `process` are known.
    pub fn get(&self, process: K) -> u64 {
        self.0.get(&process).copied().unwrap_or(0)
    }

    /// An event of `process`.
    pub fn tick(&mut self, process: K) {
        *self.0.entry(process).or_default() += 1;
    }

    /// Knows at least `count` events of `process` from now on.
    pub fn raise(&mut self, process: K, count: u64) {
        if 0 < count {
            let known = self.0.entry(process).or_default();
            *known = count.max(*known);
        }
    }

    /// Knows what `other` knows, too: their least upper bound.
    pub fn merge(&mut self, other: &Self) {
        for (process, count) in &other.0 {
            self.raise(*process, *count);
        }
    }

    /// Whether everything that `other` knows is known here.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(process, count)| *count <= self.get(*process))
    }

    /// How this stands to `other`.
    pub fn compare(&self, other: &Self) -> Causality {
        match (self.covers(other), other.covers(self)) {
            (true, true) => Causality::Equal,
            (false, true) => Causality::Before,
            (true, false) => Causality::After,
            (false, false) => Causality::Concurrent,
        }
    }

    /// Who is named, and with how many events, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (K, u64)> {
        self.0.iter().map(|(process, count)| (*process, *count))
    }

    /// Forgets the events of `process`. The clock then knows less than it did, and may take its own past for something else.
    pub fn forget(&mut self, process: K) {
        self.0.remove(&process);
    }
}

impl<K: Ord> FromIterator<(K, u64)> for VectorClock<K> {
    fn from_iter<I: IntoIterator<Item = (K, u64)>>(entries: I) -> Self {
        Self(entries.into_iter().filter(|(_, count)| 0 < *count).collect())
    }
}
