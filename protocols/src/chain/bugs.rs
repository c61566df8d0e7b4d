//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// An answer before the fact.
pub const Q8: Bug = Bug {
    id: "Q8",
    summary: "the head answers a client as soon as it has processed the update itself",
    breaks: &["Replied Updates Are on Every Server", "linearizability"],
    source: "van Renesse & Schneider 2004, §2: the reply for every request is generated and sent by the tail",
    difficulty: Difficulty::Easy,
    found_by: &["replication/chain-tail-crash", "replication/chain-chaos"],
};

/// A tail without the present.
pub const Q9: Bug = Bug {
    id: "Q9",
    summary: "a new tail answers queries before it has what the old one still had to send it",
    breaks: &[
        "Queries at the Tail",
        "Replied Updates Are on Every Server",
        "Inprocess Requests",
        "linearizability",
    ],
    source: "van Renesse & Schneider 2004, §3, extending a chain: the requests in Sent of the old tail are sent to the new one",
    difficulty: Difficulty::Medium,
    found_by: &["replication/chain-extension", "replication/chain-chaos"],
};

/// `Sent` is what repairs the chain.
pub const Q10: Bug = Bug {
    id: "Q10",
    summary: "when a middle server fails, its predecessor does not send its successor what that one lacks",
    breaks: &["Inprocess Requests", "State Machine Safety", "Update Propagation"],
    source: "van Renesse & Schneider 2004, §3, figure 3: Sent of the predecessor is forwarded to the new successor",
    difficulty: Difficulty::Medium,
    found_by: &["replication/chain-middle-crash", "replication/chain-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[Q8, Q9, Q10];
