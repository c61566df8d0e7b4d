//! Planted bugs of what makes Fast Paxos other than Paxos.

use orrery_sim::{Bug, Difficulty};

/// A quorum that two values can have.
pub const P15: Bug = Bug {
    id: "P15",
    summary: "a majority is enough in a fast round, as it is in a classic one",
    breaks: &["Integrity", "Agreement", "Choosable"],
    source: "Fast Paxos, §2.2: any two fast quorums and any quorum have an acceptor in common",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/fast-quorum", "paxos/fast-chaos"],
};

/// Any report.
pub const P16: Bug = Bug {
    id: "P16",
    summary: "of several values that were voted for in a fast round, a coordinator picks the first that was reported",
    breaks: &["Choosable", "Agreement"],
    source: "Fast Paxos, §2.2, O4 and figure 1",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/fast-recovery", "paxos/fast-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[P15, P16];
