//! Small machines drawn at random: processes with a place each, and one shared variable.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::collections::BTreeMap;

use orrery_explore::{Demand, Explorer, Model, Property, ReportOf};
use proptest::prelude::*;

/// Places that a process can be at.
pub(crate) const PLACES: u8 = 4;
/// Values of the shared variable.
pub(crate) const VALUES: u8 = 3;

/// One thing that a process may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Where it must be.
    pub(crate) from: u8,
    /// Where it is then.
    pub(crate) to: u8,
    /// What the shared variable must be and what it is then; `None` where neither matters.
    pub(crate) shared: Option<(u8, u8)>,
}

/// What is asked: how many processes are at a place, and the shared variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) demand: Demand,
    pub(crate) place: u8,
    pub(crate) count: usize,
    pub(crate) shared: Option<u8>,
}

impl Query {
    pub(crate) fn is_true(&self, state: &State) -> bool {
        (state.crowd_at(self.place) >= self.count) != (self.shared == Some(state.shared))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// The rules of each process.
    pub(crate) rules: Vec<Vec<Rule>>,
    pub(crate) queries: Vec<Query>,
    /// Whether processes that have the same rules are taken for interchangeable. They are if all have.
    pub(crate) is_symmetric: bool,
    /// States with more processes than this at the last place are outside of the boundary.
    pub(crate) crowd: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct State {
    pub(crate) places: Vec<u8>,
    pub(crate) shared: u8,
}

impl State {
    /// How many processes are at this place.
    fn crowd_at(&self, place: u8) -> usize {
        self.places.iter().map(|other| usize::from(*other == place)).sum()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Action {
    pub(crate) process: usize,
    pub(crate) rule: usize,
}

impl Machine {
    fn rule(&self, action: &Action) -> Rule {
        self.rules[action.process][action.rule]
    }
}

impl Model for Machine {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        vec![State { places: vec![0; self.rules.len()], shared: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (process, rules) in self.rules.iter().enumerate() {
            for (number, rule) in rules.iter().enumerate() {
                let is_free = rule.shared.is_none_or(|(needed, _)| needed == state.shared);
                if rule.from == state.places[process] && is_free {
                    actions.push(Action { process, rule: number });
                }
            }
        }
    }

    fn step(&self, state: &mut State, action: &Action) {
        let rule = self.rule(action);
        state.places[action.process] = rule.to;
        if let Some((_, value)) = rule.shared {
            state.shared = value;
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let properties = self.queries.iter().enumerate().map(|(number, query)| {
            let query = *query;
            let holds = move |_: &Self, state: &State| query.is_true(state);
            match query.demand {
                Demand::Always => Property::always(format!("{number}"), holds),
                Demand::Sometimes => Property::sometimes(format!("{number}"), holds),
                Demand::Eventually => Property::eventually(format!("{number}"), holds),
            }
        });
        properties.collect()
    }

    fn boundary(&self, state: &State) -> bool {
        state.crowd_at(PLACES - 1) <= self.crowd
    }

    fn canonicalize(&self, state: &mut State) {
        if self.is_symmetric {
            state.places.sort_unstable();
        }
    }

    fn independent(&self, first: &Action, second: &Action) -> bool {
        let is_shared = |action| self.rule(action).shared.is_some();
        first.process != second.process && !(is_shared(first) && is_shared(second))
    }
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let shared = proptest::option::of((0..VALUES, 0..VALUES));
    (0..PLACES, 0..PLACES, shared).prop_map(|(from, to, shared)| Rule { from, to, shared })
}

pub(crate) fn query(demands: &'static [Demand]) -> impl Strategy<Value = Query> {
    let demand = proptest::sample::select(demands);
    let shared = proptest::option::of(0..VALUES);
    (demand, 0..PLACES, 1..3_usize, shared).prop_map(|(demand, place, count, shared)| Query {
        demand,
        place,
        count,
        shared,
    })
}

/// Machines of different processes, without a boundary.
pub(crate) fn machine(demands: &'static [Demand]) -> impl Strategy<Value = Machine> {
    let rules = prop::collection::vec(prop::collection::vec(rule(), 1..6), 1..5);
    let queries = prop::collection::vec(query(demands), 1..5);
    (rules, queries).prop_map(|(rules, queries)| Machine {
        rules,
        queries,
        is_symmetric: false,
        crowd: usize::MAX,
    })
}

/// Machines of equal processes, without a boundary.
pub(crate) fn symmetric(demands: &'static [Demand]) -> impl Strategy<Value = Machine> {
    let rules = prop::collection::vec(rule(), 1..8);
    let queries = prop::collection::vec(query(demands), 1..5);
    (rules, 1..5_usize, queries).prop_map(|(rules, count, queries)| Machine {
        rules: vec![rules; count],
        queries,
        is_symmetric: true,
        crowd: usize::MAX,
    })
}

/// Everything that `explorer` finds.
pub(crate) fn run<M: Model>(explorer: Explorer<'_, M>) -> ReportOf<M> {
    let report = explorer.thorough(true).run();
    report.unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// In a word each: what was found about each property.
pub(crate) fn words<M: Model>(report: &ReportOf<M>) -> Vec<&'static str> {
    let findings = report.judged.iter().map(|judged| &judged.finding);
    let word = |finding: &orrery_explore::Finding<M::State, M::Action>| {
        if finding.is_holding() {
            "holds"
        } else if finding.is_violated() {
            "violated"
        } else {
            "unknown"
        }
    };
    findings.map(word).collect()
}

/// All states within `depth` actions, with their successors: written as plainly as can be, to compare with.
pub(crate) fn graph<M>(model: &M, depth: usize) -> BTreeMap<M::State, Vec<M::State>>
where
    M: Model<State: Ord>,
{
    let mut graph = BTreeMap::new();
    let mut level = model.initial();
    for _ in 0..=depth {
        let mut next = Vec::new();
        for state in level {
            if graph.contains_key(&state) {
                continue;
            }
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let follow = actions.iter().map(|action| {
                let mut state = state.clone();
                model.step(&mut state, action);
                state
            });
            let targets: Vec<_> = follow.collect();
            next.extend(targets.iter().cloned());
            graph.insert(state, targets);
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    graph
}
