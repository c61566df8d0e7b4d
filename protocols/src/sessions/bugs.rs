//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// A hybrid clock that hears nothing.
pub const Q18: Bug = Bug {
    id: "Q18",
    summary: "a hybrid clock goes by its own physical time alone when a message comes, and ignores the message's",
    breaks: &["Clock Condition", "Hybrid Time"],
    source: "HLC, figure 5: l'.j := l.j; l.j := max(l'.j, l.m, pt.j)",
    difficulty: Difficulty::Easy,
    found_by: &["clocks/skew", "clocks/chaos"],
};

/// A Lamport clock that hears nothing.
pub const Q19: Bug = Bug {
    id: "Q19",
    summary: "Lamport's clock is not advanced beyond the stamp of a message that comes",
    breaks: &["Clock Condition"],
    source: "Lamport 1978, IR2 (b)",
    difficulty: Difficulty::Easy,
    found_by: &["clocks/skew", "clocks/chaos"],
};

/// A hybrid clock that does not look at the time.
pub const X2: Bug = Bug {
    id: "X2",
    summary: "a hybrid clock ignores its own physical time when a message comes, so that it falls behind it",
    breaks: &["Hybrid Time"],
    source: "HLC, figure 5 and theorem 2: pt.e <= l.e",
    difficulty: Difficulty::Easy,
    found_by: &["clocks/skew", "clocks/chaos"],
};

/// Reads that know of no session.
pub const Q23: Bug = Bug {
    id: "Q23",
    summary: "a follower answers a read at once, although it has not come as far as the reader's token",
    breaks: &["Read Your Writes", "Monotonic Reads"],
    source: "Terry et al. 1994, §3: Read Your Writes, Monotonic Reads",
    difficulty: Difficulty::Easy,
    found_by: &["clocks/session", "clocks/chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[Q18, Q19, X2, Q23];
