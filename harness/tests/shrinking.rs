//! The shrinker finds the known minimum of failures whose minimum is known.

mod support;

use std::collections::BTreeMap;

use orrery_harness::case::Swarm;
use orrery_harness::registered;
use orrery_harness::shrink::{Fingerprint, ShrinkOptions, Shrunk, shrink};
use orrery_harness::{Case, RunOptions};
use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Item};
use orrery_sim::{Duration, Probability, SimTime};
use serde_json::Value as Json;

use support::{Registered, case};

const SECOND: u64 = 1_000_000_000;

fn shrunk(case: &Case) -> Shrunk {
    let subject = registered::<Registered>();
    let shrunk = shrink(subject.as_ref(), case, &ShrinkOptions::default()).unwrap();
    // What is handed back is what was run.
    let again = subject.run(&shrunk.case, &RunOptions::default()).unwrap();
    assert_eq!(again.digest, shrunk.report.digest);
    assert_eq!(Fingerprint::of(&again.violation.unwrap()), shrunk.fingerprint);
    shrunk
}

/// All kinds of faults, drawn.
fn swarm() -> Swarm {
    let mut swarm = Swarm::new(SimTime::ZERO, SimTime::from_nanos(2 * SECOND));
    for family in [Family::Pause, Family::Partition] {
        swarm.counts.insert(family, 5);
    }
    swarm.counts.insert(Family::Crash, 5);
    swarm.shares.insert(Family::Duplication, Probability::ratio(1, 10));
    swarm
}

fn buggy(seed: u64, bug: &str) -> Case {
    Case { bugs: vec![bug.into()], swarm: Some(swarm()), ..case(seed) }
}

fn words(case: &Case) -> Vec<&'static str> {
    case.plan.items.iter().map(|item: &Item<Json>| item.action.word()).collect()
}

#[test]
fn three_writes_are_all_that_a_jumping_version_takes() {
    for seed in 0..20 {
        let shrunk = shrunk(&buggy(seed, "SKIPS"));
        assert_eq!(words(&shrunk.case), ["request"; 3], "seed {seed}");
        assert_eq!(shrunk.after.nodes, 1, "seed {seed}");
        // A start, and for each write the plan's item, the client and at most one sync.
        assert!(shrunk.after.events <= 1 + 3 * 3, "seed {seed}: {}", shrunk.after.events);
        assert!(shrunk.is_explicit && shrunk.has_control && !shrunk.is_spent);
        assert!(3 <= shrunk.before.operations);
    }
}

#[test]
fn a_stale_read_takes_two_writes_and_the_read() {
    for seed in 0..20 {
        let shrunk = shrunk(&buggy(seed, "STALE"));
        let operations: BTreeMap<String, usize> =
            shrunk.case.plan.items.iter().fold(BTreeMap::new(), |mut counts, item| {
                if let Action::Request { operation, .. } = &item.action {
                    let kind = operation.as_object().unwrap().keys().next().unwrap();
                    *counts.entry(kind.clone()).or_default() += 1;
                }
                counts
            });
        let expected = [(String::from("Get"), 1), (String::from("Put"), 2)];
        assert_eq!(operations, BTreeMap::from(expected), "seed {seed}");
        assert_eq!(shrunk.after.items, 0, "seed {seed}");
    }
}

#[test]
fn a_panic_is_the_same_panic() {
    let shrunk = shrunk(&buggy(3, "PANICS"));
    assert_eq!((shrunk.after.total(), shrunk.fingerprint.found_by.as_str()), (3, "panic"));
}

#[test]
fn shrinking_twice_is_shrinking_once() {
    let (one, two) = (shrunk(&buggy(5, "SKIPS")), shrunk(&buggy(5, "SKIPS")));
    assert_eq!(format!("{:?}", one.case), format!("{:?}", two.case));
    assert_eq!(one.runs, two.runs);
    let again = shrunk(&one.case);
    assert_eq!((again.after.total(), again.after.nodes), (one.after.total(), one.after.nodes));
}

#[test]
fn a_budget_is_kept_and_said() {
    let subject = registered::<Registered>();
    let options = ShrinkOptions { runs: 12, ..ShrinkOptions::default() };
    let shrunk = shrink(subject.as_ref(), &buggy(1, "STALE"), &options).unwrap();
    assert!(shrunk.is_spent && shrunk.runs <= 13, "{}", shrunk.runs);
    let report = subject.run(&shrunk.case, &RunOptions::default()).unwrap();
    assert_eq!(Fingerprint::of(&report.violation.unwrap()), shrunk.fingerprint);
}

#[test]
fn a_run_that_passes_is_refused() {
    let subject = registered::<Registered>();
    let error = shrink(subject.as_ref(), &case(1), &ShrinkOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the run of seed 1 ends pass: only a failing one can be shrunk");
}

#[test]
fn what_is_left_is_round() {
    let shrunk = shrunk(&buggy(2, "SKIPS"));
    let grain = Duration::from_millis(1).as_nanos();
    for item in &shrunk.case.plan.items {
        let orrery_sim::plan::Trigger::At(time) = item.trigger else { panic!("{item:?}") };
        assert_eq!(time.as_nanos() % grain, 0);
    }
}
