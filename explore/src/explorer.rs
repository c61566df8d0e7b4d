//! How a model is explored, and what cannot be.

use thiserror::Error;

use crate::model::{Demand, Model};
use crate::report::ReportOf;
use crate::search;

/// In which order states are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The nearest first: counterexamples are as short as any.
    #[default]
    Breadth,
    /// The newest first: far fewer states wait in memory.
    Depth,
}

/// Explores a model.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that have nothing to do with each other"
)]
pub struct Explorer<'m, M> {
    pub(crate) model: &'m M,
    pub(crate) order: Order,
    pub(crate) max_depth: Option<u32>,
    pub(crate) max_states: u32,
    pub(crate) has_symmetry: bool,
    pub(crate) has_partial_order: bool,
    pub(crate) is_audit: bool,
    pub(crate) is_thorough: bool,
}

impl<M> Clone for Explorer<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Explorer<'_, M> {}

/// Why a model cannot be explored in this way.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is nothing to explore.
    #[error(
        "the model has no initial state: `Model::initial` must give at least one, within its boundary"
    )]
    NoInitialState,
    /// A cycle in the reduced graph need not be one in the full graph, nor the other way round.
    #[error(
        "`eventually {0}` needs the whole graph: explore without symmetry and partial-order reduction"
    )]
    EventuallyReduced(String),
    /// A state may be met first on a long path, which is cut off, and then on a short one.
    #[error(
        "`eventually {0}` cannot be judged depth-first under a depth bound: explore breadth-first"
    )]
    EventuallyDepthFirst(String),
    /// The paths of states that are met again on a shorter way would mix processes up.
    #[error("symmetry does not go with a depth bound depth-first: explore breadth-first")]
    SymmetryDepthFirst,
    /// What sleeps would have to be renamed with the processes.
    #[error("symmetry and partial-order reduction do not go together: choose one")]
    BothReductions,
    /// Of two orders that come to the same, one may lead through states that are not looked at.
    #[error(
        "partial-order reduction does not go with a boundary, and this model has states outside of its own: \
             bound the depth instead, or let actions that lead outside not be listed"
    )]
    PartialOrderBoundary,
    /// A path was made again by its actions and came to other states.
    #[error(
        "the same actions came to another state when they were taken again: `initial`, `actions` and `step` must be \
             functions of their arguments"
    )]
    Impure,
}

impl<'m, M: Model> Explorer<'m, M> {
    /// Breadth-first, without bounds and reductions, up to the first violation.
    pub const fn new(model: &'m M) -> Self {
        Self {
            model,
            order: Order::Breadth,
            max_depth: None,
            max_states: u32::MAX - 1,
            has_symmetry: false,
            has_partial_order: false,
            is_audit: false,
            is_thorough: false,
        }
    }

    /// Looks at states in this order.
    #[must_use]
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Follows no path of more than `depth` actions. All states within are found, depth-first too: a state that is met again on
    /// a shorter way is looked at again.
    #[must_use]
    pub const fn max_depth(mut self, depth: u32) -> Self {
        self.max_depth = Some(depth);
        self
    }

    /// Finds at most `states` different states; 2^32 - 2 is the most there is room for.
    #[must_use]
    pub const fn max_states(mut self, states: u32) -> Self {
        self.max_states = if states == u32::MAX { u32::MAX - 1 } else { states };
        self
    }

    /// Takes states for one that differ only in which of some interchangeable processes is which
    /// ([`Model::canonicalize`]). Properties must not tell these processes apart.
    #[must_use]
    pub const fn symmetry(mut self, is_on: bool) -> Self {
        self.has_symmetry = is_on;
        self
    }

    /// Takes only some of the orders of actions that [are independent](Model::independent), by sleep sets. All states are found,
    /// by fewer transitions. See P. Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", LNCS 1032, 1996,
    /// chapter 5; a state that is met again with less asleep is looked at again, for what woke up.
    #[must_use]
    pub const fn partial_order(mut self, is_on: bool) -> Self {
        self.has_partial_order = is_on;
        self
    }

    /// Keeps all states and compares them, so that two states of one fingerprint are both looked at, and
    /// [counted](crate::Report::collisions). Without it, that among n states any two share their 128 bits has a probability of about n^2 / 2^129, as far as
    /// the states' `Hash` feeds all that tells them apart: one in 10^22 among 10^8 states. An audit of a smaller instance shows that it does.
    #[must_use]
    pub const fn audit(mut self, is_on: bool) -> Self {
        self.is_audit = is_on;
        self
    }

    /// Goes on after a violation, and when nothing is left to ask, until everything was looked at.
    #[must_use]
    pub const fn thorough(mut self, is_on: bool) -> Self {
        self.is_thorough = is_on;
        self
    }

    /// Explores the model.
    ///
    /// # Errors
    /// Where what was asked for does not go together, or the model breaks its promises.
    pub fn run(&self) -> Result<ReportOf<M>, Refusal> {
        self.refuse()?;
        search::run(self)
    }

    /// Whether it looks at states again that it met on a longer way.
    pub(crate) const fn looks_again(&self) -> bool {
        self.max_depth.is_some() && matches!(self.order, Order::Depth)
    }

    fn refuse(&self) -> Result<(), Refusal> {
        if self.has_symmetry && self.has_partial_order {
            return Err(Refusal::BothReductions);
        }
        if self.has_symmetry && self.looks_again() {
            return Err(Refusal::SymmetryDepthFirst);
        }
        let properties = self.model.properties();
        let Some(property) =
            properties.into_iter().find(|property| property.demand == Demand::Eventually)
        else {
            return Ok(());
        };
        if self.has_symmetry || self.has_partial_order {
            return Err(Refusal::EventuallyReduced(property.name));
        }
        if self.looks_again() {
            return Err(Refusal::EventuallyDepthFirst(property.name));
        }
        Ok(())
    }
}
