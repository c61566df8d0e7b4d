//! Planted bugs: for each rule worth teaching, the mistake that it prevents. Each is one more
//! condition at its rule.

use orrery_sim::{Bug, Difficulty};

/// A promise in memory only.
pub const P1: Bug = Bug {
    id: "P1",
    summary: "an acceptor forgets its promises in a crash",
    breaks: &["Promises Kept", "P2c", "P2b", "Agreement"],
    source: "Paxos Made Simple, §2.5: stable storage maintains the information that the acceptor must remember",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/forgotten-promise", "paxos/synod-chaos"],
};

/// An acceptance in memory only.
pub const P2: Bug = Bug {
    id: "P2",
    summary: "an acceptor forgets in a crash what it has accepted",
    breaks: &["Integrity", "Agreement"],
    source: "Paxos Made Simple, §2.5: it records its response before it sends it",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/synod-chaos", "paxos/chosen-but-unknown"],
};

/// Phase 2a by half.
pub const P3: Bug = Bug {
    id: "P3",
    summary: "a proposer proposes its own value although acceptors reported one that they had accepted",
    breaks: &["P2c", "P2b", "Agreement"],
    source: "Paxos Made Simple, §2.2, P2c and phase 2 (a)",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/chosen-but-unknown", "paxos/synod-chaos"],
};

/// The first report instead of the highest-numbered one.
pub const P4: Bug = Bug {
    id: "P4",
    summary: "a proposer takes the value that was reported first, not that of the highest-numbered proposal",
    breaks: &["P2c", "P2b", "Agreement"],
    source: "Paxos Made Simple, §2.2, phase 2 (a): the highest-numbered proposal among the responses",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/two-reports", "paxos/synod-chaos"],
};

/// Numbers that are nobody's own.
pub const P5: Bug = Bug {
    id: "P5",
    summary: "proposers number their proposals by the round alone, so that two of them may use one number",
    breaks: &["Unique Ballots", "P2c", "Agreement"],
    source: "Paxos Made Simple, §2.2: different proposals have different numbers",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/synod-chaos", "paxos/duelling-proposers"],
};

/// A promise that binds nobody.
pub const P6: Bug = Bug {
    id: "P6",
    summary: "an acceptor accepts a proposal although it has promised a higher number",
    breaks: &["Promises Kept", "P2c", "P2b", "Agreement"],
    source: "Paxos Made Simple, §2.2, P1a",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/late-accept", "paxos/synod-chaos"],
};

/// An acceptance that promises nothing.
pub const P7: Bug = Bug {
    id: "P7",
    summary: "an acceptor that accepts a number which it had not promised goes on accepting lower ones, and forgets the higher",
    breaks: &["Promises Kept", "P2c", "P2b", "Agreement"],
    source: "Lamport's TLA+ specification Paxos, Phase2b: maxBal' = m.bal",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/late-accept", "paxos/synod-chaos"],
};

/// A majority that never was at one number.
pub const P8: Bug = Bug {
    id: "P8",
    summary: "a learner counts acceptors of a value, at whichever number each of them accepted it",
    breaks: &["Integrity", "Agreement"],
    source: "Paxos Made Simple, §2.2: chosen when a single proposal has been accepted by a majority",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/synod-chaos"],
};

/// Counting messages instead of acceptors.
pub const P9: Bug = Bug {
    id: "P9",
    summary: "a promise or an acceptance that the network delivers twice counts twice",
    breaks: &["P2c", "P2b", "Integrity", "Agreement"],
    source: "Paxos Made Simple, §2.2: a majority of the acceptors",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/synod-chaos"],
};

/// A majority of those who happened to answer.
pub const P10: Bug = Bug {
    id: "P10",
    summary: "a majority of those who answered phase 1 is enough for phase 2",
    breaks: &["Integrity", "P2b", "Agreement"],
    source: "Paxos Made Simple, §2.2: any two majorities have an acceptor in common",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/synod-chaos"],
};

/// A memory lost, and nobody told.
pub const P17: Bug = Bug {
    id: "P17",
    summary: "an acceptor whose disk was lost takes part again as if it had never promised anything",
    breaks: &["Promises Kept", "P2c", "P2b", "Agreement"],
    source: "Chandra, Griesemer and Redstone, Paxos Made Live, 2007, §5.1: disk corruption",
    difficulty: Difficulty::Medium,
    found_by: &["paxos/lost-disk", "paxos/lost-disks"],
};

/// Patience without chance.
pub const P19: Bug = Bug {
    id: "P19",
    summary: "a proposer that gives way always waits for the shortest time, so that two of them may duel for ever",
    breaks: &["liveness"],
    source: "Paxos Made Simple, §2.4: randomness or real time must be used",
    difficulty: Difficulty::Easy,
    found_by: &["paxos/duelling-proposers"],
};

/// All of them.
pub const BUGS: &[Bug] = &[P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P17, P19];
