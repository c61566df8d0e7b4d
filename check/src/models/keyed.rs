//! Many objects of one kind, each under its own key and judged alone.

use std::borrow::Cow;

use crate::model::{self, Call, Guard, Shortcut};

/// One object for each key, all of them as in this model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed<M>(pub M);

/// What is asked of one of the objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input<I> {
    /// Which object; `None` where there is only one.
    pub key: Option<String>,
    /// What is asked of it.
    pub input: I,
}

impl<M: model::Model> model::Model for Keyed<M> {
    type State = M::State;
    type Input = Input<M::Input>;
    type Output = M::Output;

    fn initial(&self) -> M::State {
        self.0.initial()
    }

    fn step(
        &self,
        state: &M::State,
        input: &Self::Input,
        output: Option<&M::Output>,
    ) -> Option<M::State> {
        self.0.step(state, &input.input, output)
    }

    fn key<'a>(&self, input: &'a Self::Input) -> Option<Cow<'a, str>> {
        input.key.as_deref().map(Cow::Borrowed)
    }

    fn is_pure(&self, input: &Self::Input, output: Option<&M::Output>) -> bool {
        self.0.is_pure(&input.input, output)
    }

    fn may_see(
        &self,
        input: &Self::Input,
        output: Option<&M::Output>,
        writer: &Self::Input,
        written: Option<&M::Output>,
        in_parts: bool,
    ) -> Option<bool> {
        self.0.may_see(&input.input, output, &writer.input, written, in_parts)
    }

    fn builds_on_state(&self, input: &Self::Input) -> bool {
        self.0.builds_on_state(&input.input)
    }

    fn replaces(&self, input: &Self::Input, output: Option<&M::Output>) -> bool {
        self.0.replaces(&input.input, output)
    }

    fn shortcut(&self, calls: &[Call<'_, Self::Input, M::Output>]) -> Option<Shortcut> {
        self.0.shortcut(&inner(calls))
    }

    fn guard(&self, calls: &[Call<'_, Self::Input, M::Output>]) -> Option<Guard<M::State>> {
        self.0.guard(&inner(calls))
    }

    fn describe(&self, input: &Self::Input, output: Option<&M::Output>) -> String {
        self.0.describe(&input.input, output)
    }

    fn describe_state(&self, state: &M::State) -> String {
        self.0.describe_state(state)
    }
}

/// The same calls, asked of the one object.
fn inner<'a, I, O>(calls: &[Call<'a, Input<I>, O>]) -> Vec<Call<'a, I, O>> {
    let one = |call: &Call<'a, Input<I>, O>| Call {
        process: call.process,
        input: &call.input.input,
        output: call.output,
        invoked: call.invoked,
        returned: call.returned,
    };
    calls.iter().map(one).collect()
}
