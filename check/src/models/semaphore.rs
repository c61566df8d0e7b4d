//! A semaphore: so many permits, and with one permit a mutex.

use crate::linearizability::holds;
use crate::model::{self, Call, Shortcut};

/// The semaphore, with all permits free at first.
///
/// ```
/// use orrery_check::semaphore::{Input, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// // Two clients hold one mutex.
/// let mut history = HistoryBuilder::new();
/// for process in 1..=2 {
///     let acquire = history.invoke(process, 10 * process, Input::Acquire(1))?;
///     history.ok(acquire, 10 * process + 5, Output::Done)?;
/// }
/// let report = linearizability::check(&history.finish(), &Model::mutex(), Budget::default());
/// assert!(report.is_violated());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// How many permits there are.
    pub permits: u64,
}

impl Model {
    /// One permit: a mutex. It does not know who holds it, so that a client that goes on under a new
    /// process id may release it.
    pub const fn mutex() -> Self {
        Self { permits: 1 }
    }
}

/// What a client asks of the semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// Takes this many permits, once that many are free.
    Acquire(u64),
    /// Gives this many back. Never right if that many are not taken.
    Release(u64),
}

/// What the semaphore answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// It was done.
    Done,
    /// The permits were given, with a fencing token, which must be larger than any before it.
    Token(u64),
}

/// The permits taken, and the largest fencing token given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    taken: u64,
    token: Option<u64>,
}

impl model::Model for Model {
    type State = State;
    type Input = Input;
    type Output = Output;

    fn initial(&self) -> State {
        State { taken: 0, token: None }
    }

    fn step(&self, state: &State, input: &Input, output: Option<&Output>) -> Option<State> {
        match *input {
            Input::Acquire(permits) => {
                let taken = state.taken.checked_add(permits).filter(|&n| n <= self.permits)?;
                let largest = match output {
                    None | Some(Output::Done) => state.token,
                    Some(&Output::Token(given)) if state.token < Some(given) => Some(given),
                    Some(Output::Token(_)) => return None,
                };
                Some(State { taken, token: largest })
            }
            Input::Release(permits) => {
                let is_right = matches!(output, None | Some(Output::Done));
                let taken = state.taken.checked_sub(permits)?;
                is_right.then_some(State { taken, ..*state })
            }
        }
    }

    /// Whoever acquires may have seen a release, and whoever releases an acquisition.
    fn may_see(
        &self,
        input: &Input,
        _output: Option<&Output>,
        writer: &Input,
        _written: Option<&Output>,
        _in_parts: bool,
    ) -> Option<bool> {
        Some(match (input, writer) {
            (Input::Acquire(_), Input::Release(_)) | (Input::Release(_), Input::Acquire(_)) => true,
            (Input::Acquire(_), Input::Acquire(_)) | (Input::Release(_), Input::Release(_)) => {
                false
            }
        })
    }

    /// Where every process acquires and releases in turn and there are no tokens.
    fn shortcut(&self, calls: &[Call<'_, Input, Output>]) -> Option<Shortcut> {
        let mut steps = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let (permits, is_release) = match (call.input, call.output) {
                (&Input::Acquire(permits), None | Some(Output::Done)) => (permits, false),
                (&Input::Release(permits), None | Some(Output::Done)) => (permits, true),
                (Input::Acquire(_) | Input::Release(_), Some(Output::Token(_))) => return None,
            };
            let (process, invoked, returned) = (call.process, call.invoked, call.returned);
            steps.push(holds::Step { index, process, permits, is_release, invoked, returned });
        }
        holds::decide(self.permits, &steps)
    }

    fn describe(&self, input: &Input, output: Option<&Output>) -> String {
        let question = match *input {
            Input::Acquire(1) => "acquire".to_owned(),
            Input::Acquire(permits) => format!("acquire({permits})"),
            Input::Release(1) => "release".to_owned(),
            Input::Release(permits) => format!("release({permits})"),
        };
        match output {
            None => format!("{question} -> ?"),
            Some(Output::Done) => format!("{question} -> ok"),
            Some(Output::Token(token)) => format!("{question} -> token {token}"),
        }
    }

    fn describe_state(&self, state: &State) -> String {
        match (self.permits, state.taken) {
            (1, 0) => "it free".to_owned(),
            (1, _) => "it held".to_owned(),
            (permits, taken) => format!("{taken} of {permits} permits taken"),
        }
    }
}
