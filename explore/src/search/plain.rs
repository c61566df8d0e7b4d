//! The search without sleep sets: each state is looked at once.

use super::{Search, Waiting};
use crate::model::Model;
use crate::report::Bound;
use crate::table::Id;
use crate::visited::Visit;

pub(crate) fn run<M: Model>(search: &mut Search<'_, '_, M>) {
    for (choice, mut state) in search.model.initial().into_iter().enumerate() {
        if search.is_stopped() {
            break;
        }
        search.generated += 1;
        arrive(search, &mut state, None, choice as u32, 0);
    }
    let mut actions = Vec::new();
    let mut scratch: Option<M::State> = None;
    while let Some(waiting) = search.pop() {
        let scratch = scratch.get_or_insert_with(|| waiting.state.clone());
        expand(search, &waiting, &mut actions, scratch);
        search.reuse(waiting.state);
    }
}

/// Takes every action of a state.
#[inline]
fn expand<M: Model>(
    search: &mut Search<'_, '_, M>,
    waiting: &Waiting<M::State>,
    actions: &mut Vec<M::Action>,
    scratch: &mut M::State,
) {
    let Waiting { state, id, depth } = waiting;
    actions.clear();
    search.model.actions(state, actions);
    search.terminal += u64::from(actions.is_empty());
    if Some(*depth) == search.explorer.max_depth && !actions.is_empty() {
        search.leave_out(Bound::Depth(*depth));
        return;
    }
    if let Some(graph) = &mut search.graph {
        graph.begin();
    }
    for (choice, action) in actions.iter().enumerate() {
        scratch.clone_from(state);
        search.model.step(scratch, action);
        search.transitions += 1;
        search.generated += 1;
        let target = arrive(search, scratch, Some(*id), choice as u32, depth + 1);
        if search.is_stopped() {
            return;
        }
        if let Some(graph) = &mut search.graph {
            graph.edge(target);
        }
    }
    if let Some(graph) = &mut search.graph {
        graph.end(*id);
    }
}

/// Comes upon `state`. Gives its id for the graph, where there is one; `None` outside of the boundary.
#[inline]
fn arrive<M: Model>(
    search: &mut Search<'_, '_, M>,
    state: &mut M::State,
    parent: Option<Id>,
    choice: u32,
    depth: u32,
) -> Option<Id> {
    if !search.model.boundary(state) {
        search.leave_out(Bound::Boundary);
        return None;
    }
    match search.visited.visit(state, parent, choice) {
        Visit::Known(slot) => search.graph.is_some().then(|| search.visited.id(slot)),
        Visit::New(id) => {
            if search.is_full(id) {
                return None;
            }
            search.judge(state, id);
            search.push(state, id, depth);
            Some(id)
        }
    }
}
