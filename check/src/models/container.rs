//! What holds elements and gives each back once, in order: a FIFO queue and a stack.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::linearizability::fifo;
use crate::model::{self, Call, Shortcut};

/// Which element comes out next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The one that was put in first: a queue.
    Fifo,
    /// The one that was put in last: a stack.
    Lifo,
}

/// The container, empty at first.
///
/// ```
/// use orrery_check::container::{Input, Model, Order, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// let mut history = HistoryBuilder::new();
/// for element in 1..=2 {
///     let put = history.invoke(1, 10 * element, Input::Put(element))?;
///     history.ok(put, 10 * element + 5, Output::Done)?;
/// }
/// let take = history.invoke(2, 30, Input::Take)?;
/// history.ok(take, 40, Output::Taken(Some(2)))?;
/// let history = history.finish();
/// let holds = |order| linearizability::check(&history, &Model::new(order), Budget::default()).holds();
/// assert_eq!([Order::Fifo, Order::Lifo].map(holds), [false, true]);
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model<V> {
    /// Which element comes out next.
    pub order: Order,
    element: PhantomData<V>,
}

/// What a client asks of the container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<V> {
    /// Puts an element in: enqueue, push. Answer: `Done`.
    Put(V),
    /// Takes an element out: dequeue, pop. Answer: `Taken`.
    Take,
    /// Takes all elements out. Answer: `Drained`.
    Drain,
}

/// What the container answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<V> {
    /// An element was put in.
    Done,
    /// This came out; `None` if the container was empty.
    Taken(Option<V>),
    /// These came out, in the order of the container.
    Drained(Vec<V>),
}

impl<V> Model<V> {
    /// A container that is empty at first.
    pub const fn new(order: Order) -> Self {
        Self { order, element: PhantomData }
    }

    /// The words for what goes in and comes out.
    const fn words(&self) -> [&'static str; 2] {
        match self.order {
            Order::Fifo => ["enqueue", "dequeue"],
            Order::Lifo => ["push", "pop"],
        }
    }
}

impl<V: Clone + Ord + Hash + Debug> Model<V> {
    /// What is left when `taken` comes out; with an unknown answer, the next in order does.
    fn take(&self, state: &[V], taken: Option<&Option<V>>) -> Option<Vec<V>> {
        let next = match self.order {
            Order::Fifo => (!state.is_empty()).then_some(0),
            Order::Lifo => state.len().checked_sub(1),
        };
        let is_right = taken.is_none_or(|taken| taken.as_ref() == next.map(|at| &state[at]));
        let left = || {
            let mut state = state.to_vec();
            next.map(|at| state.remove(at));
            state
        };
        is_right.then(left)
    }
}

impl<V: Clone + Ord + Hash + Debug> model::Model for Model<V> {
    /// In the order they were put in.
    type State = Vec<V>;
    type Input = Input<V>;
    type Output = Output<V>;

    fn initial(&self) -> Vec<V> {
        Vec::new()
    }

    fn step(&self, state: &Vec<V>, input: &Input<V>, output: Option<&Output<V>>) -> Option<Vec<V>> {
        match (input, output) {
            (Input::Put(element), None | Some(Output::Done)) => {
                let mut state = state.clone();
                state.push(element.clone());
                Some(state)
            }
            (Input::Take, None) => self.take(state, None),
            (Input::Take, Some(Output::Taken(taken))) => self.take(state, Some(taken)),
            (Input::Drain, None) => Some(Vec::new()),
            (Input::Drain, Some(Output::Drained(drained))) => {
                let mut expected = drained.clone();
                match self.order {
                    Order::Fifo => {}
                    Order::Lifo => expected.reverse(),
                }
                (expected == *state).then(Vec::new)
            }
            (Input::Put(_), Some(Output::Taken(_) | Output::Drained(_)))
            | (Input::Take, Some(Output::Done | Output::Drained(_)))
            | (Input::Drain, Some(Output::Done | Output::Taken(_))) => None,
        }
    }

    fn is_pure(&self, input: &Input<V>, output: Option<&Output<V>>) -> bool {
        match (input, output) {
            (Input::Take, Some(Output::Taken(None))) => true,
            (Input::Drain, Some(Output::Drained(drained))) => drained.is_empty(),
            (Input::Put(_) | Input::Take | Input::Drain, _) => false,
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
        Some(share_an_element(&(input, output), &(writer, written)))
    }

    /// A queue into which every value goes once, and of which every take tells what it took.
    fn shortcut(&self, calls: &[Call<'_, Input<V>, Output<V>>]) -> Option<Shortcut> {
        if self.order != Order::Fifo {
            return None;
        }
        let mut steps = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let action = match (call.input, call.output) {
                (Input::Put(element), None | Some(Output::Done)) => fifo::Action::Put(element),
                (Input::Take, Some(Output::Taken(Some(taken)))) => fifo::Action::Take(taken),
                (Input::Take, Some(Output::Taken(None))) => fifo::Action::Empty,
                (Input::Put(_) | Input::Take | Input::Drain, _) => return None,
            };
            let (invoked, returned) = (call.invoked, call.returned);
            steps.push(fifo::Step { index, action, invoked, returned });
        }
        fifo::decide(&steps)
    }

    fn describe(&self, input: &Input<V>, output: Option<&Output<V>>) -> String {
        describe(self.words(), input, output)
    }

    fn describe_state(&self, state: &Vec<V>) -> String {
        describe_state(state)
    }
}

/// The operation in words; those are the names of what goes in and comes out.
pub(super) fn describe<V: Debug>(
    [put, take]: [&str; 2],
    input: &Input<V>,
    output: Option<&Output<V>>,
) -> String {
    let question = match input {
        Input::Put(element) => format!("{put}({element:?})"),
        Input::Take => take.to_owned(),
        Input::Drain => "drain".to_owned(),
    };
    match output {
        None => format!("{question} -> ?"),
        Some(Output::Done) => format!("{question} -> ok"),
        Some(Output::Taken(None)) => format!("{question} -> empty"),
        Some(Output::Taken(Some(taken))) => format!("{question} -> {taken:?}"),
        Some(Output::Drained(drained)) => format!("{question} -> {drained:?}"),
    }
}

/// The elements in words.
pub(super) fn describe_state<V: Debug>(state: &[V]) -> String {
    if state.is_empty() { "it empty".to_owned() } else { format!("{state:?}") }
}

/// An input with its answer, if that is known.
pub(super) type Asked<'a, V> = (&'a Input<V>, Option<&'a Output<V>>);

/// Whether the same element went through both. Without all that touched an element, the others come
/// and go as they did, whatever the order of the container is.
pub(super) fn share_an_element<V: PartialEq>(one: &Asked<'_, V>, other: &Asked<'_, V>) -> bool {
    match (elements(one), elements(other)) {
        (Some(ones), Some(others)) => ones.iter().any(|element| others.contains(element)),
        // What was taken is unknown, so it may be anything. What found nothing touched nothing.
        (None, Some([])) | (Some([]), None) => false,
        (None, Some(_) | None) | (Some(_), None) => true,
    }
}

/// The elements that went through; `None` if nobody knows which.
fn elements<'a, V>((input, output): &Asked<'a, V>) -> Option<&'a [V]> {
    match (*input, *output) {
        (Input::Put(element), _) => Some(std::slice::from_ref(element)),
        (Input::Take, Some(Output::Taken(taken))) => Some(taken.as_slice()),
        (Input::Drain, Some(Output::Drained(drained))) => Some(drained),
        (Input::Take | Input::Drain, _) => None,
    }
}
