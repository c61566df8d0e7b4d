//! Which servers decide.

use orrery_sim::{Bug, Difficulty};

/// The rule that was added in 2015 left out.
pub const R23: Bug = Bug {
    id: "R23",
    summary: "a leader changes the configuration before an entry of its term is committed",
    breaks: &[
        "Configuration Safety",
        "Leader Completeness",
        "Election Safety",
        "State Machine Safety",
    ],
    source: "Ongaro, bug in single-server membership changes, raft-dev, 2015",
    difficulty: Difficulty::Hard,
    found_by: &["raft/membership-race"],
};

/// Two steps at once.
pub const R24: Bug = Bug {
    id: "R24",
    summary: "a configuration that differs by more than one server takes over without a joint one",
    breaks: &[
        "Configuration Safety",
        "Election Safety",
        "Leader Completeness",
        "State Machine Safety",
    ],
    source: "Raft, §6: no overlap of the majorities of C_old and C_new",
    difficulty: Difficulty::Medium,
    found_by: &["raft/joint-change"],
};

/// A joint configuration by name.
pub const R25: Bug = Bug {
    id: "R25",
    summary: "while a configuration is joint, a majority of the new voters alone commits",
    breaks: &[
        "Configuration Safety",
        "Leader Completeness",
        "Election Safety",
        "State Machine Safety",
    ],
    source: "Raft, §6: agreement requires separate majorities from both (seen in camunda)",
    difficulty: Difficulty::Hard,
    found_by: &["raft/joint-change"],
};

/// A configuration that comes too late.
pub const R26: Bug = Bug {
    id: "R26",
    summary: "a server uses the latest configuration that it has applied, instead of the latest in its log",
    breaks: &[
        "Election Safety",
        "Configuration Safety",
        "Leader Completeness",
        "State Machine Safety",
    ],
    source: "Raft, §6: a server always uses the latest configuration in its log (seen in etcd)",
    difficulty: Difficulty::Hard,
    found_by: &["raft/late-configuration"],
};

/// An inheritance refused.
pub const R27: Bug = Bug {
    id: "R27",
    summary: "a new leader goes by the last committed configuration and passes over its predecessor's in its log",
    breaks: &[
        "Configuration Safety",
        "Leader Completeness",
        "Election Safety",
        "State Machine Safety",
    ],
    source: "Raft, §6: regardless of whether the entry is committed (seen in NuRaft)",
    difficulty: Difficulty::Medium,
    found_by: &["raft/inherited-configuration"],
};

/// A snapshot that does not say whom it belongs to.
pub const R31: Bug = Bug {
    id: "R31",
    summary: "a server that goes on from a snapshot passes over the configuration in it",
    breaks: &[
        "Configuration Safety",
        "Leader Completeness",
        "Election Safety",
        "State Machine Safety",
    ],
    source: "Raft, §7: the snapshot includes the latest configuration (seen in openraft and c-raft)",
    difficulty: Difficulty::Hard,
    found_by: &["raft/snapshot-configuration"],
};

/// A listener's vote.
pub const R40: Bug = Bug {
    id: "R40",
    summary: "learners count towards commitment",
    breaks: &["Leader Completeness", "State Machine Safety"],
    source: "dissertation, §4.2.1: non-voting members are not yet counted toward majorities",
    difficulty: Difficulty::Easy,
    found_by: &["raft/learner", "raft/membership-chaos"],
};
