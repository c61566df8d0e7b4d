//! Faults of a plan that are drawn from a seed.

use std::ops::Range;

use crate::plan::{Action, Item};

use super::{crash, cut, heal, item, pause, restart, resume};

/// A few random numbers for a plan (`SplitMix64`; Steele, Lea and Flood 2014). What a world draws does not depend on them.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `bound`, which is not 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    /// A number of this range, which is not empty.
    const fn within(&mut self, range: &Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }
}

/// Faults that strike one node after another. All times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// When the first begins, and when no more does.
    pub begin: Range<u64>,
    /// How long each lasts.
    pub last: Range<u64>,
    /// How long after one the next begins.
    pub apart: Range<u64>,
    /// When the last is over at the latest, if they are to be over at all.
    pub over: Option<u64>,
}

impl Chaos {
    /// The faults of that seed. `fault` says what befalls a node, from when to when, as a die of so many `sides` fell.
    ///
    /// # Panics
    /// Where a range is empty, or there are no nodes or no sides.
    pub fn items<O>(
        &self,
        seed: u64,
        nodes: u32,
        sides: u64,
        fault: impl Fn(u64, u32, Range<u64>) -> [Item<O>; 2],
    ) -> Vec<Item<O>> {
        let mut dice = Dice(seed);
        let (mut items, mut now) = (vec![], self.begin.start);
        while now < self.begin.end {
            let victim = dice.below(u64::from(nodes)) as u32 + 1;
            let end = now + dice.within(&self.last);
            let end = self.over.map_or(end, |over| end.min(over));
            items.extend(fault(dice.below(sides), victim, now..end));
            now += dice.within(&self.apart);
        }
        items
    }
}

/// Something begins and ends.
pub fn spell<O>(when: Range<u64>, begin: Action<O>, end: Action<O>) -> [Item<O>; 2] {
    [item(when.start, begin), item(when.end, end)]
}

/// A node stands still (0), is cut off from all others (1), or is down.
pub fn pause_cut_or_crash<O>(die: u64, victim: u32, when: Range<u64>) -> [Item<O>; 2] {
    match die {
        0 => spell(when, pause(victim), resume(victim)),
        1 => spell(when, cut(&[victim]), heal()),
        _ => spell(when, crash(victim), restart(victim)),
    }
}
