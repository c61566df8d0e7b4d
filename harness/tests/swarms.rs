//! Faults drawn from the seed, and the progress that is demanded after them.

mod support;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use orrery_harness::case::{Case, Goal, Liveness, Swarm};
use orrery_harness::swarm::{Limits, draw, node_count};
use orrery_harness::{Report, RunOptions, Verdict, registered};
use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, Item, Target};
use orrery_sim::registration::FaultModel;
use orrery_sim::{Duration, NodeId, Probability, SimTime};

use support::{Registered, case};

const SEEDS: std::ops::Range<u64> = 0..200;

fn everything() -> Swarm {
    Swarm {
        counts: Swarm::COUNTED.into_iter().map(|family| (family, 4)).collect(),
        shares: Swarm::SHARED.into_iter().map(|f| (f, Probability::ratio(1, 10))).collect(),
        delay: Duration::from_millis(20),
        drift_ppb: 1_000_000,
        workload: true,
        nodes_at_least: Some(2),
        ..Swarm::new(SimTime::from_nanos(100_000_000), SimTime::from_nanos(1_500_000_000))
    }
}

fn drawn(case: &Case, families: &[Family]) -> Case {
    let model = FaultModel {
        families: families.to_vec(),
        down_at_most: 2,
        drift_ppb: 500_000,
        bears_harsh: true,
    };
    let is_core = |set: &[NodeId]| 2 <= set.len();
    let case = Case { nodes: node_count(case), ..case.clone() };
    draw(&case, &Limits { model, is_core: &is_core }).unwrap()
}

/// How many items of each family a plan has.
fn families(case: &Case) -> BTreeMap<Family, usize> {
    let mut count = BTreeMap::new();
    for family in case.plan.items.iter().filter_map(|item| item.action.family()) {
        *count.entry(family).or_default() += 1;
    }
    count
}

#[test]
fn every_family_is_drawn_in_some_runs_and_off_in_others() {
    let mut runs: BTreeMap<Family, usize> = BTreeMap::new();
    for seed in SEEDS {
        let case = drawn(&Case { swarm: Some(everything()), ..case(seed) }, &Family::ALL);
        for family in families(&case).into_keys() {
            *runs.entry(family).or_default() += 1;
        }
        for (family, law) in
            [(Family::TornWrite, case.disk.torn), (Family::ReorderedWrites, case.disk.reordered)]
        {
            *runs.entry(family).or_default() += usize::from(!law.is_never());
        }
    }
    // On in half of the runs; then four faults at most, and none in one of five.
    for family in Swarm::COUNTED.into_iter().chain(Swarm::SHARED).chain([Family::Delay]) {
        assert!((40..140).contains(&runs[&family]), "{}: {:?}", family.name(), runs[&family]);
    }
}

#[test]
fn a_family_outside_of_the_fault_model_is_off_and_changes_no_other() {
    let wanted = |item: &Item<Json>| item.action.family() == Some(Family::Partition);
    let cuts = |case: &Case| -> Vec<Item<Json>> {
        case.plan.items.iter().filter(|item| wanted(item)).cloned().collect()
    };
    let mut seen = 0;
    for seed in SEEDS {
        let case = Case { swarm: Some(everything()), ..case(seed) };
        let (all, few) = (drawn(&case, &Family::ALL), drawn(&case, &[Family::Partition]));
        assert_eq!(cuts(&all), cuts(&few));
        assert!(families(&few).keys().all(|f| [Family::Partition, Family::Restart].contains(f)));
        seen += cuts(&few).len();
    }
    assert!(100 < seen, "{seen} cuts");
}

#[test]
fn faults_stay_inside_their_phase_and_clocks_inside_their_bound() {
    for seed in SEEDS {
        let swarm = everything();
        let case = drawn(&Case { swarm: Some(swarm.clone()), ..case(seed) }, &Family::ALL);
        for item in &case.plan.items {
            if let orrery_sim::plan::Trigger::At(time) = item.trigger {
                assert!(swarm.from <= time && time <= swarm.until);
            }
        }
        assert!(case.clocks.iter().all(|clock| clock.ppb().abs() <= 500_000));
        assert_eq!(case.plan.items.last().unwrap().name.as_deref(), Some(Swarm::QUIET));
    }
}

