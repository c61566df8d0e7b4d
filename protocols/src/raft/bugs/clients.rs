//! What clients are promised.

use orrery_sim::{Bug, Difficulty};

/// A snapshot of the values alone.
pub const R30: Bug = Bug {
    id: "R30",
    summary: "a snapshot forgets the client sessions, so that a retry after it takes effect again",
    breaks: &["State Equals Replay", "Exactly Once", "State Machine Safety"],
    source: "dissertation, §6.3: sessions are part of the state",
    difficulty: Difficulty::Medium,
    found_by: &["raft/compaction"],
};

/// §8 left out.
pub const R32: Bug = Bug {
    id: "R32",
    summary: "the state machine executes an operation as often as the log has it",
    breaks: &["Exactly Once", "State Equals Replay", "linearizability"],
    source: "Raft, §8: the state machine tracks the latest serial number of each client",
    difficulty: Difficulty::Easy,
    found_by: &["raft/chaos"],
};

/// A decision that everybody makes alone.
pub const R33: Bug = Bug {
    id: "R33",
    summary: "each server ends client sessions by its own clock",
    breaks: &["State Equals Replay", "Exactly Once"],
    source: "dissertation, §6.3: servers must agree on when to expire a session",
    difficulty: Difficulty::Medium,
    found_by: &["raft/sessions"],
};
