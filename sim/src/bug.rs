//! Planted bugs: deliberately wrong variants of a protocol's rules, off unless a run asks for them.

use std::collections::BTreeSet;

use serde::Serialize;

/// How hard a planted bug is to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// A search by seeds finds it within 1 000 of them, in the median.
    Easy,
    /// A search by seeds finds it within 100 000 of them, in the median.
    Medium,
    /// It takes a script.
    Hard,
}

impl Difficulty {
    /// Its letter in tables.
    pub const fn letter(self) -> char {
        match self {
            Self::Easy => 'E',
            Self::Medium => 'M',
            Self::Hard => 'H',
        }
    }

    /// Within how many seeds a search finds it, in the median; `None` where only a script does.
    pub const fn seeds(self) -> Option<u64> {
        match self {
            Self::Easy => Some(1_000),
            Self::Medium => Some(100_000),
            Self::Hard => None,
        }
    }
}

/// A planted bug: one extra condition at one rule, and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bug {
    /// Its id, as in `--bug R1`.
    pub id: &'static str,
    /// What the wrong code does, in one sentence.
    pub summary: &'static str,
    /// The invariants, checks or goals that it breaks.
    pub breaks: &'static [&'static str],
    /// Where the rule that it breaks is stated, or where the bug was seen in the wild.
    pub source: &'static str,
    /// How hard it is to find.
    pub difficulty: Difficulty,
    /// The scenarios that find it, best first.
    pub found_by: &'static [&'static str],
}

/// The bugs of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bugs(BTreeSet<&'static str>);

impl Bugs {
    /// The run with these bugs.
    pub fn new(bugs: impl IntoIterator<Item = Bug>) -> Self {
        Self(bugs.into_iter().map(|bug| bug.id).collect())
    }

    /// Whether `bug` is switched on.
    #[inline]
    pub fn has(&self, bug: &Bug) -> bool {
        !self.0.is_empty() && self.0.contains(bug.id)
    }

    /// The ids that are switched on, in order.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}
