//! The graph of states, kept where something must become true, and the paths on which it does not.

use crate::model::Model;
use crate::table::Id;
use crate::visited::Visited;

/// Which states follow which, and in which of them each property that must become true is.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// Which properties.
    properties: Vec<usize>,
    /// For each state and each of them: whether it is true there.
    goals: Vec<bool>,
    /// The targets of all states, each state's in the order of its actions; `None` outside of the boundary.
    targets: Vec<Option<Id>>,
    /// Where each state's targets lie; `None` for states whose actions were not taken.
    ranges: Vec<Option<(u64, u64)>>,
    /// Where the targets of the state at hand begin.
    begin: u64,
}

/// A path on which something never becomes true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lasso {
    /// The states on it; the last one is the one at `repeats_from`, if there is that.
    pub(crate) ids: Vec<Id>,
    /// Which initial state, then which actions.
    pub(crate) choices: Vec<u32>,
    /// Where it goes on after its end; `None` where nothing can happen any more.
    pub(crate) repeats_from: Option<usize>,
}

/// What a search for lassos knows of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    Unseen,
    OnPath,
    /// Every path from it is known to come to the goal, or to a state whose actions were not taken.
    Done,
}

impl Graph {
    pub(crate) const fn new(properties: Vec<usize>) -> Self {
        Self { properties, goals: Vec::new(), targets: Vec::new(), ranges: Vec::new(), begin: 0 }
    }

    /// Adds the next state.
    pub(crate) fn add(&mut self, holds: impl Fn(usize) -> bool) {
        self.goals.extend(self.properties.iter().map(|index| holds(*index)));
        self.ranges.push(None);
    }

    /// From here on, targets are those of the state at hand.
    pub(crate) const fn begin(&mut self) {
        self.begin = self.targets.len() as u64;
    }

    /// One more of its actions leads to `target`.
    pub(crate) fn edge(&mut self, target: Option<Id>) {
        self.targets.push(target);
    }

    /// These are all targets of `id`.
    pub(crate) fn end(&mut self, id: Id) {
        self.ranges[id as usize] = Some((self.begin, self.targets.len() as u64));
    }

    /// A path from an initial state on which the property never becomes true, if one was seen: one that comes back to where it
    /// was, or ends where nothing can happen.
    pub(crate) fn counterexample<M: Model>(
        &self,
        property: usize,
        visited: &Visited<'_, M>,
    ) -> Option<Lasso> {
        let column = self.properties.iter().position(|index| *index == property)?;
        let is_goal = |id: Id| self.goals[id as usize * self.properties.len() + column];
        let mut colours = vec![Colour::Unseen; self.ranges.len()];
        let mut roots = (0..self.ranges.len() as Id)
            .filter_map(|id| visited.initial_choice(id).map(|choice| (id, choice)));
        roots.find_map(|(root, choice)| self.search(root, choice, &is_goal, &mut colours))
    }

    /// The states that `id` leads to; `None` where its actions were not taken.
    fn targets_of(&self, id: Id) -> Option<&[Option<Id>]> {
        self.ranges[id as usize].map(|(from, to)| &self.targets[from as usize..to as usize])
    }

    fn search(
        &self,
        root: Id,
        choice: u32,
        is_goal: &impl Fn(Id) -> bool,
        colours: &mut [Colour],
    ) -> Option<Lasso> {
        if is_goal(root) || colours[root as usize] != Colour::Unseen {
            return None;
        }
        colours[root as usize] = Colour::OnPath;
        // Each state on the path, with how it was entered and how many of its targets were followed.
        let mut path = vec![(root, choice, 0_usize)];
        while let Some((id, _, followed)) = path.last_mut() {
            let (id, at) = (*id, *followed);
            *followed += 1;
            let targets = self.targets_of(id);
            if targets.is_some_and(<[_]>::is_empty) {
                return Some(lasso(&path, None));
            }
            let Some(target) = targets.and_then(|targets| targets.get(at)) else {
                colours[id as usize] = Colour::Done;
                path.pop();
                continue;
            };
            let Some(target) = *target else { continue };
            if is_goal(target) {
                continue;
            }
            match colours[target as usize] {
                Colour::Done => {}
                Colour::Unseen => {
                    colours[target as usize] = Colour::OnPath;
                    path.push((target, at as u32, 0));
                }
                Colour::OnPath => {
                    let back = path.iter().position(|(other, _, _)| *other == target);
                    path.push((target, at as u32, 0));
                    return Some(lasso(&path, back));
                }
            }
        }
        None
    }
}

fn lasso(path: &[(Id, u32, usize)], repeats_from: Option<usize>) -> Lasso {
    Lasso {
        ids: path.iter().map(|(id, _, _)| *id).collect(),
        choices: path.iter().map(|(_, choice, _)| *choice).collect(),
        repeats_from,
    }
}
