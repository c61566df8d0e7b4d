//! Linearizability: every operation seems to take effect at one instant between its invocation and
//! its return (Herlihy & Wing, *Linearizability: A Correctness Condition for Concurrent Objects*,
//! 1990).
//!
//! The property is local, so each key of the model is judged alone, from the key with the fewest
//! operations up. The first key in violation is reported.

mod candidate;
mod explain;
mod monitors;
mod parts;
pub(crate) mod provenance;
mod search;
pub mod sequential;
mod shrink;
mod sight;
mod stream;
mod subjects;
mod words;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::finding::{Budget, Explanation, Finding, KeyOrder, Orders, Report, Unknown, Witness};
use crate::history::{History, OperationId};
use crate::model::{Model, Shortcut};

pub(crate) use monitors::{fifo, growing, holds, sums, zones};
pub use stream::{Refusal, Stream};
pub use subjects::SUBJECTS;

use parts::Part;
use search::{Answer, Search};

/// Decides whether the history is linearizable with respect to the model.
///
/// Failed operations never happened and are left out. Operations of unknown outcome, and those
/// still open at the end, may have taken effect at any time after their invocation, or never.
///
/// *Unknown* if the history has no operation at all, or if the budget was spent on a key while no
/// other key is in violation.
pub fn check<M: Model>(
    history: &History<M::Input, M::Output>,
    model: &M,
    budget: Budget,
) -> Report {
    check_parts(history, model, &parts::by_key(history, model), Consistency::Linearizable, budget)
}

/// Whether the history is linearizable, without a witness or an explanation; `None` if the budget was
/// spent or if there is no operation.
pub fn decide<M: Model>(
    history: &History<M::Input, M::Output>,
    model: &M,
    budget: Budget,
) -> Option<bool> {
    let mut is_decided = !history.is_empty();
    for part in parts::by_key(history, model) {
        match decide_part(model, &part, budget) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => is_decided = false,
        }
    }
    is_decided.then_some(true)
}

fn decide_part<M: Model>(model: &M, part: &Part<'_, M>, budget: Budget) -> Option<bool> {
    let answer = |operations: &[_]| match Search::new(model, operations, Consistency::Linearizable)
        .run(budget)
    {
        Answer::Order(_) => Some(true),
        Answer::None => Some(false),
        Answer::Spent => None,
    };
    match model.shortcut(&candidate::calls::<M>(&part.operations)) {
        Some(Shortcut::Order(order)) if explains(model, part, &order) => return Some(true),
        Some(Shortcut::Contradiction(calls)) => {
            let few: Vec<_> = calls.into_iter().map(|index| part.operations[index]).collect();
            if answer(&few) == Some(false) {
                return Some(false);
            }
        }
        Some(Shortcut::Order(_)) | None => {}
    }
    let matter = sight::that_matter(model, &part.operations);
    let operations: Vec<_> = matter.into_iter().map(|index| part.operations[index]).collect();
    answer(&operations)
}

/// What an order has to respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consistency {
    /// An operation that returned before another was invoked comes before it.
    Linearizable,
    /// The operations of each process keep their order.
    Sequential,
}

impl Consistency {
    const fn rule(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizability",
            Self::Sequential => "sequential consistency",
        }
    }

    const fn adjective(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Sequential => "sequentially consistent",
        }
    }
}

