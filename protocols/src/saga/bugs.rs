//! The planted bug.

use orrery_sim::{Bug, Difficulty};

/// A compensation that makes up for nothing, or twice.
pub const T18: Bug = Bug {
    id: "T18",
    summary: "a compensation is carried out although its step was not executed, or was made up for already",
    breaks: &["Balances Are Steps"],
    source: "Garcia-Molina & Salem 1987, §2 and §4: Ci undoes Ti, which was executed, and may be asked for again after a crash",
    difficulty: Difficulty::Easy,
    found_by: &["commit/saga-refused", "commit/saga-chaos"],
};
