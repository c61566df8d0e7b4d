//! Objects that may do one of several things: the state is every state that they may be in.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;

use crate::model;

/// A sequential object whose next state is not always determined by what was asked and answered.
/// The methods mean what those of [`Model`](model::Model) of the same name mean.
///
/// ```
/// use orrery_check::power_set::{Nondeterministic, PowerSet};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// /// Tickets 1 to 3, handed out in any order. Nobody is told which one he has; a look at the
/// /// box shows how many are left, and which is the smallest.
/// struct Box3;
///
/// impl Nondeterministic for Box3 {
///     type State = Vec<u8>;
///     type Input = &'static str;
///     type Output = (usize, Option<u8>);
///
///     fn initial(&self) -> Vec<Vec<u8>> {
///         vec![vec![1, 2, 3]]
///     }
///
///     fn step(&self, left: &Vec<u8>, input: &&str, output: Option<&Self::Output>) -> Vec<Vec<u8>> {
///         let without = |gone: &u8| left.iter().copied().filter(|ticket| ticket != gone).collect();
///         match (*input, output) {
///             ("draw", _) => left.iter().map(without).collect(),
///             (_, Some(seen)) if *seen != (left.len(), left.first().copied()) => Vec::new(),
///             _ => vec![left.clone()],
///         }
///     }
/// }
///
/// let mut history = HistoryBuilder::new();
/// let draw = history.invoke(1, 10, "draw")?;
/// history.ok(draw, 20, (0, None))?;
/// let look = history.invoke(1, 30, "look")?;
/// history.ok(look, 40, (2, Some(3)))?;
/// let report = linearizability::check(&history.finish(), &PowerSet(Box3), Budget::default());
/// assert!(report.is_violated()); // one of two tickets left is 1 or 2
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[expect(missing_docs, reason = "the methods are those of `Model`")]
pub trait Nondeterministic {
    /// One state that the object may be in.
    type State: Clone + Ord + Hash + Debug;
    /// What can be asked.
    type Input: PartialEq + Debug;
    /// What can be answered.
    type Output: Debug;

    /// Every state that the object may be in at first.
    fn initial(&self) -> Vec<Self::State>;

    /// Every state after `input` in `state` answered by `output`; none if it cannot answer so.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Vec<Self::State>;

    fn key<'a>(&self, _input: &'a Self::Input) -> Option<Cow<'a, str>> {
        None
    }

    fn is_pure(&self, _input: &Self::Input, _output: Option<&Self::Output>) -> bool {
        false
    }

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

    fn describe(&self, input: &Self::Input, output: Option<&Self::Output>) -> String {
        match output {
            Some(output) => format!("{input:?} -> {output:?}"),
            None => format!("{input:?} -> ?"),
        }
    }

    fn describe_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}

/// The object as a [`Model`](model::Model): its state is the set of all states it may be in.
///
/// An operation that is pure in each of them may still rule some of them out, so that only what
/// leaves the whole set as it is counts as pure: nothing does unless there is one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerSet<N>(pub N);

impl<N: Nondeterministic> model::Model for PowerSet<N> {
    type State = BTreeSet<N::State>;
    type Input = N::Input;
    type Output = N::Output;

    fn initial(&self) -> BTreeSet<N::State> {
        self.0.initial().into_iter().collect()
    }

    fn step(
        &self,
        state: &BTreeSet<N::State>,
        input: &N::Input,
        output: Option<&N::Output>,
    ) -> Option<BTreeSet<N::State>> {
        let after: BTreeSet<_> =
            state.iter().flat_map(|state| self.0.step(state, input, output)).collect();
        (!after.is_empty()).then_some(after)
    }

    fn key<'a>(&self, input: &'a N::Input) -> Option<Cow<'a, str>> {
        self.0.key(input)
    }

    fn may_see(
        &self,
        input: &N::Input,
        output: Option<&N::Output>,
        writer: &N::Input,
        written: Option<&N::Output>,
        in_parts: bool,
    ) -> Option<bool> {
        self.0.may_see(input, output, writer, written, in_parts)
    }

    fn describe(&self, input: &N::Input, output: Option<&N::Output>) -> String {
        self.0.describe(input, output)
    }

    fn describe_state(&self, state: &BTreeSet<N::State>) -> String {
        let states: Vec<String> = state.iter().map(|state| self.0.describe_state(state)).collect();
        states.join(" or ")
    }
}
