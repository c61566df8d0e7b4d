//! Every scenario of the catalogue ends as it says, and catches the bugs that it is said to catch.

use std::collections::BTreeMap;

use orrery_harness::case::{Goal, Narration};
use orrery_harness::{Report, RunOptions, Verdict};
use orrery_scenarios::{Catalogue, Override, Scenario, registry};
use orrery_sim::Difficulty;

/// The report of one run.
#[track_caller]
fn run(scenario: &Scenario, seed: u64, bugs: &[&str]) -> Report {
    run_with(scenario, seed, &[], bugs)
}

#[track_caller]
fn run_with(scenario: &Scenario, seed: u64, set: &[Override], bugs: &[&str]) -> Report {
    let registry = registry();
    let bugs: Vec<String> = bugs.iter().map(|bug| (*bug).to_string()).collect();
    let case = scenario.case(&registry, Some(seed), set, &bugs);
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
        let parts = scenario.compared().into_iter();
        let parts = parts.map(|value| vec![Override { key: "compare".into(), value }]);
        let parts: Vec<Vec<Override>> = parts.collect();
        for set in if parts.is_empty() { vec![vec![]] } else { parts } {
            // Scenarios that are a story of one seed are told with that seed; all hold for others too.
            for seed in [scenario.default_seed(), 1000, 1001, 1002, 1003, 1004] {
                let report = run_with(&scenario, seed, &set, &[]);
                let why = (&report.violation, &report.goals);
                assert_eq!(report.verdict, report.expected, "{name} {set:?} seed {seed}: {why:#?}");
            }
        }
    }
}

#[test]
fn no_two_bugs_have_the_same_id() {
    let mut owners = BTreeMap::new();
    for subject in registry().all() {
        for bug in subject.bugs() {
            let other = owners.insert(bug.id, subject.name());
            assert_eq!(other, None, "`{}` of {} has the id of another", bug.id, subject.name());
        }
    }
    assert!(19 <= owners.len(), "{owners:?}");
}

