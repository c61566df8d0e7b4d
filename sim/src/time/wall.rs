//! Readings of wall clocks, and what is known of true time from one.

use std::fmt;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::{Duration, LocalTime};

/// A reading of a wall clock: nanoseconds since the start of the run, by that clock. Wall clocks of two nodes compare as far
/// as both are right.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WallTime(i64);

impl WallTime {
    /// The reading `nanos` nanoseconds after the start of the run.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start of the run.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The time since `earlier`, or zero where that lies in the future: a wall clock may go back.
    pub const fn since(self, earlier: Self) -> Duration {
        LocalTime::from_nanos(self.0).since(LocalTime::from_nanos(earlier.0))
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;
    fn add(self, delay: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(delay.as_nanos()))
    }
}

impl fmt::Debug for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LocalTime::from_nanos(self.0).fmt(f)
    }
}

/// Between which two readings true time lies, as far as the clock keeps its promise (Corbett et al., "Spanner", 2012, section 3:
/// `TT.now`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// True time is this or later.
    pub earliest: WallTime,
    /// True time is this or earlier.
    pub latest: WallTime,
}

impl Interval {
    /// Whether `time` may be now.
    pub const fn contains(&self, time: WallTime) -> bool {
        self.earliest.0 <= time.0 && time.0 <= self.latest.0
    }

    /// Whether `time` has passed for certain (`TT.after`).
    pub const fn is_after(&self, time: WallTime) -> bool {
        time.0 < self.earliest.0
    }

    /// Whether `time` has not come yet for certain (`TT.before`).
    pub const fn is_before(&self, time: WallTime) -> bool {
        self.latest.0 < time.0
    }
}
