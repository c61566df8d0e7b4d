//! Laws of times as a scenario writes them: a word, or any law of the engine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Duration, DurationRange, Law};

/// The mean of the laws that a word stands for: one unit of time.
const UNIT: Duration = Duration::from_secs(1);

/// A law of the times between arrivals, or of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "this is no law of times: write `exponential`, `constant` or `uniform`, or a law such as `{ exponential = \"2s\" }`"
)]
pub enum Times {
    /// The law of that shape with a mean of one second.
    Shape(Shape),
    /// Always this time.
    Always(Duration),
    /// Any law.
    Law(Law),
}

/// The shape of a law, of which the mean is known from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Without memory: M in Kendall's notation.
    Exponential,
    /// Always the same: D in Kendall's notation.
    Constant,
    /// Uniform from zero to twice the mean.
    Uniform,
}

impl Times {
    /// The law that is meant.
    pub fn law(&self) -> Law {
        match self {
            Self::Shape(Shape::Exponential) => Law::Exponential(UNIT),
            Self::Shape(Shape::Constant) => Law::Constant(UNIT),
            Self::Shape(Shape::Uniform) => {
                Law::Uniform(DurationRange::new(Duration::ZERO, UNIT * 2))
            }
            Self::Always(time) => Law::Constant(*time),
            Self::Law(law) => law.clone(),
        }
    }
}
