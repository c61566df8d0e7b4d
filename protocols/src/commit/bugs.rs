//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

const CHAOS: &str = "commit/chaos";

/// A promise that a crash wipes out.
pub const T1: Bug = Bug {
    id: "T1",
    summary: "a participant votes yes before its prepare record is forced",
    breaks: &["Prepared Is Remembered", "AC5 Log before Send", "Money Conserved"],
    source: "R*, §2: a subordinate force-writes a prepare record before it votes yes",
    difficulty: Difficulty::Easy,
    found_by: &[CHAOS],
};

/// A decision that a crash wipes out.
pub const T2: Bug = Bug {
    id: "T2",
    summary: "the coordinator sends its commit before the commit record is forced",
    breaks: &["AC1 Agreement", "AC2 Irrevocable", "AC5 Log before Send", "Money Conserved"],
    source: "R*, §2: the coordinator force-writes a commit record before it sends commit messages",
    difficulty: Difficulty::Easy,
    found_by: &[CHAOS],
};

/// Impatience.
pub const T3: Bug = Bug {
    id: "T3",
    summary: "an uncertain participant aborts when the coordinator is silent for too long",
    breaks: &["AC1 Agreement", "Money Conserved"],
    source: "BHG, §7.4: a participant that has voted yes may not decide by itself",
    difficulty: Difficulty::Easy,
    found_by: &[CHAOS],
};

/// The other impatience.
pub const T4: Bug = Bug {
    id: "T4",
    summary: "an uncertain participant commits when the coordinator is silent for too long",
    breaks: &["AC1 Agreement", "AC3 Unanimity", "AC5 Log before Send", "Money Conserved"],
    source: "BHG, §7.4: a participant that has voted yes may not decide by itself",
    difficulty: Difficulty::Easy,
    found_by: &["commit/blocking", CHAOS],
};

/// Silence is no consent.
pub const T5: Bug = Bug {
    id: "T5",
    summary: "the coordinator counts a vote that has not come as a yes",
    breaks: &["AC1 Agreement", "AC3 Unanimity", "AC5 Log before Send", "Money Conserved"],
    source: "BHG, §7.4: on a timeout while it waits for votes, the coordinator decides abort",
    difficulty: Difficulty::Easy,
    found_by: &[CHAOS],
};

/// Forgotten too early.
pub const T6: Bug = Bug {
    id: "T6",
    summary: "the coordinator forgets a committed transaction before all have acknowledged it, and presumes that it was aborted",
    breaks: &["AC1 Agreement", "Money Conserved"],
    source: "R*, §3: the coordinator forgets a committed transaction when it has all acknowledgements",
    difficulty: Difficulty::Medium,
    found_by: &["commit/amnesia", CHAOS],
};

/// Nobody knows whom it asked.
pub const T7: Bug = Bug {
    id: "T7",
    summary: "presumed commit: the collecting record is not forced before votes are asked for",
    breaks: &["AC1 Agreement", "AC3 Unanimity", "AC5 Log before Send", "Money Conserved"],
    source: "R*, §4: a collecting record is force-written before any prepare message",
    difficulty: Difficulty::Medium,
    found_by: &["commit/presumed-commit-chaos"],
};

/// The wrong presumption.
pub const T8: Bug = Bug {
    id: "T8",
    summary: "the coordinator answers commit when it is asked about a transaction that it does not know",
    breaks: &["AC1 Agreement", "AC3 Unanimity", "AC5 Log before Send", "Money Conserved"],
    source: "R*, §2: no information, so the transaction was aborted",
    difficulty: Difficulty::Medium,
    found_by: &[CHAOS],
};

/// Uncertain is not no.
pub const T9: Bug = Bug {
    id: "T9",
    summary: "cooperative termination: an uncertain participant aborts because another one is uncertain too",
    breaks: &["AC1 Agreement", "Money Conserved"],
    source: "BHG, §7.4: if all are uncertain, they stay blocked",
    difficulty: Difficulty::Medium,
    found_by: &["commit/cooperative", CHAOS],
};

/// Locks given up too early.
pub const T10: Bug = Bug {
    id: "T10",
    summary: "a participant gives up its locks when it votes yes",
    breaks: &["Isolation"],
    source: "BHG, §3: strict two-phase locking holds locks until the outcome is known",
    difficulty: Difficulty::Easy,
    found_by: &[CHAOS],
};

/// A reader that has left goes on reading.
pub const T11: Bug = Bug {
    id: "T11",
    summary: "a reader gives up its locks before it votes, and goes on reading",
    breaks: &["Isolation"],
    source: "R*, §3: a reader releases its locks when it votes, and takes no further part",
    difficulty: Difficulty::Medium,
    found_by: &[CHAOS],
};

/// One name for two transactions.
pub const T12: Bug = Bug {
    id: "T12",
    summary: "after a crash the coordinator uses names of transactions again, so that a late outcome of one meets another",
    breaks: &[
        "AC1 Agreement",
        "AC3 Unanimity",
        "Prepared Is Remembered",
        "AC5 Log before Send",
        "Money Conserved",
    ],
    source: "R*, §2: a transaction's name is unique for ever",
    difficulty: Difficulty::Medium,
    found_by: &[CHAOS],
};

/// All voted yes, and it aborts.
pub const T13: Bug = Bug {
    id: "T13",
    summary: "three-phase commit: a participant that knows that all voted yes aborts when the coordinator is silent",
    breaks: &["AC1 Agreement", "Money Conserved"],
    source: "BHG, §7.5, TR4; Skeen 1981: from the committable state the way is to commit",
    difficulty: Difficulty::Medium,
    found_by: &["commit/three-phase-chaos"],
};

/// Somebody is uncertain, and it commits.
pub const T14: Bug = Bug {
    id: "T14",
    summary: "three-phase commit: who takes over commits without first telling the uncertain that all voted yes",
    breaks: &["AC1 Agreement", "Money Conserved"],
    source: "BHG, §7.5, TR4: pre-commit is sent to the uncertain before anybody commits",
    difficulty: Difficulty::Hard,
    found_by: &["commit/cascade"],
};

/// A vote invented.
pub const T15: Bug = Bug {
    id: "T15",
    summary: "Paxos Commit: a leader proposes prepared for a resource manager of which it has heard nothing",
    breaks: &["AC1 Agreement", "AC3 Unanimity", "Money Conserved"],
    source: "Gray & Lamport 2006, §4: where phase 1 reports no value the leader proposes aborted",
    difficulty: Difficulty::Medium,
    found_by: &["commit/paxos-chaos"],
};

/// Two votes in one ballot.
pub const T16: Bug = Bug {
    id: "T16",
    summary: "Paxos Commit: a resource manager says prepared before that is on its disk, and after a crash says aborted in the same ballot",
    breaks: &["Prepared Is Remembered", "AC1 Agreement", "Money Conserved"],
    source: "Gray & Lamport 2006, §4: a resource manager enters its prepared state before it sends phase 2a",
    difficulty: Difficulty::Medium,
    found_by: &["commit/paxos-chaos"],
};

/// In doubt, and tidied away.
pub const T17: Bug = Bug {
    id: "T17",
    summary: "a participant's checkpoint leaves out the transactions that are in doubt",
    breaks: &["Prepared Is Remembered", "Money Conserved"],
    source: "Gray 1978: a checkpoint keeps what is in doubt",
    difficulty: Difficulty::Medium,
    found_by: &[CHAOS],
};

/// All of them.
pub const BUGS: &[Bug] =
    &[T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, T16, T17];
