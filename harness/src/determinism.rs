//! Proof that a run is a function of its case: made twice, handlers run twice, digests compared.

use crate::case::Case;
use crate::report::Report;
use crate::subject::{CaseError, RunOptions, Subject};

/// What two runs of one case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Determinism {
    /// They agree, event by event.
    Same(Box<Report>),
    /// They do not.
    Differs(Difference),
}

/// Where two runs of one case part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first event that differs; 0 where only the ends do.
    pub event: u64,
    /// What is known of it, in words: the handler, or the event on each side.
    pub facts: Vec<String>,
}

/// Runs `case` twice in this process, the first time with every handler called twice on copies.
///
/// # Errors
/// Where the case cannot be run.
pub fn verify(subject: &dyn Subject, case: &Case) -> Result<Determinism, CaseError> {
    let first = subject.run(case, &RunOptions { check_purity: true })?;
    if let Some(failure) = first.violation.as_ref().filter(|f| f.found_by == "purity") {
        let (event, facts) = (failure.event, failure.facts.clone());
        return Ok(Determinism::Differs(Difference { event, facts }));
    }
    let second = subject.run(case, &RunOptions::default())?;
    if first == second {
        return Ok(Determinism::Same(Box::new(first)));
    }
    first_difference(subject, case).map(Determinism::Differs)
}

/// Makes both runs again with all their events, and finds the first that differs.
fn first_difference(subject: &dyn Subject, case: &Case) -> Result<Difference, CaseError> {
    let (one, other) = (subject.open(case)?, subject.open(case)?);
    let pairs = one.rows().zip(other.rows());
    let Some((a, b)) = pairs.into_iter().find(|(a, b)| a != b) else {
        let lengths = [one.events(), other.events()];
        let facts = vec![format!("one run has {} events, the other {}", lengths[0], lengths[1])];
        return Ok(Difference { event: 0, facts });
    };
    let node = a.node.map_or_else(|| String::from("the plan"), |node| node.to_string());
    Ok(Difference {
        event: a.number,
        facts: vec![
            format!("at {node}, `{}`", a.title),
            format!("once:  {:?} {:?}", a.payload, a.effects),
            format!("again: {:?} {:?}", b.payload, b.effects),
        ],
    })
}
