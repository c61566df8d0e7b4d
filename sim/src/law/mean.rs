//! The mean of a law, for those who must know it before anything is drawn.

use super::{Law, Millionths};
use crate::time::Duration;

/// Points in each interval of [`mean_of_draws`]: a midpoint rule is off by less than 10^-5 with so many.
const POINTS: u64 = 128;

impl Law {
    /// The mean of what the law draws, to five digits or better; `None` where it has none.
    pub fn mean(&self) -> Option<Duration> {
        match self {
            Self::Constant(mean) | Self::Exponential(mean) => Some(*mean),
            Self::Uniform(range) => {
                let width = range.max.saturating_sub(range.min).as_nanos();
                Some(range.min.saturating_add(Duration::from_nanos(width / 2)))
            }
            Self::Pareto { shape: Millionths(..=1_000_000), .. } => None,
            Self::Normal { .. }
            | Self::LogNormal { .. }
            | Self::Pareto { .. }
            | Self::Empirical(_) => Some(mean_of_draws(self)),
            Self::Shifted { by, law } => Some(by.saturating_add(law.mean()?)),
        }
    }
}

/// The mean over all values that 64 bits can have. They are cut into intervals that halve towards both ends, so that a
/// long tail at either is followed to its last bit.
fn mean_of_draws(law: &Law) -> Duration {
    let mut sum = 0_u128;
    for exponent in 0..63_u32 {
        // The interval from 2^exponent to twice that, and its mirror image.
        let (start, width) = (1_u64 << exponent, 1_u64 << exponent);
        let points = POINTS.min(width);
        let step = width / points;
        let midpoints = (0..points).map(|point| start + point * step + step / 2);
        let total: u128 = midpoints
            .map(|bits| {
                let (low, high) = (law.sample(bits), law.sample(u64::MAX - bits));
                u128::from(low.as_nanos()) + u128::from(high.as_nanos())
            })
            .sum();
        // `total` is less than 2^72: with 56 bits after the point the sum of all intervals fits.
        let weight = 56 + exponent;
        let scaled = total / u128::from(points);
        sum += if 64 <= weight { scaled << (weight - 64) } else { scaled >> (64 - weight) };
    }
    Duration::from_nanos(u64::try_from(sum >> 56).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Domain, Randomness, StreamId};
    use crate::time::DurationRange;

    const MEAN: Duration = Duration::from_secs(2);

    #[test]
    fn the_mean_is_that_of_the_draws() {
        let second = Duration::from_secs(1);
        let shifted = Law::Shifted { by: second, law: Law::Exponential(second).into() };
        let uniform = Law::Uniform(DurationRange::new(second, second * 3));
        for law in [Law::Constant(MEAN), uniform, Law::Exponential(MEAN), shifted] {
            assert_eq!(law.mean(), Some(MEAN), "{law:?}");
            let mut draw = Randomness::new(1).at(StreamId::new(Domain::Workload, 1, 1), 0);
            let sum: u64 = (0..100_000).map(|_| law.sample(draw.bits()).as_nanos()).sum();
            // One standard error is 0.3 % at most.
            assert!((sum / 100_000).abs_diff(MEAN.as_nanos()) < 30_000_000, "{law:?}");
        }
    }

    #[test]
    fn the_integral_over_all_draws_finds_the_means_that_are_known() {
        let uniform = Law::Uniform(DurationRange::new(Duration::ZERO, MEAN * 2));
        for law in [Law::Constant(MEAN), uniform, Law::Exponential(MEAN)] {
            let off = mean_of_draws(&law).as_nanos().abs_diff(MEAN.as_nanos());
            assert!(off < 20_000, "{law:?}: {off} ns of 2 s");
        }
    }

    #[test]
    fn a_tail_that_is_too_heavy_has_no_mean() {
        let scale = Duration::from_millis(1);
        assert_eq!(Law::Pareto { scale, shape: Millionths(1_000_000) }.mean(), None);
        assert!(Law::Pareto { scale, shape: Millionths(1_000_001) }.mean().is_some());
    }
}
