//! Planted bugs: for each rule worth teaching, the mistake that it prevents. Each is one more
//! condition at its rule, or a function of `variants.rs`.

use orrery_sim::{Bug, Difficulty};

/// PMMC, figure 7: ◁ and pmax left out by half.
pub const P11: Bug = Bug {
    id: "P11",
    summary: "a new leader that has accepted something in a later slot fills the slots before it from its own memory alone, with no-ops where it has nothing",
    breaks: &["Agreement", "P2c", "Integrity", "State Machine Safety"],
    source: "Paxos Made Simple, §3: a new leader executes phase 1 for the slots that it does not know",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/chosen-behind-a-gap", "paxos/chaos"],
};

/// PMMC, figure 1, perform: in the order of slots.
pub const P12: Bug = Bug {
    id: "P12",
    summary: "a replica performs the next decision that it knows, whether or not it knows those before",
    breaks: &["State Machine Safety"],
    source: "Paxos Made Simple, §3: command 140 cannot be executed before 138 and 139 are chosen",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/hole", "paxos/chaos"],
};

/// Quorums that need not meet.
pub const P13: Bug = Bug {
    id: "P13",
    summary: "a scout is content with one promise less than a quorum of phase 1",
    breaks: &["Agreement", "P2c", "Integrity", "State Machine Safety"],
    source: "Flexible Paxos, §3: each quorum of phase 1 meets each quorum of phase 2",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/disjoint-quorums", "paxos/flexible-chaos"],
};

/// α forgotten.
pub const P14: Bug = Bug {
    id: "P14",
    summary: "a configuration takes effect in the slot after the one that it was chosen in, not α slots later",
    breaks: &["Agreement", "P2c", "Integrity", "State Machine Safety"],
    source: "Reconfiguring a State Machine, §3: a configuration chosen in slot s governs from slot s + α",
    difficulty: Difficulty::Hard,
    found_by: &["paxos/alpha-window"],
};

/// A lease by a clock that goes back.
pub const P18: Bug = Bug {
    id: "P18",
    summary: "a leader measures its lease by the wall clock, which may be set back",
    breaks: &["linearizability"],
    source: "Paxos Made Live, §5.2: leases rest on the rates of clocks",
    difficulty: Difficulty::Hard,
    found_by: &["paxos/lease-step"],
};

/// Accepted is not chosen.
pub const P20: Bug = Bug {
    id: "P20",
    summary: "a replica that is asked for decisions tells what it has merely accepted too",
    breaks: &["Integrity", "State Machine Safety"],
    source: "Paxos Made Simple, §2.3: a learner must find out that a majority has accepted",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/merely-accepted", "paxos/chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[P11, P12, P13, P14, P18, P20];
