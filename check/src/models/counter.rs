//! A counter with add and read.

use crate::linearizability::sums;
use crate::model::{self, Call, Shortcut};

/// The counter.
///
/// ```
/// use orrery_check::counter::{Input, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// // The read overlaps the second add, so both 1 and 3 would be right.
/// let mut history = HistoryBuilder::new();
/// let add = history.invoke(1, 10, Input::Add(1))?;
/// history.ok(add, 20, Output::Done)?;
/// let add = history.invoke(1, 30, Input::Add(2))?;
/// let read = history.invoke(2, 35, Input::Read)?;
/// history.ok(add, 40, Output::Done)?;
/// history.ok(read, 45, Output::Value(2))?;
/// let report = linearizability::check(&history.finish(), &Model::default(), Budget::default());
/// assert!(report.is_violated());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The value before the first add.
    pub initial: i64,
}

/// What a client asks of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Adds this much, which may be negative. Answer: `Done`, or `Value` with the new sum.
    Add(i64),
    /// Asks for the sum. Answer: `Value`.
    Read,
}

/// What the counter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// An add was done.
    Done,
    /// The sum.
    Value(i64),
}

impl model::Model for Model {
    type State = i64;
    type Input = Input;
    type Output = Output;

    fn initial(&self) -> i64 {
        self.initial
    }

    /// A sum beyond 64 bits is never right.
    fn step(&self, state: &i64, input: &Input, output: Option<&Output>) -> Option<i64> {
        let sum = match input {
            Input::Add(amount) => state.checked_add(*amount)?,
            Input::Read => *state,
        };
        let is_right = match (input, output) {
            (_, None) | (Input::Add(_), Some(Output::Done)) => true,
            (_, Some(Output::Value(value))) => *value == sum,
            (Input::Read, Some(Output::Done)) => false,
        };
        is_right.then_some(sum)
    }

    fn is_pure(&self, input: &Input, _output: Option<&Output>) -> bool {
        matches!(input, Input::Read | Input::Add(0))
    }

    fn may_see(
        &self,
        _input: &Input,
        output: Option<&Output>,
        writer: &Input,
        _written: Option<&Output>,
        _in_parts: bool,
    ) -> Option<bool> {
        let changes = matches!(writer, Input::Add(amount) if *amount != 0);
        Some(changes && matches!(output, Some(Output::Value(_))))
    }

    /// Of a counter that only grows, a read that is out of its bounds.
    fn shortcut(&self, calls: &[Call<'_, Input, Output>]) -> Option<Shortcut> {
        let mut terms = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let (amount, is_read) = match (call.input, call.output) {
                (&Input::Add(amount), None | Some(Output::Done)) => (amount, false),
                (Input::Read, Some(&Output::Value(sum))) => (sum, true),
                (Input::Read, None) => continue,
                (Input::Add(_) | Input::Read, _) => return None,
            };
            let (invoked, returned) = (call.invoked, call.returned);
            terms.push(sums::Term { index, amount, is_read, invoked, returned });
        }
        sums::contradiction(self.initial, &terms)
    }

    fn describe(&self, input: &Input, output: Option<&Output>) -> String {
        let question = match input {
            Input::Add(amount) => format!("add({amount})"),
            Input::Read => "read".to_owned(),
        };
        match output {
            None => format!("{question} -> ?"),
            Some(Output::Done) => format!("{question} -> ok"),
            Some(Output::Value(value)) => format!("{question} -> {value}"),
        }
    }
}
