//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_protocols::paxos::{Learning, Parameters};
use orrery_sim::Digest;

use crate::support::{Run, chaos};

#[test]
fn nothing_goes_wrong_under_faults() {
    let mut ballots = 0;
    for seed in 0..150 {
        let parameters = Parameters {
            learning: [Learning::Proposer, Learning::Everybody][seed as usize % 2],
            nacks: seed % 4 < 2, // N5: silence is safe.
            ..Parameters::default()
        };
        let nodes = [3, 4, 5][seed as usize % 3];
        let mut run = Run::new(chaos(seed, nodes, &parameters, &[]));
        run.until(2_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        ballots += run.statistic("ballots").unwrap();
        let mut answers = run.answers();
        answers.dedup_by(|a, b| a.1 == b.1);
        assert!(answers.len() <= 1, "seed {seed}: {answers:?}");
    }
    assert!(150 * 40 < ballots, "the runs try {ballots} numbers: too few to prove anything");
}

#[test]
fn after_the_faults_clients_are_answered() {
    for seed in 200..240 {
        let mut run = Run::new(chaos(seed, 5, &Parameters::default(), &[]));
        run.safely_until(1_800);
        let before = run.answers().len();
        run.safely_until(4_000);
        assert!(before < run.answers().len(), "seed {seed}: nobody is answered");
    }
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let digest = |seed| {
        let mut run = Run::new(chaos(seed, 5, &Parameters::default(), &[]));
        run.safely_until(1_500);
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn handlers_are_pure_and_states_have_digests() {
    for seed in 0..5 {
        let mut run = Run::new(chaos(seed, 3, &Parameters::default(), &[]));
        run.purely_until(1_500);
        let process = run.world.up().next().unwrap().1;
        assert!(Digest::of(process).is_ok());
    }
}

#[test]
fn a_copied_world_goes_on_as_the_original() {
    Run::new(chaos(3, 5, &Parameters::default(), &[])).copied_until(500, 1_500);
}
