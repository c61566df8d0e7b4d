//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// Hints that pass for copies.
pub const Q4: Bug = Bug {
    id: "Q4",
    summary: "a hint counts towards a strict quorum, as if its keeper owned the key",
    breaks: &["Strict Quorums Meet"],
    source: "Dynamo, §4.5: R + W > N is about the N owners",
    difficulty: Difficulty::Easy,
    found_by: &["dynamo/strict-quorum", "dynamo/chaos"],
};

/// Repairs that destroy.
pub const Q5: Bug = Bug {
    id: "Q5",
    summary: "a read repair replaces what the owner has, although that may be newer by now",
    breaks: &["Replicas Forget Nothing", "Strict Quorums Meet", "Deleted Stays Deleted"],
    source: "Dynamo, §5: stale versions are updated; §4.4: what nobody has seen stays",
    difficulty: Difficulty::Medium,
    found_by: &["dynamo/chaos"],
};

/// Versions that forget whom they follow.
pub const Q6: Bug = Bug {
    id: "Q6",
    summary: "a version remembers what its writer had seen of one node only: clocks are truncated",
    breaks: &["Siblings Are Concurrent"],
    source: "Dynamo, §4.4, last paragraph: truncation can lead to inefficiencies in reconciliation",
    difficulty: Difficulty::Medium,
    found_by: &["dynamo/chaos"],
};

/// Names that are given twice.
pub const Q7: Bug = Bug {
    id: "Q7",
    summary: "writes are numbered by their client as far as the coordinator can see, so that a number is given twice",
    breaks: &[
        "Names Are Unique",
        "Replicas Forget Nothing",
        "Strict Quorums Meet",
        "Replicas Converge",
    ],
    source: "Dynamo, §4.4: the coordinating node increments its own counter",
    difficulty: Difficulty::Medium,
    found_by: &["dynamo/chaos"],
};

/// The dead come back.
pub const Q21: Bug = Bug {
    id: "Q21",
    summary: "tombstones are removed at once, although an owner may not have heard of the deletion",
    breaks: &["Deleted Stays Deleted", "Strict Quorums Meet", "Replicas Forget Nothing"],
    source: "tombstones outlive repair: gc_grace_seconds of Cassandra, and its zombies",
    difficulty: Difficulty::Easy,
    found_by: &["dynamo/zombie", "dynamo/chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[Q4, Q5, Q6, Q7, Q21];
