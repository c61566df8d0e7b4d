//! A set with add, remove, a question for one element, and a read of all.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::linearizability::growing;
use crate::model::{self, Call, Shortcut};

/// The set, empty at first.
///
/// ```
/// use orrery_check::set::{Input, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// // An element is there although a later read does not have it: it was lost.
/// let mut history = HistoryBuilder::new();
/// let add = history.invoke(1, 10, Input::Add(7))?;
/// history.ok(add, 20, Output::Done)?;
/// let read = history.invoke(2, 30, Input::Read)?;
/// history.ok(read, 40, Output::All([].into()))?;
/// let report = linearizability::check(&history.finish(), &Model::new(), Budget::default());
/// assert!(report.is_violated());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model<V>(PhantomData<V>);

/// What a client asks of the set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<V> {
    /// Puts the element in. Answer: `Done`, or `Found` if the set says whether it was there.
    Add(V),
    /// Takes the element out. Answer: `Done`, or `Found` if the set says whether it was there.
    Remove(V),
    /// Asks for one element. Answer: `Found`.
    Contains(V),
    /// Asks for all elements. Answer: `All`.
    Read,
}

/// What the set answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<V> {
    /// An element was put in or taken out.
    Done,
    /// Whether the element was there before.
    Found(bool),
    /// Every element.
    All(BTreeSet<V>),
}

impl<V> Model<V> {
    /// A set that is empty at first.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V> Default for Model<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Clone + Ord + Hash + Debug> model::Model for Model<V> {
    type State = BTreeSet<V>;
    type Input = Input<V>;
    type Output = Output<V>;

    fn initial(&self) -> BTreeSet<V> {
        BTreeSet::new()
    }

    fn step(
        &self,
        state: &BTreeSet<V>,
        input: &Input<V>,
        output: Option<&Output<V>>,
    ) -> Option<BTreeSet<V>> {
        let is_right = match (input, output) {
            (_, None) | (Input::Add(_) | Input::Remove(_), Some(Output::Done)) => true,
            (
                Input::Add(element) | Input::Remove(element) | Input::Contains(element),
                Some(Output::Found(found)),
            ) => state.contains(element) == *found,
            (Input::Read, Some(Output::All(all))) => all == state,
            (Input::Add(_) | Input::Remove(_), Some(Output::All(_)))
            | (Input::Contains(_), Some(Output::Done | Output::All(_)))
            | (Input::Read, Some(Output::Done | Output::Found(_))) => false,
        };
        if !is_right {
            return None;
        }
        let mut state = state.clone();
        match input {
            Input::Add(element) => _ = state.insert(element.clone()),
            Input::Remove(element) => _ = state.remove(element),
            Input::Contains(_) | Input::Read => {}
        }
        Some(state)
    }

    fn is_pure(&self, input: &Input<V>, output: Option<&Output<V>>) -> bool {
        match input {
            Input::Contains(_) | Input::Read => true,
            Input::Add(_) => output == Some(&Output::Found(true)),
            Input::Remove(_) => output == Some(&Output::Found(false)),
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
        let (changed, is_there) = match writer {
            Input::Add(element) => (element, true),
            Input::Remove(element) => (element, false),
            Input::Contains(_) | Input::Read => return Some(false),
        };
        Some(match (input, output) {
            (Input::Read, Some(Output::All(all))) => all.contains(changed) == is_there,
            (
                Input::Add(element) | Input::Remove(element) | Input::Contains(element),
                Some(Output::Found(found)),
            ) => element == changed && *found == is_there,
            _ => false,
        })
    }

    /// Where the set only grows and every element is added once.
    fn shortcut(&self, calls: &[Call<'_, Input<V>, Output<V>>]) -> Option<Shortcut> {
        let mut steps = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let action = match (call.input, call.output) {
                (Input::Add(element), None | Some(Output::Done)) => growing::Action::Add(element),
                (Input::Read, Some(Output::All(all))) => growing::Action::Read(all),
                (Input::Read, None) => continue,
                (Input::Add(_) | Input::Remove(_) | Input::Contains(_) | Input::Read, _) => {
                    return None;
                }
            };
            let (invoked, returned) = (call.invoked, call.returned);
            steps.push(growing::Step { index, action, invoked, returned });
        }
        growing::order(&steps)
    }

    fn describe(&self, input: &Input<V>, output: Option<&Output<V>>) -> String {
        let question = match input {
            Input::Add(element) => format!("add({element:?})"),
            Input::Remove(element) => format!("remove({element:?})"),
            Input::Contains(element) => format!("contains({element:?})"),
            Input::Read => "read".to_owned(),
        };
        let answer = match output {
            None => "?".to_owned(),
            Some(Output::Done) => "ok".to_owned(),
            Some(Output::Found(true)) => "it was there".to_owned(),
            Some(Output::Found(false)) => "it was not there".to_owned(),
            Some(Output::All(all)) => self.describe_state(all),
        };
        format!("{question} -> {answer}")
    }

    fn describe_state(&self, state: &BTreeSet<V>) -> String {
        format!("{state:?}")
    }
}
