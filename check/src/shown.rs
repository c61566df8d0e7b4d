//! What explanations of every kind need: operations as they are shown, and the smallest set of them.

use crate::finding::{Explanation, Report, WindowOperation};
use crate::history::{History, Operation, Outcome};
use crate::picture::Picture;
use crate::subject::Options;

/// The operation as an explanation shows it.
pub(crate) fn shown<I, O>(operation: &Operation<I, O>, description: String) -> WindowOperation {
    WindowOperation {
        id: operation.id,
        process: operation.process,
        description,
        outcome: match &operation.outcome {
            Outcome::Ok(_) => Outcome::Ok(()),
            Outcome::Fail => Outcome::Fail,
            Outcome::Info => Outcome::Info,
            Outcome::Open => Outcome::Open,
        },
        invoked: operation.invoked,
        returned: operation.returned,
    }
}

/// Takes operations away one by one, from the last, as long as what is left `breaks` the rule in the
/// same way. `depends(a, b)`: without `b`, `a` would be a different fault, so `a` goes with it.
///
/// What is left is 1-minimal: no single one can go, with what depends on it.
pub(crate) fn minimal<T: Copy + PartialEq>(
    mut kept: Vec<T>,
    depends: impl Fn(T, T) -> bool,
    mut breaks: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    loop {
        let before = kept.len();
        for index in (0..before).rev() {
            let Some(&gone) = kept.get(index) else { continue };
            let rest: Vec<T> =
                kept.iter().copied().filter(|&one| one != gone && !depends(one, gone)).collect();
            if !rest.is_empty() && breaks(&rest) {
                kept = rest;
            }
        }
        if kept.len() == before {
            return kept;
        }
    }
}

/// An operation, and another.
type Pair<'a, I, O> = (&'a Operation<I, O>, &'a Operation<I, O>);

/// What contradicts what, before it is an explanation.
pub(crate) struct Contradiction<'a, I, O> {
    pub(crate) rule: &'static str,
    pub(crate) pattern: &'static str,
    pub(crate) sentence: String,
    /// In any order, each once or more often.
    pub(crate) window: Vec<&'a Operation<I, O>>,
    /// The answer that cannot be, and what it contradicts.
    pub(crate) conflict: Option<Pair<'a, I, O>>,
    pub(crate) is_minimal: bool,
}

impl<I, O> Contradiction<'_, I, O> {
    /// As an explanation of a history of so many operations.
    pub(crate) fn explain(
        mut self,
        operations: usize,
        describe: impl Fn(&I, Option<&O>) -> String,
    ) -> Box<Explanation> {
        self.window.sort_by_key(|operation| operation.invoked.position);
        self.window.dedup_by_key(|operation| operation.id);
        let show = |o: &Operation<I, O>| shown(o, describe(&o.input, o.output()));
        Box::new(Explanation {
            rule: self.rule,
            key: None,
            operations,
            pattern: self.pattern,
            sentence: self.sentence,
            window: self.window.into_iter().map(show).collect(),
            is_minimal: self.is_minimal,
            stuck: None,
            edges: Vec::new(),
            conflict: self.conflict.map(|(a, b)| (show(a), show(b))),
        })
    }
}

/// Whether `first` had returned when `second` was invoked: earlier in time, or in the same process.
pub(crate) fn precedes<I, O>(first: &Operation<I, O>, second: &Operation<I, O>) -> bool {
    let is_own = first.process == second.process;
    first.completed().is_some_and(|returned| {
        returned.time < second.invoked.time
            || (is_own && returned.position < second.invoked.position)
    })
}

/// How many operations completed.
pub(crate) fn completed<I, O>(history: &History<I, O>) -> usize {
    history.operations().iter().filter(|operation| operation.output().is_some()).count()
}

/// The report, with a picture of the history if the options ask for one.
pub(crate) fn drawn<I, O>(
    mut report: Report,
    history: &History<I, O>,
    options: &Options,
    describe: impl Fn(&I, Option<&O>) -> String,
) -> Report {
    if options.picture {
        let show = |o: &Operation<I, O>| shown(o, describe(&o.input, o.output()));
        let picture = Picture::of_finding(&report.finding, history.operations().iter().map(show));
        report.picture = Some(Box::new(picture));
    }
    report
}
