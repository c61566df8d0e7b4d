//! The planted bugs.

use orrery_sim::{Bug, Difficulty};

/// Random partners that are not.
pub const G5: Bug = Bug {
    id: "G5",
    summary: "a site takes its partners in turn, the next one in the ring first, instead of at random",
    breaks: &["Everybody Learns"],
    source: "Demers, section 1.3: the partner is chosen at random, uniformly",
    difficulty: Difficulty::Easy,
    found_by: &["gossip/simple"],
};

/// Interest that no success revives.
pub const G6: Bug = Bug {
    id: "G6",
    summary: "a needed update does not set the counter of consecutive needless ones back",
    breaks: &["Loss of Interest"],
    source: "Demers, section 1.4: k unnecessary contacts in a row",
    difficulty: Difficulty::Easy,
    found_by: &["gossip/rumor", "gossip/rumor-chaos"],
};

/// All of them, in order.
pub const BUGS: &[Bug] = &[G5, G6];
