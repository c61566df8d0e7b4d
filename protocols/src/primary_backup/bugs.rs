//! Planted bugs: for each rule worth teaching, the mistake that it prevents. Each is one more condition at its rule.

use orrery_sim::{Bug, Difficulty};

/// An answer before the fact.
pub const Q13: Bug = Bug {
    id: "Q13",
    summary: "a primary answers an update when it is on its own disk, and does not wait for its backups",
    breaks: &[
        "Acknowledged by All",
        "Committed Entries Stay",
        "State Machine Safety",
        "linearizability",
    ],
    source: "BMST, section 8.3: the primary waits for the backups' acknowledgements before it responds",
    difficulty: Difficulty::Easy,
    found_by: &["replication/primary-crash", "replication/primary-backup-chaos"],
};

/// A fence without a lock.
pub const Q14: Bug = Bug {
    id: "Q14",
    summary: "a server accepts updates of an epoch that is over",
    breaks: &[
        "Committed Entries Stay",
        "State Machine Safety",
        "Acknowledged by All",
        "linearizability",
    ],
    source: "KIP-101; Burrows, Chubby, OSDI 2006, section 2.4: a sequencer is checked by who receives it",
    difficulty: Difficulty::Easy,
    found_by: &["replication/fencing", "replication/primary-backup-chaos"],
};

/// Doubt in the wrong place.
pub const Q15: Bug = Bug {
    id: "Q15",
    summary: "a server that restarts deletes what it does not know to be committed, although it has acknowledged it",
    breaks: &[
        "Committed Entries Stay",
        "State Machine Safety",
        "Acknowledged by All",
        "linearizability",
    ],
    source: "KIP-101, scenario 1: high watermark truncation followed by immediate leader election",
    difficulty: Difficulty::Medium,
    found_by: &["replication/high-watermark", "replication/primary-backup-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[Q13, Q14, Q15];
