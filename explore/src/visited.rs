//! The states that were seen, and how each was come upon.

use crate::explorer::{Explorer, Refusal};
use crate::fingerprint::Fingerprint;
use crate::model::Model;
use crate::report::Path;
use crate::table::{Id, Slot, Table};

/// How a state was come upon first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The state before it; an initial state names itself.
    pub(crate) parent: Id,
    /// Which of the actions that the state before lists; which of the initial states.
    pub(crate) choice: u32,
}

/// What a state is, to those who come upon it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    New(Id),
    Known(Slot),
}

/// The states that were seen.
#[derive(Debug)]
pub(crate) struct Visited<'m, M: Model> {
    model: &'m M,
    table: Table,
    origins: Vec<Origin>,
    has_symmetry: bool,
    /// The representative of the state at hand.
    canonical: Option<M::State>,
    /// All states or their representatives, for an audit.
    kept: Option<Vec<M::State>>,
    collisions: u64,
}

impl<'m, M: Model> Visited<'m, M> {
    pub(crate) fn new(explorer: &Explorer<'m, M>) -> Self {
        Self {
            model: explorer.model,
            table: Table::new(),
            origins: Vec::new(),
            has_symmetry: explorer.has_symmetry,
            canonical: None,
            kept: explorer.is_audit.then(Vec::new),
            collisions: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) const fn collisions(&self) -> u64 {
        self.collisions
    }

    /// Looks `state` up and puts it in where it is new. `parent` is `None` for an initial state.
    #[inline]
    pub(crate) fn visit(&mut self, state: &M::State, parent: Option<Id>, choice: u32) -> Visit {
        let state = if self.has_symmetry {
            canonical(self.model, &mut self.canonical, state)
        } else {
            state
        };
        let fingerprint = Fingerprint::of(state);
        let found = match &self.kept {
            None => self.table.find_or_insert(fingerprint, |_, _| true),
            Some(kept) => {
                let collisions = &mut self.collisions;
                self.table.find_or_insert(fingerprint, |table, slot| {
                    let is_same = kept[table.id(slot) as usize] == *state;
                    *collisions += u64::from(!is_same);
                    is_same
                })
            }
        };
        if let Some(slot) = found {
            return Visit::Known(slot);
        }
        if let Some(kept) = &mut self.kept {
            kept.push(state.clone());
        }
        let id = self.origins.len() as Id;
        self.origins.push(Origin { parent: parent.unwrap_or(id), choice });
        Visit::New(id)
    }

    /// Which state is there.
    pub(crate) fn id(&self, slot: Slot) -> Id {
        self.table.id(slot)
    }

    /// From now on, `id` was come upon from `parent`.
    pub(crate) fn set_origin(&mut self, id: Id, parent: Id, choice: u32) {
        self.origins[id as usize] = Origin { parent, choice };
    }

    /// The path to `id`, made again.
    pub(crate) fn path_to(&mut self, id: Id) -> Result<Path<M::State, M::Action>, Refusal> {
        let mut ids = vec![id];
        let mut at = id;
        while self.origins[at as usize].parent != at {
            at = self.origins[at as usize].parent;
            ids.push(at);
        }
        ids.reverse();
        let choices: Vec<_> = ids.iter().map(|id| self.origins[*id as usize].choice).collect();
        self.replay(&ids, &choices)
    }

    /// The path through `ids`, the first of which is initial, by `choices`: which initial state, then which actions.
    pub(crate) fn replay(
        &mut self,
        ids: &[Id],
        choices: &[u32],
    ) -> Result<Path<M::State, M::Action>, Refusal> {
        let mut initial = self.model.initial();
        let first = choices[0] as usize;
        if first >= initial.len() || self.find(&initial[first]) != Some(ids[0]) {
            return Err(Refusal::Impure);
        }
        let mut path =
            Path { initial: initial.swap_remove(first), steps: Vec::new(), repeats_from: None };
        for (id, choice) in ids.iter().zip(choices).skip(1) {
            let mut actions = Vec::new();
            self.model.actions(path.last(), &mut actions);
            if *choice as usize >= actions.len() {
                return Err(Refusal::Impure);
            }
            let action = actions.swap_remove(*choice as usize);
            let mut state = path.last().clone();
            self.model.step(&mut state, &action);
            if self.find(&state) != Some(*id) {
                return Err(Refusal::Impure);
            }
            path.steps.push((action, state));
        }
        Ok(path)
    }

    /// Which initial state `id` is, if it is one.
    pub(crate) fn initial_choice(&self, id: Id) -> Option<u32> {
        let origin = self.origins[id as usize];
        (origin.parent == id).then_some(origin.choice)
    }

    fn find(&mut self, state: &M::State) -> Option<Id> {
        let state = if self.has_symmetry {
            canonical(self.model, &mut self.canonical, state)
        } else {
            state
        };
        self.table.find(Fingerprint::of(state), |id| {
            self.kept.as_ref().is_none_or(|kept| kept[id as usize] == *state)
        })
    }
}

/// The representative of `state`, in `place`.
fn canonical<'p, M: Model>(
    model: &M,
    place: &'p mut Option<M::State>,
    state: &M::State,
) -> &'p M::State {
    let place = place.get_or_insert_with(|| state.clone());
    place.clone_from(state);
    model.canonicalize(place);
    place
}
