//! Plainer laws and rounder numbers: what is left should say by itself why it is there.

use orrery_sim::plan::{Action, Flapping, LinkFault, Trigger};
use orrery_sim::{
    Clock, Duration, DurationRange, Law, Link, Order, Probability, SimTime, TiePolicy, WallClock,
};

use super::edit::until;
use super::explicit::constant;
use super::search::Search;
use crate::case::Case;

/// Grains of time, coarse ones first.
const GRAINS: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_millis(100),
    Duration::from_millis(10),
    Duration::from_millis(1),
    Duration::from_micros(100),
    Duration::from_micros(10),
    Duration::from_micros(1),
];
/// How often a number is halved at most.
const HALVINGS: usize = 4;

impl Search<'_> {
    /// Takes the faults out of links, disks and clocks, and the chance out of laws.
    pub(super) fn plainer_world(&mut self) {
        self.try_change(|case| {
            case.links.overrides.values_mut().for_each(reliable);
            reliable(&mut case.links.default);
            case.disk.torn = Probability::NEVER;
            case.disk.reordered = Probability::NEVER;
            case.clocks.fill(Clock::default());
            Some(())
        });
        self.try_change(|case| {
            reliable(&mut case.links.default);
            Some(())
        });
        for way in self.best.links.overrides.keys().copied().collect::<Vec<_>>() {
            self.try_change(|case| case.links.overrides.remove(&way).map(drop));
        }
        self.try_change(|case| {
            case.disk.torn = Probability::NEVER;
            Some(())
        });
        self.try_change(|case| {
            case.disk.reordered = Probability::NEVER;
            Some(())
        });
        self.try_change(|case| {
            case.tie = TiePolicy::Fifo;
            Some(())
        });
        for place in 0..self.best.clocks.len() {
            self.try_change(|case| {
                *case.clocks.get_mut(place)? = Clock::default();
                Some(())
            });
        }
        for place in 0..self.best.wall_clocks.len() {
            self.try_change(|case| {
                *case.wall_clocks.get_mut(place)? = WallClock::default();
                Some(())
            });
        }
        self.try_change(|case| {
            let constant = constant(&case.links.default.latency).map(rounded_law)?;
            case.links.default.latency = constant;
            Some(())
        });
        self.try_change(|case| {
            let constant = constant(&case.disk.sync).map(rounded_law)?;
            case.disk.sync = constant;
            Some(())
        });
        self.try_change(|case| {
            case.disk.sync = Law::default();
            Some(())
        });
    }

    /// Rounds times and durations, and makes magnitudes small.
    pub(super) fn rounder_values(&mut self) {
        for place in 0..self.best.plan.items.len() {
            self.plainer_item(place);
        }
        for grain in GRAINS {
            let all = |case: &mut Case| {
                (0..case.plan.items.len()).try_for_each(|place| round_item(case, place, grain))
            };
            if self.try_change(all) {
                break;
            }
        }
        for place in 0..self.best.plan.items.len() {
            for grain in GRAINS {
                if self.try_change(|case| round_item(case, place, grain)) {
                    break;
                }
            }
        }
        self.shorten();
        // An end is round enough that is at most a tenth too late.
        let fitting = GRAINS
            .into_iter()
            .filter(|grain| 10 * grain.as_nanos() <= self.best.stop_at.as_nanos());
        for grain in fitting.collect::<Vec<_>>() {
            let end = ceil(self.best.stop_at, grain);
            let mut candidate = until(&self.best, end);
            candidate.stop_at = end;
            // An end that is round already need not be made later.
            if end == self.best.stop_at || self.attempt(candidate) {
                break;
            }
        }
    }

    fn plainer_item(&mut self, place: usize) {
        for _ in 0..HALVINGS {
            if !self.try_change(|case| halve(&mut case.plan.items.get_mut(place)?.action)) {
                break;
            }
        }
        self.try_change(|case| plain(&mut case.plan.items.get_mut(place)?.action));
    }
}

fn reliable(link: &mut Link) {
    link.loss = Probability::NEVER;
    link.burst = None;
    link.corruption = Probability::NEVER;
    link.duplicate = Probability::NEVER;
    link.bandwidth = None;
    link.order = Order::Free;
}

