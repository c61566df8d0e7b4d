//! Terms, indexes and rounds. They print as `t3`, `i7` and `r2`.

use std::fmt;

use serde::Serialize;

/// Defines a counting number that prints as a letter and the number.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
