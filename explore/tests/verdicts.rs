//! What is said where not everything was looked at, and how an audit and a broken promise show.

mod support;

use std::cell::Cell;
use std::hash::{Hash, Hasher};

use orrery_explore::models::{Paxos, TwoPhase};
use orrery_explore::{Bound, Explorer, Finding, Model, Order, Property, Refusal, Verdict};

/// A counter that goes up by one or two, up to a hundred.
struct Counter {
    /// What it is never supposed to show.
    never: u32,
    boundary: u32,
}

impl Model for Counter {
    type State = u32;
    type Action = u32;

    fn initial(&self) -> Vec<u32> {
        vec![0]
    }

    fn actions(&self, state: &u32, actions: &mut Vec<u32>) {
        actions.extend([1, 2].into_iter().filter(|step| state + step <= 100));
    }

    fn step(&self, state: &mut u32, action: &u32) {
        *state += action;
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("allowed", |model: &Self, state| *state != model.never),
            Property::sometimes("a hundred", |_, state| *state == 100),
        ]
    }

    fn boundary(&self, state: &u32) -> bool {
        *state <= self.boundary
    }
}

const HARMLESS: Counter = Counter { never: 1_000, boundary: 1_000 };

#[test]
fn everything_that_was_looked_at_holds() {
    let report = Explorer::new(&HARMLESS).thorough(true).run().unwrap();
    assert_eq!((report.states, report.transitions, report.generated), (101, 199, 200));
    assert_eq!((report.terminal, report.depth, report.bound), (1, 50, None));
    assert_eq!(report.verdict(), Verdict::Holds);
    assert_eq!(report.finding("allowed"), Some(&Finding::Holds(None)));
    let witness = report.finding("a hundred").unwrap().path().unwrap();
    assert_eq!((witness.steps.len(), *witness.last()), (50, 100));
}

#[test]
fn the_shortest_way_to_a_violation_is_told() {
    let report = Explorer::new(&Counter { never: 7, ..HARMLESS }).run().unwrap();
    let Some(Finding::Violated(Some(path))) = report.finding("allowed") else { panic!() };
    assert_eq!((path.steps.len(), *path.last()), (4, 7));
    assert_eq!(report.bound, Some(Bound::Violation));
    assert_eq!(report.finding("a hundred"), Some(&Finding::Unknown(Bound::Violation)));
    assert_eq!(report.verdict(), Verdict::Violated);
}

#[test]
fn a_bound_that_was_reached_makes_it_unknown_and_is_named() {
    let unknown = |explorer: Explorer<'_, Counter>, bound| {
        let report = explorer.run().unwrap();
        assert_eq!(report.verdict(), Verdict::Unknown);
        assert_eq!(report.finding("allowed"), Some(&Finding::Unknown(bound)));
        assert_eq!(report.finding("a hundred"), Some(&Finding::Unknown(bound)));
        report
    };
    for order in [Order::Breadth, Order::Depth] {
        let explorer = Explorer::new(&HARMLESS).order(order);
        assert_eq!(unknown(explorer.max_depth(10), Bound::Depth(10)).states, 21);
        let report = unknown(explorer.max_states(30), Bound::States(30));
        assert_eq!(report.states, 30);
        assert!(report.to_string().contains("there are more than 30 states"));
        let walled = Counter { boundary: 40, ..HARMLESS };
        let explorer = Explorer::new(&walled).order(order);
        assert_eq!(unknown(explorer, Bound::Boundary).states, 41);
    }
}

#[test]
fn bounds_that_are_not_reached_change_nothing() {
    let full = Explorer::new(&HARMLESS).thorough(true).run().unwrap();
    let bounded = Explorer::new(&HARMLESS).thorough(true).max_depth(51).max_states(101);
    assert_eq!(bounded.run().unwrap(), full);
    let bounded = bounded.order(Order::Depth).max_depth(100).run().unwrap();
    assert_eq!((bounded.states, bounded.bound, bounded.verdict()), (101, None, Verdict::Holds));
}