/// Rounds all times of the item at `place`.
fn round_item(case: &mut Case, place: usize, grain: Duration) -> Option<()> {
    let stop_at = case.stop_at;
    let item = case.plan.items.get_mut(place)?;
    if let Trigger::At(time) = &mut item.trigger {
        let near = SimTime::from_nanos(nearest(time.as_nanos(), grain));
        *time = if near <= stop_at { near } else { *time };
    }
    if let Action::Flap(Flapping { on, off, .. }) = &mut item.action {
        for range in [on, off] {
            let round = |bound: Duration| Duration::from_nanos(nearest(bound.as_nanos(), grain));
            let (min, max) = (round(range.min), round(range.max));
            if min != Duration::ZERO {
                *range = DurationRange::new(min, max);
            }
        }
    }
    Some(())
}

/// The nearest multiple of `grain`.
const fn nearest(nanos: u64, grain: Duration) -> u64 {
    let grain = grain.as_nanos();
    nanos.saturating_add(grain / 2) / grain * grain
}

const fn ceil(time: SimTime, grain: Duration) -> SimTime {
    let grain = grain.as_nanos();
    SimTime::from_nanos(time.as_nanos().div_ceil(grain).saturating_mul(grain))
}

/// A constant law of at most two digits.
fn rounded_law(law: Law) -> Law {
    let Law::Constant(duration) = law else { return law };
    let nanos = duration.as_nanos();
    let unit = 10_u64.pow(nanos.checked_ilog10().unwrap_or(0).saturating_sub(1));
    Law::Constant(Duration::from_nanos(nearest(nanos, Duration::from_nanos(unit))))
}

/// Half of what an action does; `None` where it has no magnitude.
fn halve<O>(action: &mut Action<O>) -> Option<()> {
    let share = |share: &mut Probability| {
        let half = share.as_ppb() / 2;
        *share = Probability::from_ppb(half);
        (0 < half).then_some(())
    };
    match action {
        Action::Disturb(disturbance) => match &mut disturbance.fault {
            LinkFault::Loss(own) | LinkFault::Corruption(own) | LinkFault::Duplication(own) => {
                share(own)
            }
            LinkFault::Burst(burst) => share(&mut burst.loss),
            LinkFault::Delay(law) => halve_law(law),
        },
        Action::Slow { service, .. } => halve_law(service),
        Action::ClockRate { ppb, .. } if -1_000_000_000 < *ppb => {
            *ppb /= 2;
            (*ppb != 0).then_some(())
        }
        Action::ClockJump { by, .. } => {
            *by /= 2;
            (*by != 0).then_some(())
        }
        Action::Delay { by, .. } => {
            *by = Duration::from_nanos(by.as_nanos() / 2);
            (*by != Duration::ZERO).then_some(())
        }
        _ => None,
    }
}

fn halve_law(law: &mut Law) -> Option<()> {
    let (Law::Constant(mean) | Law::Exponential(mean)) = law else { return None };
    *mean = Duration::from_nanos(mean.as_nanos() / 2);
    (*mean != Duration::ZERO).then_some(())
}

/// A number that a person would have written, in place of one that was drawn.
fn plain<O>(action: &mut Action<O>) -> Option<()> {
    let percent = |share: &mut Probability| {
        let percent = share.as_ppb().div_ceil(10_000_000);
        *share = Probability::from_ppb(percent * 10_000_000);
        Some(())
    };
    match action {
        Action::Disturb(disturbance) => match &mut disturbance.fault {
            LinkFault::Loss(own) | LinkFault::Corruption(own) | LinkFault::Duplication(own) => {
                percent(own)
            }
            LinkFault::Burst(burst) => percent(&mut burst.loss),
            LinkFault::Delay(law) => plain_law(law),
        },
        Action::Slow { service, .. } => plain_law(service),
        Action::ClockRate { ppb, .. } => {
            *ppb = *ppb / 1_000_000 * 1_000_000;
            (*ppb != 0).then_some(())
        }
        Action::ClockJump { by, .. } => {
            *by = *by / 1_000_000_000 * 1_000_000_000;
            (*by != 0).then_some(())
        }
        _ => None,
    }
}

fn plain_law(law: &mut Law) -> Option<()> {
    match law {
        Law::Exponential(mean) => {
            *law = rounded_law(Law::Constant(*mean));
            Some(())
        }
        Law::Constant(_) => {
            *law = rounded_law(law.clone());
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_the_nearest_and_ends_up() {
        assert_eq!(nearest(1_499, Duration::from_micros(1)), 1_000);
        assert_eq!(nearest(1_500, Duration::from_micros(1)), 2_000);
        assert_eq!(ceil(SimTime::from_nanos(1_001), Duration::from_micros(1)).as_nanos(), 2_000);
        let law = rounded_law(Law::Constant(Duration::from_nanos(12_345)));
        assert_eq!(law, Law::Constant(Duration::from_nanos(12_000)));
    }
}
