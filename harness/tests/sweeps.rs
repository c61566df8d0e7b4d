//! Sweeps: the same for any number of threads, and honest about faults that did nothing.

mod support;

use orrery_harness::case::{Case, Swarm};
use orrery_harness::determinism::{Determinism, verify};
use orrery_harness::sweep::{SweepOptions, SweepReport, sweep};
use orrery_harness::{Report, RunOptions, registered, search};
use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Item, MessageAddress, Trigger};
use orrery_sim::{Duration, NodeId, Probability, SimTime};

use support::{Registered, case};

fn swept(case: &Case, seeds: std::ops::Range<u64>, jobs: usize) -> SweepReport {
    let options =
        SweepOptions { jobs, stops_at_failure: false, failures_shown: 3, progress: &|_, _| {} };
    let token = |seed: u64| format!("t{seed}");
    sweep(registered::<Registered>().as_ref(), case, &token, seeds, &options).unwrap()
}

fn swarm() -> Swarm {
    let (from, until) = (SimTime::from_nanos(100_000_000), SimTime::from_nanos(1_500_000_000));
    let counted = [Family::Crash, Family::Pause, Family::Partition];
    let shared = [Family::Loss, Family::Duplication];
    Swarm {
        outage: Duration::from_millis(200),
        counts: counted.into_iter().map(|family| (family, 3)).collect(),
        shares: shared.into_iter().map(|family| (family, Probability::ratio(1, 20))).collect(),
        ..Swarm::new(from, until)
    }
}

#[test]
fn a_sweep_is_the_same_with_one_thread_and_with_many() {
    let case = Case { bugs: vec![String::from("STALE")], ..case(0) };
    let one = swept(&case, 0..300, 1);
    assert_eq!(one, swept(&case, 0..300, 4));
    assert_eq!(one.counts.values().sum::<u64>(), 300);
    assert!(!one.as_expected && 200 < one.failed);
    let shown: Vec<_> = one.failures.iter().map(|failure| failure.token.clone()).collect();
    let expected: Vec<_> = one.failures.iter().map(|f| format!("t{}", f.seed)).collect();
    assert_eq!((shown.len(), shown), (3, expected));
}

#[test]
fn a_search_ends_at_the_first_hit_whoever_made_it() {
    let subject = registered::<Registered>();
    let plain = case(0);
    let report = |seed| {
        let case = Case { seed, ..case(0) };
        subject.run(&case, &RunOptions::default()).expect("it can be run")
    };
    let reports: Vec<Report> = (5..60).map(report).collect();
    // The third longest run is a hit, and those that are longer.
    let mut lengths: Vec<u64> = reports.iter().map(|report| report.events).collect();
    lengths.sort_unstable();
    let bound = lengths[52];
    let hit = reports.iter().position(|report| bound <= report.events).expect("there is one");
    let events = reports[..=hit].iter().map(|report| report.events).sum::<u64>();
    for jobs in [1, 4] {
        let is_hit = |report: &Report| bound <= report.events;
        let found = search::first(subject.as_ref(), &plain, 5..60, jobs, &is_hit, &|| {}).unwrap();
        assert_eq!((found.tried, found.events), (hit as u64 + 1, events));
        assert_eq!(found.hit.map(|report| report.seed), Some(5 + hit as u64));
        let none = search::first(subject.as_ref(), &plain, 5..60, jobs, &|_| false, &|| {});
        let none = none.unwrap();
        assert_eq!((none.tried, none.events, none.hit), (55, lengths.iter().sum(), None));
    }
}

#[test]
fn a_swarm_strikes_in_every_family_and_finds_no_fault_with_what_is_right() {
    let mut case = Case { swarm: Some(swarm()), ..case(0) };
    // One server that crashes loses nothing it answered; doubled writes would break the register.
    case.checks.linearizable = None;
    let report = swept(&case, 0..200, 0);
    assert!(report.as_expected, "{:?} {:?}", report.problems, report.failures);
    for family in ["crash", "restart", "pause", "partition", "loss", "duplication"] {
        let runs = report.ledger[family];
        assert!(20 < runs.runs_effective, "{family}: {runs:?}");
    }
    let loss = report.ledger["loss"].runs;
    assert!((60..140).contains(&loss), "a family is off in half of the runs: {loss}");
}

#[test]
fn a_family_that_changes_nothing_in_two_hundred_runs_fails_the_sweep() {
    let mut case = case(0);
    // Nobody ever sends the millionth message: the fault is planned and in vain.
    let message = MessageAddress { from: NodeId(1), to: NodeId(2), number: 1_000_000 };
    let trigger = Trigger::At(SimTime::from_nanos(1));
    let action = Action::Drop(message);
    case.plan.items.push(Item { name: None, trigger, within: None, action });
    let below = swept(&case, 0..199, 0);
    assert!(below.as_expected && below.problems.is_empty());
    let report = swept(&case, 0..200, 0);
    assert!(!report.as_expected && report.problems[0].contains("`intervention`"));
}

#[test]
fn a_probe_that_must_be_reached_and_is_not_fails_the_sweep() {
    let mut case = case(0);
    case.checks.sometimes.push(String::from("never"));
    let report = swept(&case, 0..3, 0);
    assert!(report.problems[0].contains("`never`") && !report.as_expected);
}

#[test]
fn a_run_with_a_swarm_is_the_same_twice_with_handlers_run_twice() {
    let case = Case { swarm: Some(swarm()), ..case(11) };
    let subject = registered::<Registered>();
    assert!(matches!(verify(subject.as_ref(), &case).unwrap(), Determinism::Same(_)));
}
