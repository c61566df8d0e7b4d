//! What a directed link does to messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::law::Law;
use crate::probability::Probability;
use crate::random::join;
use crate::time::{Duration, SimTime};

/// The laws of one directed link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Link {
    /// How long a message travels.
    pub latency: Law,
    /// How likely a message is lost.
    pub loss: Probability,
    /// How likely a message arrives twice; the copy's delay is drawn by itself.
    pub duplicate: Probability,
    /// Whether messages arrive in the order in which they were sent. Without it, a message overtakes
    /// another whose latency was drawn longer.
    pub fifo: bool,
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
        if !self.fifo {
            return arrival;
        }
        *last = arrival.max(*last);
        *last
    }
}
