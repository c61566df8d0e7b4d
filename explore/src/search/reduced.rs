//! The search that may look at a state again: with sleep sets, and depth-first under a depth bound.
//!
//! Why every state is found, in whatever order states are looked at: take the actions that lead to it. In each state on the way, of
//! those that could come first without changing where it all ends, the one that the state takes first is not asleep, since what sleeps is independent of
//! all that was done since a state where it was taken before them. A state that is met with less asleep takes what woke up, before all
//! that it took earlier, as it were, so what those left to sleep stays covered.

use super::Search;
use crate::explorer::Refusal;
use crate::model::Model;
use crate::report::Bound;
use crate::sleep::{EMPTY, Interner, Sets};
use crate::table::Id;
use crate::visited::Visit;

/// What is known of a state besides its origin.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// What slept on every arrival.
    sleep: Id,
    /// What slept when its actions were taken last; `None` where they never were.
    taken_but: Option<Id>,
    /// The length of the shortest way to it so far.
    depth: u32,
    /// Whether all its actions are to be taken again, because there is a shorter way now.
    is_nearer: bool,
    is_waiting: bool,
    /// Whether it has actions that no path within the bound takes.
    is_cut: bool,
}

struct Reduced<M: Model> {
    actions: Interner<M::Action>,
    sets: Sets,
    marks: Vec<Mark>,
}

/// From where and how a state is come upon.
#[derive(Clone, Copy)]
struct Arrival {
    parent: Option<Id>,
    choice: u32,
    depth: u32,
    sleep: Id,
}

pub(crate) fn run<M: Model>(search: &mut Search<'_, '_, M>) -> Result<(), Refusal> {
    let mut reduced =
        Reduced::<M> { actions: Interner::new(), sets: Sets::new(), marks: Vec::new() };
    for (choice, mut state) in search.model.initial().into_iter().enumerate() {
        if search.is_stopped() {
            break;
        }
        search.generated += 1;
        let arrival = Arrival { parent: None, choice: choice as u32, depth: 0, sleep: EMPTY };
        reduced.arrive(search, &mut state, arrival)?;
    }
    let mut actions = Vec::new();
    let mut scratch: Option<M::State> = None;
    while let Some(waiting) = search.pop() {
        let scratch = scratch.get_or_insert_with(|| waiting.state.clone());
        reduced.expand(search, &waiting.state, waiting.id, &mut actions, scratch)?;
        search.reuse(waiting.state);
    }
    if reduced.marks.iter().any(|mark| mark.is_cut) {
        search.leave_out(Bound::Depth(search.explorer.max_depth.unwrap_or(u32::MAX)));
    }
    Ok(())
}

impl<M: Model> Reduced<M> {
    /// Takes those actions of a state that neither sleep nor were taken before.
    fn expand(
        &mut self,
        search: &mut Search<'_, '_, M>,
        state: &M::State,
        id: Id,
        actions: &mut Vec<M::Action>,
        scratch: &mut M::State,
    ) -> Result<(), Refusal> {
        actions.clear();
        search.model.actions(state, actions);
        let mark = &mut self.marks[id as usize];
        let is_first = mark.taken_but.is_none() && !mark.is_cut;
        search.terminal += u64::from(is_first && actions.is_empty());
        mark.is_waiting = false;
        mark.is_cut = Some(mark.depth) == search.explorer.max_depth && !actions.is_empty();
        if mark.is_cut {
            return Ok(());
        }
        let only = mark.taken_but.filter(|_| !mark.is_nearer);
        (mark.is_nearer, mark.taken_but) = (false, Some(mark.sleep));
        let (depth, sleep) = (mark.depth + 1, mark.sleep);

        let mut asleep = self.sets.actions(sleep).to_vec();
        for (choice, action) in actions.iter().enumerate() {
            let number = self.number(search, action);
            let is_awake = |set: Id| self.sets.actions(set).binary_search(&number).is_err();
            if !is_awake(sleep) || only.is_some_and(is_awake) {
                continue;
            }
            scratch.clone_from(state);
            search.model.step(scratch, action);
            search.transitions += 1;
            search.generated += 1;
            let sleep = self.sleep_behind(search, &asleep, action);
            let arrival = Arrival { parent: Some(id), choice: choice as u32, depth, sleep };
            self.arrive(search, scratch, arrival)?;
            if search.is_stopped() {
                return Ok(());
            }
            asleep.push(number);
        }
        Ok(())
    }

    /// The number of an action. Without partial-order reduction nothing sleeps, and any will do.
    fn number(&mut self, search: &Search<'_, '_, M>, action: &M::Action) -> Id {
        if !search.explorer.has_partial_order {
            return 0;
        }
        self.actions.number(action, M::Action::clone)
    }

    /// What of `asleep` still sleeps when `action` was taken.
    fn sleep_behind(
        &mut self,
        search: &Search<'_, '_, M>,
        asleep: &[Id],
        action: &M::Action,
    ) -> Id {
        if !search.explorer.has_partial_order {
            return EMPTY;
        }
        let still = asleep.iter().copied();
        let mut still: Vec<_> = still
            .filter(|other| search.model.independent(self.actions.thing(*other), action))
            .collect();
        self.sets.number(&mut still)
    }

    /// Comes upon a state, which waits from now on if there is something to do in it.
    fn arrive(
        &mut self,
        search: &mut Search<'_, '_, M>,
        state: &mut M::State,
        arrival: Arrival,
    ) -> Result<(), Refusal> {
        if !search.model.boundary(state) {
            if search.explorer.has_partial_order {
                return Err(Refusal::PartialOrderBoundary);
            }
            search.leave_out(Bound::Boundary);
            return Ok(());
        }
        let Arrival { parent, choice, depth, sleep } = arrival;
        match search.visited.visit(state, parent, choice) {
            Visit::New(id) => {
                if search.is_full(id) {
                    return Ok(());
                }
                search.judge(state, id);
                self.marks.push(Mark {
                    sleep,
                    taken_but: None,
                    depth,
                    is_nearer: false,
                    is_waiting: true,
                    is_cut: false,
                });
                search.push(state, id, depth);
            }
            Visit::Known(slot) => {
                let id = search.visited.id(slot);
                self.meet_again(search, state, id, arrival);
            }
        }
        Ok(())
    }

    fn meet_again(
        &mut self,
        search: &mut Search<'_, '_, M>,
        state: &mut M::State,
        id: Id,
        arrival: Arrival,
    ) {
        let mark = &mut self.marks[id as usize];
        let is_nearer = search.explorer.max_depth.is_some() && arrival.depth < mark.depth;
        let sleep = self.sets.intersection(mark.sleep, arrival.sleep);
        if !is_nearer && sleep == mark.sleep {
            return;
        }
        mark.sleep = sleep;
        if is_nearer {
            mark.depth = arrival.depth;
            mark.is_nearer = true;
            if let Some(parent) = arrival.parent {
                search.visited.set_origin(id, parent, arrival.choice);
            }
        }
        if !mark.is_waiting {
            mark.is_waiting = true;
            let depth = mark.depth;
            search.push(state, id, depth);
        }
    }
}
