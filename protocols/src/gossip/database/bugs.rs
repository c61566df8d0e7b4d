//! The planted bugs.

use orrery_sim::{Bug, Difficulty};

/// Deletions that are forgotten.
pub const G7: Bug = Bug {
    id: "G7",
    summary: "retention sites drop death certificates like everybody else, and keep no dormant copy",
    breaks: &["No Resurrection"],
    source: "Demers, section 2.1: dormant death certificates",
    difficulty: Difficulty::Medium,
    found_by: &["gossip/deletion", "gossip/database-chaos"],
};

/// As many entries, but others.
pub const G8: Bug = Bug {
    id: "G8",
    summary: "databases that have equally many entries count as equal",
    breaks: &["Convergence", "No Resurrection"],
    source: "Demers, section 1.3: checksums of the contents are compared",
    difficulty: Difficulty::Easy,
    found_by: &["gossip/database-chaos"],
};

/// Trees that do not know of death.
pub const G9: Bug = Bug {
    id: "G9",
    summary: "the leaves of the hash tree leave death certificates out",
    breaks: &["Convergence", "No Resurrection"],
    source: "DeCandia et al. 2007, section 4.7, over Demers, section 2: a deletion is an update like any other",
    difficulty: Difficulty::Medium,
    found_by: &["gossip/zombie"],
};

/// All of them, in order.
pub const BUGS: &[Bug] = &[G7, G8, G9];
