//! Every way that a few nodes can go, on the same node code that is simulated.
//!
//! [`Nodes`] is a [`Model`](orrery_explore::Model): its states are the nodes with their disks and armed timers, the messages on
//! the wire, and the faults that are left. There is no time in it: any armed timer may be next, any message may arrive, and a disk answers when it
//! likes. That allows more than any run with clocks, so what holds here holds there, and what is violated here may need
//! a delay that a bound would forbid.

mod model;
mod state;
mod view;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use orrery_explore::{Explorer, Refusal, ReportOf};
use orrery_sim::alone::{Choices, Input, Outside, Site, Surroundings};
use orrery_sim::{Bug, Bugs, ClientId, Node, NodeId, OperationId, Protocol, Topology};
use thiserror::Error;

pub use state::{Action, Deed, NodesState};
pub use view::View;

/// In which order messages of one link arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// In any.
    #[default]
    Unordered,
    /// As they were sent.
    InOrder,
}

/// How often each fault may strike, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Messages that get lost.
    pub drops: u32,
    /// Messages that arrive once more.
    pub duplicates: u32,
    /// Nodes that crash. They may restart at any time, with every prefix of what no sync had covered.
    pub crashes: u32,
}

/// Why nodes cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExploreError {
    /// There is no time here that it could mean anything.
    #[error(
        "{node} asks for the time, or draws a duration, in {action}: there is no time when every order is explored. \
             `freeze_time` lets every clock stand still at 0 instead"
    )]
    ReadsClock {
        /// Which node.
        node: NodeId,
        /// When.
        action: String,
    },
    /// What was asked of the explorer does not go together.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What is asked of the nodes together.
type Question<N> = Arc<dyn Fn(&View<'_, N>) -> bool>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    Always,
    Sometimes,
    Eventually,
}

/// Some nodes, what clients ask of them, and the faults that may strike.
pub struct Nodes<N: Node + Clone> {
    configs: Vec<<N::Protocol as Protocol>::Config>,
    surroundings: Surroundings,
    operations: Vec<(NodeId, <N::Protocol as Protocol>::Operation)>,
    faults: Faults,
    wire: Wire,
    is_time_frozen: bool,
    questions: Vec<(Demand, String, Question<N>)>,
    /// The first node that read a clock although there is none.
    trouble: RefCell<Option<ExploreError>>,
}

impl<N: Node + Clone> fmt::Debug for Nodes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} nodes, {:?}, {:?}", self.configs.len(), self.faults, self.wire)
    }
}

impl<N: Node + Clone + 'static> Nodes<N> {
    /// Nodes `n1`, `n2` and so on of these configurations, each linked with all others, without faults and clients.
    pub fn new(configs: Vec<<N::Protocol as Protocol>::Config>) -> Self {
        Self {
            surroundings: Surroundings::new(
                configs.len() as u32,
                Topology::Clique,
                Bugs::default(),
            ),
            configs,
            operations: Vec::new(),
            faults: Faults::default(),
            wire: Wire::default(),
            is_time_frozen: false,
            questions: Vec::new(),
            trouble: RefCell::new(None),
        }
    }

    /// With these bugs planted.
    #[must_use]
    pub fn bugs(mut self, bugs: impl IntoIterator<Item = Bug>) -> Self {
        let count = self.configs.len() as u32;
        self.surroundings = Surroundings::new(count, Topology::Clique, Bugs::new(bugs));
        self
    }

    /// A client of its own asks `node` this, once, at any time. Its answer, if there is one, is in the [`View`].
    #[must_use]
    pub fn operation(
        mut self,
        node: NodeId,
        operation: <N::Protocol as Protocol>::Operation,
    ) -> Self {
        self.operations.push((node, operation));
        self
    }

    /// These faults may strike.
    #[must_use]
    pub const fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Messages of one link arrive in this order.
    #[must_use]
    pub const fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Every clock stands still at 0, for nodes that read one.
    #[must_use]
    pub const fn freeze_time(mut self) -> Self {
        self.is_time_frozen = true;
        self
    }

    /// `holds` is true in every state.
    #[must_use]
    pub fn always(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, N>) -> bool + 'static,
    ) -> Self {
        self.question(Demand::Always, name.into(), Arc::new(holds))
    }

    /// `holds` is true in at least one state.
    #[must_use]
    pub fn sometimes(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, N>) -> bool + 'static,
    ) -> Self {
        self.question(Demand::Sometimes, name.into(), Arc::new(holds))
    }

    /// `holds` becomes true, whatever happens.
    #[must_use]
    pub fn eventually(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, N>) -> bool + 'static,
    ) -> Self {
        self.question(Demand::Eventually, name.into(), Arc::new(holds))
    }

    fn question(mut self, demand: Demand, name: String, holds: Question<N>) -> Self {
        self.questions.push((demand, name, holds));
        self
    }

    /// Explores, as `how` sets the explorer up.
    ///
    /// # Errors
    /// Where a node reads a clock that is not frozen, or what was asked for does not go together.
    pub fn explore(
        &self,
        how: impl for<'m> FnOnce(Explorer<'m, Self>) -> Explorer<'m, Self>,
    ) -> Result<ReportOf<Self>, ExploreError> {
        *self.trouble.borrow_mut() = None;
        let report = how(Explorer::new(self)).run();
        match self.trouble.borrow_mut().take() {
            Some(trouble) => Err(trouble),
            None => Ok(report?),
        }
    }

    /// What `action` does to its node, by these choices.
    fn input(&self, action: &Action<N::Protocol>) -> Option<Input<N::Protocol>> {
        Some(match &action.deed {
            Deed::Deliver { from, message } | Deed::Duplicate { from, message } => {
                Input::Message(*from, message.clone())
            }
            Deed::Drop { .. } => return None,
            Deed::Timer(timer) => Input::Timer(*timer),
            Deed::Synced => Input::Synced,
            Deed::Ask(number) => {
                let (_, operation) = &self.operations[*number];
                Input::Operation(operation_id(*number), operation.clone())
            }
            Deed::Crash => Input::Crash,
            Deed::Start { survivors } => Input::Start { survivors: *survivors },
        })
    }

    /// Runs a node's handler and gives the node behind it, and what others see of it.
    fn run(
        &self,
        state: &NodesState<N>,
        action: &Action<N::Protocol>,
        choices: &Choices,
    ) -> Option<(Site<N>, Outside<N::Protocol>)> {
        let mut site = state.site(action.node).clone();
        let outside = site.take(self.input(action)?, &self.surroundings, choices);
        if choices.has_read_clock() && !self.is_time_frozen {
            let (node, action) = (action.node, format!("{action:?}"));
            let mut trouble = self.trouble.borrow_mut();
            trouble.get_or_insert(ExploreError::ReadsClock { node, action });
        }
        Some((site, outside))
    }

    /// Adds `action` with every way its handler's draws can come out.
    fn branch(
        &self,
        state: &NodesState<N>,
        action: &Action<N::Protocol>,
        actions: &mut Vec<Action<N::Protocol>>,
    ) {
        let mut choices = Some(Choices::default());
        while let Some(now) = choices {
            let _ = self.run(state, action, &now);
            actions.push(Action { drawn: now.drawn(), ..action.clone() });
            choices = now.next();
        }
    }
}

/// The operation of the client with this number, from 0.
fn operation_id(number: usize) -> OperationId {
    OperationId { client: ClientId(number as u32 + 1), number: 1 }
}
