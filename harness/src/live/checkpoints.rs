//! Which moments of a run are kept: some all along it, and more near the cursor.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Events between two moments kept along the run at first; doubled whenever there are too many.
const SPACING: u64 = 256;
/// Moments kept along the run at most. Of a long run, so many to half as many are kept.
const ALONG_MOST: usize = 128;
/// Moments kept near the cursor at most.
const NEAR_MOST: usize = 64;
/// Moments kept near the cursor between two of those along the run.
const NEAR_SHARE: u64 = 32;
/// Fewest events between two moments near the cursor.
const NEAR_SPACING_LEAST: u64 = 16;
/// Bytes that all moments may take, as far as can be told without looking into nodes.
const BUDGET: usize = 192 << 20;

/// A moment of a run, from which it can be gone on.
pub(super) trait Moment: Clone {
    /// The number of the last event.
    fn event(&self) -> u64;
    /// About how many bytes a copy takes for itself.
    fn bytes(&self) -> usize;
}

/// The moments that are kept of one run.
#[derive(Clone)]
pub(super) struct Checkpoints<M> {
    /// All along the run, at even distances. The first is before all events.
    along: Vec<Rc<M>>,
    spacing: u64,
    most: usize,
    /// Near the cursor.
    near: BTreeMap<u64, Rc<M>>,
    near_most: usize,
}

impl<M: Moment> Checkpoints<M> {
    /// Of a run that begins with `first`.
    pub(super) fn new(first: M) -> Self {
        // An eighth of the budget is for the moments near the cursor, which cost time to copy, too.
        let bytes = first.bytes().max(1);
        let most = (BUDGET / 8 * 7 / bytes).clamp(8, ALONG_MOST);
        let near_most = (BUDGET / 8 / bytes).clamp(2, NEAR_MOST);
        Self {
            along: vec![Rc::new(first)],
            spacing: SPACING,
            most,
            near: BTreeMap::new(),
            near_most,
        }
    }

    /// The run came to `moment`, for the first time.
    pub(super) fn reach(&mut self, moment: &M) {
        if !moment.event().is_multiple_of(self.spacing) {
            return;
        }
        self.along.push(Rc::new(moment.clone()));
        // What a moment takes grows with the run.
        let most = self.most.min((BUDGET / 8 * 7 / moment.bytes().max(1)).max(8));
        if most <= self.along.len() {
            self.spacing *= 2;
            self.along.retain(|kept| kept.event().is_multiple_of(self.spacing));
        }
    }

    /// The run came to `moment` once more, with the cursor at `cursor` or on its way there.
    pub(super) fn pass(&mut self, moment: &M, cursor: u64) {
        let event = moment.event();
        let is_kept = event.is_multiple_of(self.spacing) && event <= self.last();
        if !event.is_multiple_of(self.near_spacing()) || is_kept || self.near.contains_key(&event) {
            return;
        }
        self.near.insert(event, Rc::new(moment.clone()));
        while self.near_most < self.near.len() {
            let (Some((first, _)), Some((last, _))) =
                (self.near.first_key_value(), self.near.last_key_value())
            else {
                return;
            };
            if last.abs_diff(cursor) < first.abs_diff(cursor) {
                self.near.pop_first();
            } else {
                self.near.pop_last();
            }
        }
    }

    /// How many events lie between two moments near the cursor.
    fn near_spacing(&self) -> u64 {
        let share = NEAR_SHARE.min(self.near_most as u64);
        (self.spacing / share).max(NEAR_SPACING_LEAST)
    }

    /// The last moment that is kept and not after `event`.
    pub(super) fn before(&self, event: u64) -> Option<&Rc<M>> {
        let passed = self.along.partition_point(|kept| kept.event() <= event);
        let along = passed.checked_sub(1).map(|place| &self.along[place])?;
        let near = self.near.range(..=event).next_back().map(|(_, kept)| kept);
        Some(near.filter(|near| along.event() < near.event()).unwrap_or(along))
    }

    /// The same up to `event`, with nothing behind it: for a run that goes on otherwise from there.
    pub(super) fn up_to(&self, event: u64) -> Self {
        let mut own = self.clone();
        own.along.retain(|kept| kept.event() <= event);
        own.near.retain(|at, _| *at <= event);
        own
    }

    /// Forgets the moments that are not `wanted`.
    pub(super) fn retain(&mut self, wanted: impl Fn(&M) -> bool) {
        self.along.retain(|kept| wanted(kept));
        self.near.retain(|_, kept| wanted(kept));
    }

    /// The event of the last moment along the run.
    fn last(&self) -> u64 {
        self.along.last().map_or(0, |kept| kept.event())
    }

    /// How many are kept: along the run, and near the cursor.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.along.len(), self.near.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run whose only state is how far it is.
    #[derive(Clone, Copy, Debug)]
    struct Step(u64, usize);

    impl Moment for Step {
        fn event(&self) -> u64 {
            self.0
        }
        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn run(events: u64, bytes: usize) -> Checkpoints<Step> {
        let mut checkpoints = Checkpoints::new(Step(0, bytes));
        (1..=events).for_each(|event| checkpoints.reach(&Step(event, bytes)));
        checkpoints
    }

    /// Goes from what is kept to `event`; how many events that took.
    fn seek(checkpoints: &mut Checkpoints<Step>, event: u64) -> u64 {
        let from = checkpoints.before(event).unwrap().event();
        (from..=event).for_each(|at| checkpoints.pass(&Step(at, 1), event));
        event - from
    }

    #[test]
    fn moments_stay_evenly_spread_and_few() {
        for events in [0, 255, 256, 10_000, 1_000_000] {
            let checkpoints = run(events, 1);
            let (along, _) = checkpoints.count();
            assert!(along < ALONG_MOST, "{along} of {events}");
            let widest = (0..=events).step_by(7).map(|event| {
                let kept = checkpoints.before(event).unwrap().event();
                event - kept
            });
            assert!(widest.max() <= Some(256.max(events / 63)), "{events}");
        }
    }

    #[test]
    fn large_worlds_have_fewer() {
        assert!(run(100_000, 4 << 20).count().0 < 45);
        assert!((4..=8).contains(&run(100_000, 1 << 30).count().0));
    }

    #[test]
    fn after_one_long_way_each_step_back_is_short() {
        let mut checkpoints = run(1_000_000, 1);
        let first = seek(&mut checkpoints, 700_003);
        assert!(first <= 16_384, "{first}");
        let ways: Vec<u64> =
            (600_000..700_003).rev().map(|event| seek(&mut checkpoints, event)).collect();
        let long = ways.iter().filter(|way| 512 < **way).count();
        assert!(long <= 100_003 / 8_192 + 1, "one long way for each gap: {long}");
        assert!(checkpoints.count().1 <= NEAR_MOST);
    }

    #[test]
    fn what_lies_behind_a_fork_is_forgotten() {
        let mut checkpoints = run(10_000, 1);
        seek(&mut checkpoints, 5_000);
        let fork = checkpoints.up_to(4_900);
        assert!(fork.before(9_999).unwrap().event() <= 4_900);
        assert_eq!(fork.before(4_800).unwrap().event(), checkpoints.before(4_800).unwrap().event());
    }
}
