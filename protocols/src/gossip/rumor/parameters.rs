//! What a scenario may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::Duration;

/// Who contacts whom, and for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Infective sites contact others and tell them.
    #[default]
    Push,
    /// All sites contact others and ask them.
    Pull,
    /// Infective sites push, all others pull.
    PushPull,
}

/// Whether a site hears if its update was needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Feedback {
    /// It does, and only needless contacts count.
    #[default]
    Feedback,
    /// It does not: every contact counts.
    Blind,
}

/// How a site loses interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// After `k` cycles that count.
    #[default]
    Counter,
    /// With probability 1/`k` in each cycle that counts.
    Coin,
    /// Never: a simple epidemic.
    Never,
}

/// What the counter counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Counting {
    /// Needless cycles in a row: one needed update sets it back.
    #[default]
    Consecutive,
    /// All of them.
    Cumulative,
}

/// Of when a site's knowledge decides whether an update was needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Knowledge {
    /// Of the start of the cycle: all updates that reach a site in the cycle of its infection were needed.
    #[default]
    Start,
    /// Of the moment: only the first one was.
    Sequential,
}

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Who contacts whom: `push`, `pull` or `push-pull`.
    pub mode: Mode,
    /// Whether a site hears if its update was needed: `feedback` or `blind`.
    pub feedback: Feedback,
    /// How a site loses interest: `counter`, `coin` or `never`.
    pub removal: Removal,
    /// The counter's limit, or the coin's number of sides.
    pub k: u32,
    /// Whether the counter counts needless cycles in a row, `consecutive`, or all of them, `cumulative`.
    pub counting: Counting,
    /// Whether `necessary` is judged by what a site knew at the `start` of the cycle or by the moment, `sequential`.
    pub knowledge: Knowledge,
    /// How many contacts a site accepts in a cycle. Any number where absent.
    pub connection_limit: Option<u32>,
    /// How many further sites a site tries in a cycle when it is refused.
    pub hunt: u32,
    /// Whether of two infective sites that meet only the one with the smaller counter counts it. With `push-pull`, a counter and feedback.
    pub minimisation: bool,
    /// How long a cycle is. Longer than all contacts, refusals and answers in it take together.
    pub cycle: Duration,
    /// For how many cycles sites contact others: where all pull, or nobody loses interest, a run has no other end.
    pub cycles: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            feedback: Feedback::default(),
            removal: Removal::default(),
            k: 1,
            counting: Counting::default(),
            knowledge: Knowledge::default(),
            connection_limit: None,
            hunt: 0,
            minimisation: false,
            cycle: Duration::from_secs(1),
            cycles: 200,
        }
    }
}

/// What a site keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Who contacts whom.
    pub mode: Mode,
    /// Whether a site hears if its update was needed.
    pub feedback: Feedback,
    /// How it loses interest.
    pub removal: Removal,
    /// The counter's limit, or the coin's number of sides.
    pub k: u32,
    /// What the counter counts.
    pub counting: Counting,
    /// Of when a site's knowledge decides.
    pub knowledge: Knowledge,
    /// How many contacts it accepts in a cycle.
    pub connection_limit: Option<u32>,
    /// How many further sites it tries in a cycle.
    pub hunt: u32,
    /// Whether two infective sites compare their counters.
    pub minimisation: bool,
    /// How long a cycle is.
    pub cycle: Duration,
    /// For how many cycles it contacts others.
    pub cycles: u64,
}

impl Settings {
    /// Those of `parameters`.
    pub const fn of(parameters: &Parameters) -> Self {
        Self {
            mode: parameters.mode,
            feedback: parameters.feedback,
            removal: parameters.removal,
            k: parameters.k,
            counting: parameters.counting,
            knowledge: parameters.knowledge,
            connection_limit: parameters.connection_limit,
            hunt: parameters.hunt,
            minimisation: parameters.minimisation,
            cycle: parameters.cycle,
            cycles: parameters.cycles,
        }
    }

    /// Whether receivers say if they needed an update: nobody asks in a simple epidemic.
    pub fn has_feedback(&self) -> bool {
        self.feedback == Feedback::Feedback && self.removal != Removal::Never
    }
}
