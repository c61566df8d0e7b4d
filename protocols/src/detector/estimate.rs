//! How long to wait for the next heartbeat: a fixed time, or what earlier heartbeats make likely.

use std::collections::VecDeque;

use serde::Serialize;

use orrery_sim::Duration;

use super::message::Level;
use super::process::{Law, Settings};
use super::tail::{self, MILLION};

/// ln 10 in millionths.
const LN_10: u64 = 2_302_585;

/// The last times between two heartbeats, up to WS of them (Hayashibara et al., §IV.A).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Window {
    intervals: VecDeque<Duration>,
    /// Their sum, in nanoseconds, and that of their squares.
    sum: u128,
    squares: u128,
}

impl Window {
    pub(super) const EMPTY: Self = Self { intervals: VecDeque::new(), sum: 0, squares: 0 };

    /// One more, and the oldest of more than `size` is forgotten.
    pub(super) fn push(&mut self, interval: Duration, size: usize) {
        self.add(interval);
        self.intervals.push_back(interval);
        if size < self.intervals.len()
            && let Some(oldest) = self.intervals.pop_front()
        {
            let nanos = u128::from(oldest.as_nanos());
            self.sum -= nanos;
            self.squares -= nanos * nanos;
        }
    }

    fn add(&mut self, interval: Duration) {
        let nanos = u128::from(interval.as_nanos());
        self.sum += nanos;
        self.squares += nanos * nanos;
    }

    /// What they say of the next one; `None` before there are two.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        let count = self.intervals.len() as u128;
        if count < 2 {
            return None;
        }
        let variance = (count * self.squares - self.sum * self.sum) / (count * count);
        let nanos = |value: u128| Duration::from_nanos(u64::try_from(value).unwrap_or(u64::MAX));
        Some(Estimate { mean: nanos(self.sum / count), deviation: nanos(variance.isqrt()) })
    }
}

/// When the next heartbeat is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Mean time between two.
    pub mean: Duration,
    /// Standard deviation of that.
    pub deviation: Duration,
}

impl Estimate {
    /// Before there are any: what the sender is known to do, roughly.
    pub fn first(settings: &Settings) -> Self {
        let quarter = Duration::from_nanos(settings.interval.as_nanos() / 4);
        Self { mean: settings.interval, deviation: quarter }
    }

    /// φ after a silence (§IV.B): -log10 of the probability that a heartbeat comes later than that. 0 before the mean has passed, where
    /// nobody suspects anything.
    pub fn level(self, law: Law, silence: Duration) -> Level {
        match law {
            Law::Normal => {
                let beyond = u128::from(silence.saturating_sub(self.mean).as_nanos());
                let own = u128::from(self.deviation.as_nanos().max(1));
                let scaled = beyond * u128::from(MILLION) / own;
                let is_late = self.mean <= silence;
                let level = tail::level(u64::try_from(scaled).unwrap_or(u64::MAX));
                Level(if is_late { level } else { 0 })
            }
            Law::Exponential => {
                let unit = u128::from(self.mean.as_nanos().max(1)) * u128::from(LN_10);
                let silence = u128::from(silence.as_nanos()) * u128::from(MILLION * MILLION);
                Level(u64::try_from(silence / unit).unwrap_or(u64::MAX))
            }
        }
    }

    /// After which silence φ is `threshold`.
    pub fn reaches(self, law: Law, threshold: u32) -> Duration {
        let wanted = u64::from(threshold) * MILLION;
        let scaled = |duration: Duration, factor: u64| {
            let nanos = u128::from(duration.as_nanos()) * u128::from(factor);
            let nanos = nanos.div_ceil(u128::from(MILLION));
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        };
        match law {
            Law::Normal => {
                self.mean.saturating_add(scaled(self.deviation, tail::deviations(wanted)))
            }
            Law::Exponential => scaled(self.mean, u64::from(threshold) * LN_10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_window_has_the_mean_and_the_deviation_of_what_is_in_it() {
        let mut window = Window::default();
        window.push(ms(90), 3);
        assert_eq!(window.estimate(), None, "one interval says nothing of how they differ");
        for interval in [80, 100, 120] {
            window.push(ms(interval), 3);
        }
        // The 90 ms are forgotten: the variance is (400 + 0 + 400) / 3 ms².
        let estimate = window.estimate().unwrap();
        assert_eq!((estimate.mean, estimate.deviation.as_nanos()), (ms(100), 16_329_931));
    }

    #[test]
    fn levels_are_those_of_the_laws() {
        let estimate = Estimate { mean: ms(100), deviation: ms(10) };
        // 10^-3 of a normal law lies 3.0902 deviations above the mean; of an exponential one, ln 1000 = 6.9078 means.
        let normal = estimate.reaches(Law::Normal, 3).as_nanos();
        assert!(normal.abs_diff(130_902_323) < 1_000, "{normal}");
        let exponential = estimate.reaches(Law::Exponential, 3);
        assert!(exponential.as_nanos().abs_diff(690_775_528) < 1_000, "{exponential}");
        for law in [Law::Normal, Law::Exponential] {
            let reached = estimate.reaches(law, 3);
            assert!(3_000_000 <= estimate.level(law, reached).0 + 1);
            assert!(estimate.level(law, reached - Duration::from_micros(10)).0 < 3_000_000);
        }
        assert_eq!(estimate.level(Law::Normal, ms(99)), Level(0));
        assert_eq!(estimate.level(Law::Normal, ms(100)), Level(301_030));
        assert_eq!(estimate.level(Law::Exponential, ms(100)), Level(434_294));
    }
}
