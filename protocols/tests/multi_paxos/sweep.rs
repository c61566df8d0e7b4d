//! Many seeds under many faults: nothing may go wrong, and everything twice the same.

use orrery_protocols::multi_paxos::{Parameters, ReadBy, Slot};
use orrery_sim::{Digest, Probability};

use crate::support::{Run, chaos, item, ms, reconfigure};

/// One of several ways to run it.
fn parameters(seed: u64) -> Parameters {
    let default = Parameters::default;
    match seed % 5 {
        0 => default(),
        1 => Parameters { snapshot_every: Some(10), alpha: 4, ..default() },
        2 => Parameters { reads: ReadBy::Lease, lease: Some(ms(120)), ..default() },
        3 => Parameters { reads: ReadBy::Log, max_commands: 1, ..default() },
        _ => Parameters { session_timeout: Some(ms(200)), snapshot_every: Some(16), ..default() },
    }
}

#[test]
fn nothing_goes_wrong_under_faults() {
    let mut chosen = 0;
    for seed in 0..60 {
        let parameters = parameters(seed);
        let count = [3, 4, 5][seed as usize % 3];
        let mut run = Run::new(chaos(seed, count, &parameters, &[]), &parameters);
        run.until(6_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        chosen += run.statistic("chosen").unwrap();
    }
    assert!(60 * 50 < chosen, "the runs choose {chosen} commands: too few to prove anything");
}

#[test]
fn acceptors_come_and_go_under_faults() {
    let mut changes = 0;
    for seed in 0..30 {
        let parameters = Parameters {
            acceptors: Some(3),
            alpha: 8,
            snapshot_every: (seed % 2 == 0).then_some(20),
            ..Parameters::default()
        };
        let mut setup = chaos(seed, 5, &parameters, &[]);
        setup.clients.count = 4;
        let sets: [&[u32]; 4] = [&[1, 2, 3, 4], &[2, 3, 4, 5], &[1, 3, 5], &[1, 2, 3, 4, 5]];
        for (place, set) in sets.into_iter().enumerate() {
            let millis = 500 + 1_000 * place as u64;
            setup.plan.items.push(item(millis, reconfigure(4, set, 1)));
        }
        let mut run = Run::new(setup, &parameters);
        run.until(7_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        let counts = run.world.up().map(|(_, server)| server.replica().configurations.count());
        changes += counts.max().unwrap_or(1) - 1;
    }
    assert!(60 < changes, "{changes} changes of 120");
}

#[test]
fn after_the_faults_a_healed_majority_makes_progress() {
    for seed in 100..130 {
        let parameters = parameters(seed);
        let mut setup = chaos(seed, 5, &parameters, &[]);
        setup.links.default.loss = Probability::default();
        let mut run = Run::new(setup, &parameters);
        run.safely_until(6_500);
        let before = run.statistic("chosen");
        run.safely_until(8_000);
        assert!(before < run.statistic("chosen"), "seed {seed}: stuck at {before:?}");
    }
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let digest = |seed| {
        let parameters = Parameters::default();
        let mut run = Run::new(chaos(seed, 5, &parameters, &[]), &parameters);
        run.safely_until(3_000);
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn handlers_are_pure_and_states_have_digests() {
    for seed in 0..5 {
        let parameters = parameters(seed);
        let mut run = Run::new(chaos(seed, 3, &parameters, &[]), &parameters);
        run.purely_until(3_000);
        let server = run.world.up().next().unwrap().1;
        assert!(Digest::of(server).is_ok());
    }
}

#[test]
fn a_copied_world_goes_on_as_the_original() {
    let parameters = Parameters::default();
    let copy = Run::new(chaos(3, 5, &parameters, &[]), &parameters).copied_until(2_000, 3_000);
    assert!(copy.up().any(|(_, server)| Slot(10) < server.replica().slot_out));
}
