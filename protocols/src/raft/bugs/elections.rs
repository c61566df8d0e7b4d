//! Mistakes by which no leader is elected, or none stays.

use orrery_sim::{Bug, Difficulty};

/// A refusal without its reason.
pub const R35: Bug = Bug {
    id: "R35",
    summary: "a server does not answer a pre-vote of an old term, so that the asker never learns of the newer one",
    breaks: &["liveness"],
    source: "dissertation, §9.6; etcd #8243",
    difficulty: Difficulty::Medium,
    found_by: &["raft/pre-vote-deadlock"],
};

/// Neither doubts nor loyalty.
pub const R36: Bug = Bug {
    id: "R36",
    summary: "leaders never ask themselves whether they are heard, and voters do not stick to one that is",
    breaks: &["liveness", "linearizability"],
    source: "dissertation, §6.2 and §4.2.3",
    difficulty: Difficulty::Medium,
    found_by: &["raft/partial-partition", "raft/lease-rival"],
};

/// All at once, every time.
pub const R37: Bug = Bug {
    id: "R37",
    summary: "all election timeouts are equal, so that servers that stand together once stand together always",
    breaks: &["liveness"],
    source: "Raft, §5.2 and §9.3: randomized election timeouts",
    difficulty: Difficulty::Easy,
    found_by: &["raft/equal-timeouts"],
};
