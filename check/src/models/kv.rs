//! A key-value store with put, get, compare-and-swap, append and delete. Each key is judged alone.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::history::History;
use crate::linearizability::{provenance, zones};
use crate::model::{self, Call, Guard, Shortcut};

/// The store; every key is absent at first.
///
/// ```
/// use orrery_check::kv::{Input, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// let mut history = HistoryBuilder::new();
/// let append = history.invoke(1, 10, Input::append("x", "a"))?;
/// let get = history.invoke(2, 15, Input::get("x"))?;
/// history.ok(append, 20, Output::Written)?;
/// history.ok(get, 25, Output::value("a"))?;
/// let report = linearizability::check(&history.finish(), &Model, Budget::default());
/// assert!(report.holds());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Model;

/// The store; every key has this value at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct From {
    /// `None` is absent.
    pub initial: Option<String>,
}

/// The value that every key has at first, as the answers tell: empty, if a get found an empty value
/// that nobody wrote, as stores answer that do not tell absent from empty.
pub fn empty_at_first(history: &History<Input, Output>) -> Option<String> {
    let mut is_found = false;
    for operation in history.operations() {
        match (&operation.input, operation.output()) {
            (Input::Put { value, .. } | Input::Cas { new: value, .. }, _) if value.is_empty() => {
                return None;
            }
            (Input::Append { value, .. }, _) if value.is_empty() => return None,
            (Input::Delete { .. }, _) | (_, Some(Output::Value(None))) => return None,
            (_, Some(Output::Value(Some(value)))) => is_found |= value.is_empty(),
            (_, Some(Output::Written | Output::Swapped(_) | Output::Deleted(_)) | None) => {}
        }
    }
    is_found.then(String::new)
}

/// What a client asks of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Sets the value. Answer: `Written`.
    Put {
        /// What to set.
        key: String,
        /// The new value.
        value: String,
    },
    /// Reads the value. Answer: `Value`.
    Get {
        /// What to read.
        key: String,
    },
    /// Sets the value if it is the expected one. Answer: `Swapped`.
    Cas {
        /// What to set.
        key: String,
        /// The value to find there; `None` expects the key to be absent.
        expected: Option<String>,
        /// The new value.
        new: String,
    },
    /// Adds text to the end of the value; an absent value counts as empty. Answer: `Written`.
    Append {
        /// What to extend.
        key: String,
        /// The text to add.
        value: String,
    },
    /// Makes the key absent. Answer: `Written`, or `Deleted` if the store says whether it was there.
    Delete {
        /// What to remove.
        key: String,
    },
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// A put, append or delete was done.
    Written,
    /// A get found this; `None` if the key was absent.
    Value(Option<String>),
    /// Whether a compare-and-swap found what it expected, and so set the value.
    Swapped(bool),
    /// Whether a delete found the key.
    Deleted(bool),
}

impl Input {
    /// A `Put`.
    pub fn put(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Put { key: key.into(), value: value.into() }
    }

    /// A `Get`.
    pub fn get(key: impl Into<String>) -> Self {
        Self::Get { key: key.into() }
    }

    /// A `Cas`; `expected` of `None` expects the key to be absent.
    pub fn cas(key: impl Into<String>, expected: Option<&str>, new: impl Into<String>) -> Self {
        Self::Cas { key: key.into(), expected: expected.map(Into::into), new: new.into() }
    }

    /// An `Append`.
    pub fn append(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Append { key: key.into(), value: value.into() }
    }

    /// A `Delete`.
    pub fn delete(key: impl Into<String>) -> Self {
        Self::Delete { key: key.into() }
    }

    /// The one key that the operation touches.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. }
            | Self::Get { key }
            | Self::Cas { key, .. }
            | Self::Append { key, .. }
            | Self::Delete { key } => key,
        }
    }
}

impl Output {
    /// The `Value` of a key that is there.
    pub fn value(value: impl Into<String>) -> Self {
        Self::Value(Some(value.into()))
    }

    /// The `Value` of a key that is absent.
    pub fn absent() -> Self {
        Self::Value(None)
    }
}

impl model::Model for From {
    /// The value of one key; `None` while it is absent.
    type State = Option<String>;
    type Input = Input;
    type Output = Output;

    fn initial(&self) -> Option<String> {
        self.initial.clone()
    }

