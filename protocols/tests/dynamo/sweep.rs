//! A correct store under drawn faults: no alarm, and owners that agree in the end.

use orrery_protocols::dynamo::Parameters;
use orrery_sim::testing::ms;

use crate::world::chaos;

fn sweep(parameters: &Parameters) {
    for seed in 0..30 {
        let mut run = chaos(seed, parameters, 8_000, &[]);
        run.safely_until(30_000);
        let hints: usize = run.world.up().map(|(_, it)| it.store().hints.len()).sum();
        assert_eq!(hints, 0, "seed {seed}");
        assert_eq!(run.world.up().count(), 5);
    }
}

#[test]
fn strict_quorums_find_what_was_acknowledged_and_owners_agree() {
    sweep(&Parameters {
        anti_entropy: ms(500),
        hint_life: ms(3_000),
        grace: ms(6_000),
        ..Parameters::default()
    });
}

#[test]
fn sloppy_quorums_lose_nothing_for_good() {
    let parameters = Parameters {
        sloppy: true,
        r: 1,
        anti_entropy: ms(500),
        hint_life: ms(3_000),
        grace: ms(6_000),
        ..Parameters::default()
    };
    sweep(&parameters);
}
