//! What a scenario may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::Duration;

/// How sites average.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Half of sum and weight goes to a random site (Kempe).
    PushSum,
    /// Two sites take the mean of their values (Jelasity).
    #[default]
    Pairwise,
}

/// When sites ask, in pairwise averaging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// One after the other, each once per cycle.
    #[default]
    Sequential,
    /// At random times, once per cycle on average: of each exchange, both sites are random.
    Random,
    /// All at once, twice per cycle, in pairs that leave nobody out (Jelasity's `GETPAIR_PM`). All sites have to know the pairs beforehand, so that
    /// it is a bound for the others rather than a protocol of its own.
    Matching,
}

/// What the sites begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// Independent values, uniform from 0 to 1000.
    #[default]
    Uniform,
    /// `n1` has the number of sites, all others 0: the mean is 1.
    Peak,
}

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How sites average: `push-sum` or `pairwise`.
    pub method: Method,
    /// When they ask, in pairwise averaging: `sequential`, `random` or `matching`.
    pub order: Order,
    /// What they begin with: `uniform` or `peak`.
    pub values: Values,
    /// How long a cycle is.
    pub cycle: Duration,
    /// For how many cycles they go on.
    pub cycles: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            method: Method::default(),
            order: Order::default(),
            values: Values::default(),
            cycle: Duration::from_secs(1),
            cycles: 20,
        }
    }
}

/// What a site keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How it averages.
    pub method: Method,
    /// When it asks.
    pub order: Order,
    /// What it begins with.
    pub values: Values,
    /// How long a cycle is.
    pub cycle: Duration,
    /// For how many cycles it goes on.
    pub cycles: u64,
}
