//! Reductions find what the full search finds.

mod support;

use std::collections::BTreeSet;

use orrery_explore::models::{Paxos, TwoPhase, TwoPhaseNodes};
use orrery_explore::{Demand, Explorer, Model, Order, Refusal};
use proptest::prelude::*;
use support::{Machine, Query, Rule, graph, machine, run, symmetric, words};

const SAFETY: &[Demand] = &[Demand::Always, Demand::Sometimes];

/// Both orders, full and with sleep sets: the same states, with transitions saved.
fn saved<M: Model>(model: &M) -> (u64, u64) {
    let full = run(Explorer::new(model));
    let mut transitions = full.transitions;
    for order in [Order::Breadth, Order::Depth] {
        let reduced = run(Explorer::new(model).order(order).partial_order(true));
        assert_eq!((reduced.states, reduced.terminal), (full.states, full.terminal));
        assert_eq!(words::<M>(&reduced), words::<M>(&full));
        transitions = transitions.min(reduced.transitions);
    }
    (full.transitions, transitions)
}

#[test]
fn sleep_sets_save_most_transitions_and_no_state() {
    let (full, reduced) = saved(&TwoPhaseNodes(6));
    assert_eq!((full, reduced < full / 2), (5_832, true), "{reduced}");
    let (full, reduced) = saved(&TwoPhase(4));
    assert!(reduced < full, "{reduced} of {full}");
    let (full, reduced) = saved(&Paxos(2));
    assert!(reduced < full, "{reduced} of {full}");
}

proptest! {
    #[test]
    fn sleep_sets_find_all_states_in_either_order(machine in machine(SAFETY)) {
        let full = run(Explorer::new(&machine));
        prop_assert_eq!(full.states as usize, graph(&machine, usize::MAX - 1).len());
        for order in [Order::Breadth, Order::Depth] {
            let reduced = run(Explorer::new(&machine).order(order).partial_order(true));
            prop_assert_eq!(reduced.states, full.states);
            prop_assert_eq!(reduced.terminal, full.terminal);
            prop_assert!(reduced.transitions <= full.transitions || order == Order::Depth);
            prop_assert_eq!(words::<Machine>(&reduced), words::<Machine>(&full));
        }
    }

    #[test]
    fn a_depth_bound_cuts_the_same_in_either_order_and_with_sleep_sets(
        machine in machine(SAFETY),
        depth in 0..6_u32,
    ) {
        let within = graph(&machine, depth as usize).len() as u64;
        let full = run(Explorer::new(&machine).max_depth(depth));
        prop_assert_eq!(full.states, within);
        for (order, is_reduced) in [
            (Order::Depth, false), (Order::Depth, true), (Order::Breadth, true),
        ] {
            let explorer = Explorer::new(&machine).max_depth(depth).order(order);
            let other = run(explorer.partial_order(is_reduced));
            prop_assert_eq!(other.states, within);
            prop_assert_eq!(other.bound, full.bound);
            prop_assert_eq!(words::<Machine>(&other), words::<Machine>(&full));
        }
    }

    #[test]
    fn symmetry_leaves_one_state_of_each_kind_and_every_verdict(machine in symmetric(SAFETY)) {
        let full = run(Explorer::new(&machine).symmetry(false));
        let kinds: BTreeSet<_> = graph(&machine, usize::MAX - 1).into_keys().map(|mut state| {
            machine.canonicalize(&mut state);
            state
        }).collect();
        for order in [Order::Breadth, Order::Depth] {
            let reduced = run(Explorer::new(&machine).order(order).symmetry(true));
            prop_assert_eq!(reduced.states as usize, kinds.len());
            prop_assert_eq!(words::<Machine>(&reduced), words::<Machine>(&full));
        }
    }

    #[test]
    fn a_path_shows_what_it_is_said_to(machine in symmetric(SAFETY), is_reduced: bool, is_symmetric: bool) {
        let explorer = Explorer::new(&machine).order(Order::Depth);
        let explorer = if is_reduced { explorer.partial_order(true) } else { explorer.symmetry(is_symmetric) };
        let report = run(explorer);
        for (query, judged) in machine.queries.iter().zip(&report.judged) {
            let Some(path) = judged.finding.path() else { continue };
            prop_assert_eq!(query.is_true(path.last()), query.demand == Demand::Sometimes);
            let mut state = path.initial.clone();
            for (action, next) in &path.steps {
                let mut actions = Vec::new();
                machine.actions(&state, &mut actions);
                prop_assert!(actions.contains(action));
                machine.step(&mut state, action);
                prop_assert_eq!(&state, next);
            }
        }
    }
}

/// Process 1 goes nowhere unless process 0 has gone first, and that is where the crowd gathers.
fn crowded() -> Machine {
    let step = |from, to| Rule { from, to, shared: None };
    Machine {
        rules: vec![vec![step(0, 1)], vec![step(0, 3)]],
        queries: vec![Query { demand: Demand::Always, place: 2, count: 0, shared: None }],
        is_symmetric: false,
        crowd: 0,
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let machine = crowded();
    let refusal = Explorer::new(&machine).partial_order(true).run().unwrap_err();
    assert_eq!(refusal, Refusal::PartialOrderBoundary);
    let both = Explorer::new(&machine).partial_order(true).symmetry(true).run();
    assert_eq!(both.unwrap_err(), Refusal::BothReductions);
    let depth = Explorer::new(&machine).order(Order::Depth).max_depth(3).symmetry(true).run();
    assert_eq!(depth.unwrap_err(), Refusal::SymmetryDepthFirst);
}

/// The same, but processes that share a variable are said to be independent.
struct Careless(Machine);

impl Model for Careless {
    type State = support::State;
    type Action = support::Action;

    fn initial(&self) -> Vec<support::State> {
        self.0.initial()
    }

    fn actions(&self, state: &support::State, actions: &mut Vec<support::Action>) {
        self.0.actions(state, actions);
    }

    fn step(&self, state: &mut support::State, action: &support::Action) {
        self.0.step(state, action);
    }

    fn independent(&self, first: &support::Action, second: &support::Action) -> bool {
        first.process != second.process
    }
}

#[test]
fn independence_that_is_not_there_loses_states() {
    // The second process only goes while the first has not written: to take it first is not the same.
    let rule = |value| vec![Rule { from: 0, to: 1, shared: Some((0, value)) }];
    let machine = Machine {
        rules: vec![rule(1), rule(0)],
        queries: Vec::new(),
        is_symmetric: false,
        crowd: usize::MAX,
    };
    let states = |model: &Machine| run(Explorer::new(model).partial_order(true)).states;
    assert_eq!((states(&machine), run(Explorer::new(&machine)).states), (4, 4));
    assert_eq!(run(Explorer::new(&Careless(machine)).partial_order(true)).states, 3);
}
