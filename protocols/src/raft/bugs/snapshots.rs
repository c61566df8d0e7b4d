//! Snapshots in place of entries.

use orrery_sim::{Bug, Difficulty};

/// Figure 13, rule 6 left out.
pub const R28: Bug = Bug {
    id: "R28",
    summary: "a snapshot that comes again deletes the entries behind it",
    breaks: &["State Machine Safety", "Leader Completeness", "State Equals Replay"],
    source: "Raft, figure 13, rule 6 (seen in camunda)",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// Figure 13, rule 7 left out.
pub const R29: Bug = Bug {
    id: "R29",
    summary: "a follower keeps what its log has behind a snapshot that conflicts with it",
    breaks: &["Log Matching", "State Machine Safety", "Leader Completeness"],
    source: "Raft, figure 13, rule 7 (seen in hashicorp/raft and scylla)",
    difficulty: Difficulty::Medium,
    found_by: &["raft/snapshot-conflict"],
};
