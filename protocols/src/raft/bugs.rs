//! Planted bugs: for each rule worth teaching, the mistake that it prevents. Each is one more
//! condition at its rule, or a function of `variants.rs`.

mod clients;
mod elections;
mod logs;
mod membership;
mod reads;
mod snapshots;

pub use clients::{R30, R32, R33};
pub use elections::{R35, R36, R37};
pub use logs::{R3, R4, R5, R6, R7, R9, R11, R13, R14, R39};
pub use membership::{R23, R24, R25, R26, R27, R31, R40};
pub use reads::{R16, R17, R19, R20, R21, R22};
pub use snapshots::{R28, R29};

use orrery_sim::{Bug, Difficulty};

/// §5.4.2 left out.
pub const R1: Bug = Bug {
    id: "R1",
    summary: "a leader commits an entry of an older term by counting its replicas",
    breaks: &["Leader Completeness", "State Machine Safety"],
    source: "Raft, §5.4.2 and figure 8",
    difficulty: Difficulty::Hard,
    found_by: &["raft/figure-8"],
};

/// Figure 2, persistent state, without votedFor.
pub const R2: Bug = Bug {
    id: "R2",
    summary: "a server forgets in a crash whom it voted for, and votes again in the same term",
    breaks: &["One Vote per Term", "Election Safety"],
    source: "Raft, figure 2: votedFor is persistent state",
    difficulty: Difficulty::Medium,
    found_by: &["raft/forgetful-voter", "raft/chaos"],
};

/// §5.4.1 by half.
pub const R8: Bug = Bug {
    id: "R8",
    summary: "a voter compares the last terms of the logs and forgets to compare their lengths",
    breaks: &["Leader Completeness", "State Machine Safety"],
    source: "Raft, §5.4.1",
    difficulty: Difficulty::Easy,
    found_by: &["raft/chaos"],
};

/// Figure 2, AppendEntries, receiver's rule 3 taken too far.
pub const R10: Bug = Bug {
    id: "R10",
    summary: "a follower cuts its log behind the entries of every AppendEntries, conflict or not",
    breaks: &["State Machine Safety", "Leader Completeness"],
    source: "Raft, figure 2: delete only where an existing entry conflicts",
    difficulty: Difficulty::Medium,
    found_by: &["raft/chaos"],
};

/// A majority that is none.
pub const R12: Bug = Bug {
    id: "R12",
    summary: "half of the servers count as a quorum: with an even number, two quorums need not meet",
    breaks: &["Election Safety", "Leader Completeness"],
    source: "Raft, §5.2: votes from a majority of the servers",
    difficulty: Difficulty::Easy,
    found_by: &["raft/split-brain"],
};

/// Counting messages instead of voters.
pub const R15: Bug = Bug {
    id: "R15",
    summary: "a candidate counts a vote twice that the network delivers twice",
    breaks: &["Election Safety"],
    source: "raft.tla, votesGranted is a set",
    difficulty: Difficulty::Easy,
    found_by: &["raft/chaos"],
};

/// A read that trusts a leader's memory of being one.
pub const R18: Bug = Bug {
    id: "R18",
    summary: "a leader answers a read without asking a majority whether it still leads",
    breaks: &["linearizability"],
    source: "dissertation, §6.4; Raft, §8",
    difficulty: Difficulty::Easy,
    found_by: &["raft/stale-read", "raft/chaos"],
};

/// An answer before the fact.
pub const R34: Bug = Bug {
    id: "R34",
    summary: "a leader answers a write as soon as the entry is in its own log",
    breaks: &["linearizability"],
    source: "Raft, §5.3: apply, then return the result, once safely replicated",
    difficulty: Difficulty::Easy,
    found_by: &["raft/chaos"],
};

/// Patience with the wrong leader.
pub const R38: Bug = Bug {
    id: "R38",
    summary: "messages of deposed leaders and refused candidates put a server's own candidacy off",
    breaks: &["liveness"],
    source: "Raft, figure 2, rules for followers: AppendEntries from the current leader, or a granted vote",
    difficulty: Difficulty::Medium,
    found_by: &["raft/deaf-leader"],
};

/// A vote that can be had again.
pub const V1: Bug = Bug {
    id: "V1",
    summary: "a server votes again in a term in which it has voted, for itself included",
    breaks: &["One Vote per Term", "Election Safety"],
    source: "Raft, §5.2: at most one candidate in a given term, first come first served",
    difficulty: Difficulty::Easy,
    found_by: &["raft/split-vote"],
};

/// All of them.
pub const BUGS: &[Bug] = &[
    R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12, R13, R14, R15, R16, R17, R18, R19, R20, R21,
    R22, R23, R24, R25, R26, R27, R28, R29, R30, R31, R32, R33, R34, R35, R36, R37, R38, R39, R40,
    V1,
];
