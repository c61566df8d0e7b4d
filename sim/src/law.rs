//! Probability laws of durations, in integer arithmetic only.

mod mean;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::uniform;
use crate::time::{Duration, DurationRange};

/// How a duration is drawn: always from 64 random bits, so that changing the law of one thing shifts no
/// other draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Always the same.
    Constant(Duration),
    /// Uniform over a half-open range.
    Uniform(DurationRange),
    /// Exponential with this mean: memoryless, from zero, without an upper bound.
    Exponential(Duration),
    /// Normal, cut off at zero.
    Normal {
        /// The mean before cutting off.
        mean: Duration,
        /// The standard deviation before cutting off.
        sd: Duration,
    },
    /// The logarithm is normal: most are about the median, few take much longer.
    LogNormal {
        /// Half are shorter.
        median: Duration,
        /// The standard deviation of the natural logarithm.
        sigma: Millionths,
    },
    /// A power law: P(longer than x) = (scale / x)^shape.
    Pareto {
        /// The least.
        scale: Duration,
        /// The exponent; up to 2 the variance is infinite, up to 1 the mean too.
        shape: Millionths,
    },
    /// As measured: uniform inside each cell of equal probability.
    Empirical(Arc<[Duration]>),
    /// Never less than a duration, and a law on top of it.
    Shifted {
        /// What is added to every draw.
        by: Duration,
        /// The law of the rest.
        law: Arc<Self>,
    },
}

/// A positive number without unit, in millionths: 1.5 is 1 500 000.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Millionths(pub u64);

impl Default for Law {
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

impl Law {
    /// The duration that belongs to the uniformly drawn `bits`.
    #[inline]
    pub fn sample(&self, bits: u64) -> Duration {
        match self {
            Self::Constant(duration) => *duration,
            Self::Uniform(range) => uniform(bits, *range),
            Self::Exponential(mean) => exponential(bits, *mean),
            Self::Normal { mean, .. } => *mean,
            Self::LogNormal { median, .. } => *median,
            Self::Pareto { scale, .. } => *scale,
            Self::Empirical(cells) => cells.first().copied().unwrap_or_default(),
            Self::Shifted { by, law } => *by + law.sample(bits),
        }
    }
}

fn exponential(bits: u64, mean: Duration) -> Duration {
    let scaled = u128::from(mean.as_nanos()) * u128::from(minus_ln(bits));
    let rounded = (scaled + (1 << (FRACTION - 1))) >> FRACTION;
    Duration::from_nanos(u64::try_from(rounded).unwrap_or(u64::MAX))
}

/// Bits after the point in the fixed-point numbers below.
const FRACTION: u32 = 32;
/// ln 2 with 32 bits after the point.
const LN_2: u64 = 0xB172_17F8;
/// ln 2 with 62 bits after the point, for the table.
const LN_2_Q62: u128 = 0x2C5C_85FD_F473_DE6B;

/// Cells of the table of logarithms; linear interpolation inside a cell is off by less than 2^-19.
const CELLS: usize = 256;

/// ln(1 + i / 256) with 32 bits after the point, computed when the crate is compiled, in integers.
const LN_TABLE: [u64; CELLS + 1] = {
    let mut table = [0; CELLS + 1];
    let mut cell = 0;
    while cell <= CELLS {
        table[cell] = ln_fixed(((CELLS + cell) as u128) << (62 - 8));
        cell += 1;
    }
    table
};

/// ln x for x in [1, 2] with 62 bits after the point, by squaring: each square that passes 2 yields one
/// binary digit of log2 x. The result has 32 bits after the point.
const fn ln_fixed(x: u128) -> u64 {
    let mut x = x;
    let mut log2: u128 = 0;
    if x == 2 << 62 {
        return LN_2;
    }
    let mut digit = 0;
    while digit < 48 {
        x = (x * x) >> 62;
        log2 <<= 1;
        if 2 << 62 <= x {
            log2 |= 1;
            x >>= 1;
        }
        digit += 1;
    }
    ((log2 * LN_2_Q62) >> (48 + 62 - 32)) as u64
}

/// -ln u for u = (bits + 1/2) / 2^64, with 32 bits after the point: the leading zeros of `bits` times ln 2,
/// less the logarithm of what follows them.
fn minus_ln(bits: u64) -> u64 {
    let bits = bits | 1; // u is never 0, whose logarithm is infinite.
    let zeros = bits.leading_zeros();
    let mantissa = bits << zeros << 1; // What follows the leading one, from the top.
    let cell = (mantissa >> 56) as usize;
    let within = (mantissa >> 24) & 0xFFFF_FFFF;
    let (low, high) = (LN_TABLE[cell], LN_TABLE[cell + 1]);
    let ln_mantissa = low + (((high - low) * within) >> 32);
    u64::from(zeros + 1) * LN_2 - ln_mantissa
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Domain, Randomness, StreamId};

    const MEAN: Duration = Duration::from_micros(1_000);

    /// First and second moment of `count` draws, in units of the mean, times 10^6.
    fn moments(law: Law, count: u64) -> (u128, u128) {
        let mut draw = Randomness::new(1).at(StreamId::new(Domain::Workload, 1, 1), 0);
        let (mut first, mut second) = (0_u128, 0_u128);
        for _ in 0..count {
            let nanos = u128::from(law.sample(draw.bits()).as_nanos());
            first += nanos;
            second += nanos * nanos;
        }
        let mean = u128::from(MEAN.as_nanos());
        let count = u128::from(count);
        (first * 1_000_000 / (mean * count), second * 1_000_000 / (mean * mean * count))
    }

    #[test]
    fn the_exponential_has_its_two_moments() {
        // 400 000 draws: one standard error is 0.16 % of the mean and 0.35 % of the second moment.
        let (first, second) = moments(Law::Exponential(MEAN), 400_000);
        assert!(first.abs_diff(1_000_000) < 6_400, "{first}");
        assert!(second.abs_diff(2_000_000) < 28_000, "{second}");
    }

    #[test]
    fn the_test_of_moments_rejects_a_uniform_of_the_same_mean() {
        let range = DurationRange::new(Duration::ZERO, MEAN * 2);
        let (_, second) = moments(Law::Uniform(range), 400_000);
        assert!(28_000 < second.abs_diff(2_000_000), "{second}");
    }

    #[test]
    fn the_logarithm_is_close_and_monotone() {
        assert_eq!(LN_TABLE[0], 0);
        assert_eq!(LN_TABLE[CELLS], LN_2);
        // ln 1.5 = 0.405465108108164...
        assert!(LN_TABLE[128].abs_diff(1_741_459_379) <= 2, "{}", LN_TABLE[128]);
        let mut last = u64::MAX;
        for step in 0..100_000 {
            let value = minus_ln(u64::MAX / 100_000 * step);
            assert!(value <= last);
            last = value;
        }
        assert!(minus_ln(u64::MAX) < 4 && 44 * (1 << 32) < minus_ln(0));
    }

    #[test]
    fn a_uniform_law_stays_inside_its_half_open_range() {
        let range = DurationRange::new(Duration::from_nanos(5), Duration::from_nanos(8));
        let law = Law::Uniform(range);
        assert_eq!(law.sample(0).as_nanos(), 5);
        assert_eq!(law.sample(u64::MAX).as_nanos(), 7);
        let empty = Law::Uniform(DurationRange::new(range.min, range.min));
        assert_eq!(empty.sample(u64::MAX), range.min);
    }
}
