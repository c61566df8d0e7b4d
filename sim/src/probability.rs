//! Probabilities as integer ratios.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::scaled_decimal;

/// One, in 2^-32.
const ONE: u64 = 1 << 32;
/// Parts per billion in one.
const BILLION: u64 = 1_000_000_000;

/// A probability in units of 2^-32, from 0 to 1 with both ends. Written `5%`, `0.05` or `1/20`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probability(u64);

impl Probability {
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Always.
    pub const ALWAYS: Self = Self(ONE);

    /// `numerator / denominator`, to the nearest 2^-32 below. Panics unless the ratio lies in 0 to 1.
    pub const fn ratio(numerator: u32, denominator: u32) -> Self {
        assert!(0 < denominator && numerator <= denominator, "a probability lies in 0 to 1");
        Self(((numerator as u64) << 32) / denominator as u64)
    }

    /// `ppb` parts per billion, rounded up, so that a tiny probability is never silently zero.
    /// Panics above a billion.
    pub const fn from_ppb(ppb: u64) -> Self {
        assert!(ppb <= BILLION, "a probability lies in 0 to 1");
        Self((ppb * ONE).div_ceil(BILLION))
    }

    /// Whether it can never happen.
    pub const fn is_never(self) -> bool {
        self.0 == 0
    }

    /// Decides by a uniformly drawn `word`.
    pub const fn holds(self, word: u32) -> bool {
        (word as u64) < self.0
    }

    /// Parts per billion, rounded to the nearest.
    pub const fn as_ppb(self) -> u64 {
        (self.0 * BILLION + ONE / 2) / ONE
    }

    /// A text that reads back to exactly this probability: a percentage where that is exact, else a fraction.
    pub fn exact_text(self) -> String {
        if Self::from_ppb(self.as_ppb()) == self {
            return self.to_string();
        }
        let common = self.0.trailing_zeros();
        format!("{}/{}", self.0 >> common, ONE >> common)
    }

    /// Reads `1/20`, rounded up, so that a tiny probability is never silently zero.
    fn fraction(text: &str) -> Option<Self> {
        let (numerator, denominator) = text.split_once('/')?;
        let numerator: u64 = numerator.trim().parse().ok()?;
        let denominator: u64 = denominator.trim().parse().ok()?;
        if denominator == 0 || denominator < numerator {
            return None;
        }
        let scaled = (u128::from(numerator) * u128::from(ONE)).div_ceil(u128::from(denominator));
        u64::try_from(scaled).ok().map(Self)
    }
}

impl fmt::Debug for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ppb = self.as_ppb();
        let digits = format!("{:07}", ppb % 10_000_000);
        let fraction = digits.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        f.pad(&format!("{}{point}{fraction}%", ppb / 10_000_000))
    }
}

impl FromStr for Probability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || format!("`{text}` is no probability: write `5%` or `0.05`, from 0 to 1");
        let trimmed = text.trim();
        if trimmed.contains('/') {
            return Self::fraction(trimmed).ok_or_else(problem);
        }
        let (number, unit) = match trimmed.strip_suffix('%') {
            Some(number) => (number.trim(), BILLION / 100),
            None => (trimmed, BILLION),
        };
        let ppb = scaled_decimal(number, unit).map_err(|_| problem())?;
        if BILLION < ppb {
            return Err(problem());
        }
        Ok(Self::from_ppb(ppb))
    }
}

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Probability;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a probability, as in \"5%\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Probability, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Probability, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Probability, E> {
                // A decimal in a file becomes an integer here, once, by way of its own digits.
                number.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for Probability {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Probability".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "description": "From 0 to 1, or a percentage.",
            "examples": ["5%", 0.05],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_forms_agree_and_bad_ones_are_refused() {
        let half: Probability = "50%".parse().unwrap();
        assert_eq!(half, "0.5".parse().unwrap());
        assert_eq!(half, Probability::ratio(1, 2));
        assert_eq!(half.to_string(), "50%");
        assert_eq!("0.25%".parse::<Probability>().unwrap().to_string(), "0.25%");
        assert_eq!("100%".parse::<Probability>().unwrap(), Probability::ALWAYS);
        assert!(Probability::ALWAYS.holds(u32::MAX) && !Probability::NEVER.holds(0));
        assert_eq!("1/2".parse::<Probability>().unwrap(), half);
        assert!(!"1/1000000000000".parse::<Probability>().unwrap().is_never());
        for text in ["101%", "-1%", "1.5", "often", "", "3/2", "1/0", "1/", "/2", "-1/2"] {
            assert!(text.parse::<Probability>().is_err(), "{text}");
        }
    }
    #[test]
    fn exact_texts_read_back() {
        let odd = Probability::ratio(1, 3);
        let ppb = (0..1_000).map(|step| Probability::from_ppb(step * 999_983 + step % 7));
        for probability in ppb.chain([odd, Probability::NEVER, Probability::ALWAYS]) {
            let text = probability.exact_text();
            assert_eq!(text.parse::<Probability>().unwrap(), probability, "{text}");
        }
        assert_eq!(odd.exact_text(), "1431655765/4294967296");
        assert_eq!(Probability::ratio(1, 20).max("5%".parse().unwrap()).exact_text(), "5%");
    }
}
