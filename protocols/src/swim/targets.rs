//! Whom a member pings next (§4.3): the members in random order, each once, and then in another order.
//!
//! The order is not stored: a keyed permutation of the members' numbers says who stands at a place. It is a Feistel network (H. Feistel, *Cryptography
//! and Computer Privacy*, 1973), which is a permutation whatever its round function is, on the smallest square that holds all; places that
//! fall outside are sent through it again until they do not (J. Black and P. Rogaway, *Ciphers with Arbitrary Finite Domains*, 2002).

use serde::Serialize;

use orrery_sim::NodeId;

/// Rounds of the network. Four are enough for places to be independent; two more cost nothing that would show.
const ROUNDS: u64 = 6;

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

/// Where the permutation of `key` sends `index`, of `count`.
fn permuted(key: u64, index: u32, count: u32) -> u32 {
    let half = (32 - count.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1_u64 << half) - 1;
    let mut value = u64::from(index);
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..ROUNDS {
            let mixed = mix(key ^ mix(right | round << 40)) & mask;
            (left, right) = (right, left ^ mixed);
        }
        value = left << half | right;
        if value < u64::from(count) {
            return value as u32;
        }
    }
}

/// Every bit of the result depends on every bit of `z` (the finalizer of D. Stafford's variant 13 of `MurmurHash3`).
const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

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
