//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use orrery_sim::Violation;
use orrery_sim::ledger::{Counters, Ledger, MessageCount, Probes, Tally};

/// The verdict of a run. Unknown never counts as pass.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was judged holds, and every goal was reached.
    Pass,
    /// A rule was broken, a goal missed, or a node panicked.
    Fail,
    /// The run did not come to a verdict: a spent budget, a trigger that never fired, an undecided check.
    Unknown,
    /// The run could not be made.
    Error,
}

impl Verdict {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Why a run did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Who found it: an invariant's name, `linearizability`, a goal's name, `panic`, `budget`, `plan`.
    pub found_by: String,
    /// The rule, and where it is stated.
    pub rule: String,
    /// Where the rule is stated.
    pub source: String,
    /// The facts that conflict, each with node, term, index and time.
    pub facts: Vec<String>,
    /// The number of the event at which it showed.
    pub event: u64,
    /// The time of that event in nanoseconds.
    pub time_ns: u64,
    /// A picture in text, where there is one.
    pub picture: Option<String>,
}

impl Failure {
    /// The rule, and where it is stated.
    pub fn title(&self) -> String {
        format!("{} ({})", self.rule, self.source)
    }

    /// A broken invariant.
    pub fn of_violation(violation: Violation, event: u64, time_ns: u64) -> Self {
        Self {
            found_by: violation.rule.into(),
            rule: violation.rule.into(),
            source: violation.source.into(),
            facts: violation.facts,
            event,
            time_ns,
            picture: None,
        }
    }
}

/// How a goal went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalReport {
    /// What people call it.
    pub name: String,
    /// The event at which it was reached.
    pub reached_at_event: Option<u64>,
    /// The time of that event.
    pub reached_at_ns: Option<u64>,
    /// Why not, in words.
    pub reason: Option<String>,
}

/// One value of a statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The integer as measured.
    pub value: i64,
    /// What it is divided by when shown.
    pub scale: u64,
}

/// Everything that is said of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// The raw verdict.
    pub verdict: Verdict,
    /// The verdict that the scenario expects.
    pub expected: Verdict,
    /// Whether the two agree.
    pub as_expected: bool,
    /// What repeats this run.
    pub token: String,
    /// The digest of the run, in hexadecimal.
    pub digest: String,
    /// How many events happened.
    pub events: u64,
    /// How many messages were sent.
    pub messages: u64,
    /// The time of the last event, or the end of the run.
    pub sim_ns: u64,
    /// Each invariant that was watched and whether it held.
    pub invariants: BTreeMap<String, bool>,
    /// Why the run did not pass.
    pub violation: Option<Failure>,
    /// How the goals went.
    pub goals: Vec<GoalReport>,
    /// How often each probe was reached; zero for those that were not.
    pub probes: BTreeMap<String, u64>,
    /// Faults by family.
    pub ledger: BTreeMap<String, Tally>,
    /// Statistics by name, as measured; whoever prints them divides by their scale.
    #[serde(skip)]
    pub stats: BTreeMap<String, Measured>,
    /// Messages by kind.
    pub message_kinds: BTreeMap<String, MessageCount>,
}
// These are the same whatever the protocol. Inside of the runner they would be compiled once for each.

/// How often each probe was reached; those that a protocol has and that were not are there with 0.
pub(crate) fn probes(names: &[&str], probes: &Probes) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, u64> = names.iter().map(|name| ((*name).into(), 0)).collect();
    all.extend(probes.hits().map(|(name, count)| (name.to_string(), count)));
    all
}

/// The ledger by the families' names.
pub(crate) fn tallies(ledger: &Ledger) -> BTreeMap<String, Tally> {
    ledger.families().map(|(family, tally)| (family.name().to_string(), tally)).collect()
}

/// The messages by kind.
pub(crate) fn message_kinds(counters: &Counters) -> BTreeMap<String, MessageCount> {
    counters.messages().map(|(kind, count)| (kind.to_string(), count)).collect()
}
