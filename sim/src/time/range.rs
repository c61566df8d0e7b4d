//! Ranges of durations.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Duration, DurationError};

/// A half-open range of durations, written `150ms..300ms`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DurationRange {
    /// The shortest, itself possible.
    pub min: Duration,
    /// The longest, itself never drawn unless it equals `min`.
    pub max: Duration,
}

impl DurationRange {
    /// The range from `min` (possible) to `max` (not drawn).
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max }
    }
}

impl fmt::Debug for DurationRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.min, self.max)
    }
}

impl FromStr for DurationRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (min, max) = text.split_once("..").ok_or_else(|| {
            format!("`{text}` is no range: write two durations, as in `1ms..10ms`")
        })?;
        let min: Duration = min.parse().map_err(|e: DurationError| e.to_string())?;
        let max: Duration = max.parse().map_err(|e: DurationError| e.to_string())?;
        if min <= max {
            Ok(Self { min, max })
        } else {
            Err(format!("`{text}` runs backwards: write `{max}..{min}`"))
        }
    }
}

impl Serialize for DurationRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&format_args!("{self:?}"))
        } else {
            (self.min, self.max).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for DurationRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for DurationRange {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DurationRange".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Two durations, the second never drawn.",
            "examples": ["150ms..300ms"],
        })
    }
}
