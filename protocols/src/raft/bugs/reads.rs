//! Mistakes of leaders that read.

use orrery_sim::{Bug, Difficulty};

/// Deaf to the news.
pub const R16: Bug = Bug {
    id: "R16",
    summary: "a leader ignores the newer term in a response, and takes the refusal for an answer to its round",
    breaks: &["linearizability"],
    source: "Raft, §5.1: a leader that sees a newer term steps down; dissertation, §6.4",
    difficulty: Difficulty::Easy,
    found_by: &["raft/refused-round"],
};

/// A read before the leader knows what is committed.
pub const R17: Bug = Bug {
    id: "R17",
    summary: "a new leader takes its commit index for a read index before it has committed an entry of its term",
    breaks: &["linearizability"],
    source: "dissertation, §6.4, step 1; etcd #7331",
    difficulty: Difficulty::Easy,
    found_by: &["raft/early-read-index", "raft/chaos"],
};

/// Any answer will do.
pub const R19: Bug = Bug {
    id: "R19",
    summary: "a leader takes a response to an earlier round for one to the round that a read waits for",
    breaks: &["linearizability"],
    source: "dissertation, §6.4, step 3: a new round of heartbeats; etcd #20418",
    difficulty: Difficulty::Hard,
    found_by: &["raft/late-acks"],
};

/// A lease that begins too late.
pub const R20: Bug = Bug {
    id: "R20",
    summary: "a leader counts its lease from the arrival of the answers, not from the start of the round",
    breaks: &["linearizability"],
    source: "dissertation, §6.4.1: start + election timeout / clock drift bound",
    difficulty: Difficulty::Medium,
    found_by: &["raft/late-acks"],
};

/// A lease and a rival of one's own making.
pub const R21: Bug = Bug {
    id: "R21",
    summary: "a leader goes on with leases after it has told another server to stand for election",
    breaks: &["linearizability"],
    source: "dissertation, §6.4.1 with §3.10; etcd #12704",
    difficulty: Difficulty::Medium,
    found_by: &["raft/lease-transfer"],
};

/// Clocks are alike, are they not?
pub const R22: Bug = Bug {
    id: "R22",
    summary: "a lease lasts the whole election timeout, however far clocks may drift apart",
    breaks: &["linearizability"],
    source: "dissertation, §6.4.1: the clock drift bound",
    difficulty: Difficulty::Easy,
    found_by: &["raft/lease-drift"],
};
