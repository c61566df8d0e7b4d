//! Our models, as stateright has them.

use orrery_explore::Model;
use stateright::Property;

/// What a model is asked.
pub(crate) type Holds<M> = fn(&M, &<M as Model>::State) -> bool;

/// One of our models.
pub(crate) struct Adapter<M: Model> {
    pub(crate) model: M,
    pub(crate) holds: Holds<M>,
}

impl<M> stateright::Model for Adapter<M>
where
    M: Model<State: std::fmt::Debug> + 'static,
{
    type State = M::State;
    type Action = M::Action;

    fn init_states(&self) -> Vec<M::State> {
        self.model.initial()
    }

    fn actions(&self, state: &M::State, actions: &mut Vec<M::Action>) {
        self.model.actions(state, actions);
    }

    fn next_state(&self, state: &M::State, action: M::Action) -> Option<M::State> {
        let mut next = state.clone();
        self.model.step(&mut next, &action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("safe", |own: &Self, state: &M::State| {
            (own.holds)(&own.model, state)
        })]
    }
}
