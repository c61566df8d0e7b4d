//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// A member that forgets how often it has lived.
pub const G1: Bug = Bug {
    id: "G1",
    summary: "a member that restarts begins at incarnation 0 again, whatever it used before",
    breaks: &["Incarnations Rise"],
    source: "SWIM, §4.2: incarnations order what is said of a member; habitat issue 5581",
    difficulty: Difficulty::Easy,
    found_by: &["swim/restart", "swim/chaos"],
};

/// An accusation that nobody believes.
pub const G2: Bug = Bug {
    id: "G2",
    summary: "a suspicion does not override that the member was alive in the same incarnation",
    breaks: &["Time-Bounded Completeness"],
    source: "SWIM, §4.2: {Suspect, i} overrides {Alive, j} for i >= j",
    difficulty: Difficulty::Easy,
    found_by: &["swim/crash", "swim/chaos"],
};

/// The dead are forgotten.
pub const G3: Bug = Bug {
    id: "G3",
    summary: "who has failed is forgotten, so that an old word of it brings it back",
    breaks: &["Opinions Only Rise"],
    source: "SWIM, §4.2: a confirmation overrides what was said of that incarnation; atomix PR 1062",
    difficulty: Difficulty::Medium,
    found_by: &["swim/late-word", "swim/chaos"],
};

/// Nobody else is asked.
pub const G4: Bug = Bug {
    id: "G4",
    summary: "a ping that is not answered in time is enough to suspect, without asking others",
    breaks: &["goals"],
    source: "SWIM, §3.1: k others are asked before the period ends; DAOS PR 10435",
    difficulty: Difficulty::Easy,
    found_by: &["swim/indirect"],
};

/// The same time for a denial in a large group as in a small one.
pub const G20: Bug = Bug {
    id: "G20",
    summary: "a suspect has the same few periods to deny however large the group is",
    breaks: &["No Hasty Confirmation"],
    source: "SWIM, §4.2 with §4.1: news needs about log n periods to reach all",
    difficulty: Difficulty::Medium,
    found_by: &["swim/denial", "swim/chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[G1, G2, G3, G4, G20];
