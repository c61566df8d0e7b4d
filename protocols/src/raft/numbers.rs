//! Terms, indexes and rounds. They print as `t3`, `i7` and `r2`.

use crate::number::number;

number! {
    /// A term: time is divided into them, and each has one leader at most (§5.1). A server begins
    /// in `t0`, in which there are no elections.
    Term, "t"
}
number! {
    /// A place in the log, from `i1`. An index also counts the entries up to it: `i0` is before the
    /// first.
    Index, "i"
}
number! {
    /// A round of heartbeats within one term, by which a leader finds out that it still is one
    /// (dissertation, §6.4).
    Round, "r"
}

impl Index {
    /// So many places later.
    #[must_use]
    pub const fn plus(self, places: usize) -> Self {
        Self(self.0 + places as u64)
    }

    /// The place before; `i0` has none and stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}
