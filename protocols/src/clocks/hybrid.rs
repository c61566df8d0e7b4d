//! Hybrid logical clocks: S. Kulkarni, M. Demirbas, D. Madappa, B. Avva and M. Leone, *Logical Physical Clocks*, OPODIS 2014, figure 5.

use serde::{Deserialize, Serialize};

/// The highest physical time that was heard of, and a count of events within it. As with Lamport's clock, what comes after is greater; and the time is
/// that of some clock, so that it is never farther off than the clocks are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hybrid {
    /// l: the highest physical time that was heard of, in nanoseconds.
    pub time: i64,
    /// c: events at that time.
    pub count: u32,
}

impl Hybrid {
    /// An event of this process, also the sending of a message, when its own clock shows `physical`: its stamp.
    #[must_use = "the event is stamped with it"]
    pub fn tick(&mut self, physical: i64) -> Self {
        let before = *self;
        self.time = before.time.max(physical);
        self.count = if self.time == before.time { before.count + 1 } else { 0 };
        *self
    }

    /// The arrival of a message that was stamped `sent`, when the own clock shows `physical`: the stamp of that event.
    #[must_use = "the event is stamped with it"]
    pub fn receive(&mut self, sent: Self, physical: i64) -> Self {
        let before = *self;
        self.time = before.time.max(sent.time).max(physical);
        self.count = match (self.time == before.time, self.time == sent.time) {
            (true, true) => before.count.max(sent.count) + 1,
            (true, false) => before.count + 1,
            (false, true) => sent.count + 1,
            (false, false) => 0,
        };
        *self
    }
}
