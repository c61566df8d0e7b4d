//! Lifeguard (§IV): a member that hears too little doubts itself first.

use serde::Serialize;

use orrery_sim::Duration;

use super::member::Settings;

/// The local health multiplier: how much reason a member has to doubt itself (Lifeguard, §IV.A). 0 is healthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct LocalHealth(u32);

impl LocalHealth {
    /// So many answers are missing that the fault may be here; up to `limit`.
    pub(super) fn worsen(&mut self, by: u32, limit: u32) {
        self.0 = (self.0 + by).min(limit);
    }

    /// A probe was answered.
    pub(super) const fn improve(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }

    /// A time as this member should wait it.
    pub(super) fn scale(self, time: Duration) -> Duration {
        time * u64::from(self.0 + 1)
    }
}

/// ⌈log2(n + 1)⌉: after about so many periods, news that spreads like an infection has reached everybody.
pub(super) const fn rounds(members: u32) -> u32 {
    32 - members.leading_zeros()
}

/// How long a suspect has to deny, if so many others accuse it too: at least `suspicion` · ⌈log2(n + 1)⌉ periods, for that is
/// what the accusation needs to reach it and its denial to come back. Lifeguard (§IV.B) starts with `dogpile` times
/// that, and shortens it with the logarithm of the number of accusers:
/// max − (max − min) · log(accusers + 1) / log(`accusers_wanted` + 1).
pub fn suspicion_timeout(settings: &Settings, members: u32, accusers: u32) -> Duration {
    let least = settings.period * u64::from(settings.suspicion) * u64::from(rounds(members));
    shortened(settings, members, least, accusers)
}

/// The same, for another least timeout.
pub(super) fn shortened(
    settings: &Settings,
    members: u32,
    least: Duration,
    accusers: u32,
) -> Duration {
    let wanted = settings.accusers_wanted;
    // In a group so small that they cannot come, nobody waits for further accusers.
    if members.saturating_sub(2) < wanted || wanted <= accusers {
        return least;
    }
    let extra = least * u64::from(settings.dogpile - 1);
    let part = u128::from(extra.as_nanos()) * u128::from(log2(accusers + 1))
        / u128::from(log2(wanted + 1).max(1));
    least + extra.saturating_sub(Duration::from_nanos(part as u64))
}

/// log2 of `x`, which is positive, with 16 bits after the point, by squaring: each square that passes 2 yields one digit.
fn log2(x: u32) -> u64 {
    let whole = x.ilog2();
    let mut mantissa = (u64::from(x) << 31) >> whole;
    let mut log = u64::from(whole);
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 31;
        log <<= 1;
        if 2 << 31 <= mantissa {
            mantissa >>= 1;
            log |= 1;
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms() {
        assert_eq!((log2(1), log2(2), log2(8)), (0, 1 << 16, 3 << 16));
        // log2 3 = 1.58496, log2 5 = 2.32193, rounded down to the 16th digit.
        assert_eq!((log2(3), log2(5)), (103_872, 152_169));
        assert_eq!([1, 7, 8, 1_000].map(rounds), [1, 3, 4, 10]);
    }

    #[test]
    fn health_has_limits() {
        let mut health = LocalHealth::default();
        health.improve();
        health.worsen(2, 8);
        assert_eq!(health.scale(Duration::from_secs(1)), Duration::from_secs(3));
        health.worsen(9, 8);
        assert_eq!(health, LocalHealth(8));
    }
}
