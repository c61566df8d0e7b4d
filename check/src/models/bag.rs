//! A queue without order: what was put in comes out once, at any time after.
//!
//! A take of unknown outcome may have taken any element, so that what is left is not determined.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use super::container::{self, Input, Output};
use super::power_set::{Nondeterministic, PowerSet};

/// The bag, empty at first.
///
/// ```
/// use orrery_check::container::{Input, Output};
/// use orrery_check::{Budget, HistoryBuilder, bag, linearizability};
///
/// let mut history = HistoryBuilder::new();
/// for element in 1..=2 {
///     let put = history.invoke(1, 10 * element, Input::Put(element))?;
///     history.ok(put, 10 * element + 5, Output::Done)?;
/// }
/// for (time, element) in [(30, 2), (50, 1)] {
///     let take = history.invoke(2, time, Input::Take)?;
///     history.ok(take, time + 10, Output::Taken(Some(element)))?;
/// }
/// let report = linearizability::check(&history.finish(), &bag::model(), Budget::default());
/// assert!(report.holds());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bag<V>(PhantomData<V>);

/// The bag as a model.
pub type Model<V> = PowerSet<Bag<V>>;

/// The bag as a model, empty at first.
pub const fn model<V>() -> Model<V> {
    PowerSet(Bag(PhantomData))
}

impl<V: Clone + Ord + Hash + Debug> Nondeterministic for Bag<V> {
    /// In the order of their values.
    type State = Vec<V>;
    type Input = Input<V>;
    type Output = Output<V>;

    fn initial(&self) -> Vec<Vec<V>> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Vec<V>, input: &Input<V>, output: Option<&Output<V>>) -> Vec<Vec<V>> {
        match (input, output) {
            (Input::Put(element), None | Some(Output::Done)) => {
                let mut state = state.clone();
                state.insert(state.partition_point(|other| other < element), element.clone());
                vec![state]
            }
            (Input::Take, None | Some(Output::Taken(None))) if state.is_empty() => {
                vec![Vec::new()]
            }
            (Input::Take, None) => {
                let mut left: Vec<_> = (0..state.len()).map(|at| without(state, at)).collect();
                left.dedup();
                left
            }
            (Input::Take, Some(Output::Taken(Some(element)))) => {
                state.binary_search(element).map(|at| without(state, at)).into_iter().collect()
            }
            (Input::Drain, None) => vec![Vec::new()],
            (Input::Drain, Some(Output::Drained(drained))) => {
                let mut drained = drained.clone();
                drained.sort();
                if drained == *state { vec![Vec::new()] } else { Vec::new() }
            }
            (Input::Take, Some(Output::Taken(None) | Output::Done | Output::Drained(_)))
            | (Input::Put(_), Some(Output::Taken(_) | Output::Drained(_)))
            | (Input::Drain, Some(Output::Done | Output::Taken(_))) => Vec::new(),
        }
    }

    fn may_see(
        &self,
        input: &Input<V>,
        output: Option<&Output<V>>,
        writer: &Input<V>,
        written: Option<&Output<V>>,
        _in_parts: bool,
    ) -> Option<bool> {
        Some(container::share_an_element(&(input, output), &(writer, written)))
    }

    fn describe(&self, input: &Input<V>, output: Option<&Output<V>>) -> String {
        container::describe(["put", "take"], input, output)
    }

    fn describe_state(&self, state: &Vec<V>) -> String {
        container::describe_state(state)
    }
}

/// What is left without the element there.
fn without<V: Clone>(state: &[V], at: usize) -> Vec<V> {
    let mut state = state.to_vec();
    state.remove(at);
    state
}
