//! The planted bugs.

use orrery_sim::{Bug, Difficulty};

/// Two exchanges at one time.
pub const G19: Bug = Bug {
    id: "G19",
    summary: "a site answers while it waits for an answer itself, which then overwrites what it has become",
    breaks: &["Mass Conservation"],
    source: "Jelasity, Montresor and Babaoglu 2005, section 4: exchanges are atomic",
    difficulty: Difficulty::Medium,
    found_by: &["gossip/average-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[G19];
