//! The order of what happens in the same nanosecond.

use serde::{Deserialize, Serialize};

use crate::queue::ORDER_MAX;
use crate::time::SimTime;

/// The order of events of one nanosecond. Whatever it is, messages of a link that keeps their order stay in order, and what the
/// plan does comes before everything else.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum TiePolicy {
    /// First come, first served: in the order in which they were decided.
    #[default]
    Fifo,
    /// Drawn from the seed for each event, by the event's address: for protocols that rely on an order that nobody promised.
    Shuffled,
}

/// The last order that was given to something that must not be overtaken within its nanosecond.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Last {
    at: SimTime,
    order: u64,
}

impl Last {
    /// `order`, or the one behind the last if both are due at once.
    pub(crate) fn behind(&mut self, at: SimTime, order: u64) -> u64 {
        let is_same = self.at == at && order <= self.order;
        let order = if is_same { (self.order + 1).min(ORDER_MAX) } else { order };
        if self.at <= at {
            *self = Self { at, order };
        }
        order
    }
}
