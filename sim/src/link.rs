//! What a directed link does to messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::law::Law;
use crate::probability::Probability;
use crate::time::Duration;

/// The laws of one directed link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    /// How long a message travels.
    pub latency: Law,
    /// How likely a message is lost.
    pub loss: Probability,
    /// Losses that come in bursts, beside those.
    pub burst: Option<Burst>,
    /// How likely a message is damaged. The receiver's checksum discards it, unless the protocol says how it is
    /// [corrupted](crate::Node::corrupt).
    pub corruption: Probability,
    /// How likely a message arrives twice; the copy's delay is drawn by itself.
    pub duplicate: Probability,
    /// How far messages overtake each other.
    pub order: Order,
    /// How much goes through; without it, everything at once.
    pub bandwidth: Option<Bandwidth>,
}

/// Losses in bursts (Gilbert 1960, Elliott 1963): a link is good or bad, and before each message it may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// How likely a good link turns bad before a message.
    pub begin: Probability,
    /// How likely a bad link turns good before a message: bursts are 1 / end messages long on average.
    pub end: Probability,
    /// How likely a bad link loses a message.
    pub loss: Probability,
}

/// How far messages of one link overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As their latencies are drawn.
    #[default]
    Free,
    /// A message arrives at most so long before one that was sent earlier.
    Window(Duration),
    /// Messages arrive in the order in which they were sent.
    Fifo,
}

/// A link that takes time to put a message on the wire, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// Bytes, by the engine's measure, that go through in a second.
    pub bytes_per_second: u64,
    /// A message that finds more bytes than this waiting before it is lost; without it none is.
    pub queue: Option<u64>,
}

impl Link {
    /// Whether it decides nothing but how long a message travels.
    pub(crate) fn is_plain(&self) -> bool {
        let Self { latency: _, loss, burst, corruption, duplicate, order, bandwidth } = self;
        let is_lossless = loss.is_never() && burst.is_none() && corruption.is_never();
        is_lossless && duplicate.is_never() && *order == Order::Free && bandwidth.is_none()
    }

    /// Takes away whatever loses, damages or doubles messages; whether there was any of it.
    pub(crate) fn calm(&mut self) -> bool {
        let is_calm = self.loss.is_never() && self.burst.is_none();
        let is_calm = is_calm && self.corruption.is_never() && self.duplicate.is_never();
        (self.loss, self.burst) = (Probability::NEVER, None);
        (self.corruption, self.duplicate) = (Probability::NEVER, Probability::NEVER);
        !is_calm
    }

    /// Whether these are laws at all.
    ///
    /// # Errors
    /// What is wrong with them, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if self.bandwidth.is_some_and(|bandwidth| bandwidth.bytes_per_second == 0) {
            return Err(String::from(
                "nothing goes through a link of 0 bytes per second: cut it, or let at least 1 through",
            ));
        }
        self.latency.check()
    }
}

impl Burst {
    /// Whether a link that `is_bad` or not is bad for a message of this word.
    pub(crate) const fn is_bad_next(&self, is_bad: bool, word: u32) -> bool {
        if is_bad { !self.end.holds(word) } else { self.begin.holds(word) }
    }
}
