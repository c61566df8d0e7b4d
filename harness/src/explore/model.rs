//! Nodes as a model.

use std::sync::Arc;

use orrery_explore::{Model, Property};
use orrery_sim::alone::{Choices, Outside, Site};
use orrery_sim::{Node, NodeId, OperationId};

use super::state::{Action, Answer, Budget, Deed, Letter, NodesState, Placed};
use super::{Demand, Nodes, View, Wire, operation_id};

impl<N: Node + Clone + 'static> Model for Nodes<N> {
    type State = NodesState<N>;
    type Action = Action<N::Protocol>;

    /// All nodes have started, whatever they drew.
    fn initial(&self) -> Vec<NodesState<N>> {
        let sites = self.configs.iter().enumerate();
        let empty = NodesState {
            sites: sites
                .map(|(number, config)| {
                    Placed::new(Site::new(NodeId(number as u32 + 1), config.clone()))
                })
                .collect(),
            wire: Vec::new(),
            asked: vec![false; self.operations.len()],
            answers: vec![None; self.operations.len()],
            left: self.faults,
        };
        let mut states = vec![empty];
        for id in NodeId::all(self.configs.len() as u32) {
            let mut next = Vec::new();
            for state in states {
                let mut actions = Vec::new();
                let start =
                    Action { node: id, deed: Deed::Start { survivors: 0 }, drawn: Vec::new() };
                self.branch(&state, &start, &mut actions);
                next.extend(actions.iter().map(|action| {
                    let mut state = state.clone();
                    self.step(&mut state, action);
                    state
                }));
            }
            states = next;
        }
        states
    }

    fn actions(&self, state: &NodesState<N>, actions: &mut Vec<Action<N::Protocol>>) {
        // The answer is known, and it is no.
        if self.trouble.borrow().is_some() {
            return;
        }
        self.on_the_wire(state, actions);
        for (number, placed) in state.sites.iter().enumerate() {
            self.at_node(state, NodeId(number as u32 + 1), &placed.site, actions);
        }
        for (number, (node, _)) in self.operations.iter().enumerate() {
            if !state.asked[number] && state.site(*node).node().is_some() {
                self.branch(state, &plain(*node, Deed::Ask(number)), actions);
            }
        }
    }

    fn step(&self, state: &mut NodesState<N>, action: &Action<N::Protocol>) {
        match action.deed.budget() {
            Some(Budget::Drops) => state.left.drops -= 1,
            Some(Budget::Duplicates) => state.left.duplicates -= 1,
            Some(Budget::Crashes) => state.left.crashes -= 1,
            None => {}
        }
        match &action.deed {
            Deed::Deliver { from, message } | Deed::Drop { from, message } => {
                state.remove(action.node, *from, message);
            }
            Deed::Ask(number) => state.asked[*number] = true,
            Deed::Duplicate { .. }
            | Deed::Timer(_)
            | Deed::Synced
            | Deed::Crash
            | Deed::Start { .. } => {}
        }
        let choices = Choices::new(action.drawn.clone());
        let Some((site, outside)) = self.run(state, action, &choices) else { return };
        state.sites[action.node.index()] = Placed::new(site);
        self.spread(state, action.node, outside);
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let questions = self.questions.iter().map(|(demand, name, holds)| {
            let holds = Arc::clone(holds);
            let holds = move |_: &Self, state: &NodesState<N>| holds(&View { state });
            match demand {
                Demand::Always => Property::always(name, holds),
                Demand::Sometimes => Property::sometimes(name, holds),
                Demand::Eventually => Property::eventually(name, holds),
            }
        });
        questions.collect()
    }

    /// What happens to different nodes and does not spend the same budget: messages are only added to what others may take.
    fn independent(&self, first: &Action<N::Protocol>, second: &Action<N::Protocol>) -> bool {
        let budgets = (first.deed.budget(), second.deed.budget());
        first.node != second.node && (budgets.0.is_none() || budgets.0 != budgets.1)
    }
}

const fn plain<P: orrery_sim::Protocol>(node: NodeId, deed: Deed<P>) -> Action<P> {
    Action { node, deed, drawn: Vec::new() }
}

impl<N: Node + Clone + 'static> Nodes<N> {
    /// What can happen to messages.
    fn on_the_wire(&self, state: &NodesState<N>, actions: &mut Vec<Action<N::Protocol>>) {
        for (place, letter) in state.wire.iter().enumerate() {
            let before = place.checked_sub(1).map(|before| &state.wire[before]);
            let is_next = before.is_none_or(|before| match self.wire {
                Wire::InOrder => before.link() != letter.link(),
                // Of equal messages one stands for all.
                Wire::Unordered => before != letter,
            });
            if !is_next {
                continue;
            }
            let Letter { to, from, message, .. } = letter;
            let (from, message) = (*from, &**message);
            let deliver = Deed::Deliver { from, message: message.clone() };
            self.branch(state, &plain(*to, deliver), actions);
            if 0 < state.left.duplicates && state.site(*to).node().is_some() {
                let duplicate = Deed::Duplicate { from, message: message.clone() };
                self.branch(state, &plain(*to, duplicate), actions);
            }
            if 0 < state.left.drops {
                actions.push(plain(*to, Deed::Drop { from, message: message.clone() }));
            }
        }
    }

    /// What can happen to a node without anybody's doing.
    fn at_node(
        &self,
        state: &NodesState<N>,
        id: NodeId,
        site: &Site<N>,
        actions: &mut Vec<Action<N::Protocol>>,
    ) {
        if site.node().is_none() {
            for survivors in 0..=site.journal().unsynced().len() {
                self.branch(state, &plain(id, Deed::Start { survivors }), actions);
            }
            return;
        }
        for timer in site.timers() {
            self.branch(state, &plain(id, Deed::Timer(*timer)), actions);
        }
        if site.has_asked() {
            self.branch(state, &plain(id, Deed::Synced), actions);
        }
        if 0 < state.left.crashes {
            actions.push(plain(id, Deed::Crash));
        }
    }

    /// Puts messages on the wire and gives clients their answers.
    fn spread(&self, state: &mut NodesState<N>, from: NodeId, outside: Outside<N::Protocol>) {
        for (to, message) in outside.sent {
            state.put(Letter::new(from, to, message), self.wire);
        }
        for (operation, ending) in outside.answers {
            if let Some(number) = self.number(operation) {
                // A client hears one answer.
                state.answers[number].get_or_insert_with(|| Answer::new(ending));
            }
        }
    }

    fn number(&self, operation: OperationId) -> Option<usize> {
        (0..self.operations.len()).find(|number| operation_id(*number) == operation)
    }
}