    fn step(
        &self,
        state: &Option<String>,
        input: &Input,
        output: Option<&Output>,
    ) -> Option<Option<String>> {
        let written = matches!(output, None | Some(Output::Written));
        match input {
            Input::Put { value, .. } => written.then(|| Some(value.clone())),
            Input::Get { .. } => match output {
                None => Some(state.clone()),
                Some(Output::Value(value)) => (value == state).then(|| state.clone()),
                Some(Output::Written | Output::Swapped(_) | Output::Deleted(_)) => None,
            },
            Input::Cas { expected, new, .. } => {
                let swaps = expected == state;
                let is_right = output.is_none_or(|output| *output == Output::Swapped(swaps));
                is_right.then(|| if swaps { Some(new.clone()) } else { state.clone() })
            }
            Input::Append { value, .. } => {
                written.then(|| Some(state.as_deref().unwrap_or_default().to_owned() + value))
            }
            Input::Delete { .. } => {
                let found = Output::Deleted(state.is_some());
                (written || output == Some(&found)).then_some(None)
            }
        }
    }

    fn key<'a>(&self, input: &'a Input) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(input.key()))
    }

    fn is_pure(&self, input: &Input, output: Option<&Output>) -> bool {
        match input {
            Input::Get { .. } => true,
            Input::Cas { expected, new, .. } => {
                output == Some(&Output::Swapped(false)) || expected.as_ref() == Some(new)
            }
            Input::Delete { .. } => output == Some(&Output::Deleted(false)),
            Input::Put { .. } | Input::Append { .. } => false,
        }
    }

    fn may_see(
        &self,
        input: &Input,
        output: Option<&Output>,
        writer: &Input,
        _written: Option<&Output>,
        in_parts: bool,
    ) -> Option<bool> {
        Some(Seen::of(input, output).shows(writer, in_parts))
    }

    fn builds_on_state(&self, input: &Input) -> bool {
        matches!(input, Input::Append { .. })
    }

    fn replaces(&self, input: &Input, output: Option<&Output>) -> bool {
        match input {
            Input::Get { .. } | Input::Append { .. } => false,
            Input::Put { .. } => true,
            Input::Cas { .. } => output == Some(&Output::Swapped(true)),
            Input::Delete { .. } => output != Some(&Output::Deleted(false)),
        }
    }

    /// Where every put has its own value and nothing else changes values, zones decide.
    fn shortcut(&self, calls: &[Call<'_, Input, Output>]) -> Option<Shortcut> {
        let mut accesses = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let (value, is_write) = match (call.input, call.output) {
                (Input::Put { value, .. }, None | Some(Output::Written)) => (Some(&**value), true),
                (Input::Get { .. }, Some(Output::Value(found))) => (found.as_deref(), false),
                (Input::Get { .. }, None) => continue,
                (
                    Input::Put { .. }
                    | Input::Get { .. }
                    | Input::Cas { .. }
                    | Input::Append { .. }
                    | Input::Delete { .. },
                    _,
                ) => return None,
            };
            let (invoked, returned) = (call.invoked, call.returned);
            accesses.push(zones::Access { index, value, is_write, invoked, returned });
        }
        zones::decide(self.initial.as_deref(), &accesses)
    }

    /// An append whose text only one operation writes met what a get shows before that text.
    fn guard(&self, calls: &[Call<'_, Input, Output>]) -> Option<Guard<Option<String>>> {
        if !calls.iter().any(|call| matches!(call.input, Input::Append { .. })) {
            return None;
        }
        let mut texts = provenance::Texts::new(self.initial.as_deref());
        for (index, call) in calls.iter().enumerate() {
            match (call.input, call.output) {
                (Input::Put { value, .. } | Input::Cas { new: value, .. }, _) => {
                    texts.written(value, None);
                }
                (Input::Append { value, .. }, _) => texts.written(value, Some(index)),
                (Input::Get { .. }, Some(Output::Value(Some(found)))) => texts.found(found),
                (Input::Get { .. } | Input::Delete { .. }, _) => {}
            }
        }
        let met = texts.met(calls.len())?;
        Some(Box::new(move |index, state| met.allows(index, state.as_deref().unwrap_or_default())))
    }

    fn describe(&self, input: &Input, output: Option<&Output>) -> String {
        let question = match input {
            Input::Put { key, value } => format!("put({key}, {value})"),
            Input::Get { key } => format!("get({key})"),
            Input::Cas { key, expected, new } => {
                format!("cas({key}, {} to {new})", text(expected.as_deref()))
            }
            Input::Append { key, value } => format!("append({key}, {value})"),
            Input::Delete { key } => format!("delete({key})"),
        };
        let answer = match output {
            None => "?",
            Some(Output::Written) => "ok",
            Some(Output::Value(value)) => text(value.as_deref()),
            Some(Output::Swapped(true)) => "swapped",
            Some(Output::Swapped(false)) => "not swapped",
            Some(Output::Deleted(true)) => "deleted",
            Some(Output::Deleted(false)) => "was absent",
        };
        format!("{question} -> {answer}")
    }

    fn describe_state(&self, state: &Option<String>) -> String {
        text(state.as_deref()).to_owned()
    }
}

