//! Lamport's clock: L. Lamport, *Time, Clocks, and the Ordering of Events in a Distributed System*, Communications of the ACM 21(7), 1978.

use serde::{Deserialize, Serialize};

/// A clock that counts events. If an event may have caused another, its number is smaller; nothing can be said the other way round. Numbers
/// with the name of their process behind them are a total order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lamport(pub u64);

impl Lamport {
    /// An event of this process, also the sending of a message (IR1): its time.
    #[must_use = "the event is stamped with it"]
    pub const fn tick(&mut self) -> Self {
        self.0 += 1;
        *self
    }

    /// The arrival of a message that was stamped `sent` (IR2): the time of that event, behind both.
    #[must_use = "the event is stamped with it"]
    pub fn receive(&mut self, sent: Self) -> Self {
        self.0 = self.0.max(sent.0);
        self.tick()
    }
}
