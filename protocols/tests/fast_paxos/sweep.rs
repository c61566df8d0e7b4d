//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_sim::Digest;

use crate::support::{Run, chaos};

#[test]
fn nothing_goes_wrong_under_faults() {
    let (mut fast, mut collisions, mut answers) = (0, 0, 0);
    for seed in 0..300 {
        let nodes = [3, 4, 5, 6][seed as usize % 4];
        let mut run = Run::new(chaos(seed, nodes, &[]));
        run.until(3_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        fast += run.statistic("fast").unwrap_or(0);
        collisions += run.statistic("collisions").unwrap();
        answers += run.answers().len();
        assert!(run.statistic("first_learned").is_some(), "seed {seed}: nothing is chosen");
    }
    assert!(20 < fast && fast < 280 && 20 < collisions, "{fast} fast, {collisions} collisions");
    assert!(300 * 5 < answers, "{answers} answers");
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let digest = |seed| {
        let mut run = Run::new(chaos(seed, 5, &[]));
        run.safely_until(1_000);
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn handlers_are_pure_and_states_have_digests() {
    for seed in 0..5 {
        let mut run = Run::new(chaos(seed, 4, &[]));
        run.purely_until(1_000);
        let process = run.world.up().next().unwrap().1;
        assert!(Digest::of(process).is_ok());
    }
}
