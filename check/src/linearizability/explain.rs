//! Turns a violating part of a history into an explanation.

use crate::finding::{Budget, Explanation, Stuck, WindowOperation};
use crate::history::Outcome;
use crate::model::Model;

use super::search::{OperationOf, Search};
use super::sight::Sight;
use super::{Consistency, Part, shrink};

/// What kind of contradiction a window shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    /// The answer shows the effect of an operation that failed.
    DirtyRead,
    /// The answer shows the effect of an operation that was invoked only after it was given.
    FutureRead,
    /// No operation on this key can have led to the answer.
    OutOfThinAir,
    /// The answer was outdated by an operation that had returned before the question was asked.
    Stale,
    /// Two operations whose answers cannot both be right, in whatever order.
    Conflict,
}

impl Pattern {
    /// As an explanation names it.
    const fn name(self) -> &'static str {
        match self {
            Self::DirtyRead => "dirty-read",
            Self::FutureRead => "future-read",
            Self::OutOfThinAir => "out-of-thin-air",
            Self::Stale => "stale",
            Self::Conflict => "conflict",
        }
    }
}

/// Explains why there is no linearization of `operations`, those of `part` that matter. Their search
/// failed at the return of `furthest`.
pub(super) fn explain<M: Model>(
    model: &M,
    part: &Part<'_, M>,
    operations: &[&OperationOf<M>],
    furthest: &OperationOf<M>,
    consistency: Consistency,
    budget: Budget,
) -> Explanation {
    let shrunk = shrink::shrink(model, operations, furthest, consistency, budget);
    let window: Vec<_> = shrunk.kept.iter().map(|&index| operations[index]).collect();
    let mut search = Search::new(model, &window, consistency).recording();
    search.run(budget);
    let (frontier, states) = search.into_frontier().expect("the search was recorded");
    let stuck = window[frontier.stuck];
    let prefix: Vec<_> = frontier.prefix.iter().map(|&index| window[index]).collect();
    let mut states: Vec<String> = states.iter().map(|state| model.describe_state(state)).collect();
    states.sort();

    let (pattern, against) = classify(model, part, &prefix, stuck, consistency);
    let mut shown = window;
    shown.extend(against.filter(|_| matches!(pattern, Pattern::DirtyRead | Pattern::FutureRead)));
    shown.sort_by_key(|operation| operation.invoked.position);
    let conflict = against.map(|other| (show(model, stuck), show(model, other)));
    Explanation {
        rule: consistency.rule(),
        key: part.key.as_deref().map(str::to_owned),
        operations: part.operations.len() + part.failed.len(),
        pattern: pattern.name(),
        sentence: sentence(model, part, (consistency, pattern), stuck, against, &states),
        window: shown.into_iter().map(|operation| show(model, operation)).collect(),
        is_minimal: shrunk.is_minimal,
        edges: Vec::new(),
        stuck: Some(Stuck {
            operation: stuck.id,
            prefix: prefix.iter().map(|operation| operation.id).collect(),
            states,
        }),
        conflict,
    }
}

/// What kind of contradiction `stuck` is, and the operation that it contradicts most directly.
fn classify<'a, M: Model>(
    model: &M,
    part: &Part<'a, M>,
    prefix: &[&'a OperationOf<M>],
    stuck: &OperationOf<M>,
    consistency: Consistency,
) -> (Pattern, Option<&'a OperationOf<M>>) {
    if model.step(&model.initial(), &stuck.input, stuck.output()).is_none() {
        let end = match consistency {
            Consistency::Linearizable => stuck.completed().map_or(u64::MAX, |at| at.time),
            Consistency::Sequential => u64::MAX,
        };
        let (early, late): (Vec<_>, Vec<_>) =
            part.operations.iter().copied().partition(|o| o.invoked.time <= end);
        if seen_among(model, stuck, &early).is_none() {
            if let Some(failed) = seen_among(model, stuck, &part.failed) {
                return (Pattern::DirtyRead, Some(failed));
            }
            if let Some(future) = seen_among(model, stuck, &late) {
                return (Pattern::FutureRead, Some(future));
            }
        }
    }
    match conflicting(model, prefix, stuck, consistency) {
        None => (Pattern::OutOfThinAir, None),
        Some(other) if precedes::<M>(other, stuck, consistency) => (Pattern::Stale, Some(other)),
        Some(other) => (Pattern::Conflict, Some(other)),
    }
}

/// The first of `operations` whose effect the answer of `reader` may show.
fn seen_among<'a, M: Model>(
    model: &M,
    reader: &OperationOf<M>,
    operations: &[&'a OperationOf<M>],
) -> Option<&'a OperationOf<M>> {
    let sight = Sight::new(model, operations);
    let is_seen = |o: &&OperationOf<M>| o.id != reader.id && sight.guessed(reader, o);
    operations.iter().copied().find(is_seen)
}

/// Of what was placed before `stuck`, the last that speaks against it: that may have changed the
/// state, or that had returned before `stuck` was invoked.
fn conflicting<'a, M: Model>(
    model: &M,
    prefix: &[&'a OperationOf<M>],
    stuck: &OperationOf<M>,
    consistency: Consistency,
) -> Option<&'a OperationOf<M>> {
    let speaks_against = |operation: &&&OperationOf<M>| {
        !model.is_pure(&operation.input, operation.output())
            || precedes::<M>(operation, stuck, consistency)
    };
    prefix.iter().rev().find(speaks_against).copied()
}

fn precedes<M: Model>(
    first: &OperationOf<M>,
    second: &OperationOf<M>,
    consistency: Consistency,
) -> bool {
    let is_same_process = first.process == second.process;
    first.completed().is_some_and(|returned| {
        (consistency == Consistency::Linearizable && returned.time < second.invoked.time)
            || (is_same_process && returned.position < second.invoked.position)
    })
}

fn show<M: Model>(model: &M, operation: &OperationOf<M>) -> WindowOperation {
    WindowOperation {
        id: operation.id,
        process: operation.process,
        description: model.describe(&operation.input, operation.output()),
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

fn sentence<M: Model>(
    model: &M,
    part: &Part<'_, M>,
    (consistency, pattern): (Consistency, Pattern),
    stuck: &OperationOf<M>,
    against: Option<&OperationOf<M>>,
    states: &[String],
) -> String {
    let key = part.key.as_deref().map(|key| format!(" on key {key}")).unwrap_or_default();
    let stuck = show(model, stuck);
    let other = against.map(|other| show(model, other).to_string()).unwrap_or_default();
    let left = match states {
        [state] => format!("the operations shown can only have left {state}"),
        states => format!("the operations shown can only have left one of {}", states.join(", ")),
    };
    let why = match pattern {
        Pattern::DirtyRead => {
            format!("shows the effect of {other}, which failed and so never took effect")
        }
        Pattern::FutureRead => format!("shows the effect of {other}, which was invoked later"),
        Pattern::OutOfThinAir => {
            format!("has an answer that no operation there can have led to; {left}")
        }
        Pattern::Stale => format!("was asked after {other} had returned, when {left}"),
        Pattern::Conflict => {
            let order = match consistency {
                Consistency::Linearizable => "respects real time",
                Consistency::Sequential => "keeps the order of each process",
            };
            format!("contradicts {other}: in every order that {order}, {left} before it")
        }
    };
    format!("The history is not {}{key}: {stuck} {why}.", consistency.adjective())
}
