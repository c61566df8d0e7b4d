//! Probability laws of durations, in integer arithmetic only.

mod fixed;
mod mean;
mod normal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::{scale, uniform};
use crate::time::{Duration, DurationRange};

use fixed::{FRACTION, LOG2_E};

/// How a duration is drawn: always from 64 random bits, so that changing the law of one thing shifts no
/// other draw, and monotone in them: a law that is a little slower makes every draw a little longer.
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
    /// As measured: the quantiles at even steps of probability, from the least to the greatest, and uniform between two
    /// of them. A single one is a constant.
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

impl Millionths {
    /// 1.
    pub const ONE: Self = Self(1_000_000);
}

impl Default for Law {
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

impl Law {
    /// The duration that belongs to the uniformly drawn `bits`. What does not fit is the longest duration there is.
    #[inline(always)]
    pub fn sample(&self, bits: u64) -> Duration {
        match self {
            Self::Constant(duration) => *duration,
            Self::Uniform(range) => uniform(bits, *range),
            Self::Exponential(_)
            | Self::Normal { .. }
            | Self::LogNormal { .. }
            | Self::Pareto { .. }
            | Self::Empirical(_)
            | Self::Shifted { .. } => self.sample_rare(bits),
        }
    }

    /// Out of line, so that the laws that most links have stay short.
    #[inline(never)]
    fn sample_rare(&self, bits: u64) -> Duration {
        match self {
            Self::Constant(_) | Self::Uniform(_) => self.sample(bits),
            Self::Exponential(mean) => exponential(bits, *mean),
            Self::Normal { mean, sd } => normal(bits, *mean, *sd),
            Self::LogNormal { median, sigma } => log_normal(bits, *median, *sigma),
            Self::Pareto { scale, shape } => pareto(bits, *scale, *shape),
            Self::Empirical(quantiles) => empirical(bits, quantiles),
            Self::Shifted { by, law } => by.saturating_add(law.sample(bits)),
        }
    }

    /// Whether it is a law at all.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Uniform(range) if range.max < range.min => {
                Err(format!("the range {range:?} runs backwards: write the shorter end first"))
            }
            Self::Pareto { shape, .. } if shape.0 == 0 => {
                Err(String::from("a Pareto law of shape 0 never ends: a shape is above 0"))
            }
            Self::Constant(_)
            | Self::Uniform(_)
            | Self::Exponential(_)
            | Self::Normal { .. }
            | Self::LogNormal { .. }
            | Self::Pareto { .. } => Ok(()),
            Self::Empirical(quantiles) if quantiles.is_empty() => {
                Err(String::from("an empirical law needs at least one duration"))
            }
            Self::Empirical(quantiles) => {
                match quantiles.windows(2).find(|pair| pair[1] < pair[0]) {
                    None => Ok(()),
                    Some(pair) => {
                        let (early, late) = (pair[0], pair[1]);
                        Err(format!("an empirical law rises: {late} must not stand behind {early}"))
                    }
                }
            }
            Self::Shifted { law, .. } => law.check(),
        }
    }
}

fn exponential(bits: u64, mean: Duration) -> Duration {
    let scaled = u128::from(mean.as_nanos()) * u128::from(fixed::minus_ln(bits));
    nanos(round(scaled))
}

fn normal(bits: u64, mean: Duration, sd: Duration) -> Duration {
    let quantile = normal::quantile(bits);
    let away = round(u128::from(sd.as_nanos()) * u128::from(quantile.unsigned_abs()));
    let mean = u128::from(mean.as_nanos());
    nanos(if quantile < 0 { mean.saturating_sub(away) } else { mean + away })
}

fn log_normal(bits: u64, median: Duration, sigma: Millionths) -> Duration {
    // median e^(sigma z) = median 2^(sigma z log2 e); the sizes multiplied have 64, 36 and 33 bits.
    let ln =
        i128::from(sigma.0) * i128::from(normal::quantile(bits)) / i128::from(Millionths::ONE.0);
    let exponent = (ln * i128::from(LOG2_E)) >> FRACTION;
    Duration::from_nanos(fixed::times_exp2(median.as_nanos(), exponent))
}

fn pareto(bits: u64, least: Duration, shape: Millionths) -> Duration {
    // scale u^(-1 / shape) = scale 2^(-log2 u / shape).
    let scaled = u128::from(fixed::minus_log2(bits)) * u128::from(Millionths::ONE.0);
    let exponent = scaled.checked_div(u128::from(shape.0)).unwrap_or(u128::MAX >> 1);
    Duration::from_nanos(fixed::times_exp2(least.as_nanos(), exponent.cast_signed()))
}

fn empirical(bits: u64, quantiles: &[Duration]) -> Duration {
    let Some(cells) = quantiles.len().checked_sub(1) else { return Duration::ZERO };
    let place = u128::from(bits) * cells as u128;
    let cell = (place >> 64) as usize;
    let (Some(low), Some(high)) = (quantiles.get(cell), quantiles.get(cell + 1)) else {
        return quantiles[cell];
    };
    // The low half is the place within the cell.
    low.saturating_add(Duration::from_nanos(scale(
        place as u64,
        high.saturating_sub(*low).as_nanos(),
    )))
}

/// The nearest whole number.
const fn round(fixed: u128) -> u128 {
    (fixed + (1 << (FRACTION - 1))) >> FRACTION
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
