//! Each planted bug is caught, by the rule that it breaks; and none of the schedules catches
//! correct code.

use std::collections::BTreeMap;

use orrery_protocols::fast_paxos::Parameters;
use orrery_protocols::fast_paxos::bugs::{P15, P16};
use orrery_sim::plan::Action;
use orrery_sim::{Bug, Law, Link, NodeId};

use crate::support::{Run, chaos, crash, item, lose, ms, node, patient, propose, quiet};

const UNTIL: u64 = 1_500;

fn fire(id: u32) -> crate::support::FastAction {
    Action::Fire { node: node(id), timer: "Recover".into() }
}

/// Three of five vote for red and two for blue; a client is told red, and blue is chosen.
#[test]
fn p15_a_majority_is_no_fast_quorum() {
    let run = |bugs: &[Bug]| {
        let parameters = Parameters { recovery: false, ..patient() };
        let mut setup = quiet(1, 5, &parameters, bugs);
        let slow = Link { latency: Law::Constant(ms(20)), ..Link::default() };
        setup.links.overrides.insert((NodeId(2), NodeId(5)), slow);
        setup.plan.items = vec![
            item(100, propose(1, "red", 2)),
            item(100, propose(2, "blue", 4)),
            item(121, crash(1)),
            item(121, crash(2)),
            item(121, crash(4)),
            item(130, Action::Restart(node(4))),
            item(140, propose(3, "green", 4)),
            item(200, fire(4)),
        ];
        let mut run = Run::judged_by(setup, &["Agreement"]);
        run.until(1_000);
        run
    };
    let correct = run(&[]);
    assert_eq!((&correct.violation, correct.learned(5)), (&None, Some("blue")));
    assert_eq!(run(&[P15]).broken(), Some("Agreement"));
}

#[test]
fn p16_any_report_is_not_good_enough() {
    let run = |bugs: &[Bug]| {
        let parameters = Parameters { recovery: false, ..patient() };
        let mut setup = quiet(1, 4, &parameters, bugs);
        setup.plan.items = vec![
            item(90, lose("Phase2b")),
            item(100, propose(1, "red", 2)),
            item(100, propose(2, "blue", 3)),
            item(200, crash(1)),
            item(200, Action::Heal(None)),
            item(300, fire(3)),
        ];
        let mut run = Run::judged_by(setup, &["Agreement"]);
        run.until(1_000);
        run
    };
    assert_eq!(run(&[]).violation, None);
    assert_eq!(run(&[P16]).broken(), Some("Agreement"));
}

#[test]
fn random_schedules_catch_them_too() {
    for (bug, rule) in [(P15, "Integrity"), (P16, "Choosable")] {
        let mut rules: BTreeMap<&str, u32> = BTreeMap::new();
        for seed in 0..300 {
            let nodes = [4, 5][seed as usize % 2];
            let mut run = Run::new(chaos(seed, nodes, &[bug]));
            if let Some(violation) = &run.until(UNTIL).violation {
                *rules.entry(violation.rule).or_default() += 1;
            }
        }
        assert!(rules.contains_key(rule), "{}: {rules:?}", bug.id);
        for rule in rules.keys() {
            assert!(bug.breaks.contains(rule), "{} breaks {rule}, which it does not list", bug.id);
        }
    }
}
