//! The planted bugs.

use orrery_sim::{Bug, Difficulty};

/// A merge that counts twice.
pub const G10: Bug = Bug {
    id: "G10",
    summary: "counters are merged by adding the counts of each replica instead of taking the larger one",
    breaks: &["Meaning"],
    source: "Shapiro et al. 2011, specification 6",
    difficulty: Difficulty::Easy,
    found_by: &["crdt/counter-chaos"],
};

/// An old name for a new replica.
pub const G11: Bug = Bug {
    id: "G11",
    summary: "a replica that lost its state in a crash goes on under its old name",
    breaks: &["Unique Updates"],
    source: "Shapiro et al. 2011, section 2.1: a crashed process recovers with its memory intact; names are unique otherwise",
    difficulty: Difficulty::Medium,
    found_by: &["crdt/chaos"],
};

/// Removals win.
pub const G12: Bug = Bug {
    id: "G12",
    summary: "a removal removes additions that its replica had not seen, too",
    breaks: &["Meaning"],
    source: "Shapiro et al. 2011, specification 15: an addition wins over a concurrent removal",
    difficulty: Difficulty::Easy,
    found_by: &["crdt/add-wins", "crdt/chaos"],
};

/// Twice is not once.
pub const G13: Bug = Bug {
    id: "G13",
    summary: "an operation that comes twice takes effect twice",
    breaks: &["Meaning"],
    source: "Shapiro et al. 2011, section 2.3: operations are delivered exactly once",
    difficulty: Difficulty::Easy,
    found_by: &["crdt/ops-chaos"],
};

/// An answer before its question.
pub const G14: Bug = Bug {
    id: "G14",
    summary: "an operation is delivered after those of its own replica, and before others that it depends on",
    breaks: &["Meaning"],
    source: "Shapiro et al. 2011, section 2.3: operations are delivered in causal order",
    difficulty: Difficulty::Easy,
    found_by: &["crdt/ops-chaos"],
};

/// A tie that everybody breaks for itself.
pub const G15: Bug = Bug {
    id: "G15",
    summary: "of two writes of one time, each replica keeps the one that it has",
    breaks: &["Meaning"],
    source: "Shapiro et al. 2011, specification 8: timestamps are unique",
    difficulty: Difficulty::Easy,
    found_by: &["crdt/register-chaos"],
};

/// What was sent counts as received.
pub const G16: Bug = Bug {
    id: "G16",
    summary: "deltas that were sent count as acknowledged",
    breaks: &["Meaning"],
    source: "Almeida, Shoker and Baquero 2018, algorithm 2",
    difficulty: Difficulty::Medium,
    found_by: &["crdt/delta-chaos"],
};

/// All of them, in order.
pub const BUGS: &[Bug] = &[G10, G11, G12, G13, G14, G15, G16];