#[test]
fn when_the_faults_end_nodes_restart_only_where_they_may_have_crashed() {
    for seed in SEEDS {
        let case = Case { swarm: Some(everything()), ..case(seed) };
        let nodes: Vec<Target> = NodeId::all(node_count(&case)).map(Target::Node).collect();
        let ending = |families: &[Family]| {
            let (mut resumed, mut restarted) = (vec![], vec![]);
            let items = drawn(&case, families).plan.items;
            for item in items.into_iter().skip_while(|item| item.action != Action::Calm) {
                match item.action {
                    Action::Resume(node) => resumed.push(node),
                    Action::Restart(node) => restarted.push(node),
                    _ => {}
                }
            }
            (resumed, restarted)
        };
        assert_eq!(ending(&[Family::Pause]), (nodes.clone(), vec![]));
        assert_eq!(ending(&[Family::Crash, Family::Restart]), (nodes.clone(), nodes));
    }
}

#[test]
fn the_number_of_nodes_is_drawn_between_both_bounds() {
    let counts: Vec<u32> =
        SEEDS.map(|seed| node_count(&Case { swarm: Some(everything()), ..case(seed) })).collect();
    assert!((50..150).contains(&counts.iter().filter(|count| **count == 2).count()));
    assert!(counts.iter().all(|count| (2..=3).contains(count)));
    assert_eq!(node_count(&case(5)), 3);
}

/// Who restarts and who is shut out when the faults are over.
fn split(case: &Case) -> (Vec<Target>, Vec<Target>) {
    let (mut core, mut outside) = (vec![], vec![]);
    for item in &case.plan.items {
        match &item.action {
            Action::Restart(node) => core.push(node.clone()),
            Action::Crash { node, .. } => outside.push(node.clone()),
            Action::Cut(Cut::Between(own, _)) => outside.extend(own.clone()),
            _ => {}
        }
    }
    (core, outside)
}

#[test]
fn a_core_is_healed_and_everybody_else_is_shut_out() {
    let liveness = Liveness { at: SimTime::from_nanos(1_000_000_000), is_harsh: false };
    let mut sizes = [0; 4];
    for seed in SEEDS {
        let case = drawn(&Case { liveness: Some(liveness), ..case(seed) }, &Family::ALL);
        let (core, outside) = split(&case);
        assert_eq!(core.len() + outside.len(), 3);
        assert!(outside.iter().all(|node| !core.contains(node)));
        sizes[core.len()] += 1;
    }
    assert!(sizes[..2] == [0, 0] && 60 < sizes[2] && 30 < sizes[3], "{sizes:?}");
}

#[test]
fn a_harsh_ending_is_only_for_protocols_that_claim_to_bear_it() {
    let liveness = Liveness { at: SimTime::from_nanos(1_000_000_000), is_harsh: true };
    let case = Case { liveness: Some(liveness), ..case(1) };
    let error = registered::<Registered>().run(&case, &RunOptions::default()).unwrap_err();
    assert!(error.to_string().contains("write `liveness = true`"), "{error}");
    let one_way = SEEDS.filter(|seed| {
        let case = drawn(&Case { seed: *seed, ..case.clone() }, &Family::ALL);
        case.plan.items.iter().any(|item| matches!(item.action, Action::Cut(Cut::OneWay(..))))
    });
    assert!(10 < one_way.count());
}

fn demanding(seed: u64) -> Case {
    let mut case = case(seed);
    case.liveness = Some(Liveness { at: SimTime::from_nanos(500_000_000), is_harsh: false });
    case.checks.linearizable = None;
    case.checks.goals.push(Goal {
        name: String::from("operations complete"),
        when: "complete #5".parse().unwrap(),
        after: Some(String::from(Swarm::QUIET)),
        within: None,
    });
    case
}

fn run(case: &Case) -> Report {
    registered::<Registered>().run(case, &RunOptions::default()).unwrap()
}

#[test]
fn a_core_that_can_work_reaches_the_goals() {
    for seed in 0..30 {
        let report = run(&demanding(seed));
        assert_eq!(report.verdict, Verdict::Pass, "{seed}: {:?}", report.violation);
    }
}

#[test]
fn a_core_that_cannot_work_fails_and_the_report_says_who_waits_for_what() {
    let stuck = (0..60).find_map(|seed| {
        let mut case = demanding(seed);
        case.parameters = serde_json::json!({ "boasts": true });
        let report = run(&case);
        (report.verdict == Verdict::Fail).then_some(report)
    });
    let failure = stuck.expect("some core is without the server").violation.unwrap();
    assert_eq!(failure.found_by, "goal `operations complete`");
    let said = failure.facts.join("\n");
    for part in ["did not happen", "waits since", "the last milestone was Wrote"] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
}
