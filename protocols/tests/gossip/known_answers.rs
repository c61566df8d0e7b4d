//! Numbers of the papers that must come out, at fewer runs than the commands in the book; and that other conventions do not give.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "statistics of finished runs"
)]

use orrery_protocols::gossip::rumor::{
    Counting, G5, G6, Knowledge, Mode, Parameters, Removal, Rumor,
};
use orrery_sim::{Bug, World};

use crate::support::{at, quiet};

/// Mean and standard error of the first statistics of so many runs. Nothing judges them: wrong variants go on.
fn measure(nodes: u32, parameters: &Parameters, bugs: &[Bug], runs: u64) -> Vec<(f64, f64)> {
    use orrery_sim::Registration;
    let mut sums = vec![(0.0, 0.0); Rumor::STATISTICS.len()];
    for seed in 0..runs {
        let setup = quiet::<Rumor>(seed, nodes, parameters, bugs);
        let mut world = World::new(setup).unwrap();
        while world.step(at(1_000_000)).unwrap().is_some() {}
        let values = Rumor::statistics(&world, &[]);
        for ((sum, squares), (value, statistic)) in
            sums.iter_mut().zip(values.iter().zip(Rumor::STATISTICS))
        {
            let value = value.map_or(f64::NAN, |value| value as f64 / statistic.scale as f64);
            *sum += value;
            *squares += value * value;
        }
    }
    let runs = runs as f64;
    let mean = |(sum, squares): &(f64, f64)| {
        let mean = sum / runs;
        (mean, ((squares / runs - mean * mean) / (runs - 1.0)).sqrt())
    };
    sums.iter().map(mean).collect()
}

const RESIDUE: usize = 0;
const TRAFFIC: usize = 1;
const T_LAST: usize = 2;
const T_FIRST: usize = 3;
const T_USEFUL: usize = 4;
const COMPLETION: usize = 5;

fn agrees((mean, error): (f64, f64), expected: f64, rounding: f64) -> bool {
    (mean - expected).abs() <= 4.0 * error + rounding
}

/// k; residue, traffic, last arrival, mean first arrival, the paper's mean: push, feedback, counter, as re-simulated for
/// the research notes, each over far more runs.
const TABLE_1: [(u32, [f64; 5]); 5] = [
    (1, [0.1742, 1.7452, 16.80, 9.779, 10.98]),
    (2, [0.036_97, 3.2988, 16.94, 9.946, 12.09]),
    (3, [0.010_71, 4.5339, 17.31, 10.017, 12.53]),
    (4, [0.003_57, 5.6355, 17.56, 10.041, 12.69]),
    (5, [0.001_26, 6.6819, 17.70, 10.055, 12.76]),
];

#[test]
fn table_1_of_demers() {
    for (k, expected) in TABLE_1 {
        let parameters = Parameters { k, ..Parameters::default() };
        let measured = measure(1_000, &parameters, &[], 120);
        // Half of the last digit that is given.
        let digits = [5e-6, 5e-5, 5e-3, 5e-4, 5e-3];
        for (place, digit) in [RESIDUE, TRAFFIC, T_LAST, T_FIRST, T_USEFUL].into_iter().zip(digits)
        {
            let (value, reference) = (measured[place], expected[place]);
            assert!(agrees(value, reference, digit), "k {k}, {place}: {value:?}, {reference}");
        }
    }
}

/// The same check, against the same numbers, of models that are not the paper's.
#[test]
fn other_conventions_are_not_table_1() {
    let k_2 = Parameters { k: 2, ..Parameters::default() };
    let wrong = [
        (Parameters { knowledge: Knowledge::Sequential, ..k_2.clone() }, &[][..], 0.0466),
        (Parameters { counting: Counting::Cumulative, ..k_2.clone() }, &[][..], 0.0483),
        (k_2.clone(), &[G6][..], 0.0483),
        (
            Parameters { removal: Removal::Coin, knowledge: Knowledge::Sequential, ..k_2 },
            &[][..],
            0.0593,
        ),
    ];
    for (parameters, bugs, known) in wrong {
        let measured = measure(1_000, &parameters, bugs, 100)[RESIDUE];
        assert!(!agrees(measured, TABLE_1[1].1[RESIDUE], 5e-6), "{parameters:?}: {measured:?}");
        assert!(agrees(measured, known, 5e-5), "{parameters:?}: {measured:?}");
    }
}

/// The cumulative counter and the coin under sequential knowledge: the root of s = e^(-(k + 1)(1 - s)), for endless populations.
#[test]
fn the_residue_of_the_differential_equation() {
    for (removal, k, root) in [
        (Removal::Counter, 1, 0.203_19),
        (Removal::Counter, 3, 0.019_83),
        (Removal::Coin, 2, 0.059_52),
    ] {
        let parameters = Parameters {
            k,
            removal,
            counting: Counting::Cumulative,
            knowledge: Knowledge::Sequential,
            ..Parameters::default()
        };
        let measured = measure(1_000, &parameters, &[], 100);
        assert!(agrees(measured[RESIDUE], root, 1e-3), "{removal:?} {k}: {:?}", measured[RESIDUE]);
    }
}

/// Mean rounds of simple epidemics by the exact Markov chain, for push, pull and push-pull.
const SIMPLE: [(u32, [f64; 3]); 2] =
    [(64, [11.158_12, 8.963_72, 5.988_76]), (100, [12.304_52, 9.793_21, 6.528_61])];

#[test]
fn simple_epidemics_take_as_many_rounds_as_the_markov_chain_says() {
    let modes = [Mode::Push, Mode::Pull, Mode::PushPull];
    for (nodes, expected) in SIMPLE {
        for (mode, reference) in modes.into_iter().zip(expected) {
            let parameters =
                Parameters { mode, removal: Removal::Never, cycles: 30, ..Parameters::default() };
            let completion = measure(nodes, &parameters, &[], 400)[COMPLETION];
            assert!(agrees(completion, reference, 0.0), "{mode:?} {nodes}: {completion:?}");
            // Whoever mistakes one mode for another, or the mean arrival for the last, is noticed.
            for other in expected.into_iter().filter(|other| 1e-9 < (other - reference).abs()) {
                assert!(!agrees(completion, other, 0.0), "{mode:?} {nodes}: {completion:?}");
            }
        }
    }
}

#[test]
fn g5_partners_in_turn_are_no_random_partners() {
    let parameters = Parameters { removal: Removal::Never, cycles: 80, ..Parameters::default() };
    let completion = measure(64, &parameters, &[G5], 5)[COMPLETION].0;
    assert!((completion - 63.0).abs() < 1e-9, "one site after the other: {completion}");
}
