//! One register with read, write and compare-and-swap.

use std::fmt::Debug;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::linearizability::zones;
use crate::model::{self, Call, Shortcut};

/// The register.
///
/// ```
/// use orrery_check::register::{Input, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// // A write that nobody knows the outcome of is seen, and then is not.
/// let mut history = HistoryBuilder::new();
/// let write = history.invoke(1, 10, Input::Write(1))?;
/// history.info(write, 20)?;
/// for (time, value) in [(30, Some(1)), (50, None)] {
///     let read = history.invoke(2, time, Input::Read)?;
///     history.ok(read, time + 10, Output::Value(value))?;
/// }
/// let model = Model { initial: None };
/// let report = linearizability::check(&history.finish(), &model, Budget::default());
/// assert!(report.is_violated());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model<V> {
    /// The value before the first write; `None` is a register that was never written.
    pub initial: Option<V>,
}

/// What a client asks of the register.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input<V> {
    /// Reads the value. Answer: `Value`.
    Read,
    /// Sets the value. Answer: `Written`.
    Write(V),
    /// Sets the value if it is the expected one. Answer: `Swapped`.
    Cas {
        /// The value to find.
        expected: V,
        /// The new value.
        new: V,
    },
}

/// What the register answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output<V> {
    /// A read found this; `None` if nothing was written yet.
    Value(Option<V>),
    /// A write was done.
    Written,
    /// Whether a compare-and-swap found what it expected, and so set the value.
    Swapped(bool),
}

impl<V: Clone + Eq + Hash + Debug> model::Model for Model<V> {
    type State = Option<V>;
    type Input = Input<V>;
    type Output = Output<V>;

    fn initial(&self) -> Option<V> {
        self.initial.clone()
    }

    fn step(
        &self,
        state: &Option<V>,
        input: &Input<V>,
        output: Option<&Output<V>>,
    ) -> Option<Option<V>> {
        let (right, next) = match input {
            Input::Read => (Output::Value(state.clone()), state.clone()),
            Input::Write(value) => (Output::Written, Some(value.clone())),
            Input::Cas { expected, new } if state.as_ref() == Some(expected) => {
                (Output::Swapped(true), Some(new.clone()))
            }
            Input::Cas { .. } => (Output::Swapped(false), state.clone()),
        };
        output.is_none_or(|output| *output == right).then_some(next)
    }

    fn is_pure(&self, input: &Input<V>, output: Option<&Output<V>>) -> bool {
        match input {
            Input::Read => true,
            Input::Write(_) => false,
            Input::Cas { expected, new } => {
                output == Some(&Output::Swapped(false)) || expected == new
            }
        }
    }

    fn may_see(
        &self,
        input: &Input<V>,
        output: Option<&Output<V>>,
        writer: &Input<V>,
        _written: Option<&Output<V>>,
        _in_parts: bool,
    ) -> Option<bool> {
        let (Input::Write(left) | Input::Cas { new: left, .. }) = writer else {
            return Some(false);
        };
        Some(match (input, output) {
            (Input::Read, Some(Output::Value(found))) => found.as_ref() == Some(left),
            (Input::Cas { expected, .. }, Some(Output::Swapped(false))) => expected != left,
            // With an unknown outcome, it has an effect only if it finds what it expects.
            (Input::Cas { expected, .. }, _) => expected == left,
            _ => false,
        })
    }

    fn replaces(&self, input: &Input<V>, output: Option<&Output<V>>) -> bool {
        match input {
            Input::Read => false,
            Input::Write(_) => true,
            Input::Cas { .. } => output == Some(&Output::Swapped(true)),
        }
    }

    /// Where every write has its own value and nothing compares, zones decide.
    fn shortcut(&self, calls: &[Call<'_, Input<V>, Output<V>>]) -> Option<Shortcut> {
        let mut accesses = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let (value, is_write) = match (call.input, call.output) {
                (Input::Write(value), None | Some(Output::Written)) => (Some(value), true),
                (Input::Read, Some(Output::Value(found))) => (found.as_ref(), false),
                (Input::Read, None) => continue,
                (Input::Cas { .. } | Input::Write(_) | Input::Read, _) => return None,
            };
            let (invoked, returned) = (call.invoked, call.returned);
            accesses.push(zones::Access { index, value, is_write, invoked, returned });
        }
        zones::decide(self.initial.as_ref(), &accesses)
    }

    fn describe(&self, input: &Input<V>, output: Option<&Output<V>>) -> String {
        let question = match input {
            Input::Read => "read".to_owned(),
            Input::Write(value) => format!("write({value:?})"),
            Input::Cas { expected, new } => format!("cas({expected:?} to {new:?})"),
        };
        let answer = match output {
            None => "?".to_owned(),
            Some(Output::Written) => "ok".to_owned(),
            Some(Output::Value(value)) => self.describe_state(value),
            Some(Output::Swapped(true)) => "swapped".to_owned(),
            Some(Output::Swapped(false)) => "not swapped".to_owned(),
        };
        format!("{question} -> {answer}")
    }

    fn describe_state(&self, state: &Option<V>) -> String {
        state.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"))
    }
}
