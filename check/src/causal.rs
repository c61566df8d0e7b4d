//! Causal consistency of single reads and writes, by the patterns that a history must not contain.
//!
//! **Source:** Bouajjani, Enea, Guerraoui & Hamza, *On Verifying Causal Consistency* (POPL 2017).
//! An operation comes causally before another (`co`) if its process did it earlier, or the other read
//! what it wrote, or by a chain of these. There are three rules of growing strength, of which the last
//! two do not compare:
//!
//! - **CC**, causal consistency: nobody reads a value that its causal past has overwritten. Patterns:
//!   `ThinAirRead`, `CyclicCO`, `WriteCOInitRead`, `WriteCORead`.
//! - **`CCv`**, causal convergence: also, all processes agree on one order of the writes of a key.
//!   Pattern: `CyclicCF`.
//! - **CM**, causal memory: also, for each process there is one order of the operations it knows of
//!   that explains all its reads. Patterns: `CyclicHB`, `WriteHBInitRead`.
//!
//! Real time says nothing here. Each write of a key needs its own value; if two write the same, the
//! finding is *unknown*. A history that the order of its invocations explains takes one pass. Else, with n
//! operations and p processes, CC and `CCv` take O(n p) steps and 4 n p bytes: 100 000 operations of 300
//! processes are 120 MB. CM orders the writes anew for each process, so it suits histories of some thousand
//! operations and tens of processes; of longer ones it may spend the budget and leave the history undecided.
//!
//! ```
//! use orrery_check::memory::{Access, Reply};
//! use orrery_check::{Budget, Finding, HistoryBuilder, causal};
//!
//! // Ann posts, Bob reads the post and replies; Cid sees the reply but not the post.
//! let (ann, bob, cid) = (1, 2, 3);
//! let mut history = HistoryBuilder::new();
//! for (process, access, reply) in [
//!     (ann, Access::write("post", 1), Reply::Written),
//!     (bob, Access::read("post"), Reply::Value(1.into())),
//!     (bob, Access::write("reply", 2), Reply::Written),
//!     (cid, Access::read("reply"), Reply::Value(2.into())),
//!     (cid, Access::read("post"), Reply::Value(orrery_check::record::Value::Nil)),
//! ] {
//!     let operation = history.invoke(process, 0, access)?;
//!     history.ok(operation, 0, reply)?;
//! }
//! let report = causal::check(&history.finish(), causal::Level::Cc, &Default::default(), Budget::default());
//! let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
//! assert_eq!(explanation.pattern, "WriteCOInitRead");
//! assert_eq!(explanation.edges.len(), 4); // from the post to the read that missed it
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

mod explain;
mod patterns;

use crate::finding::{Budget, Finding, Report, Unknown, Witness};
use crate::memory::{Access, Memory, MemoryHistory, MemoryOperation, Words};
use crate::record::{ReadError, Records, Value};
use crate::shown::drawn;
use crate::subject::{Options, Subject};
use crate::vocabulary::read_history;

use patterns::{Found, Pattern, Search, Spent};

/// A rule of causal consistency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Causal consistency.
    Cc,
    /// Causal convergence: with one order of writes for all.
    Ccv,
    /// Causal memory: with one order of operations for each process.
    Cm,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cc, Self::Ccv, Self::Cm];

    /// As papers abbreviate it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cc => "CC",
            Self::Ccv => "CCv",
            Self::Cm => "CM",
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Cc => "causal consistency",
            Self::Ccv => "causal convergence",
            Self::Cm => "causal memory",
        }
    }

    /// What a history that keeps the rule does not contain.
    const fn patterns(self) -> &'static [Pattern] {
        match self {
            Self::Cc => &Pattern::OF_CC,
            Self::Ccv => &Pattern::OF_CCV,
            Self::Cm => &Pattern::OF_CM,
        }
    }
}

/// What a search for the patterns of one level found.
enum Answer {
    Kept,
    Violated(Pattern, Found),
    Spent,
}

/// Decides whether the history keeps `level`, and which of the others it keeps.
///
/// `initial` is what every key holds before the first write.
pub fn check(history: &MemoryHistory, level: Level, initial: &Value, budget: Budget) -> Report {
    let operations: Vec<&MemoryOperation> = history.operations().iter().collect();
    let report = |finding, keys, steps| Report::new(finding, history.len(), keys, steps);
    if operations.is_empty() {
        return report(Finding::Unknown(Unknown::NoOperations), 0, 0);
    }
    let memory = match Memory::new(&operations, initial) {
        Ok(memory) => memory,
        Err(why) => return report(Finding::Unknown(Unknown::Ambiguous(why)), 0, 0),
    };
    let mut search = Search::new(&memory, budget);
    let answers = if memory.is_explained_in_order() {
        Level::ALL.map(|_| Answer::Kept)
    } else {
        Level::ALL.map(|level| look_for(&mut search, level.patterns()))
    };
    let asked = Level::ALL.iter().position(|&other| other == level).expect("all are there");
    let finding = match &answers[asked] {
        Answer::Kept => {
            let completed = operations.iter().filter(|o| o.output().is_some()).count();
            let patterns = level.patterns().iter().map(|pattern| pattern.name()).collect();
            Finding::Holds(Witness::NoPattern { patterns, completed })
        }
        Answer::Violated(pattern, found) => Finding::Violated(Box::new(explain::explain(
            &memory, level, *pattern, found, initial, budget,
        ))),
        Answer::Spent => {
            let (undecided, steps) = (vec![None], search.steps());
            Finding::Unknown(Unknown::BudgetSpent { budget, undecided, keys: 1, steps })
        }
    };
    let mut report = report(finding, memory.keys, search.steps());
    place(&mut report, &answers);
    report
}

/// The first of `patterns` that is there.
fn look_for(search: &mut Search<'_, '_>, patterns: &[Pattern]) -> Answer {
    for &pattern in patterns {
        match search.find(pattern) {
            Ok(Some(found)) => return Answer::Violated(pattern, found),
            Ok(None) => {}
            Err(Spent) => return Answer::Spent,
        }
    }
    Answer::Kept
}

/// CC is below the two others, which do not compare.
fn place(report: &mut Report, [cc, ccv, cm]: &[Answer; 3]) {
    let upper = [(ccv, Level::Ccv), (cm, Level::Cm)];
    let named = |is: fn(&Answer) -> bool| {
        upper.iter().filter(move |(answer, _)| is(answer)).map(|(_, level)| level.name())
    };
    if matches!(cc, Answer::Violated(..)) {
        report.weakest_violated = vec![Level::Cc.name()];
        return;
    }
    report.weakest_violated = named(|answer| matches!(answer, Answer::Violated(..))).collect();
    report.strongest_kept = named(|answer| matches!(answer, Answer::Kept)).collect();
    if report.strongest_kept.is_empty() && matches!(cc, Answer::Kept) {
        report.strongest_kept = vec![Level::Cc.name()];
    }
}

/// What this family can judge.
pub static SUBJECTS: [Subject; 1] = [Subject {
    name: "causal",
    summary: "causal consistency of `read` and `write` of keys, each write of a key with its own \
              value; no real time",
    consistencies: &["CC", "CCv", "CM"],
    judge,
}];

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    let name = options.consistency_among(SUBJECTS[0].consistencies)?;
    options.only_settings(&[])?;
    let level = Level::ALL.into_iter().find(|level| level.name() == name).expect("all are listed");
    let history = read_history(records, &Words)?;
    let initial = options.initial.clone().unwrap_or_default();
    let report = check(&history, level, &initial, options.budget);
    Ok(drawn(report, &history, options, Access::describe))
}
