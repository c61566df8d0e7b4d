//! Time as integers: nanoseconds in newtypes, so that no float takes part in any decision.

mod range;
mod wall;

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use range::DurationRange;
pub use wall::{Interval, WallTime};

/// Units of a written duration, largest first: suffix and nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// A span of time in nanoseconds. Written as `150ms`, `1.5s`, `20us`, `2min`, `1h`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// About 584 years: longer than any run.
    pub const MAX: Self = Self(u64::MAX);

    /// A duration of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A duration of `micros` microseconds. Panics beyond 584 years.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// A duration of `millis` milliseconds. Panics beyond 584 years.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A duration of `secs` seconds. Panics beyond 584 years.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// The whole duration in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The sum, or [`Duration::MAX`] where it would not fit.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or zero where `other` is longer.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `numerator / denominator` of this duration, rounded down; `None` where it does not fit.
    pub fn checked_mul_ratio(self, numerator: u64, denominator: u64) -> Option<Self> {
        let scaled = u128::from(self.0) * u128::from(numerator) / u128::from(denominator.max(1));
        u64::try_from(scaled).ok().map(Self)
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<u64> for Duration {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0 * factor)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Duration {
    /// The largest unit that leaves a number of at least one, exactly: `1.5s`, `150ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            match UNITS.iter().filter(|(_, n)| *n <= 1_000_000_000).find(|(_, n)| *n <= self.0) {
                None => String::from("0s"),
                Some(&(suffix, unit)) => decimal(self.0, unit) + suffix,
            };
        f.pad(&text)
    }
}

/// `value / unit` as an exact decimal without trailing zeros; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No unit, or one that we do not know.
    #[error(
        "`{0}` has no unit that is known: write a number and h, min, s, ms, us or ns, as in `150ms`"
    )]
    Unit(String),
    /// Not a decimal number before the unit.
    #[error("`{0}` does not start with a number: write one like `150ms` or `1.5s`")]
    Number(String),
    /// A minus sign.
    #[error("`{0}` is negative: a duration starts at `0s`")]
    Negative(String),
    /// More than 2^64 nanoseconds.
    #[error("`{0}` is too long: a duration is at most 584 years (`5124095h`)")]
    TooLong(String),
    /// Fractions of a nanosecond.
    #[error("`{0}` has fractions of a nanosecond: the finest unit is `1ns`")]
    TooFine(String),
}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(DurationError::Negative(text.into()));
        }
        let split = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_');
        let (number, suffix) = trimmed.split_at(split.unwrap_or(trimmed.len()));
        let unit = UNITS.iter().find(|(name, _)| *name == suffix.trim());
        let &(_, unit) = unit.ok_or_else(|| DurationError::Unit(text.into()))?;
        let nanos = scaled_decimal(number, unit).map_err(|problem| match problem {
            DecimalError::Malformed => DurationError::Number(text.into()),
            DecimalError::TooLarge => DurationError::TooLong(text.into()),
            DecimalError::TooFine => DurationError::TooFine(text.into()),
        })?;
        Ok(Self(nanos))
    }
}

/// Why a decimal did not become an integer.
pub(crate) enum DecimalError {
    Malformed,
    TooLarge,
    TooFine,
}

/// The decimal `number` times `unit`, exactly; integers only, so that every platform agrees.
pub(crate) fn scaled_decimal(number: &str, unit: u64) -> Result<u64, DecimalError> {
    let digits: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if whole.is_empty() || fraction.contains('.') || (digits.contains('.') && fraction.is_empty()) {
        return Err(DecimalError::Malformed);
    }
    let whole: u64 = whole.parse().map_err(|_| DecimalError::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    let mut nanos = whole.checked_mul(unit).ok_or(DecimalError::TooLarge)?;
    if !fraction.is_empty() {
        let denominator = u32::try_from(fraction.len())
            .ok()
            .and_then(|len| 10_u128.checked_pow(len))
            .ok_or(DecimalError::TooFine)?;
        let numerator: u128 = fraction.parse().map_err(|_| DecimalError::Malformed)?;
        let product = numerator * u128::from(unit);
        if !product.is_multiple_of(denominator) {
            return Err(DecimalError::TooFine);
        }
        let part = u64::try_from(product / denominator).map_err(|_| DecimalError::TooLarge)?;
        nanos = nanos.checked_add(part).ok_or(DecimalError::TooLarge)?;
    }
    Ok(nanos)
}

impl Serialize for Duration {
    /// Text for people (`"150ms"`), nanoseconds for digests and other binary forms.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_newtype_struct("Duration", &self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Duration;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration with its unit, as in \"150ms\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A number and its unit: h, min, s, ms, us or ns.",
            "examples": ["150ms", "1.5s"],
        })
    }
}

/// True time since the start of the run, in nanoseconds. Nodes never see it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SimTime(u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// After every event.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The instant `delay` later, or the last one there is.
    pub const fn saturating_add(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(delay.0))
    }

    /// The time since `earlier`, or zero where that lies in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SimTime {
    /// Seconds, rounded down to microseconds: `1.204311s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0 / 1_000;
        f.pad(&format!("{}.{:06}s", micros / 1_000_000, micros % 1_000_000))
    }
}

/// A reading of one node's own clock, in nanoseconds from that clock's own zero. Local times of
/// two nodes do not compare.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalTime(i64);

impl LocalTime {
    /// The reading `nanos` nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The time since `earlier` by this clock, or zero where that lies in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration(if nanos < 0 { 0 } else { nanos.unsigned_abs() })
    }
}

impl Add<Duration> for LocalTime {
    type Output = Self;
    fn add(self, delay: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(delay.0))
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs() / 1_000;
        write!(f, "{sign}{}.{:06}s", micros / 1_000_000, micros % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly_and_written_back() {
        for (text, nanos) in [
            ("150ms", 150_000_000),
            ("1.5s", 1_500_000_000),
            ("0s", 0),
            ("20us", 20_000),
            ("2min", 120_000_000_000),
            ("0.000000001s", 1),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().as_nanos(), nanos, "{text}");
        }
        for nanos in [0, 1, 999, 1_000, 1_500_000_000, 150_000_000, 61_000_000_000, u64::MAX] {
            let duration = Duration::from_nanos(nanos);
            assert_eq!(duration.to_string().parse::<Duration>().unwrap(), duration);
        }
    }

    #[test]
    fn durations_refuse_what_they_cannot_mean() {
        let refused = |text: &str| text.parse::<Duration>().unwrap_err();
        assert!(matches!(refused("150"), DurationError::Unit(_)));
        assert!(matches!(refused("-1s"), DurationError::Negative(_)));
        assert!(matches!(refused("6000000h"), DurationError::TooLong(_)));
        assert!(matches!(refused("0.5ns"), DurationError::TooFine(_)));
        assert!(matches!(refused("1.2.3s"), DurationError::Number(_)));
        assert!("3ms..1ms".parse::<DurationRange>().is_err());
    }
}
