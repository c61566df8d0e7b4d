//! The paper's numbers (§3.1): the first detection of a failure, and false positives per probe. Each has a twin, of another
//! convention, that the same test rejects.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "statistics of finished runs"
)]

use orrery_protocols::swim::{Parameters, Swim, Targets};
use orrery_sim::testing::{Run, crash, item, quiet};
use orrery_sim::{Duration, Probability};

/// Mean and standard error.
fn summary(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

fn agrees(values: &[f64], expected: f64) -> bool {
    let (mean, se) = summary(values);
    (mean - expected).abs() <= 4.0 * se
}

/// One statistic over many runs: periods of 1 s that begin together, messages that take no time, a crash when a round through the list is over.
fn measure(name: &str, runs: u64, n: u32, targets: Targets, k: u32, loss: (u32, u32)) -> Vec<f64> {
    let parameters = Parameters {
        targets,
        k,
        aligned: true,
        suspicion: 1_000,
        reconnect: 0,
        ..Parameters::default()
    };
    let values = (0..runs).map(|seed| {
        let mut setup = quiet::<Swim>(seed, n, &parameters, Duration::ZERO, &[]);
        setup.links.default.loss = Probability::ratio(loss.0, loss.1);
        let round = u64::from(n - 1) * 1_000;
        setup.plan.items = vec![item(round, crash(1))];
        let mut run = Run::<Swim>::new(setup, &parameters);
        run.safely_until(round + 40_000);
        run.statistic(name).unwrap() as f64
    });
    values.collect()
}

/// 1 / (1 − (1 − 1/(n−1))^(n−1)): each of the n − 1 others pings the crashed member with probability 1/(n−1).
fn random_detection(n: u32) -> f64 {
    let others = f64::from(n - 1);
    let missed = (1.0 - 1.0 / others).powi(n.cast_signed() - 1);
    1.0 / (1.0 - missed)
}

/// Σ ((n−1−t) / (n−1))^(n−1): nobody has the crashed member among the first t of its list.
fn round_robin_detection(n: u32) -> f64 {
    let others = f64::from(n - 1);
    (0..n - 1).map(|t| (1.0 - f64::from(t) / others).powi(n.cast_signed() - 1)).sum()
}

#[test]
fn the_first_detection_takes_e_over_e_minus_1_periods_however_large_the_group_is() {
    assert!((random_detection(1_000_000) - 1.581_977).abs() < 1e-6);
    for n in [4, 10, 25] {
        let periods = measure("first_detection", 400, n, Targets::Random, 3, (0, 1));
        let expected = random_detection(n);
        assert!(agrees(&periods, expected), "{n}: {:?}, {expected}", summary(&periods));
        // Without the first ping counted; and with targets that may be oneself.
        assert!(!agrees(&periods, expected - 1.0));
    }
}

#[test]
fn targets_in_turn_are_found_sooner() {
    for (n, runs) in [(4, 1_500), (10, 400), (25, 300)] {
        let periods = measure("first_detection", runs, n, Targets::RoundRobin, 3, (0, 1));
        let expected = round_robin_detection(n);
        assert!(agrees(&periods, expected), "{n}: {:?}, {expected}", summary(&periods));
        // Farther along the two come close together.
        if n == 4 {
            assert!(!agrees(&periods, random_detection(n)), "{n}: {:?}", summary(&periods));
        }
    }
}

/// (1 − q²)(1 − q⁴)^k, with q the probability that a message arrives.
fn false_positive(q: f64, k: i32) -> f64 {
    (1.0 - q * q) * (1.0 - q.powi(4)).powi(k)
}

#[test]
fn a_probe_of_a_living_member_fails_as_often_as_all_its_ways_do() {
    for (k, loss) in [(0, 10), (1, 20), (3, 40)] {
        let fractions: Vec<f64> =
            measure("false_positive", 60, 12, Targets::Random, k, (loss, 100))
                .iter()
                .map(|parts| parts / 1e9)
                .collect();
        let q = 1.0 - f64::from(loss) / 100.0;
        let expected = false_positive(q, k.cast_signed());
        assert!(
            agrees(&fractions, expected),
            "{k}, {loss} %: {:?}, {expected}",
            summary(&fractions)
        );
        assert!(!agrees(&fractions, false_positive(q, k.cast_signed() + 1)), "one helper more");
    }
}
