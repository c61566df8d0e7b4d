//! What the system should look like from outside: a sequential object.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;

use crate::history::ProcessId;

/// An operation as a model's [shortcut](Model::shortcut) and [guard](Model::guard) see it.
#[derive(Debug)]
pub struct Call<'a, I, O> {
    /// Who asked.
    pub process: ProcessId,
    /// What was asked.
    pub input: &'a I,
    /// The answer; `None` if nobody knows whether it happened.
    pub output: Option<&'a O>,
    /// The place of its invocation among all entries. At equal times, invocations come before
    /// returns, so of two calls one precedes the other if it returned at a smaller place than the
    /// other was invoked at.
    pub invoked: u32,
    /// The place of its return; `u32::MAX` without an answer.
    pub returned: u32,
}

impl<I, O> Clone for Call<'_, I, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, O> Copy for Call<'_, I, O> {}

/// What a faster way than search found. It is checked before anybody believes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// An order that explains the calls, as indexes.
    Order(Vec<usize>),
    /// A few calls, as indexes, that already contradict each other, and would whatever else
    /// happened.
    Contradiction(Vec<usize>),
}

/// Says of a call, by its index, whether it may take effect in a state. False means that no valid
/// order of all calls has it there.
pub type Guard<S> = Box<dyn Fn(usize, &S) -> bool>;

/// A deterministic sequential object. `initial` and `step` are enough; the other methods make the
/// search faster and the explanation better.
///
/// ```
/// use orrery_check::{Budget, HistoryBuilder, Model, linearizability};
///
/// /// A counter: an operation adds and returns the sum, the new amount included.
/// struct Counter;
///
/// impl Model for Counter {
///     type State = i64;
///     type Input = i64;
///     type Output = i64;
///
///     fn initial(&self) -> i64 {
///         0
///     }
///
///     fn step(&self, sum: &i64, add: &i64, output: Option<&i64>) -> Option<i64> {
///         let sum = sum + add;
///         output.is_none_or(|output| *output == sum).then_some(sum)
///     }
/// }
///
/// let mut history = HistoryBuilder::new();
/// let a = history.invoke(1, 10, 5)?;
/// let b = history.invoke(2, 20, 7)?;
/// history.ok(a, 30, 12)?;
/// history.ok(b, 40, 7)?;
/// let report = linearizability::check(&history.finish(), &Counter, Budget::default());
/// assert!(report.holds());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
pub trait Model {
    /// The object's state. Equal states must behave equally for ever.
    type State: Clone + Eq + Hash + Debug;
    /// What can be asked. Equal inputs must have equal effects.
    type Input: PartialEq + Debug;
    /// What can be answered.
    type Output: Debug;

    /// The state before the first operation. With a [`key`](Model::key), the state of one key.
    fn initial(&self) -> Self::State;

    /// The state after `input` in `state` if `output` is what the object answers there, or `None`
    /// if it would answer anything else. An `output` of `None` means that the answer is unknown:
    /// whatever the object would answer is right. An answer that does not belong to the question
    /// is never right.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Option<Self::State>;

    /// The part of the object that the operation touches, if it touches only that part and if no
    /// other operation's answer depends on more than its own part. Each key is judged alone,
    /// starting from [`initial`](Model::initial). One `None` in a history means that all its
    /// operations are judged together, on one state.
    fn key<'a>(&self, _input: &'a Self::Input) -> Option<Cow<'a, str>> {
        None
    }

    /// Every part of the object that the operation touches. Operations with a part in common, direct
    /// or through others, are judged together. The default is the one [`key`](Model::key); none at
    /// all is the whole object.
    fn keys<'a>(&self, input: &'a Self::Input) -> Vec<Cow<'a, str>> {
        self.key(input).into_iter().collect()
    }

    /// Whether the operation, with this answer, could not change *any* state: a read, a comparison
    /// that failed. A property of the operation, never of the state at hand: a write of the current
    /// value looks like no change, but it changes other states, and calling it pure would reject
    /// valid histories. When in doubt, `false`.
    fn is_pure(&self, _input: &Self::Input, _output: Option<&Self::Output>) -> bool {
        false
    }

    /// Whether this operation may have seen what `writer`, on the same key and with the answer
    /// `written`, left behind: a read, if it returned what `writer` wrote. `in_parts` says that some operation of the history
    /// [builds on the state](Model::builds_on_state), so that a value may be the work of several.
    ///
    /// The promise: leave out of any valid order an operation, and all that may have seen it, and
    /// the order is still valid; those in turn take with them what may have seen them. So too many `true` cost only speed and a larger window, but a
    /// wrong `false` costs the truth. Where an answer is `None`, answer for every one.
    ///
    /// With it, the search forgets writes of unknown outcome that nobody saw, and an explanation
    /// never shows a read without the write that it saw, which would be a different fault. `None`,
    /// the default, promises nothing: the search forgets no write, and an explanation guesses.
    fn may_see(
        &self,
        _input: &Self::Input,
        _output: Option<&Self::Output>,
        _writer: &Self::Input,
        _written: Option<&Self::Output>,
        _in_parts: bool,
    ) -> Option<bool> {
        None
    }

    /// Whether the operation adds to what is there, as an append does, rather than replacing it.
    /// Only for [`may_see`](Model::may_see).
    fn builds_on_state(&self, _input: &Self::Input) -> bool {
        false
    }

    /// Whether nothing is left of the state before the operation, given this answer: a write, a
    /// compare-and-swap that swapped. With it, an explanation knows that what is read after this was not
    /// written before it. When in doubt, `false`.
    fn replaces(&self, _input: &Self::Input, _output: Option<&Self::Output>) -> bool {
        false
    }

    /// An answer without search, where one is known for this model and these calls (of one key,
    /// without those that failed): an order, or a few calls that contradict each other. `None` where
    /// search has to decide. An order is replayed and a contradiction searched before it counts, so a
    /// mistake here costs time only; but a contradiction has to rest on its calls alone, whatever
    /// other calls there are.
    fn shortcut(&self, _calls: &[Call<'_, Self::Input, Self::Output>]) -> Option<Shortcut> {
        None
    }

    /// What the answers of all calls together say about where each can have taken effect, if that
    /// is known: an append that a read shows can only have met what the read shows before it.
    fn guard(&self, _calls: &[Call<'_, Self::Input, Self::Output>]) -> Option<Guard<Self::State>> {
        None
    }

    /// The operation in a few words, for explanations. An `output` of `None` is unknown.
    fn describe(&self, input: &Self::Input, output: Option<&Self::Output>) -> String {
        match output {
            Some(output) => format!("{input:?} -> {output:?}"),
            None => format!("{input:?} -> ?"),
        }
    }

    /// The state in a few words, for explanations.
    fn describe_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}
