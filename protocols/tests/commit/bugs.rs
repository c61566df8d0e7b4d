//! Each planted bug is caught, by the rule that it breaks; and none of the schedules catches correct code.

use std::collections::BTreeMap;

use orrery_protocols::commit::bugs::{
    BUGS, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, T16, T17,
};
use orrery_protocols::commit::{Form, Parameters};
use orrery_sim::Bug;
use orrery_sim::plan::{Action, Item, Trigger};

use crate::support::{
    Run, ask, chaos, crash, hold, hurried, item, ms, node, quiet, restart, transfer,
};

const UNTIL: u64 = 2_500;

/// Runs chaos over seeds with `bug`; which rules it breaks, and how often.
fn caught(seeds: u64, bug: Bug, form: Form) -> BTreeMap<&'static str, u32> {
    let mut broken = BTreeMap::new();
    for seed in 0..seeds {
        let mut run = Run::new(chaos(seed, &hurried(form), &[bug]));
        if let Some(rule) = run.until(UNTIL).broken() {
            *broken.entry(rule).or_default() += 1;
        }
    }
    broken
}

#[test]
fn each_bug_breaks_a_rule_that_it_lists() {
    use Form::{PaxosCommit, PresumedAbort, PresumedCommit, ThreePhase, TwoPhase};
    let cases = [
        (T1, TwoPhase, 40),
        (T2, TwoPhase, 60),
        (T3, TwoPhase, 20),
        (T4, TwoPhase, 20),
        (T5, TwoPhase, 20),
        (T6, PresumedAbort, 40),
        (T7, PresumedCommit, 60),
        (T8, TwoPhase, 40),
        (T9, TwoPhase, 200),
        (T10, TwoPhase, 20),
        (T11, TwoPhase, 200),
        (T12, PresumedAbort, 120),
        (T13, ThreePhase, 120),
        (T15, PaxosCommit, 60),
        (T16, PaxosCommit, 60),
        (T17, TwoPhase, 60),
    ];
    assert_eq!(cases.len() + 1, BUGS.len(), "T14 has a story of its own");
    let mut missed = vec![];
    for (bug, form, seeds) in cases {
        let broken = caught(seeds, bug, form);
        if broken.is_empty() {
            missed.push((bug.id, "any rule"));
        }
        // What it breaks is listed, all of it.
        missed.extend(
            broken.keys().filter(|rule| !bug.breaks.contains(rule)).map(|rule| (bug.id, *rule)),
        );
    }
    assert!(missed.is_empty(), "not caught, or not listed: {missed:?}");
}

/// 5.T6: presumed-abort amnesia.
fn amnesia(bugs: &[Bug]) -> Run {
    let parameters =
        Parameters { variant: Form::PresumedAbort, read_only: false, ..Parameters::default() };
    let mut setup = quiet(1, 3, &parameters, bugs);
    setup.plan.items =
        vec![item(100, ask(1, transfer(30))), item(145, crash(4)), item(500, restart(4))];
    Run::new(setup)
}

#[test]
fn t6_a_coordinator_that_forgets_says_abort() {
    amnesia(&[]).safely_until(3_000);
    assert_eq!(amnesia(&[T6]).until(3_000).broken(), Some("AC1 Agreement"));
}

/// Who takes over commits by itself, crashes, and the next one knows of no pre-commit.
fn cascade(bugs: &[Bug]) -> Run {
    let parameters = Parameters { variant: Form::ThreePhase, ..Parameters::default() };
    let mut setup = quiet(1, 3, &parameters, bugs);
    let trigger = Trigger::When("note Decided on n2".parse().unwrap());
    let crash_second = Action::Crash { node: node(2), after_effects: None };
    setup.plan.items = vec![
        item(100, ask(1, transfer(30))),
        // Of the pre-commits, only that to n2 arrives.
        item(100, hold(1, 3, "PreCommit")),
        item(100, hold(1, 4, "PreCommit")),
        item(155, crash(1)),
        // n2 takes over, decides, and crashes before anybody hears of it.
        Item { name: None, trigger, within: Some(ms(4_000)), action: crash_second },
        item(160, hold(2, 3, "Commit")),
        item(160, hold(2, 4, "Commit")),
    ];
    Run::new(setup)
}

#[test]
fn t14_a_cascade_of_crashes_splits_who_skips_the_pre_commit() {
    cascade(&[]).safely_until(6_000);
    assert_eq!(cascade(&[T14]).until(6_000).broken(), Some("AC1 Agreement"));
}
