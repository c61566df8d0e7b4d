//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// Announcements that nobody acts on.
pub const G17: Bug = Bug {
    id: "G17",
    summary: "links are pruned, but no timer asks for an announced broadcast that does not come",
    breaks: &["liveness", "Peers Deliver"],
    source: "Plumtree, §3.4: the reception of an IHAVE starts a timer",
    difficulty: Difficulty::Easy,
    found_by: &["swim/link-cut", "swim/tree-repair", "swim/overlay-chaos"],
};

/// Peers of whom only one knows.
pub const G18: Bug = Bug {
    id: "G18",
    summary: "a node gives signs of life to somebody that is not in its active view",
    breaks: &["Active Links Are Mutual"],
    source: "HyParView, §4.1: if a node is in the active view of another, the reverse holds too",
    difficulty: Difficulty::Medium,
    found_by: &["swim/forgotten-peer", "swim/overlay-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[G17, G18];
