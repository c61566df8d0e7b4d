//! What is explored.

use std::fmt;
use std::hash::Hash;

/// A state machine with choices. From each state it can take the actions that it lists; each leads to one state.
///
/// Everything must be a function of its arguments: the explorer keeps fingerprints, not states, and makes a path again by taking
/// its actions again. States are compared and hashed, so what must not tell two states apart (times, counters of events,
/// histories) does not belong into them.
pub trait Model {
    /// A state. Cloning one over another (`clone_from`) is the explorer's main work: a flat struct is copied, a `Vec` keeps
    /// its memory.
    type State: Clone + Eq + Hash;
    /// What can happen in a state.
    type Action: Clone + Eq + Hash + fmt::Debug;

    /// Where it can begin.
    fn initial(&self) -> Vec<Self::State>;

    /// Adds what can happen in `state` to `actions`, which is empty. An action that is listed can be taken. The order is part
    /// of the model: counterexamples are told by it.
    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>);

    /// Turns `state` into the one that follows by `action`, which is one of those that it lists.
    fn step(&self, state: &mut Self::State, action: &Self::Action);

    /// What is asked of its states.
    fn properties(&self) -> Vec<Property<Self>>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// Whether `state` is looked at. Those that are not count nowhere, and what lies behind them alone is not found: a property
    /// that no state within contradicts is then [unknown](crate::Bound::Boundary).
    fn boundary(&self, _state: &Self::State) -> bool {
        true
    }

    /// Turns `state` into the representative of all states that differ from it only in which of some interchangeable processes
    /// is which; used by [`Explorer::symmetry`](crate::Explorer::symmetry). It must lead to a state of that kind. If it always leads to the same one of
    /// them, the reduction is as good as it gets; sorting the processes by their whole state does.
    fn canonicalize(&self, _state: &mut Self::State) {}

    /// Whether in every state that lists both actions, each leaves the other one listed, and both orders come to the same
    /// state; used by [`Explorer::partial_order`](crate::Explorer::partial_order). In doubt it says no. It is symmetric.
    fn independent(&self, _first: &Self::Action, _second: &Self::Action) -> bool {
        false
    }
}

/// What a property demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Demand {
    /// It is true in every state.
    Always,
    /// It is true in at least one state.
    Sometimes,
    /// Whatever happens, it becomes true: on each path that has no end or ends where nothing can happen. No fairness is
    /// assumed: an action that is possible forever may never be taken.
    Eventually,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::Sometimes => "sometimes",
            Self::Eventually => "eventually",
        })
    }
}

/// A question about states.
type Question<M> = Box<dyn Fn(&M, &<M as Model>::State) -> bool>;

/// What is asked of a model's states.
pub struct Property<M: Model + ?Sized> {
    /// Its name, for people.
    pub name: String,
    /// What it demands.
    pub demand: Demand,
    pub(crate) holds: Question<M>,
}

impl<M: Model> Property<M> {
    /// `holds` is true in every state.
    pub fn always(
        name: impl Into<String>,
        holds: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self { name: name.into(), demand: Demand::Always, holds: Box::new(holds) }
    }

    /// `holds` is true in at least one state.
    pub fn sometimes(
        name: impl Into<String>,
        holds: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self { name: name.into(), demand: Demand::Sometimes, holds: Box::new(holds) }
    }

    /// `holds` becomes true whatever happens.
    pub fn eventually(
        name: impl Into<String>,
        holds: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self { name: name.into(), demand: Demand::Eventually, holds: Box::new(holds) }
    }
}

impl<M: Model> fmt::Debug for Property<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.demand, self.name)
    }
}
