//! Whom a member pings next (§4.3): the members in random order, each once, and then in another order.
//!
//! The order is not stored: a keyed permutation of the members' numbers says who stands at a place.

use serde::Serialize;

use orrery_sim::NodeId;

use crate::permutation::permuted;

/// A list of all members in random order, and how far one is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RoundRobin {
    /// Which order.
    key: u64,
    /// Places that were passed.
    place: u32,
}

impl RoundRobin {
    /// A new order.
    pub(super) const fn shuffled(key: u64) -> Self {
        Self { key, place: 0 }
    }

    /// The next of `count` members; `None` at the end of the list.
    pub(super) fn next(&mut self, count: u32) -> Option<NodeId> {
        if count <= self.place {
            return None;
        }
        let index = permuted(self.key, self.place, count);
        self.place += 1;
        Some(NodeId(index + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permutation::mix;

    #[test]
    fn each_list_has_every_member_once() {
        for count in [1, 2, 3, 5, 16, 17, 100, 1_000] {
            for key in 0..20 {
                let mut list = RoundRobin::shuffled(mix(key));
                let mut members: Vec<u32> =
                    std::iter::from_fn(|| list.next(count)).map(|id| id.0).collect();
                members.sort_unstable();
                assert!(members.iter().copied().eq(1..=count), "{count}, key {key}");
            }
        }
    }

    #[test]
    fn every_member_is_as_often_at_every_place() {
        const KEYS: u64 = 5_000;
        let mut counts = [[0_u64; 5]; 5];
        for key in 0..KEYS {
            let mut list = RoundRobin::shuffled(mix(key));
            for row in &mut counts {
                row[list.next(5).unwrap().index()] += 1;
            }
        }
        // 1 000 times each, with a standard deviation of 28.
        for count in counts.iter().flatten() {
            assert!((880..=1_120).contains(count), "{counts:?}");
        }
    }
}
