//! Lease reads (dissertation, §6.4.1): a leader that was heard a moment ago answers reads by itself.
//!
//! When a quorum has answered a round of heartbeats, no other leader can be elected until the first of them may vote again. They stick
//! to this leader for the shortest election timeout after they heard it, by their clocks, and they heard it after the round began. So
//! from the *start* of the round on, by the leader's clock, the lease lasts that timeout divided by how much faster their clocks may run than
//! ours. Within it, a read needs no message. Outside of it, it is a read by `ReadIndex`.
//!
//! The lease is as good as its assumptions: clocks within the bound, voters that stick to their leader also across a restart, and no `TimeoutNow` on its way.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use orrery_sim::{Context, Duration, LocalTime};

use super::bugs::{R20, R21, R22};
use super::numbers::Round;
use super::reads::Reads;
use super::role::Role;
use super::server::{Raft, Server};

/// How often 1 goes into a drift bound.
const ONE: u64 = 1_000_000;

/// What a leader knows of its own lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// The rounds that no quorum has answered, each with its start by the leader's own clock.
    pub begun: VecDeque<(Round, LocalTime)>,
    /// The start of the latest round that a quorum has answered.
    pub start: Option<LocalTime>,
    /// Whether `TimeoutNow` may be on its way: for the rest of the term, a rival may be elected at any time.
    pub is_void: bool,
}

impl Server {
    /// Begins a round of heartbeats. With leases, its start is what counts: followers hear it later.
    pub(super) fn begin_round(&mut self, ctx: &Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.round = leadership.round.next();
        if self.settings.reads == Reads::Lease {
            leadership.lease.begun.push_back((leadership.round, ctx.now()));
            self.renew_lease(ctx); // A server that is a quorum by itself waits for no answer.
        }
    }

    /// With leases, each heartbeat is a round of its own.
    pub(super) fn begin_round_of_lease(&mut self, ctx: &Context<'_, Raft>) {
        if self.settings.reads == Reads::Lease {
            self.begin_round(ctx);
        }
    }

    /// A quorum may have answered another round: the lease counts from its start, and never from its answers.
    pub(super) fn renew_lease(&mut self, ctx: &Context<'_, Raft>) {
        if self.settings.reads != Reads::Lease {
            return;
        }
        let confirmed = self.confirmed_round(ctx);
        let Role::Leader(leadership) = &mut self.role else { return };
        let lease = &mut leadership.lease;
        while let Some((_, start)) =
            lease.begun.pop_front_if(|(round, _)| Some(*round) <= confirmed)
        {
            lease.start = Some(if ctx.bug(&R20) { ctx.now() } else { start });
        }
    }

    /// Whether nobody else can have been elected, by this leader's own clock.
    pub(super) fn has_lease(&self, ctx: &Context<'_, Raft>) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        let lease = &leadership.lease;
        let is_void = lease.is_void && !ctx.bug(&R21);
        let bound = if ctx.bug(&R22) { DriftBound::NONE } else { self.settings.drift_bound };
        let length = bound.divide(self.settings.election_timeout.min);
        !is_void && lease.start.is_some_and(|start| ctx.now().since(start) < length)
    }
}

/// How many times faster than the slowest clock the fastest may run, in millionths: at least 1. Written `2` or `1.25`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriftBound(u64);

impl DriftBound {
    /// 1: no two clocks run apart.
    pub const NONE: Self = Self(ONE);
    /// 1.25: clocks that are off by up to a ninth.
    pub const DEFAULT: Self = Self(ONE + ONE / 4);

    /// A duration on the fastest clock, as the slowest may measure it; rounded down.
    pub fn divide(self, duration: Duration) -> Duration {
        duration.checked_mul_ratio(ONE, self.0).unwrap_or(duration)
    }

    /// How far each clock may run from true time, in parts per billion, so that no two are farther apart than this: with a
    /// drift of *d*, (1 + *d*) / (1 - *d*) is at most the bound.
    pub const fn drift_ppb(self) -> u64 {
        let parts = (self.0 - ONE) as u128 * 1_000_000_000 / (self.0 + ONE) as u128;
        parts as u64
    }
}

impl fmt::Display for DriftBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / ONE, self.0 % ONE);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl fmt::Debug for DriftBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DriftBound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "`{text}` is no drift bound: write a number from 1 on with at most six decimals, such as `1.25`"
            )
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_decimal = |digits: &str| {
            !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if !is_decimal(whole) || !is_decimal(fraction) {
            return Err(problem());
        }
        let whole: u64 = whole.parse().map_err(|_| problem())?;
        let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| problem())?;
        Some(Self(whole * ONE + fraction)).filter(|bound| Self::NONE <= *bound).ok_or_else(problem)
    }
}

impl Serialize for DriftBound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DriftBound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl de::Visitor<'_> for Number {
            type Value = DriftBound;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1 on, as in 1.25")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DriftBound, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<DriftBound, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<DriftBound, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<DriftBound, E> {
                // A decimal in a file becomes an integer here, once, by way of its own digits.
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl JsonSchema for DriftBound {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DriftBound".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "description": "How many times faster than the slowest clock the fastest may run: from 1 on.",
            "examples": [1, 1.25, "2"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_and_written_exactly() {
        for (text, millionths) in [("1", 1_000_000), ("1.25", 1_250_000), ("2", 2_000_000)] {
            let bound: DriftBound = text.parse().unwrap();
            assert_eq!((bound, bound.to_string()), (DriftBound(millionths), text.into()));
        }
        for wrong in ["0.9", "", "1.", ".5", "1.0000001", "-2", "x"] {
            assert!(wrong.parse::<DriftBound>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lease_is_the_timeout_divided_by_the_bound() {
        let timeout = Duration::from_millis(300);
        assert_eq!(DriftBound(2 * ONE).divide(timeout), Duration::from_millis(150));
        assert_eq!(DriftBound::NONE.divide(timeout), timeout);
        // Of two clocks, one a fifth too fast and one a fifth too slow, the first runs 1.5 times as fast.
        assert_eq!(DriftBound(1_500_000).drift_ppb(), 200_000_000);
        assert_eq!(DriftBound::NONE.drift_ppb(), 0);
    }
}
