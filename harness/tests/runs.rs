//! Runs and what is said of them.

mod support;

use orrery_harness::case::{Case, Goal};
use orrery_harness::{Report, RunOptions, Verdict, registered};
use orrery_sim::plan::{Action, Item, Target, Trigger};
use orrery_sim::{Duration, Predicate, SimTime};

use support::{Registered, case};

fn run(case: &Case) -> Report {
    registered::<Registered>().run(case, &RunOptions { check_purity: true }).unwrap()
}

fn with_bug(id: &str) -> Case {
    Case { bugs: vec![id.to_string()], ..case(1) }
}

fn goal(name: &str, when: &str) -> Goal {
    Goal { name: name.into(), when: Predicate::parse(when).unwrap(), after: None, within: None }
}

fn crash_at(millis: u64, target: Target) -> Item<serde_json::Value> {
    Item {
        name: Some(String::from("crash")),
        trigger: Trigger::At(SimTime::from_nanos(millis * 1_000_000)),
        within: None,
        action: Action::Crash { node: target, after_effects: None },
    }
}

#[test]
fn a_correct_run_passes_with_its_numbers() {
    let report = run(&case(1));
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.violation);
    assert!(report.as_expected && report.invariants["Steady"]);
    assert!(100 < report.stats["operations"].value);
    let writes = report.stats["writes"].value;
    // One sync per write; the last ones may still be on their way to the disk.
    let forced = report.stats["forced_writes"].value;
    assert!(0 < forced && (forced..forced + 3).contains(&writes), "{writes} {forced}");
    assert_eq!(report.message_kinds["Ask"].sent, report.message_kinds["Answer"].sent);
    assert_eq!(report.probes["never"], 0);
}

#[test]
fn a_broken_invariant_ends_the_run_at_its_event() {
    let report = run(&with_bug("SKIPS"));
    assert_eq!(report.verdict, Verdict::Fail);
    let failure = report.violation.unwrap();
    assert_eq!((failure.found_by.as_str(), failure.event), ("Steady", report.events));
    assert!(!report.invariants["Steady"] && !report.as_expected);
}

#[test]
fn a_history_that_is_not_linearizable_fails_with_its_two_operations() {
    let failure = run(&with_bug("STALE")).violation.unwrap();
    assert_eq!(failure.found_by, "linearizability");
    assert!(2 <= failure.facts.len() && failure.picture.is_some() && 0 < failure.event);
}

#[test]
fn a_panic_is_the_last_event_of_a_failed_run() {
    let report = run(&with_bug("PANICS"));
    assert_eq!(report.verdict, Verdict::Fail);
    let failure = report.violation.unwrap();
    assert_eq!((failure.found_by.as_str(), failure.event), ("panic", report.events));
    assert!(failure.facts[0].contains("the third write"), "{:?}", failure.facts);
}

#[test]
fn an_unknown_bug_or_invariant_is_refused_with_those_that_there_are() {
    let subject = registered::<Registered>();
    let refused = |case: &Case| subject.run(case, &RunOptions::default()).unwrap_err().to_string();
    assert!(refused(&with_bug("R1")).contains("STALE, SKIPS, PANICS"));
    let mut wrong = case(1);
    wrong.checks.always = Some(vec![String::from("Stable")]);
    assert!(refused(&wrong).contains("it has Steady"));
}

#[test]
fn a_spent_budget_is_unknown() {
    let report = run(&Case { event_budget: 50, ..case(1) });
    assert_eq!((report.verdict, report.events), (Verdict::Unknown, 50));
    assert!(report.violation.unwrap().facts[0].contains("budget of 50"));
}

#[test]
fn a_goal_that_a_spent_budget_left_open_is_unknown_too() {
    let mut case = Case { event_budget: 50, ..case(1) };
    case.checks.goals = vec![goal("writes", "note Wrote #100")];
    assert_eq!(run(&case).verdict, Verdict::Unknown);
    assert_eq!(run(&Case { event_budget: 100_000, ..case }).verdict, Verdict::Pass);
}

#[test]
fn a_trigger_that_never_fires_leaves_the_verdict_unknown() {
    let mut case = case(1);
    let never = Predicate::parse("note Wrote where version = 0").unwrap();
    let item = crash_at(0, Target::Node(orrery_sim::NodeId(1)));
    case.plan.items.push(Item { trigger: Trigger::When(never), ..item });
    let report = run(&case);
    assert_eq!(report.verdict, Verdict::Unknown);
    assert!(report.violation.unwrap().facts[0].contains("`crash` never happened"));
}

#[test]
fn a_goal_counts_after_its_item_and_within_its_bound() {
    let mut case = case(1);
    case.plan.items.push(crash_at(500, Target::Role(String::from("server"))));
    case.checks.linearizable = None;
    let after = Some(String::from("crash"));
    case.checks.goals = vec![
        goal("writes", "note Wrote #3"),
        Goal { after: after.clone(), ..goal("crashes", "crash n1") },
    ];
    let report = run(&case);
    assert!(report.goals[0].reached_at_event.is_some());
    // The crash itself is when the goal begins to count: it takes another one.
    assert!(report.goals[1].reason.as_ref().is_some_and(|r| r.contains("of `crash`")));
    assert_eq!(report.verdict, Verdict::Fail);
    case.checks.goals = vec![Goal {
        within: Some(Duration::from_millis(100)),
        after,
        ..goal("given up", "unknown by c1")
    }];
    let report = run(&case);
    let reason = report.goals[0].reason.clone().unwrap();
    assert!(reason.contains("within 100ms of `crash`"), "{reason}");
    assert!(report.violation.unwrap().facts[1].contains("n1 is down"));
}

#[test]
fn a_run_is_a_function_of_its_case() {
    let subject = registered::<Registered>();
    for seed in 0..5 {
        let one = subject.run(&case(seed), &RunOptions::default()).unwrap();
        let other = subject.open(&case(seed)).unwrap().report().clone();
        assert_eq!(one, other);
        assert_ne!(one.digest, run(&case(seed + 1)).digest);
    }
}
