//! Every scenario of the catalogue ends as it says, and catches the bugs that it is said to catch.

use orrery_harness::{Report, RunOptions, Verdict};
use orrery_scenarios::{Catalogue, Override, Scenario, registry};

/// The report of one run.
#[track_caller]
fn run(scenario: &Scenario, seed: u64, bugs: &[&str]) -> Report {
    let registry = registry();
    let bugs: Vec<String> = bugs.iter().map(|bug| (*bug).to_string()).collect();
    let case = scenario.case(&registry, Some(seed), &[], &bugs);
    let case = case.unwrap_or_else(|errors| panic!("{}", errors.plain()));
    let subject = registry.get(&case.protocol).expect("the case found it");
    subject.run(&case, &RunOptions::default()).expect("a case can be run")
}

fn load(name: &str) -> Scenario {
    Catalogue::builtin().load(name).unwrap_or_else(|errors| panic!("{}", errors.plain()))
}

#[test]
fn every_scenario_ends_as_it_says() {
    for name in Catalogue::builtin().names() {
        let scenario = load(name);
        // Scenarios that are a story of one seed are told with that seed; all hold for others too.
        for seed in [scenario.default_seed(), 1000, 1001, 1002, 1003, 1004] {
            let report = run(&scenario, seed, &[]);
            let why = (&report.violation, &report.goals);
            assert_eq!(report.verdict, report.expected, "{name} seed {seed}: {why:#?}");
        }
    }
}

/// The first of `seeds` runs that fails with `bug`, and what found it.
fn first_catch(name: &str, bug: &str, seeds: u64) -> Option<(u64, String)> {
    let scenario = load(name);
    let first = scenario.default_seed();
    (first..first + seeds).find_map(|seed| {
        let report = run(&scenario, seed, &[bug]);
        let failed = report.verdict == Verdict::Fail;
        failed.then(|| (seed, report.violation.map_or(String::new(), |failure| failure.found_by)))
    })
}

#[test]
fn every_bug_is_caught_by_a_scenario_that_is_said_to_find_it() {
    let catalogue = Catalogue::builtin();
    for subject in registry().all() {
        for bug in subject.bugs() {
            for name in bug.found_by {
                assert!(
                    catalogue.names().any(|known| known == *name),
                    "{}: {name} is not there",
                    bug.id
                );
            }
            let caught = bug.found_by.iter().any(|name| first_catch(name, bug.id, 400).is_some());
            assert!(caught, "{} is not caught by any of {:?}", bug.id, bug.found_by);
        }
    }
}

#[test]
fn scripted_scenarios_catch_their_bugs_at_once() {
    for (name, bug, found_by) in [
        ("raft/figure-8", "R1", "Leader Completeness"),
        ("raft/stale-read", "R18", "linearizability"),
        ("raft/deaf-leader", "R38", "goal `a third leader`"),
        ("raft/split-brain", "R12", "Election Safety"),
        ("raft/forgetful-voter", "R2", "One Vote per Term"),
    ] {
        let (seed, by) = first_catch(name, bug, 1).unwrap_or_else(|| panic!("{name} misses {bug}"));
        assert_eq!((seed, by.as_str()), (load(name).default_seed(), found_by), "{name} with {bug}");
    }
}

#[test]
fn split_votes_become_more_frequent_with_latency() {
    let registry = registry();
    let scenario = load("raft/split-vote");
    let splits = |latency: &str| -> i64 {
        let set: [Override; 1] = [format!("latency={latency}").parse().expect("an override")];
        let runs = (0..200).map(|seed| {
            let case = scenario.case(&registry, Some(seed), &set, &[]).expect("a case");
            let subject = registry.get("raft").expect("raft");
            let report = subject.run(&case, &RunOptions::default()).expect("a case can be run");
            report.stats.get("split").map_or(0, |split| split.value)
        });
        runs.sum()
    };
    let (low, high) = (splits("0.02"), splits("0.3"));
    assert!(low < 20 && low * 2 < high, "{low} and {high} of 200");
}
