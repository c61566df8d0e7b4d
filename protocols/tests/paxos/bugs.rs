//! Each planted bug is caught, by the rule that it breaks; and none of the schedules catches
//! correct code.

use std::collections::BTreeMap;

use orrery_protocols::paxos::bugs::{P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P17, P19};
use orrery_protocols::paxos::{Learning, Parameters, Paxos};
use orrery_sim::plan::{Action, Cut};
use orrery_sim::{Bug, Setup};

use crate::support::{
    Run, chaos, crash, cut, hold, item, node, patient, propose, quiet, restart, span,
};

const UNTIL: u64 = 2_000;

fn make(seed: u64, bugs: &[Bug]) -> Setup<Paxos> {
    let learning = [Learning::Proposer, Learning::Everybody][seed as usize % 2];
    chaos(
        seed,
        3 + 2 * (seed as u32 / 2 % 2),
        &Parameters { learning, ..Parameters::default() },
        bugs,
    )
}

/// Runs chaos over seeds with `bug` under these rules alone; which of them it breaks, and how often.
fn caught(seeds: u64, bug: Bug, rules: &[&str]) -> BTreeMap<&'static str, u32> {
    let mut broken = BTreeMap::new();
    for seed in 0..seeds {
        let mut run = Run::judged_by(make(seed, &[bug]), rules);
        if let Some(violation) = &run.until(UNTIL).violation {
            *broken.entry(violation.rule).or_default() += 1;
        }
    }
    for rule in broken.keys() {
        assert!(bug.breaks.contains(rule), "{} breaks {rule}, which it does not list", bug.id);
    }
    broken
}

#[test]
fn the_schedules_catch_no_correct_code() {
    for seed in 0..60 {
        Run::new(make(seed, &[])).safely_until(UNTIL);
    }
}

#[test]
fn each_bug_breaks_a_rule_that_it_lists() {
    for (bug, rule) in [
        (P1, "Promises Kept"),
        (P2, "Integrity"),
        (P3, "P2c"),
        (P4, "P2c"),
        (P5, "Unique Ballots"),
        (P6, "Promises Kept"),
        (P7, "Promises Kept"),
        (P8, "Integrity"),
        (P9, "Integrity"),
        (P10, "Integrity"),
    ] {
        let rules = caught(60, bug, &[]);
        assert!(rules.contains_key(rule), "{}: {rules:?}", bug.id);
    }
}

/// Two values are chosen, or a client is told what was not: the harm itself, not its omens.
#[test]
fn the_bugs_do_harm() {
    for bug in [P2, P3, P4, P5, P6] {
        let rules = caught(200, bug, &["Agreement"]);
        assert!(!rules.is_empty(), "{} never makes two values chosen", bug.id);
    }
    for bug in [P8, P9, P10] {
        let rules = caught(60, bug, &["Integrity"]);
        assert!(!rules.is_empty(), "{} never tells anybody what was not chosen", bug.id);
    }
}

/// A promise that a crash wiped out: `red`, of a lower number, is chosen beside `blue`.
#[test]
fn p1_a_forgotten_promise_lets_two_values_be_chosen() {
    let run = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &patient(), bugs);
        setup.plan.items = vec![
            item(50, hold(1, 2, "Accept")),
            item(50, Action::Cut(Cut::Between(vec![node(1)], vec![node(3)]))),
            item(100, propose(1, "red", 1)),
            item(150, hold(3, 2, "Accept")),
            item(150, propose(2, "blue", 3)),
            item(180, crash(2)),
            item(190, restart(2)),
            item(200, Action::Deliver("n1>n2#2".parse().unwrap())),
            item(250, Action::Release(None)),
        ];
        let mut run = Run::judged_by(setup, &["Agreement"]);
        run.until(1_000);
        run
    };
    let correct = run(&[]);
    assert_eq!((&correct.violation, correct.learned(3)), (&None, Some("blue")));
    assert_eq!(run(&[P1]).broken(), Some("Agreement"));
}

