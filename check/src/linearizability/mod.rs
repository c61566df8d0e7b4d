//! Linearizability: every operation seems to take effect at one instant between its invocation and
//! its return (Herlihy & Wing, *Linearizability: A Correctness Condition for Concurrent Objects*,
//! 1990).
//!
//! The property is local, so each key of the model is judged alone, from the key with the fewest
//! operations up. The first key in violation is reported.

mod candidate;
mod explain;
mod search;
mod shrink;
mod sight;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::finding::{Budget, Finding, KeyOrder, Orders, Report, Unknown, Witness};
use crate::history::History;
use crate::model::Model;

use search::{Answer, OperationOf, Search};

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
    let parts = parts(history, model);
    let (mut steps, mut orders, mut undecided) = (0, Vec::new(), Vec::new());
    let report = |finding, steps| Report::new(finding, history.len(), parts.len(), steps);
    for part in &parts {
        let matter = sight::that_matter(model, &part.operations);
        let operations: Vec<_> = matter.into_iter().map(|index| part.operations[index]).collect();
        let mut search = Search::new(model, &operations);
        let answer = search.run(budget);
        steps += search.steps();
        let key = part.key.as_deref().map(str::to_owned);
        match answer {
            Answer::Order(order) => {
                let order = order.into_iter().map(|index| operations[index].id).collect();
                orders.push(KeyOrder { key, order });
            }
            Answer::None => {
                let furthest = search.furthest().expect("a failed search was blocked somewhere");
                drop(search);
                let explanation =
                    explain::explain(model, part, &operations, operations[furthest], budget);
                return report(Finding::Violated(Box::new(explanation)), steps);
            }
            Answer::Spent => undecided.push(key),
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

/// The operations on one key, in the order of their invocations.
struct Part<'a, M: Model> {
    key: Option<Cow<'a, str>>,
    operations: Vec<&'a OperationOf<M>>,
    /// Those that failed: no part of the search, but an answer may show that one happened.
    failed: Vec<&'a OperationOf<M>>,
}

/// The history by key, from the fewest operations up, then by name.
fn parts<'a, M: Model>(history: &'a History<M::Input, M::Output>, model: &M) -> Vec<Part<'a, M>> {
    let mut by_key: BTreeMap<Option<Cow<'a, str>>, Part<'a, M>> = BTreeMap::new();
    let is_partitioned = history.operations().iter().all(|o| model.key(&o.input).is_some());
    for operation in history.operations() {
        let key = if is_partitioned { model.key(&operation.input) } else { None };
        let part = by_key.entry(key.clone()).or_insert_with(|| Part {
            key,
            operations: Vec::new(),
            failed: Vec::new(),
        });
        if operation.is_failed() {
            part.failed.push(operation);
        } else {
            part.operations.push(operation);
        }
    }
    let mut parts: Vec<_> = by_key.into_values().collect();
    // Stable, so that keys of one size stay in the order of their names.
    parts.sort_by_key(|part| part.operations.len());
    parts
}
