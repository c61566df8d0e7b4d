//! Correct members under drawn faults: no alarm, and all trust all again when everything is whole.

use orrery_protocols::swim::{Parameters, Swim, Targets};
use orrery_sim::testing::{Run, ms};

use crate::support::chaos;

fn sweep(parameters: &Parameters) {
    for seed in 0..40 {
        let mut run = Run::<Swim>::new(chaos::<Swim>(seed, 6, parameters, 10_000, &[]), parameters);
        run.safely_until(25_000);
        assert!(run.world.undone_items().is_empty(), "seed {seed}");
        for (id, member) in run.world.up() {
            assert!(member.faulty().is_empty(), "seed {seed}: {id} holds {:?}", member.faulty());
        }
        assert_eq!(run.world.up().count(), 6);
    }
}

#[test]
fn after_everything_all_trust_all() {
    sweep(&Parameters {
        period: ms(100),
        timeout: ms(25),
        suspicion: 1,
        reconnect: 3,
        ..Parameters::default()
    });
}

#[test]
fn with_lifeguard_and_random_targets_too() {
    sweep(&Parameters {
        period: ms(100),
        timeout: ms(25),
        suspicion: 1,
        reconnect: 3,
        targets: Targets::Random,
        local_health: 2,
        dogpile: 3,
        accusers_wanted: 2,
        buddy: true,
        ..Parameters::default()
    });
}
