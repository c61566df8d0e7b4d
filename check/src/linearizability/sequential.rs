//! Sequential consistency: some order of all operations explains every answer and keeps the order of
//! each process, but need not respect real time (Lamport, *How to Make a Multiprocessor Computer
//! That Correctly Executes Multiprocess Programs*, 1979).
//!
//! Unlike linearizability it is not local: each key alone may be sequentially consistent while the
//! whole is not. So all keys are judged together.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Budget, Finding, Orders, Report, Witness};
use crate::history::{History, OperationId};
use crate::model::Model;

use super::{Consistency, check_parts, parts};

/// Decides whether the history is sequentially consistent with respect to the model.
///
/// ```
/// use orrery_check::kv::{Input, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
/// use linearizability::sequential;
///
/// // A read of the old value after the write has returned.
/// let mut history = HistoryBuilder::new();
/// let put = history.invoke(1, 10, Input::put("x", "new"))?;
/// history.ok(put, 20, Output::Written)?;
/// let get = history.invoke(2, 30, Input::get("x"))?;
/// history.ok(get, 40, Output::absent())?;
/// let history = history.finish();
/// assert!(linearizability::check(&history, &Model, Budget::default()).is_violated());
/// assert!(sequential::check(&history, &Model, Budget::default()).holds());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
pub fn check<M: Model>(
    history: &History<M::Input, M::Output>,
    model: &M,
    budget: Budget,
) -> Report {
    let is_by_key = history.operations().iter().all(|o| model.key(&o.input).is_some());
    if is_by_key {
        let whole = Whole(model);
        check_parts(history, &whole, &parts::whole(history), Consistency::Sequential, budget)
    } else {
        check_parts(history, model, &parts::whole(history), Consistency::Sequential, budget)
    }
}

/// Replays the order of a report that holds, independently of the search that found it: every
/// answer is right, nothing is missing, doubled or failed, and each process keeps its own order.
///
/// # Errors
/// What is wrong, in words.
pub fn recheck<M: Model>(
    history: &History<M::Input, M::Output>,
    model: &M,
    report: &Report,
) -> Result<(), String> {
    let Finding::Holds(Witness::Orders(Orders { keys, .. })) = &report.finding else {
        return Err("there is no order".to_owned());
    };
    let mut states: BTreeMap<Option<Cow<'_, str>>, M::State> = BTreeMap::new();
    let (mut seen, mut latest_of) = (BTreeSet::new(), BTreeMap::new());
    for &id in keys.iter().flat_map(|order| &order.order) {
        let operation = history.operation(id).ok_or(format!("{id} does not exist"))?;
        if operation.is_failed() || !seen.insert(id) {
            return Err(format!("{id} failed, or takes effect twice"));
        }
        let own = latest_of.insert(operation.process, operation.invoked.position);
        if own > Some(operation.invoked.position) {
            return Err(format!("{id} comes after a later one of its process"));
        }
        let state = states.entry(model.key(&operation.input)).or_insert_with(|| model.initial());
        *state = model
            .step(state, &operation.input, operation.output())
            .ok_or_else(|| format!("{id} cannot answer so in state {state:?}"))?;
    }
    let missing = |id: &OperationId| !seen.contains(id);
    let mut completed = history.operations().iter().filter(|o| o.output().is_some());
    completed.find(|o| missing(&o.id)).map_or(Ok(()), |o| Err(format!("{} is in no order", o.id)))
}

/// A model of one key as a model of all of them.
struct Whole<'a, M>(&'a M);

impl<M: Model> Model for Whole<'_, M> {
    /// Keys without a state have the initial one. In the order of the keys.
    type State = Vec<(String, M::State)>;
    type Input = M::Input;
    type Output = M::Output;

    fn initial(&self) -> Self::State {
        Vec::new()
    }

    fn step(
        &self,
        state: &Self::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Option<Self::State> {
        let key = self.0.key(input)?;
        let place = state.binary_search_by(|(other, _)| other.as_str().cmp(&key));
        let initial = self.0.initial();
        let before = place.map_or(&initial, |at| &state[at].1);
        let after = self.0.step(before, input, output)?;
        let mut state = state.clone();
        match place {
            Ok(at) if after == initial => _ = state.remove(at),
            Ok(at) => state[at].1 = after,
            Err(_) if after == initial => {}
            Err(at) => state.insert(at, (key.into_owned(), after)),
        }
        Some(state)
    }

    fn is_pure(&self, input: &M::Input, output: Option<&M::Output>) -> bool {
        self.0.is_pure(input, output)
    }

    fn may_see(
        &self,
        input: &M::Input,
        output: Option<&M::Output>,
        writer: &M::Input,
        written: Option<&M::Output>,
        in_parts: bool,
    ) -> Option<bool> {
        if self.0.key(input) != self.0.key(writer) {
            return Some(false);
        }
        self.0.may_see(input, output, writer, written, in_parts)
    }

    fn builds_on_state(&self, input: &M::Input) -> bool {
        self.0.builds_on_state(input)
    }

    fn describe(&self, input: &M::Input, output: Option<&M::Output>) -> String {
        let text = self.0.describe(input, output);
        match self.0.key(input) {
            // A model that names the key itself says enough.
            Some(key) if !text.contains(&*key) => format!("{key}: {text}"),
            Some(_) | None => text,
        }
    }

    fn describe_state(&self, state: &Self::State) -> String {
        let one =
            |(key, state): &(String, M::State)| format!("{key} = {}", self.0.describe_state(state));
        let all: Vec<String> = state.iter().map(one).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    }
}
