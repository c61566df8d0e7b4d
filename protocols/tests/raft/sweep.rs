//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_protocols::raft::{Index, Parameters, invariants};
use orrery_sim::{Digest, NodeId};

use crate::support::{Run, chaos};

#[test]
fn nothing_goes_wrong_under_faults() {
    let mut committed = 0;
    for seed in 0..60 {
        let nodes = [3, 4, 5][seed as usize % 3];
        let parameters =
            Parameters { max_entries: [1, 64][seed as usize % 2], ..Parameters::default() };
        let mut run = Run::new(chaos(seed, nodes, &parameters, &[]));
        run.until(6_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        for (a, first) in run.world.up() {
            for (b, second) in run.world.up() {
                let agree = invariants::log_matching(first.log(), second.log());
                assert!(agree, "seed {seed}: the logs of {a} and {b}");
            }
        }
        committed += run.statistic("committed").unwrap();
    }
    assert!(60 * 50 < committed, "the runs commit {committed} entries: too few to prove anything");
}

#[test]
fn after_the_faults_a_healed_majority_makes_progress() {
    for seed in 100..130 {
        let mut setup = chaos(seed, 5, &Parameters::default(), &[]);
        setup.links.default.loss = orrery_sim::Probability::default();
        let mut run = Run::new(setup);
        run.safely_until(6_500);
        let before = run.statistic("committed");
        run.safely_until(8_000);
        assert!(before < run.statistic("committed"), "seed {seed}: stuck at {before:?}");
    }
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let digest = |seed| {
        let mut run = Run::new(chaos(seed, 5, &Parameters::default(), &[]));
        run.safely_until(3_000);
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn handlers_are_pure_and_states_have_digests() {
    for seed in 0..5 {
        let mut run = Run::new(chaos(seed, 3, &Parameters::default(), &[]));
        run.purely_until(3_000);
        let server = run.world.up().next().unwrap().1;
        assert!(Digest::of(server).is_ok());
    }
}

#[test]
fn a_copied_world_goes_on_as_the_original() {
    let copy = Run::new(chaos(3, 5, &Parameters::default(), &[])).copied_until(2_000, 3_000);
    assert!(Index(0) < copy.node(NodeId(1)).map_or(Index(1), |server| server.log().last_index()));
}
