//! Workloads that are judged by one number or one set rather than by an order of operations: as
//! Jepsen's checkers of the same names do.

pub mod bank;
pub mod bounds;
pub mod long_fork;
pub mod monotonic;
pub mod set_full;

use crate::finding::{Explanation, Finding, Report, Unknown, Witness};
use crate::history::History;
use crate::shown::completed;
use crate::subject::Subject;

/// What this family can judge.
pub static SUBJECTS: [Subject; 4] =
    [bank::SUBJECT, set_full::SUBJECT, long_fork::SUBJECT, monotonic::SUBJECT];

/// A report on a history of which nothing but the first contradiction matters. `nothing_seen` says
/// why it proves nothing, if so.
pub(crate) fn report<I, O>(
    history: &History<I, O>,
    violation: Option<Box<Explanation>>,
    nothing_seen: Option<&str>,
    patterns: &[&'static str],
) -> Report {
    let finding = if history.is_empty() {
        Finding::Unknown(Unknown::NoOperations)
    } else if let Some(explanation) = violation {
        Finding::Violated(explanation)
    } else if let Some(why) = nothing_seen {
        Finding::Unknown(Unknown::Ambiguous(why.to_owned()))
    } else {
        Finding::Holds(Witness::NoPattern {
            patterns: patterns.to_vec(),
            completed: completed(history),
        })
    };
    Report::new(finding, history.len(), 1, history.len() as u64)
}
