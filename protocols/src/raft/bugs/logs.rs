//! What is written, sent and counted.

use orrery_sim::{Bug, Difficulty};

/// Figure 2, persistent state, without currentTerm.
pub const R3: Bug = Bug {
    id: "R3",
    summary: "a server begins in term 0 again after a crash",
    breaks: &[
        "Terms Increase",
        "One Vote per Term",
        "Leader Completeness",
        "Election Safety",
        "State Machine Safety",
        "Log Matching",
        "Leader Append-Only",
    ],
    source: "Raft, figure 2: currentTerm is persistent state (seen in PySyncObj)",
    difficulty: Difficulty::Easy,
    found_by: &["raft/chaos"],
};

/// An answer between two writes.
pub const R4: Bug = Bug {
    id: "R4",
    summary: "a voter answers when its new term is on disk and its vote is not yet",
    breaks: &[
        "One Vote per Term",
        "Election Safety",
        "Leader Completeness",
        "State Machine Safety",
        "Log Matching",
        "Leader Append-Only",
    ],
    source: "Raft, figure 2: updated on stable storage before responding to RPCs",
    difficulty: Difficulty::Medium,
    found_by: &["raft/half-a-vote"],
};

/// A promise before the fact.
pub const R5: Bug = Bug {
    id: "R5",
    summary: "a follower acknowledges entries that are not on its disk yet",
    breaks: &["Leader Completeness", "State Machine Safety", "Log Matching"],
    source: "Raft, figure 2: updated on stable storage before responding to RPCs",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// A copy that is none yet.
pub const R6: Bug = Bug {
    id: "R6",
    summary: "a leader counts its own copy of an entry before that is on its disk",
    breaks: &["Leader Completeness", "State Machine Safety"],
    source: "dissertation, §10.2.1: the leader's own write counts once it is durable",
    difficulty: Difficulty::Medium,
    found_by: &["raft/unsynced-leader"],
};

/// §5.4.1 by the other half.
pub const R7: Bug = Bug {
    id: "R7",
    summary: "a voter compares the lengths of the logs and forgets to compare their last terms",
    breaks: &["Leader Completeness", "State Machine Safety"],
    source: "Raft, §5.4.1",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// §5.3, the consistency check by half.
pub const R9: Bug = Bug {
    id: "R9",
    summary: "a follower takes entries wherever its log is long enough, whatever the term there",
    breaks: &["Log Matching", "State Machine Safety", "Leader Completeness"],
    source: "Raft, figure 2, AppendEntries, receiver's rule 2",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// Figure 2, AppendEntries, receiver's rule 5 without the minimum.
pub const R11: Bug = Bug {
    id: "R11",
    summary: "a follower takes everything in its log up to leaderCommit for committed, verified by this request or not",
    breaks: &["State Machine Safety", "Leader Completeness"],
    source: "Raft, figure 2, AppendEntries, receiver's rule 5",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// A vote of another term.
pub const R13: Bug = Bug {
    id: "R13",
    summary: "a candidate counts votes that it was given in an earlier term",
    breaks: &[
        "Election Safety",
        "Leader Completeness",
        "State Machine Safety",
        "Leader Append-Only",
        "Log Matching",
    ],
    source: "raft.tla, DropStaleResponse",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// A guess taken for knowledge.
pub const R14: Bug = Bug {
    id: "R14",
    summary: "a leader takes any success for the acknowledgement of everything that it has sent",
    breaks: &["Leader Completeness", "State Machine Safety"],
    source: "Raft, figure 2: matchIndex is known, nextIndex is a guess",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// §5.3 without going back.
pub const R39: Bug = Bug {
    id: "R39",
    summary: "a leader that is refused tries the same place again",
    breaks: &["liveness"],
    source: "Raft, §5.3: decrement nextIndex and retry",
    difficulty: Difficulty::Easy,
    found_by: &["raft/log-repair"],
};
