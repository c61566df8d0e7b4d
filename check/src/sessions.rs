//! The four session guarantees of single reads and writes.
//!
//! **Source:** Terry, Demers, Petersen, Spreitzer, Theimer & Welch, *Session Guarantees for Weakly
//! Consistent Replicated Data* (PDIS 1994). A session is a process. Of each key:
//!
//! - **RYW**, read your writes: a read sees no older version than the session's own writes.
//! - **MR**, monotonic reads: a read sees no older version than the session's reads before it.
//! - **MW**, monotonic writes: the session's writes become versions in its order.
//! - **WFR**, writes follow reads: a write becomes a later version than what the session read before.
//!
//! What is older is known from the places that the system gave the writes in its commit order
//! ([`Operation::commit`](crate::Operation::commit)), or, if told so, from the values
//! ([`Versions::Numbered`]). Without either, each guarantee says that some write comes before another,
//! and guarantees hold together if their statements do not contradict each other: they are judged
//! alone and together, so that it may be `RYW+MW` that fails while each alone could hold.
//!
//! Keys are judged apart: a session that sees a new `y` and then an old `x` breaks a guarantee only if
//! it had seen a newer `x`. [Causal consistency](crate::causal) says more.
//!
//! ```
//! use orrery_check::memory::{Access, Reply};
//! use orrery_check::{Budget, Finding, HistoryBuilder, sessions};
//!
//! // p0 writes 1 and then 2; p1 reads 2 and then 1.
//! let mut history = HistoryBuilder::new();
//! for (process, access, reply) in [
//!     (0, Access::write("x", 1), Reply::Written),
//!     (0, Access::write("x", 2), Reply::Written),
//!     (1, Access::read("x"), Reply::Value(2.into())),
//!     (1, Access::read("x"), Reply::Value(1.into())),
//! ] {
//!     let operation = history.invoke(process, 0, access)?;
//!     history.ok(operation, 0, reply)?;
//! }
//! let history = history.finish();
//! let judge = |versions| {
//!     let options = sessions::Settings { versions, ..Default::default() };
//!     sessions::check(&history, &options, Budget::default())
//! };
//! // Nobody says which version is newer: either the reads or the writes are out of order.
//! assert_eq!(judge(sessions::Versions::Committed).weakest_violated, ["MR+MW"]);
//! // If the values are version numbers, it is the reads.
//! assert_eq!(judge(sessions::Versions::Numbered).weakest_violated, ["MR"]);
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

mod constraints;
mod explain;
mod guarantees;

use crate::finding::{Budget, Finding, Report, Unknown, Witness};
use crate::memory::{Access, Memory, MemoryHistory, MemoryOperation, Words};
use crate::record::{Place, ReadError, Records, Value};
use crate::shown::drawn;
use crate::subject::{Options, Subject};
use crate::vocabulary::read_history;

pub use guarantees::{Guarantee, Guarantees};

/// How it is known which version of a key is newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// By the places in the system's commit order, of the writes that have one.
    #[default]
    Committed,
    /// By the values, which are numbers that grow with each version.
    Numbered,
}

/// What to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The guarantees that must hold, together.
    pub guarantees: Guarantees,
    /// How it is known which version is newer.
    pub versions: Versions,
    /// What every key holds before the first write.
    pub initial: Value,
}

impl Default for Settings {
    /// All four guarantees.
    fn default() -> Self {
        let (guarantees, versions) = (Guarantees::ALL, Versions::default());
        Self { guarantees, versions, initial: Value::Nil }
    }
}

/// Decides whether the history keeps the guarantees, and which sets of them it keeps and violates.
///
/// *Unknown* if two writes of a key write the same, if values that should be version numbers are no
/// numbers, or if two writes of a key have one place in the commit order.
pub fn check(history: &MemoryHistory, settings: &Settings, budget: Budget) -> Report {
    let operations: Vec<&MemoryOperation> = history.operations().iter().collect();
    let report = |finding, keys| Report::new(finding, history.len(), keys, history.len() as u64);
    if operations.is_empty() {
        return report(Finding::Unknown(Unknown::NoOperations), 0);
    }
    let memory = Memory::new(&operations, &settings.initial);
    let memory = match memory {
        Ok(memory) => memory,
        Err(why) => return report(Finding::Unknown(Unknown::Ambiguous(why)), 0),
    };
    let keys = memory.keys;
    if memory.nodes.len() as u64 > budget.steps {
        let (undecided, steps) = (vec![None], 0);
        let spent = Unknown::BudgetSpent { budget, undecided, keys: 1, steps };
        return report(Finding::Unknown(spent), keys);
    }
    if let Some((read, failed)) = memory.thin_air() {
        let explanation = explain::thin_air(&memory, read, failed, settings.guarantees);
        return report(Finding::Violated(Box::new(explanation)), keys);
    }
    let violated = match constraints::minimal_violated(&memory, settings.versions) {
        Ok(violated) => violated,
        Err(why) => return report(Finding::Unknown(Unknown::Ambiguous(why)), keys),
    };
    let asked = violated.iter().copied().find(|set| settings.guarantees.contains(*set));
    let finding = if let Some(set) = asked {
        Finding::Violated(Box::new(explain::explain(&memory, set, settings)))
    } else {
        let completed = operations.iter().filter(|o| o.output().is_some()).count();
        let patterns = Guarantees::subsets().filter(|set| settings.guarantees.contains(*set));
        let patterns = patterns.map(Guarantees::name).collect();
        Finding::Holds(Witness::NoPattern { patterns, completed })
    };
    let mut report = report(finding, keys);
    report.strongest_kept = guarantees::maximal_kept(&violated).map(Guarantees::name).collect();
    report.weakest_violated = violated.into_iter().map(Guarantees::name).collect();
    report
}

/// What this family can judge.
pub static SUBJECTS: [Subject; 1] = [Subject {
    name: "sessions",
    summary: "session guarantees of `read` and `write` of keys, each write of a key with its own value; \
              `versions = numbered` if values are version numbers, else by commit places or inferred",
    consistencies: &["all", "RYW", "MR", "MW", "WFR"],
    judge,
}];

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.only_settings(&["versions"])?;
    let refuse = |message| ReadError::new(Place { line: 1, column: 1 }, message);
    let versions = match options.setting("versions").map(|value| (value, value.name())) {
        None | Some((_, Some("committed"))) => Versions::Committed,
        Some((_, Some("numbered"))) => Versions::Numbered,
        Some((value, _)) => {
            let message = format!("`versions` is `committed` or `numbered`, not `{value}`");
            return Err(refuse(message));
        }
    };
    let guarantees = match options.consistency.as_deref() {
        None | Some("all") => Guarantees::ALL,
        Some(names) => Guarantees::named(names).ok_or_else(|| {
            refuse(format!(
                "there is no consistency `{names}` here: it is one of all, RYW, MR, MW, \
                            WFR, or several joined by `+`"
            ))
        })?,
    };
    let initial = options.initial.clone().unwrap_or_default();
    let history = read_history(records, &Words)?;
    let settings = Settings { guarantees, versions, initial };
    let report = check(&history, &settings, options.budget);
    Ok(drawn(report, &history, options, Access::describe))
}