/// 5.P3, with the votes counted by value: `red` was accepted by n1 at 1.n1 and by n2 at a higher
/// number, and was never chosen.
#[test]
fn p8_two_minorities_are_no_majority() {
    let run = |bugs: &[Bug]| {
        let parameters = Parameters { learning: Learning::Everybody, ..patient() };
        let mut setup = quiet(1, 3, &parameters, bugs);
        setup.plan.items = vec![
            item(100, propose(1, "red", 1)),
            item(121, cut(&[1])), // n1 alone accepts 1.n1
            item(150, Action::Heal(None)),
            item(151, hold(2, 1, "Accept")),
            item(151, hold(2, 3, "Accept")),
            item(160, propose(2, "blue", 2)),
            item(230, Action::Release(None)),
        ];
        let mut run = Run::new(setup);
        run.until(225);
        run
    };
    assert_eq!(run(&[]).violation, None);
    assert_eq!(run(&[P8]).broken(), Some("Integrity"));
}

/// P7 alone makes `blue`, which was chosen, give way to `red`: nobody remembers it.
#[test]
fn p7_an_older_proposal_takes_the_place_of_a_newer_one() {
    let run = |bugs: &[Bug]| {
        let mut setup = quiet(1, 5, &patient(), bugs);
        setup.plan.items = vec![
            item(90, hold(1, 3, "Accept")),
            item(90, hold(1, 2, "Accept")),
            item(90, Action::Cut(Cut::Between(vec![node(1)], vec![node(4), node(5)]))),
            item(100, propose(1, "red", 1)),
            item(190, hold(2, 3, "Prepare")),
            item(190, hold(2, 1, "Prepare")),
            item(190, hold(2, 1, "Accept")),
            item(190, hold(2, 5, "Accept")),
            item(190, hold(2, 5, "Learn")),
            item(200, propose(2, "blue", 2)),
            item(240, crash(2)),
            item(240, crash(4)),
            item(250, Action::Heal(None)),
            item(260, Action::Deliver("n1>n3#2".parse().unwrap())),
            item(300, propose(3, "green", 5)),
        ];
        let mut run = Run::judged_by(setup, &["Agreement"]);
        run.until(1_000);
        run
    };
    let correct = run(&[]);
    assert_eq!((&correct.violation, correct.learned(5)), (&None, Some("blue")));
    assert_eq!(run(&[P7]).broken(), Some("Agreement"));
}

#[test]
fn p17_an_empty_disk_votes() {
    let run = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &patient(), bugs);
        setup.plan.items = vec![
            item(50, cut(&[3])),
            item(100, propose(1, "red", 1)),
            item(200, crash(1)),
            item(200, Action::Wipe(node(2))),
            item(210, restart(2)),
            item(220, Action::Heal(None)),
            item(300, propose(2, "blue", 3)),
        ];
        let mut run = Run::judged_by(setup, &["Agreement"]);
        run.until(1_000);
        run
    };
    let correct = run(&[]);
    assert_eq!((&correct.violation, correct.learned(3)), (&None, None), "it waits for n1");
    assert_eq!(run(&[P17]).broken(), Some("Agreement"));
}

/// 5.P1: alternation for any horizon without chance, an end with it.
#[test]
fn p19_without_chance_a_duel_never_ends() {
    let duel = |seed, backoff, bugs: &[Bug], until| {
        let parameters = Parameters { backoff, ..patient() };
        let mut setup = quiet(seed, 3, &parameters, bugs);
        setup.plan.items = vec![item(100, propose(1, "red", 1)), item(105, propose(2, "blue", 2))];
        let mut run = Run::new(setup);
        run.safely_until(until);
        (run.learned_at().first().copied(), run.statistic("ballots").unwrap())
    };
    for seed in 0..20 {
        let (learned, _) = duel(seed, span(0, 100), &[], 10_000);
        assert!(learned.is_some(), "seed {seed}: chance ends it");
        for until in [2_000, 8_000] {
            // One ballot every 10 ms.
            let ballots = i64::try_from((until - 100) / 10 + 1).unwrap();
            assert_eq!(duel(seed, span(0, 100), &[P19], until), (None, ballots), "seed {seed}");
            assert_eq!(duel(seed, span(0, 0), &[], until), (None, ballots), "seed {seed}");
        }
    }
}