#[test]
fn what_no_state_has_although_one_must_is_a_violation_without_a_path() {
    struct Still;
    impl Model for Still {
        type State = ();
        type Action = ();
        fn initial(&self) -> Vec<()> {
            vec![()]
        }
        fn actions(&self, (): &(), _: &mut Vec<()>) {}
        fn step(&self, (): &mut (), (): &()) {}
        fn properties(&self) -> Vec<Property<Self>> {
            vec![Property::sometimes("moved", |_, ()| false)]
        }
    }
    let report = Explorer::new(&Still).run().unwrap();
    assert_eq!(report.judged[0].finding, Finding::Violated(None));
    assert!(report.to_string().contains("sometimes moved: violated, in no state"));
}

#[test]
fn a_model_that_begins_nowhere_is_refused() {
    struct Nowhere;
    impl Model for Nowhere {
        type State = ();
        type Action = ();
        fn initial(&self) -> Vec<()> {
            Vec::new()
        }
        fn actions(&self, (): &(), _: &mut Vec<()>) {}
        fn step(&self, (): &mut (), (): &()) {}
    }
    let nowhere = Counter { boundary: 0, ..HARMLESS };
    assert_eq!(Explorer::new(&nowhere).run().unwrap().states, 1);
    assert_eq!(Explorer::new(&Nowhere).run().unwrap_err(), Refusal::NoInitialState);
}

/// A state whose hash leaves something out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Forgetful(u32);

impl Hash for Forgetful {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u32(self.0 / 10);
    }
}

struct Counting;

impl Model for Counting {
    type State = Forgetful;
    type Action = ();

    fn initial(&self) -> Vec<Forgetful> {
        vec![Forgetful(0)]
    }

    fn actions(&self, state: &Forgetful, actions: &mut Vec<()>) {
        actions.extend((state.0 < 99).then_some(()));
    }

    fn step(&self, state: &mut Forgetful, (): &()) {
        state.0 += 1;
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("below 50", |_, state: &Forgetful| state.0 < 50)]
    }
}

#[test]
fn an_audit_finds_states_that_share_a_fingerprint_and_looks_at_all_of_them() {
    let careless = Explorer::new(&Counting).thorough(true).run().unwrap();
    assert_eq!((careless.states, careless.verdict()), (1, Verdict::Holds));
    let audited = Explorer::new(&Counting).thorough(true).audit(true).run().unwrap();
    assert_eq!((audited.states, audited.verdict()), (100, Verdict::Violated));
    assert!(audited.collisions > 0);
    assert_eq!(audited.judged[0].finding.path().map(|path| path.steps.len()), Some(50));
}

#[test]
fn audits_of_the_models_find_no_collision() {
    fn clean<M: Model>(model: &M) {
        let explorer = Explorer::new(model).thorough(true);
        let (plain, audited) = (explorer.run().unwrap(), explorer.audit(true).run().unwrap());
        assert_eq!((audited.collisions, audited.states), (0, plain.states));
    }
    clean(&TwoPhase(5));
    clean(&Paxos(2));
}

#[test]
fn a_model_that_does_not_do_the_same_twice_is_refused() {
    /// Steps that get longer.
    struct Drifting(Cell<u32>);
    impl Model for Drifting {
        type State = u32;
        type Action = ();
        fn initial(&self) -> Vec<u32> {
            vec![0]
        }
        fn actions(&self, state: &u32, actions: &mut Vec<()>) {
            actions.extend((*state < 1_000).then_some(()));
        }
        fn step(&self, state: &mut u32, (): &()) {
            self.0.set(self.0.get() + 1);
            *state += self.0.get();
        }
        fn properties(&self) -> Vec<Property<Self>> {
            vec![Property::always("below 500", |_, state| *state < 500)]
        }
    }
    let refusal = Explorer::new(&Drifting(Cell::new(0))).run().unwrap_err();
    assert_eq!(refusal, Refusal::Impure);
}

#[test]
fn paths_can_be_read() {
    let report = Explorer::new(&Counter { never: 3, ..HARMLESS }).run().unwrap();
    assert_eq!(
        report.to_string(),
        "violated: 4 states, 4 transitions, depth 2, 0 terminal
not everything was looked at: it stopped at a violation
always allowed: violated
       0
    1. 1
       1
    2. 2
       3
sometimes a hundred: unknown, it stopped at a violation
"
    );
}