/// Whether a scenario draws no faults.
fn is_script(name: &str) -> bool {
    load(name).case(&registry(), None, &[], &[]).is_ok_and(|case| case.swarm.is_none())
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
fn every_bug_names_scenarios_that_are_there() {
    let catalogue = Catalogue::builtin();
    for subject in registry().all() {
        for bug in subject.bugs() {
            assert!(!bug.found_by.is_empty(), "{} is found by nothing", bug.id);
            for name in bug.found_by {
                let is_there = catalogue.names().any(|known| known == *name);
                assert!(is_there, "{}: {name} is not there", bug.id);
            }
        }
    }
}

/// Those that take longer have a committed token each, which `orrery bugs --verify` replays.
#[test]
fn every_easy_bug_is_caught_by_a_scenario_that_is_said_to_find_it() {
    for subject in registry().all() {
        for bug in subject.bugs().iter().filter(|bug| bug.difficulty == Difficulty::Easy) {
            let caught = bug.found_by.iter().any(|name| first_catch(name, bug.id, 400).is_some());
            assert!(caught, "{} is not caught by any of {:?}", bug.id, bug.found_by);
        }
    }
}

/// A script is its bug's own story: the run that it names shows it.
#[test]
fn every_script_catches_the_bugs_that_it_is_said_to_find() {
    for subject in registry().all() {
        for bug in subject.bugs() {
            for name in bug.found_by.iter().filter(|name| is_script(name)) {
                let caught = first_catch(name, bug.id, 400);
                assert!(caught.is_some(), "{} is not caught by {name}", bug.id);
            }
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
        ("paxos/hole", "P12", "State Machine Safety"),
        ("paxos/chosen-behind-a-gap", "P11", "P2c"),
        ("paxos/disjoint-quorums", "P13", "P2c"),
        ("paxos/alpha-window", "P14", "P2c"),
        ("paxos/lease-step", "P18", "linearizability"),
        ("replication/read-inversion", "Q1", "linearizability"),
        ("replication/concurrent-writers", "Q2", "linearizability"),
        ("replication/blind-write", "Q3", "linearizability"),
        ("paxos/merely-accepted", "P20", "Integrity"),
        ("replication/primary-crash", "Q13", "linearizability"),
        ("replication/fencing", "Q14", "Committed Entries Stay"),
        ("replication/high-watermark", "Q15", "linearizability"),
        ("paxos/forgotten-promise", "P1", "Promises Kept"),
        ("paxos/chosen-but-unknown", "P2", "Integrity"),
        ("paxos/chosen-but-unknown", "P3", "P2c"),
        ("paxos/two-reports", "P4", "P2c"),
        ("paxos/late-accept", "P7", "Promises Kept"),
        ("paxos/lost-disk", "P17", "P2c"),
        ("paxos/fast-quorum", "P15", "Integrity"),
        ("paxos/fast-recovery", "P16", "Choosable"),
        ("paxos/duelling-proposers", "P19", "goal `a value is chosen`"),
        ("raft/refused-round", "R16", "linearizability"),
        ("raft/early-read-index", "R17", "linearizability"),
        ("raft/late-acks", "R19", "linearizability"),
        ("raft/late-acks", "R20", "linearizability"),
        ("raft/lease-transfer", "R21", "linearizability"),
        ("raft/lease-drift", "R22", "linearizability"),
        ("raft/pre-vote-deadlock", "R35", "goal `n1 leads`"),
        ("raft/partial-partition", "R36", "goal `n1 sees that it is not heard`"),
        ("raft/lease-rival", "R36", "linearizability"),
        (
            "raft/disruptive-server",
            "R36",
            "goal `the leader is the same, and so is the others' term`",
        ),
        ("raft/equal-timeouts", "R37", "goal `a leader`"),
    ] {
        let (seed, by) = first_catch(name, bug, 1).unwrap_or_else(|| panic!("{name} misses {bug}"));
        assert_eq!((seed, by.as_str()), (load(name).default_seed(), found_by), "{name} with {bug}");
    }
}

/// The default run of a scenario with other settings.
#[track_caller]
fn run_set(name: &str, settings: &[&str]) -> Report {
    let set: Vec<Override> =
        settings.iter().map(|text| text.parse().expect("an override")).collect();
    let scenario = load(name);
    run_with(&scenario, scenario.default_seed(), &set, &[])
}

fn found_by(report: &Report) -> Option<&str> {
    report.violation.as_ref().map(|failure| failure.found_by.as_str())
}

#[test]
fn the_recovery_of_views_as_it_was_published_forgets_a_request() {
    let report = run_set("replication/vr-old-promises", &["crash_vectors=false"]);
    assert_eq!(found_by(&report), Some("Committed Requests Survive"));
}

#[test]
fn elections_are_disturbed_where_nobody_prevents_it() {
    for (name, settings, goal) in [
        ("raft/rejoin", &["pre_vote=false"][..], "goal `n5 asks again and again`"),
        (
            "raft/disruptive-server",
            &["sticky=false"],
            "goal `the leader is the same, and so is the others' term`",
        ),
        (
            "raft/partial-partition",
            &["pre_vote=false", "sticky=false", "check_quorum=false"],
            "goal `n1 leads on without n2`",
        ),
        ("raft/partial-partition", &["check_quorum=false"], "goal `n1 sees that it is not heard`"),
    ] {
        let report = run_set(name, settings);
        assert_eq!(found_by(&report), Some(goal), "{name} {settings:?}");
    }
    // Without Pre-Vote, the return of the server that was cut off costs the leader its term; with it, nothing.
    let changes =
        |settings: &[&str]| run_set("raft/rejoin", settings).stats["leader_changes"].value;
    assert_eq!(changes(&[]), 1);
    assert_eq!(changes(&["pre_vote=false"]), 2);
    // Twelve of the mean timeouts fit into three seconds: so far does the term of who is cut off get.
    let terms = run_set("raft/rejoin", &["pre_vote=false"]).stats["terms"].value;
    assert!((10..=18).contains(&terms), "{terms}");
}

/// Known answer: timeouts of 300 ms, a leader's clock at half speed. Reads can be stale between 300 and 600 ms after the last round began if no drift is
/// reckoned with, and never with a bound of 2.
#[test]
fn a_lease_is_stale_exactly_between_the_two_clocks_timeouts() {
    let is_stale = |read: u32, bound: u32| {
        let settings = [format!("read={read}ms"), format!("drift_bound={bound}")];
        let report = run_set("raft/lease-drift", &[&settings[0], &settings[1]]);
        match found_by(&report) {
            None => false,
            Some("linearizability") => true,
            Some(other) => panic!("{read} {bound}: {other}"),
        }
    };
    // 308 ms: the rival's election and its first write take some messages.
    for read in [100, 299, 308, 400, 500, 599, 600, 601, 700, 900] {
        assert_eq!(is_stale(read, 1), (308..600).contains(&read), "{read} ms, no drift expected");
        assert!(!is_stale(read, 2), "{read} ms, drift expected");
    }
}

#[test]
fn the_deposed_leader_of_a_stale_read_is_no_safer_with_a_lease_that_is_over() {
    let settings = ["reads=lease", "sticky=true"];
    assert_eq!(run_set("raft/stale-read", &settings).verdict, Verdict::Pass);
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

/// Scenarios about faults: the families of which each shows the effect, and what finds the failure that it expects.
const FAULTS: &[(&str, &[&str], Option<&str>)] = &[
    ("raft/bursty-links", &["burst"], None),
    ("raft/narrow-wire", &["bandwidth", "corruption"], None),
    ("raft/late-orders", &["clog"], None),
    ("raft/bridge", &["partition"], None),
    ("raft/flapping", &["partition"], None),
    ("raft/slow-leader", &["slow"], None),
    ("raft/unequal-clocks", &["clock"], None),
    ("raft/torn-record", &["torn-write"], None),
    ("raft/rotten-record", &["rot"], None),
    ("raft/lying-disk", &["lying-sync"], Some("Leader Completeness")),
    ("raft/amnesia", &["amnesia"], Some("Election Safety")),
    ("raft/liar", &["byzantine"], Some("Election Safety")),
    ("engine/clock-step", &["clock-jump"], Some("External Consistency")),
    ("raft/three-continents", &["crash"], None),
];

#[test]
fn scenarios_about_a_fault_show_that_it_matters() {
    for (name, families, found_by) in FAULTS {
        let scenario = load(name);
        let report = run(&scenario, scenario.default_seed(), &[]);
        for family in *families {
            let tally = report.ledger.get(*family).copied().unwrap_or_default();
            assert!(0 < tally.effective, "{name}: {family} changed nothing: {tally:?}");
        }
        let caught = report.violation.as_ref().map(|failure| failure.found_by.as_str());
        assert_eq!(caught, *found_by, "{name}");
    }
}

#[test]
fn every_sentence_of_these_stories_is_told() {
    let registry = registry();
    for (name, ..) in FAULTS {
        let scenario = load(name);
        let mut case = scenario.case(&registry, None, &[], &[]).expect("a case");
        let goal = |note: &Narration| Goal {
            name: note.say.clone(),
            when: note.when.clone(),
            after: None,
            within: None,
        };
        case.checks.goals = case.narration.iter().map(goal).collect();
        let subject = registry.get(&case.protocol).expect("the case found it");
        let report = subject.run(&case, &RunOptions::default()).expect("a case can be run");
        for goal in report.goals {
            assert!(goal.reached_at_event.is_some(), "{name}: {}", goal.name);
        }
    }
}
