//! What the nodes of a workload choose by themselves. They draw from a generator of their own, so that the
//! choices cost the same on every engine that runs the workload.

use orrery_sim::{Duration, DurationRange, NodeId};
use serde::Serialize;

/// The increment of the state: 2^64 over the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Sets the streams of one seed apart.
const STREAM: u64 = 0xD1B5_4A32_D192_ED03;

/// A `SplitMix64` generator (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Choice(u64);

impl Choice {
    /// The generator of one node.
    pub(super) const fn new(seed: u64, stream: u64) -> Self {
        let mut choice = Self(seed.wrapping_mul(STEP) ^ stream.wrapping_mul(STREAM));
        choice.next();
        choice
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A uniform number below `bound`.
    #[inline]
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A uniform duration of `range`.
    #[inline]
    pub(super) const fn between(&mut self, range: DurationRange) -> Duration {
        let (min, max) = (range.min.as_nanos(), range.max.as_nanos());
        Duration::from_nanos(min + self.below(max - min))
    }

    /// A node of `1..=nodes` that is not `own`.
    #[inline]
    pub(super) const fn other(&mut self, own: NodeId, nodes: u32) -> NodeId {
        let place = self.below(nodes as u64 - 1) as u32 + 1;
        NodeId(if own.0 <= place { place + 1 } else { place })
    }
}

/// One generator per node.
pub(super) fn one_each(nodes: u32, seed: u64) -> Vec<Choice> {
    (0..u64::from(nodes)).map(|stream| Choice::new(seed, stream)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_never_chooses_itself_and_misses_nobody() {
        let mut choice = Choice::new(1, 2);
        let mut chosen = [0_u32; 6];
        for _ in 0..1_000 {
            chosen[choice.other(NodeId(3), 5).0 as usize] += 1;
        }
        assert_eq!(chosen.map(|count| 0 < count), [false, true, true, false, true, true]);
    }
}
