//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_protocols::kv::Operation;
use orrery_protocols::viewstamped::Parameters;
use orrery_sim::plan::{Action, CrashLimit, Item, Target};
use orrery_sim::step::Event;
use orrery_sim::testing::at;
use orrery_sim::{Node, NodeId, Probability};

use crate::support::{Run, chaos, crash, cut, item, quiet, restart};

#[test]
fn nothing_goes_wrong_under_faults() {
    let mut completed = 0;
    for seed in 0..60 {
        let mut run = Run::new(chaos(seed, [3, 4, 5][seed as usize % 3], &[]));
        run.safely_until(6_000);
        completed += run.world.counters().completed;
    }
    assert!(60 * 20 < completed, "{completed} operations: too few to prove anything");
}

#[test]
fn after_the_faults_clients_are_served_again() {
    for seed in 100..120 {
        let mut setup = chaos(seed, 5, &[]);
        setup.links.default.loss = Probability::default();
        let mut run = Run::new(setup);
        run.safely_until(6_500);
        let before = run.world.counters().completed;
        run.safely_until(7_500);
        assert!(before + 5 < run.world.counters().completed, "seed {seed}");
    }
}

#[test]
fn the_same_seed_makes_the_same_run_and_handlers_are_pure() {
    let digest = |seed| Run::new(chaos(seed, 5, &[])).purely_until(3_000);
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn a_copied_world_goes_on_as_the_original() {
    Run::new(chaos(3, 5, &[])).copied_until(2_000, 3_000);
}

/// n1 is cut off: it comes back, and cannot recover. Then this happens.
fn while_n1_recovers(last: Item<Operation>, items: std::ops::Range<usize>, nodes: u32) -> Run {
    let mut setup = quiet(1, 5, &Parameters::default(), &[]);
    setup.plan.items = vec![item(10, cut(&[1])), item(20, crash(1)), item(30, restart(1)), last];
    setup.plan.crash_limit = Some(CrashLimit { items, nodes });
    Run::new(setup)
}

#[test]
fn drawn_crashes_spare_the_others_while_a_replica_recovers() {
    let is_up_in_the_end = |items: std::ops::Range<usize>, nodes| {
        let mut run = while_n1_recovers(item(100, crash(2)), items, nodes);
        run.safely_until(200);
        assert!(run.replica(1).is_recovering());
        run.world.node(NodeId(2)).is_some()
    };
    assert!(is_up_in_the_end(3..4, 1), "n1 is as good as down");
    assert!(!is_up_in_the_end(3..4, 2), "two may be");
    assert!(!is_up_in_the_end(0..0, 1), "what people do is done");
}

#[test]
fn what_is_spared_is_called_by_its_own_name() {
    let wipe = Action::Wipe(Target::Node(NodeId(2)));
    for (action, word) in [(crash(2), "crash"), (wipe, "wipe")] {
        let mut run = while_n1_recovers(item(100, action), 3..4, 1);
        run.safely_until(99);
        let deed = loop {
            run.world.step(at(100)).unwrap().expect("something is done at 100 ms");
            if let Event::Deed(deed) = &run.world.last().event {
                break deed.clone();
            }
        };
        assert_eq!((deed.word, deed.node, deed.item), (word, Some(NodeId(2)), Some(3)));
        assert!(deed.detail.starts_with("spared"), "{}", deed.detail);
    }
}
