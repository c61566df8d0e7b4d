//! Ballots, slots and rounds. They print as `b3.n2`, `s7` and `r2`.

use std::fmt;

use serde::{Serialize, Serializer};

use orrery_sim::NodeId;

/// A ballot: a round of the protocol with one leader (PMMC, §2.2). Ordered by the round first, so that anybody can go
/// beyond any ballot, and unique, because it holds its leader's name. *None* in its place is the ballot below all others, ⊥.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ballot {
    /// From 1.
    pub round: u64,
    /// Whose it is: nobody else uses it.
    pub leader: NodeId,
}

impl Ballot {
    /// The first ballot of `leader` that is above `other`.
    #[must_use]
    pub fn above(other: Option<Self>, leader: NodeId) -> Self {
        Self { round: other.map_or(0, |ballot| ballot.round) + 1, leader }
    }

    /// A number in the order of ballots, for fewer than a thousand nodes: 3002 for `b3.n2`.
    pub fn as_epoch(self) -> u64 {
        self.round * 1_000 + u64::from(self.leader.0)
    }
}

impl fmt::Debug for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("b{}.{}", self.round, self.leader))
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Serialize for Ballot {
    /// For people the text that it prints as; for a digest and for the size of a message its two numbers.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.round, self.leader).serialize(serializer)
        }
    }
}

/// Defines a counting number that prints as a letter and the number.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub struct $name(pub u64);

        impl $name {
            /// The next one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($letter, "{}"), self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
}

number! {
    /// A place in the sequence of commands, from `s1`. Each is filled by an instance of Paxos of its own.
    Slot, "s"
}
number! {
    /// A round of heartbeats of one leader, by which it finds out that it still is one.
    Round, "r"
}

impl Slot {
    /// The first of all.
    pub const FIRST: Self = Self(1);

    /// So many slots later.
    #[must_use]
    pub const fn plus(self, slots: usize) -> Self {
        Self(self.0 + slots as u64)
    }

    /// How many slots lie from `earlier` up to this one; 0 where it is the later one.
    pub const fn since(self, earlier: Self) -> usize {
        self.0.saturating_sub(earlier.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballots_are_ordered_by_round_and_then_by_leader() {
        let ballot = |round, leader| Ballot { round, leader: NodeId(leader) };
        assert!(ballot(1, 3) < ballot(2, 1) && ballot(2, 1) < ballot(2, 2));
        assert!(None < Some(ballot(1, 1)));
        assert_eq!(Ballot::above(Some(ballot(4, 3)), NodeId(1)), ballot(5, 1));
        assert!(ballot(1, 3).as_epoch() < ballot(2, 1).as_epoch());
        assert_eq!(ballot(3, 2).to_string(), "b3.n2");
    }
}
