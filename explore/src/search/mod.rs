//! The search: what waits to be looked at, what was found, and what came of each property.

mod graph;
mod plain;
mod reduced;

use std::collections::VecDeque;

use crate::explorer::{Explorer, Order, Refusal};
use crate::model::{Demand, Model, Property};
use crate::report::{Bound, Finding, Judged, Report, ReportOf};
use crate::table::Id;
use crate::visited::Visited;
use graph::Graph;

/// Explores as `explorer` says, which was checked.
pub(crate) fn run<M: Model>(explorer: &Explorer<'_, M>) -> Result<ReportOf<M>, Refusal> {
    let mut search = Search::new(explorer);
    if explorer.has_partial_order || explorer.looks_again() {
        reduced::run(&mut search)?;
    } else {
        plain::run(&mut search);
    }
    search.finish()
}

/// A state that waits to be looked at.
#[derive(Debug)]
pub(crate) struct Waiting<S> {
    pub(crate) state: S,
    pub(crate) id: Id,
    pub(crate) depth: u32,
}

/// A search that is going on.
pub(crate) struct Search<'e, 'm, M: Model> {
    pub(crate) explorer: &'e Explorer<'m, M>,
    pub(crate) model: &'m M,
    pub(crate) visited: Visited<'m, M>,
    frontier: VecDeque<Waiting<M::State>>,
    /// States that were looked at, whose memory is used again.
    spares: Vec<M::State>,
    properties: Vec<Property<M>>,
    /// Which of them a single state may still decide.
    open: Vec<usize>,
    /// The state that decided each of them.
    decided: Vec<Option<Id>>,
    /// Kept where something must become true.
    pub(crate) graph: Option<Graph>,
    pub(crate) generated: u64,
    pub(crate) transitions: u64,
    pub(crate) terminal: u64,
    pub(crate) depth: u32,
    pub(crate) bound: Option<Bound>,
    is_stopped: bool,
}

/// Spare states that are kept at most.
const SPARES: usize = 1 << 10;

impl<'e, 'm, M: Model> Search<'e, 'm, M> {
    fn new(explorer: &'e Explorer<'m, M>) -> Self {
        let properties = explorer.model.properties();
        let eventual: Vec<_> = (0..properties.len())
            .filter(|index| properties[*index].demand == Demand::Eventually)
            .collect();
        Self {
            explorer,
            model: explorer.model,
            visited: Visited::new(explorer),
            frontier: VecDeque::new(),
            spares: Vec::new(),
            open: (0..properties.len()).filter(|index| !eventual.contains(index)).collect(),
            decided: vec![None; properties.len()],
            properties,
            graph: (!eventual.is_empty()).then(|| Graph::new(eventual)),
            generated: 0,
            transitions: 0,
            terminal: 0,
            depth: 0,
            bound: None,
            is_stopped: false,
        }
    }

    /// The next state to look at, unless the search is over.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Waiting<M::State>> {
        if self.is_stopped {
            return None;
        }
        match self.explorer.order {
            Order::Breadth => self.frontier.pop_front(),
            Order::Depth => self.frontier.pop_back(),
        }
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Lets a copy of `state` wait. What is in `state` afterwards is of no use.
    #[inline]
    pub(crate) fn push(&mut self, state: &mut M::State, id: Id, depth: u32) {
        let state = match self.spares.pop() {
            Some(spare) => std::mem::replace(state, spare),
            None => state.clone(),
        };
        self.depth = self.depth.max(depth);
        self.frontier.push_back(Waiting { state, id, depth });
    }

    /// Takes back a state that was looked at.
    #[inline]
    pub(crate) fn reuse(&mut self, state: M::State) {
        if std::mem::needs_drop::<M::State>() && self.spares.len() < SPARES {
            self.spares.push(state);
        }
    }

    /// Stops, for this reason.
    pub(crate) const fn stop(&mut self, bound: Bound) {
        self.bound = Some(bound);
        self.is_stopped = true;
    }

    /// Notes that something was left out, and goes on.
    #[inline]
    pub(crate) const fn leave_out(&mut self, bound: Bound) {
        if self.bound.is_none() {
            self.bound = Some(bound);
        }
    }

    /// Whether `id`, which is new, is one state too many.
    #[inline]
    pub(crate) const fn is_full(&mut self, id: Id) -> bool {
        if id < self.explorer.max_states {
            return false;
        }
        self.stop(Bound::States(self.explorer.max_states as u64));
        true
    }

    /// Asks what there is to ask about a new state.
    #[inline]
    pub(crate) fn judge(&mut self, state: &M::State, id: Id) {
        let mut has_news = false;
        for index in &self.open {
            let property = &self.properties[*index];
            // A state decides what must always be true by not being so, and what must sometimes be by being so.
            if (property.holds)(self.model, state) == (property.demand == Demand::Sometimes) {
                self.decided[*index] = Some(id);
                has_news = true;
            }
        }
        if has_news {
            self.take_note();
        }
        if let Some(graph) = &mut self.graph {
            graph.add(|index| (self.properties[index].holds)(self.model, state));
        }
    }

    #[cold]
    fn take_note(&mut self) {
        let is_violated = self.open.iter().any(|index| {
            self.decided[*index].is_some() && self.properties[*index].demand == Demand::Always
        });
        let decided = &self.decided;
        self.open.retain(|index| decided[*index].is_none());
        if self.explorer.is_thorough {
            return;
        }
        if is_violated {
            self.stop(Bound::Violation);
        } else if self.open.is_empty() && self.graph.is_none() {
            self.stop(Bound::Decided);
        }
    }

    fn finish(mut self) -> Result<ReportOf<M>, Refusal> {
        if self.visited.len() == 0 {
            return Err(Refusal::NoInitialState);
        }
        let mut judged = Vec::new();
        for (index, property) in std::mem::take(&mut self.properties).into_iter().enumerate() {
            let finding = self.finding(index, property.demand)?;
            judged.push(Judged { property: property.name, demand: property.demand, finding });
        }
        Ok(Report {
            states: (self.visited.len() as u64).min(u64::from(self.explorer.max_states)),
            transitions: self.transitions,
            generated: self.generated,
            terminal: self.terminal,
            depth: self.depth,
            bound: self.bound,
            collisions: self.visited.collisions(),
            judged,
        })
    }

    fn finding(
        &mut self,
        index: usize,
        demand: Demand,
    ) -> Result<Finding<M::State, M::Action>, Refusal> {
        let path = match (self.decided[index], &self.graph) {
            (Some(id), _) => Some(self.visited.path_to(id)?),
            (None, Some(graph)) => match graph.counterexample(index, &self.visited) {
                Some(lasso) => {
                    let mut path = self.visited.replay(&lasso.ids, &lasso.choices)?;
                    path.repeats_from = lasso.repeats_from;
                    Some(path)
                }
                None => None,
            },
            (None, None) => None,
        };
        Ok(match (path, self.bound, demand) {
            (Some(path), _, Demand::Always | Demand::Eventually) => Finding::Violated(Some(path)),
            (Some(path), _, Demand::Sometimes) => Finding::Holds(Some(path)),
            (None, Some(bound), _) => Finding::Unknown(bound),
            (None, None, Demand::Always | Demand::Eventually) => Finding::Holds(None),
            (None, None, Demand::Sometimes) => Finding::Violated(None),
        })
    }
}