/// The store of [`Model`] begins with nothing.
const ABSENT: From = From { initial: None };

impl model::Model for Model {
    type State = Option<String>;
    type Input = Input;
    type Output = Output;

    fn initial(&self) -> Option<String> {
        ABSENT.initial()
    }

    fn step(
        &self,
        state: &Option<String>,
        input: &Input,
        output: Option<&Output>,
    ) -> Option<Option<String>> {
        ABSENT.step(state, input, output)
    }

    fn key<'a>(&self, input: &'a Input) -> Option<Cow<'a, str>> {
        ABSENT.key(input)
    }

    fn is_pure(&self, input: &Input, output: Option<&Output>) -> bool {
        ABSENT.is_pure(input, output)
    }

    fn may_see(
        &self,
        input: &Input,
        output: Option<&Output>,
        writer: &Input,
        written: Option<&Output>,
        in_parts: bool,
    ) -> Option<bool> {
        ABSENT.may_see(input, output, writer, written, in_parts)
    }

    fn builds_on_state(&self, input: &Input) -> bool {
        ABSENT.builds_on_state(input)
    }

    fn replaces(&self, input: &Input, output: Option<&Output>) -> bool {
        ABSENT.replaces(input, output)
    }

    fn shortcut(&self, calls: &[Call<'_, Input, Output>]) -> Option<Shortcut> {
        ABSENT.shortcut(calls)
    }

    fn guard(&self, calls: &[Call<'_, Input, Output>]) -> Option<Guard<Option<String>>> {
        ABSENT.guard(calls)
    }

    fn describe(&self, input: &Input, output: Option<&Output>) -> String {
        ABSENT.describe(input, output)
    }

    fn describe_state(&self, state: &Option<String>) -> String {
        ABSENT.describe_state(state)
    }
}

fn text(value: Option<&str>) -> &str {
    value.unwrap_or("absent")
}

/// What the answer of an operation says about the value that it found.
enum Seen<'a> {
    /// Nothing at all.
    Nothing,
    /// It was exactly this.
    Exactly(Option<&'a str>),
    /// It was anything but this.
    AnythingBut(Option<&'a str>),
}

impl<'a> Seen<'a> {
    fn of(input: &'a Input, output: Option<&'a Output>) -> Self {
        match (input, output) {
            (Input::Get { .. }, Some(Output::Value(value))) => Self::Exactly(value.as_deref()),
            (Input::Cas { expected, .. }, Some(Output::Swapped(false))) => {
                Self::AnythingBut(expected.as_deref())
            }
            // With an unknown outcome, it has an effect only if it finds what it expects.
            (Input::Cas { expected, .. }, _) => Self::Exactly(expected.as_deref()),
            (Input::Delete { .. }, Some(Output::Deleted(true))) => Self::AnythingBut(None),
            (Input::Delete { .. }, Some(Output::Deleted(false))) => Self::Exactly(None),
            _ => Self::Nothing,
        }
    }

    /// Whether the value found may be the work of `writer`, alone or together with appends.
    fn shows(&self, writer: &Input, in_parts: bool) -> bool {
        let leaves = match writer {
            Input::Get { .. } => return false,
            Input::Append { value, .. } => {
                return match self {
                    Self::Nothing => false,
                    Self::Exactly(found) => found.is_some_and(|found| found.contains(&**value)),
                    Self::AnythingBut(_) => true,
                };
            }
            Input::Put { value, .. } | Input::Cas { new: value, .. } => Some(value.as_str()),
            Input::Delete { .. } => None,
        };
        match *self {
            Self::Nothing => false,
            Self::Exactly(found) if in_parts => {
                found.is_some_and(|found| found.starts_with(leaves.unwrap_or_default()))
                    || found == leaves
            }
            Self::Exactly(found) => found == leaves,
            Self::AnythingBut(absent) => in_parts || absent != leaves,
        }
    }
}
