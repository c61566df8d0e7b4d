//! What sites send and wait for.

use serde::Serialize;

/// A sum and its weight, in units of 2^-32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mass {
    /// Of the values.
    pub sum: u64,
    /// Of the sites.
    pub weight: u64,
}

/// Push-sum has one kind, pairwise averaging the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Half of what the sender had.
    Share {
        /// How much.
        mass: Mass,
    },
    /// Let us take the mean.
    Request {
        /// Which exchange of the sender's.
        number: u64,
        /// Its value, in units of 2^-32.
        value: u64,
    },
    /// The sender took its part of the two values.
    Answer {
        /// The exchange.
        number: u64,
        /// The other part.
        value: u64,
    },
    /// The sender waits for an answer itself.
    Busy {
        /// The exchange.
        number: u64,
    },
}

/// What a site waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Its turn.
    Turn,
}
