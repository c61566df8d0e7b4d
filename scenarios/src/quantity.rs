//! Numbers and times as exact fractions, so that `0.1 * 150ms` is 15 ms and nothing else.

use std::fmt;

use orrery_sim::Duration;

/// A fraction in lowest terms; the denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// A number, or a time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    Number(Ratio),
    Time(Ratio),
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ArithmeticError(pub String);

fn refuse<T>(message: impl Into<String>) -> Result<T, ArithmeticError> {
    Err(ArithmeticError(message.into()))
}

fn fits<T>(value: Option<T>) -> Result<T, ArithmeticError> {
    value.ok_or_else(|| ArithmeticError("the value is too large".into()))
}

impl Ratio {
    pub(crate) const fn whole(value: i128) -> Self {
        Self { numerator: value, denominator: 1 }
    }

    fn new(numerator: i128, denominator: i128) -> Result<Self, ArithmeticError> {
        if denominator == 0 {
            return refuse("nothing can be divided by zero");
        }
        let (mut a, mut b) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = fits(i128::try_from(a.max(1)).ok())?;
        let sign = denominator.signum();
        let numerator = fits(numerator.checked_mul(sign))? / divisor;
        Ok(Self { numerator, denominator: denominator * sign / divisor })
    }

    /// Reads `3`, `-0.25`, `1_000`, `1e-3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        let (number, exponent) = digits.split_once(['e', 'E']).unwrap_or((&digits, "0"));
        let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= 30)?;
        let (sign, number) = match number.strip_prefix('-') {
            Some(number) => (-1, number),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let all: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = exponent - i32::try_from(fraction.len()).ok()?;
        let power = 10_i128.checked_pow(scale.unsigned_abs())?;
        let ratio =
            if 0 <= scale { Self::new(all.checked_mul(power)?, 1) } else { Self::new(all, power) };
        ratio.ok()?.times(Self::whole(sign)).ok()
    }

    fn plus(self, other: Self) -> Result<Self, ArithmeticError> {
        let left = self.numerator.checked_mul(other.denominator);
        let right = other.numerator.checked_mul(self.denominator);
        let sum = left.zip(right).and_then(|(left, right)| left.checked_add(right));
        Self::new(fits(sum)?, fits(self.denominator.checked_mul(other.denominator))?)
    }

    fn times(self, other: Self) -> Result<Self, ArithmeticError> {
        let numerator = self.numerator.checked_mul(other.numerator);
        let denominator = self.denominator.checked_mul(other.denominator);
        Self::new(fits(numerator)?, fits(denominator)?)
    }

    fn over(self, other: Self) -> Result<Self, ArithmeticError> {
        let numerator = self.numerator.checked_mul(other.denominator);
        let denominator = self.denominator.checked_mul(other.numerator);
        Self::new(fits(numerator)?, fits(denominator)?)
    }

    /// The whole number that it is.
    pub(crate) const fn as_whole(self) -> Option<i128> {
        if self.denominator == 1 { Some(self.numerator) } else { None }
    }

    /// The decimal number that it is: a third is none.
    pub(crate) fn as_decimal(self) -> Option<String> {
        let places = (0..=30).find(|places| 10_i128.pow(*places) % self.denominator == 0)?;
        let scaled = self.numerator.checked_mul(10_i128.pow(places) / self.denominator)?;
        if places == 0 {
            return Some(scaled.to_string());
        }
        let (sign, digits) = (if scaled < 0 { "-" } else { "" }, scaled.unsigned_abs());
        let unit = 10_u128.pow(places);
        let width = places as usize;
        Some(format!("{sign}{}.{:0width$}", digits / unit, digits % unit))
    }
}

impl Quantity {
    /// Reads a number, or a time with or without sign.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(number) = Ratio::parse(text) {
            return Some(Self::Number(number));
        }
        let (sign, magnitude) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let duration: Duration = magnitude.parse().ok()?;
        Some(Self::Time(Ratio::whole(sign * i128::from(duration.as_nanos()))))
    }

    pub(crate) fn plus(self, other: Self) -> Result<Self, ArithmeticError> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Ok(Self::Number(left.plus(right)?)),
            (Self::Time(left), Self::Time(right)) => Ok(Self::Time(left.plus(right)?)),
            (Self::Number(number), Self::Time(_)) | (Self::Time(_), Self::Number(number)) => {
                let shown = number.as_decimal().unwrap_or_default();
                refuse(format!(
                    "a time and the number {shown} cannot be added: give it a unit, as in `{shown}ms`"
                ))
            }
        }
    }

    pub(crate) fn minus(self, other: Self) -> Result<Self, ArithmeticError> {
        self.plus(other.times(Self::Number(Ratio::whole(-1)))?)
    }

    pub(crate) fn times(self, other: Self) -> Result<Self, ArithmeticError> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Ok(Self::Number(left.times(right)?)),
            (Self::Number(number), Self::Time(time)) | (Self::Time(time), Self::Number(number)) => {
                Ok(Self::Time(time.times(number)?))
            }
            (Self::Time(_), Self::Time(_)) => refuse("two times cannot be multiplied"),
        }
    }

    pub(crate) fn over(self, other: Self) -> Result<Self, ArithmeticError> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) | (Self::Time(left), Self::Time(right)) => {
                Ok(Self::Number(left.over(right)?))
            }
            (Self::Time(time), Self::Number(number)) => Ok(Self::Time(time.over(number)?)),
            (Self::Number(_), Self::Time(_)) => refuse("a number cannot be divided by a time"),
        }
    }

    /// Its text, exactly.
    pub(crate) fn exact_text(self) -> Result<String, ArithmeticError> {
        match self {
            Self::Number(number) => number
                .as_decimal()
                .ok_or_else(|| ArithmeticError("the value is no decimal number".into())),
            Self::Time(time) => {
                let Some(nanos) = time.as_whole() else {
                    return refuse("the value is no whole number of nanoseconds");
                };
                let sign = if nanos < 0 { "-" } else { "" };
                let magnitude = fits(u64::try_from(nanos.unsigned_abs()).ok())
                    .or_else(|_| refuse("the value is more than 584 years"))?;
                Ok(format!("{sign}{}", Duration::from_nanos(magnitude)))
            }
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.exact_text().unwrap_or_else(|error| error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn decimals_times_durations_are_exact() {
        for (left, right, product) in [
            ("0.1", "150ms", "15ms"),
            ("150ms", "0.1", "15ms"),
            ("1e-3", "1s", "1ms"),
            ("-2", "5ms", "-10ms"),
            ("0.3", "3", "0.9"),
        ] {
            assert_eq!(quantity(left).times(quantity(right)).unwrap().to_string(), product);
        }
        let third = quantity("1s").over(quantity("3")).unwrap();
        assert!(third.exact_text().is_err());
        assert_eq!(third.times(quantity("3")).unwrap().to_string(), "1s");
    }

    #[test]
    fn what_has_no_value_is_refused() {
        assert!(quantity("1s").plus(quantity("1")).is_err());
        assert!(quantity("1s").times(quantity("1s")).is_err());
        assert!(quantity("1").over(quantity("0")).is_err());
        let huge = quantity("170141183460469231731687303715884105727");
        assert!(huge.plus(quantity("1")).is_err());
        assert!(Quantity::parse("leader").is_none() && Quantity::parse("1.2.3").is_none());
    }
}
