//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// A recovery that knows nothing.
pub const Q16: Bug = Bug {
    id: "Q16",
    summary: "a replica recovers from any f + 1 answers, although none is from the primary of their view",
    breaks: &[
        "Recovered Replicas Forget Nothing",
        "One Primary per View",
        "State Machine Safety",
        "Committed Requests Survive",
        "State Equals Replay",
        "Exactly Once",
        "linearizability",
    ],
    source: "Liskov & Cowling 2012, §4.3, step 3: including one from the primary of the latest view",
    difficulty: Difficulty::Medium,
    found_by: &["replication/vr-recovery", "replication/vr-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[Q16];
