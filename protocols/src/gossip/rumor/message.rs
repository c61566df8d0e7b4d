//! What sites send, wait for and report.

use serde::Serialize;

/// In the order of a cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Of an infective site, to a site of its choice: the update.
    Push {
        /// The sender's counter, for minimisation.
        counter: u32,
    },
    /// Of any site, to a site of its choice: have you got an update?
    Pull,
    /// Of an infective site, to one that pulled: the update.
    Reply {
        /// The sender's counter.
        counter: u32,
    },
    /// To whoever sent the update.
    Feedback {
        /// Whether the receiver needed it.
        necessary: bool,
        /// The receiver's counter, if it is infective too.
        counter: Option<u32>,
    },
    /// To whoever pushed or pulled: there were too many contacts in this cycle.
    Rejected,
}

/// What a site waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// The next cycle.
    Cycle,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A site has the update.
    Learned {
        /// In which cycle. The origin has it in cycle 0.
        cycle: u64,
    },
    /// A site tells nobody any more.
    LostInterest {
        /// From which cycle on.
        cycle: u64,
    },
}
