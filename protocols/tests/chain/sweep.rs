//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_protocols::chain::{Chain, Parameters};
use orrery_sim::{Bug, Setup};

use crate::support::{Run, apportioned, chaos, quiet};

type Make = fn(u64, &Parameters, &[Bug]) -> Setup<Chain>;

#[test]
fn nothing_goes_wrong_under_faults() {
    for make in [quiet as Make, apportioned] {
        let mut completed = 0;
        for seed in 0..40 {
            let parameters = Parameters { spares: seed as u32 % 2, ..Parameters::default() };
            let mut run = Run::new(chaos(make(seed, &parameters, &[]), seed));
            run.until(6_000);
            assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
            completed += run.world.counters().completed;
        }
        assert!(40 * 20 < completed, "{completed} operations: too few to prove anything");
    }
}

#[test]
fn after_the_faults_clients_are_served_again() {
    for seed in 100..120 {
        let mut setup = chaos(quiet(seed, &Parameters::default(), &[]), seed);
        setup.links.default.loss = orrery_sim::Probability::default();
        let mut run = Run::new(setup);
        run.safely_until(7_500);
        let before = run.world.counters().completed;
        run.safely_until(8_500);
        assert!(before + 10 < run.world.counters().completed, "seed {seed}: {:?}", run.chain());
    }
}

#[test]
fn the_same_seed_makes_the_same_run_and_handlers_are_pure() {
    let digest = |seed| {
        Run::new(chaos(apportioned(seed, &Parameters::default(), &[]), seed)).purely_until(3_000)
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn a_copied_world_goes_on_as_the_original() {
    Run::new(chaos(quiet(3, &Parameters::default(), &[]), 3)).copied_until(2_000, 3_000);
}
