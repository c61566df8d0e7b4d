//! What must become true: on every path, endless ones included.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use orrery_explore::{Demand, Explorer, Finding, Model, Order, Refusal};
use proptest::prelude::*;
use support::{Machine, Query, Rule, State, graph, machine, run, words};

const LIVENESS: &[Demand] = &[Demand::Eventually];

/// Whether the goal is reached on every path from the initial state: the least set that holds the goals and each state with
/// successors, all of which are in it.
fn is_inevitable(graph: &BTreeMap<State, Vec<State>>, initial: &State, query: &Query) -> bool {
    let mut sure: BTreeSet<_> =
        graph.keys().filter(|state| query.is_true(state)).cloned().collect();
    loop {
        let more: Vec<_> = graph
            .iter()
            .filter(|(state, targets)| {
                !sure.contains(*state)
                    && !targets.is_empty()
                    && targets.iter().all(|target| sure.contains(target))
            })
            .map(|(state, _)| state.clone())
            .collect();
        if more.is_empty() {
            return sure.contains(initial);
        }
        sure.extend(more);
    }
}

proptest! {
    #[test]
    fn lassos_are_found_where_the_fixpoint_says_that_there_are_some(machine in machine(LIVENESS)) {
        let graph = graph(&machine, usize::MAX - 1);
        let initial = machine.initial().swap_remove(0);
        for order in [Order::Breadth, Order::Depth] {
            let report = run(Explorer::new(&machine).order(order));
            let expected: Vec<_> = machine.queries.iter().map(|query| {
                if is_inevitable(&graph, &initial, query) { "holds" } else { "violated" }
            }).collect();
            prop_assert_eq!(words::<Machine>(&report), expected);
            for (query, judged) in machine.queries.iter().zip(&report.judged) {
                let Finding::Violated(Some(path)) = &judged.finding else { continue };
                prop_assert!(!query.is_true(&path.initial));
                prop_assert!(path.steps.iter().all(|(_, state)| !query.is_true(state)));
                match path.repeats_from {
                    Some(0) => prop_assert_eq!(path.last(), &path.initial),
                    Some(steps) => prop_assert_eq!(path.last(), &path.steps[steps - 1].1),
                    None => prop_assert!(graph[path.last()].is_empty()),
                }
            }
        }
    }

    #[test]
    fn bounds_never_make_a_wrong_verdict(machine in machine(LIVENESS), depth in 0..5_u32) {
        let full = run(Explorer::new(&machine));
        let bounded = run(Explorer::new(&machine).max_depth(depth));
        for (bounded, full) in words::<Machine>(&bounded).into_iter().zip(words::<Machine>(&full)) {
            prop_assert!(bounded == "unknown" || bounded == full);
        }
    }
}

/// One process that goes from 0 to 1, and then back and forth between 1 and 2, unless it goes to 3 from there.
fn hesitant() -> Machine {
    let step = |from, to| Rule { from, to, shared: None };
    Machine {
        rules: vec![vec![step(0, 1), step(1, 2), step(2, 1), step(2, 3)]],
        queries: vec![Query { demand: Demand::Eventually, place: 3, count: 1, shared: None }],
        is_symmetric: false,
        crowd: usize::MAX,
    }
}

#[test]
fn going_round_forever_is_a_path_without_an_end() {
    let machine = hesitant();
    let report = Explorer::new(&machine).run().unwrap();
    let path = report.judged[0].finding.path().unwrap();
    let places: Vec<_> = path.steps.iter().map(|(_, state)| state.places[0]).collect();
    assert_eq!((places, path.repeats_from), (vec![1, 2, 1], Some(1)));
    let text = report.to_string();
    assert!(text.contains("and so on forever, from behind step 1"), "{text}");
}

#[test]
fn stopping_short_of_the_goal_is_a_path_with_an_end() {
    let mut machine = hesitant();
    machine.rules[0].truncate(2);
    let report = Explorer::new(&machine).run().unwrap();
    let path = report.judged[0].finding.path().unwrap();
    assert_eq!((path.steps.len(), path.repeats_from), (2, None));
}

#[test]
fn without_the_way_back_the_goal_is_reached() {
    let mut machine = hesitant();
    machine.rules[0].remove(2);
    let report = Explorer::new(&machine).run().unwrap();
    assert_eq!(report.judged[0].finding, Finding::Holds(None));
}

#[test]
fn reductions_are_refused_where_something_must_become_true() {
    let machine = hesitant();
    let refused = |explorer: Explorer<'_, Machine>| explorer.run().unwrap_err();
    let name = "0".to_owned();
    let explorer = Explorer::new(&machine);
    assert_eq!(refused(explorer.symmetry(true)), Refusal::EventuallyReduced(name.clone()));
    let partial = refused(explorer.partial_order(true));
    assert_eq!(
        partial.to_string(),
        "`eventually 0` needs the whole graph: explore without symmetry and partial-order reduction"
    );
    let bounded = refused(explorer.order(Order::Depth).max_depth(3));
    assert_eq!(bounded, Refusal::EventuallyDepthFirst(name));
}