/// Like [`check`], with keys judged by several threads. The report is the same, byte for byte, with any
/// number of them.
pub fn check_on<M>(
    threads: NonZeroUsize,
    history: &History<M::Input, M::Output>,
    model: &M,
    budget: Budget,
) -> Report
where
    M: Model + Sync,
    M::Input: Sync,
    M::Output: Sync,
{
    let parts = parts::by_key(history, model);
    let judged: Vec<Mutex<Option<Judged>>> = parts.iter().map(|_| Mutex::new(None)).collect();
    let (next, first_violated) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            // What comes after a key in violation is not in the report. All before it are judged.
            if index >= parts.len() || index > first_violated.load(Ordering::Relaxed) {
                return;
            }
            let one = judge(model, &parts[index], Consistency::Linearizable, budget);
            if matches!(one.answer, PartAnswer::Violated(_)) {
                first_violated.fetch_min(index, Ordering::Relaxed);
            }
            *judged[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.get().min(parts.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    let judged = judged.into_iter().map(|one| {
        let one = one.into_inner().unwrap_or_else(PoisonError::into_inner);
        one.expect("every key up to the first in violation was judged")
    });
    report(history, &parts, judged, budget)
}

/// Judges the parts one by one, from the smallest, up to the first in violation.
fn check_parts<M: Model>(
    history: &History<M::Input, M::Output>,
    model: &M,
    parts: &[Part<'_, M>],
    consistency: Consistency,
    budget: Budget,
) -> Report {
    let judged = parts.iter().map(|part| judge(model, part, consistency, budget));
    report(history, parts, judged, budget)
}

/// Puts together what was found, in the order of the parts, up to the first in violation.
fn report<M: Model>(
    history: &History<M::Input, M::Output>,
    parts: &[Part<'_, M>],
    judged: impl Iterator<Item = Judged>,
    budget: Budget,
) -> Report {
    let (mut steps, mut orders, mut undecided) = (0, Vec::new(), Vec::new());
    let report = |finding, steps| Report::new(finding, history.len(), parts.len(), steps);
    for (part, judged) in parts.iter().zip(judged) {
        let key = part.key.as_deref().map(str::to_owned);
        steps += judged.steps;
        match judged.answer {
            PartAnswer::Order(order) => orders.push(KeyOrder { key, order }),
            PartAnswer::Violated(explanation) => {
                return report(Finding::Violated(explanation), steps);
            }
            PartAnswer::Spent => undecided.push(key),
        }
    }
    let finding = if history.is_empty() {
        Finding::Unknown(Unknown::NoOperations)
    } else if undecided.is_empty() {
        let completed = history.operations().iter().filter(|o| o.output().is_some()).count();
        Finding::Holds(Witness::Orders(Orders { keys: orders, completed }))
    } else {
        Finding::Unknown(Unknown::BudgetSpent { budget, undecided, keys: parts.len(), steps })
    };
    report(finding, steps)
}

/// The verdict on one part, and how often an operation was tried for it.
struct Judged {
    answer: PartAnswer,
    steps: u64,
}

enum PartAnswer {
    Order(Vec<OperationId>),
    Violated(Box<Explanation>),
    Spent,
}

fn judge<M: Model>(
    model: &M,
    part: &Part<'_, M>,
    consistency: Consistency,
    budget: Budget,
) -> Judged {
    if consistency == Consistency::Linearizable
        && let Some(answer) = shortcut(model, part, budget)
    {
        // What is replayed or searched to check the answer is what it costs.
        return Judged { answer, steps: part.operations.len() as u64 };
    }
    let matter = sight::that_matter(model, &part.operations);
    let operations: Vec<_> = matter.into_iter().map(|index| part.operations[index]).collect();
    let mut search = Search::new(model, &operations, consistency);
    let answer = search.run(budget);
    let steps = search.steps();
    let answer = match answer {
        Answer::Order(order) => {
            PartAnswer::Order(order.into_iter().map(|index| operations[index].id).collect())
        }
        Answer::None => {
            let furthest = search.furthest().expect("a failed search was blocked somewhere");
            drop(search);
            let furthest = operations[furthest];
            let explanation =
                explain::explain(model, part, &operations, furthest, consistency, budget);
            PartAnswer::Violated(Box::new(explanation))
        }
        Answer::Spent => PartAnswer::Spent,
    };
    Judged { answer, steps }
}

/// What the model knows without search, once that is checked.
fn shortcut<M: Model>(model: &M, part: &Part<'_, M>, budget: Budget) -> Option<PartAnswer> {
    let operations = &part.operations;
    match model.shortcut(&candidate::calls::<M>(operations))? {
        Shortcut::Order(order) => {
            let ids = || order.iter().map(|&index| operations[index].id).collect();
            explains(model, part, &order).then(|| PartAnswer::Order(ids()))
        }
        Shortcut::Contradiction(calls) => {
            let operations: Vec<_> = calls.into_iter().map(|index| operations[index]).collect();
            let mut search = Search::new(model, &operations, Consistency::Linearizable);
            if search.run(budget) != Answer::None {
                return None;
            }
            let furthest = operations[search.furthest()?];
            drop(search);
            let consistency = Consistency::Linearizable;
            let explanation =
                explain::explain(model, part, &operations, furthest, consistency, budget);
            Some(PartAnswer::Violated(Box::new(explanation)))
        }
    }
}

/// Whether the order explains every answer, has all that completed, and keeps real time.
fn explains<M: Model>(model: &M, part: &Part<'_, M>, order: &[usize]) -> bool {
    let mut is_placed = vec![false; part.operations.len()];
    let mut latest_of = BTreeMap::new();
    let (mut state, mut latest) = (model.initial(), 0);
    for &at in order {
        let operation = part.operations[at];
        if std::mem::replace(&mut is_placed[at], true)
            || operation.completed().is_some_and(|returned| returned.time < latest)
            || latest_of.insert(operation.process, at) > Some(at)
        {
            return false;
        }
        latest = latest.max(operation.invoked.time);
        match model.step(&state, &operation.input, operation.output()) {
            Some(after) => state = after,
            None => return false,
        }
    }
    part.operations.iter().zip(is_placed).all(|(o, is_placed)| is_placed || o.output().is_none())
}
