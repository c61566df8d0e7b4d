//! What a directed link does to messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::law::Law;
use crate::probability::Probability;
use crate::random::join;
use crate::time::{Duration, SimTime};

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

/// What a link does to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    Arrives { after: Duration, copy_after: Option<Duration> },
}

impl Link {
    /// How long a message of these words travels.
    #[inline(always)]
    pub(crate) fn delay(&self, words: [u32; 8]) -> Duration {
        let [_burst, _loss, _corruption, _duplication, delay, delay_high, ..] = words;
        self.latency.sample(join(delay, delay_high))
    }

    /// The fate that belongs to a message's group of words: burst, loss, corruption, duplication, delay
    /// (two), the copy's delay (two). Each has its place, used or not.
    pub(crate) fn fate(&self, words: [u32; 8]) -> Fate {
        let [_burst, loss, _corruption, duplication, _, _, copy, copy_high] = words;
        if self.loss.holds(loss) {
            return Fate::Lost;
        }
        let is_doubled = self.duplicate.holds(duplication);
        let copy_after = is_doubled.then(|| self.latency.sample(join(copy, copy_high)));
        Fate::Arrives { after: self.delay(words), copy_after }
    }

    /// When a message arrives that would at `arrival`, behind the last one that went over this link.
    pub(crate) fn in_order(&self, arrival: SimTime, last: &mut SimTime) -> SimTime {
        if self.order != Order::Fifo {
            return arrival;
        }
        *last = arrival.max(*last);
        *last
    }
}
