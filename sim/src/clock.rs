//! A node's own clock: an offset and a rate against true time.

use serde::{Deserialize, Serialize};

use crate::time::{Duration, LocalTime, SimTime, WallTime};

/// Parts in a billion.
const BILLION: i128 = 1_000_000_000;

/// A monotonic clock: `local = base + floor((true - since) * (10^9 + ppb) / 10^9)`. A rate of
/// -10^9 ppb stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    since: SimTime,
    base: LocalTime,
    ppb: i64,
}

/// The wall clock beside a node's monotonic clock: it runs at that clock's rate, may jump, and may be corrected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallClock {
    /// Nanoseconds by which it is ahead of true time at the start of the run.
    pub offset: i64,
    /// How it is corrected; it never is without. The first correction is one period after the start.
    pub correction: Option<Correction>,
    /// Parts per billion by which the node believes its clock to drift at most: its
    /// [interval](crate::Context::wall_interval) grows by that between corrections.
    pub drift_bound: u64,
}

/// A correction as by NTP: every so often the wall clock is set to true time, up to an error. A clock that stands still is
/// not corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// How much true time lies between two corrections.
    pub every: Duration,
    /// How far off it may be set, drawn evenly on both sides.
    pub error: Duration,
}

/// How a wall clock runs until it is set, jumps or changes its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallRun {
    /// When that happened last.
    pub since: SimTime,
    /// What it showed then, in nanoseconds.
    pub shown: i64,
    /// And in billionths of a nanosecond beyond.
    pub fraction: u32,
    /// Parts per billion by which it is too fast.
    pub ppb: i64,
}

impl WallRun {
    /// What it shows at `now`, which is not before `since`.
    pub fn read(&self, now: SimTime) -> WallTime {
        let elapsed = i128::from(now.since(self.since).as_nanos());
        let run = elapsed.saturating_mul(BILLION + i128::from(self.ppb));
        let run = run.saturating_add(i128::from(self.fraction)).div_euclid(BILLION);
        let shown = run.saturating_add(i128::from(self.shown));
        let most = if shown < 0 { i64::MIN } else { i64::MAX };
        WallTime::from_nanos(i64::try_from(shown).unwrap_or(most))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Clock {
    /// A clock that shows `offset` nanoseconds at the start of the run and gains `ppb` nanoseconds in
    /// each true second. Panics below -10^9 ppb: a clock never runs backwards.
    pub fn new(offset: i64, ppb: i64) -> Self {
        assert!(-BILLION <= i128::from(ppb), "a clock never runs backwards");
        Self { since: SimTime::ZERO, base: LocalTime::from_nanos(offset), ppb }
    }

    /// What it shows at `now`.
    #[inline]
    pub fn read(&self, now: SimTime) -> LocalTime {
        let elapsed = now.since(self.since).as_nanos();
        if self.ppb == 0 {
            return LocalTime::from_nanos(self.base.as_nanos().saturating_add_unsigned(elapsed));
        }
        let scaled = i128::from(elapsed) * (BILLION + i128::from(self.ppb)) / BILLION;
        let local = i128::from(self.base.as_nanos()) + scaled;
        LocalTime::from_nanos(i64::try_from(local).unwrap_or(i64::MAX))
    }

    /// The first true nanosecond, not before `now`, at which it shows `local` or more; `None` where
    /// it never will.
    #[inline]
    pub fn when(&self, local: LocalTime, now: SimTime) -> Option<SimTime> {
        // Most clocks are true, and most deadlines lie ahead.
        if self.ppb == 0
            && let Some(wanted) = local.as_nanos().checked_sub(self.base.as_nanos())
            && let Ok(elapsed) = u64::try_from(wanted)
        {
            let nanos = elapsed.checked_add(self.since.as_nanos())?;
            return Some(SimTime::from_nanos(nanos).max(now));
        }
        let wanted = i128::from(local.as_nanos()) - i128::from(self.base.as_nanos());
        let rate = BILLION + i128::from(self.ppb);
        let elapsed = match (wanted <= 0, rate) {
            (true, _) => 0,
            (false, 0) => return None,
            (false, BILLION) => wanted,
            // The least e with floor(e * rate / 10^9) >= wanted.
            (false, rate) => (wanted * BILLION + rate - 1) / rate,
        };
        let nanos = u64::try_from(elapsed).ok()?.checked_add(self.since.as_nanos())?;
        Some(SimTime::from_nanos(nanos).max(now))
    }

    /// Changes the rate from `now` on, without a jump.
    pub fn set_rate(&mut self, ppb: i64, now: SimTime) {
        let base = self.read(now);
        *self = Self { since: now, base, ..Self::new(0, ppb) };
    }

    /// How many nanoseconds it gains in each true second.
    pub const fn ppb(&self) -> i64 {
        self.ppb
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clock_at_half_speed_takes_twice_as_long() {
        let clock = Clock::new(5, -500_000_000);
        let at = |nanos| SimTime::from_nanos(nanos);
        assert_eq!(clock.read(at(1_000)).as_nanos(), 505);
        assert_eq!(clock.when(LocalTime::from_nanos(505), at(0)), Some(at(1_000)));
        let mut frozen = clock;
        frozen.set_rate(-1_000_000_000, at(1_000));
        assert_eq!(frozen.read(at(9_000)).as_nanos(), 505);
        assert_eq!(frozen.when(LocalTime::from_nanos(506), at(1_000)), None);
    }

    proptest! {
        #[test]
        fn a_timer_fires_at_the_first_nanosecond_that_reaches_it(
            offset in -1_000_000_i64..1_000_000,
            ppb in -900_000_000_i64..900_000_000,
            wait in 1_i64..10_000_000,
        ) {
            let clock = Clock::new(offset, ppb);
            let deadline = LocalTime::from_nanos(offset + wait);
            let due = clock.when(deadline, SimTime::ZERO).unwrap();
            prop_assert!(deadline <= clock.read(due));
            prop_assert!(clock.read(SimTime::from_nanos(due.as_nanos() - 1)) < deadline);
        }
    }
}
