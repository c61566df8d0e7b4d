//! Sweeps, and the statistics that judge them.

use orrery_harness::sweep::{Summary, SweepOptions, SweepReport, sweep};
use orrery_scenarios::{Catalogue, Override, registry};

/// How many standard errors a mean may be off: two-sided, one in 150 000.
const Z: f64 = 4.5;

/// The statistics of `runs` runs of a scenario, none of which may break a goal. With a bug, nothing watches the
/// invariants: a wrong variant goes on to its statistic all the same.
#[track_caller]
pub(crate) fn measure(name: &str, settings: &[&str], bug: Option<&str>, runs: u64) -> SweepReport {
    let overrides: Vec<Override> = settings.iter().map(|text| text.parse().unwrap()).collect();
    let bugs: Vec<String> = bug.into_iter().map(String::from).collect();
    let registry = registry();
    let scenario = Catalogue::builtin().load(name).unwrap();
    let mut case = scenario.case(&registry, Some(0), &overrides, &bugs).unwrap();
    if bug.is_some() {
        case.checks.always = Some(vec![]);
    }
    let options =
        SweepOptions { jobs: 0, stops_at_failure: false, failures_shown: 1, progress: &|_, _| {} };
    let subject = registry.get(&case.protocol).unwrap();
    let report = sweep(subject.as_ref(), &case, &|_| String::new(), 0..runs, &options).unwrap();
    assert!(report.as_expected, "{:?} {:?}", report.failures, report.problems);
    report
}

/// Whether the mean of independent runs agrees with `expected`, the error being that of the runs.
pub(crate) fn agrees(measured: &Summary, expected: f64) -> bool {
    (measured.mean - expected).abs() <= Z * measured.se
}

/// Whether the mean of `count` independent draws of which the variance is known agrees with `expected`.
pub(crate) fn agrees_exactly(measured: &Summary, expected: f64, variance: f64, count: u64) -> bool {
    (measured.mean - expected).abs() <= Z * (variance / count as f64).sqrt()
}

/// The exact probability that a binomial count of `runs` is as unlikely as `hits` or
/// more so.
pub(crate) fn two_sided(hits: u64, runs: u64, probability: f64) -> f64 {
    let odds = probability / (1.0 - probability);
    // In logarithms, for the first terms are tiny.
    let mut log = runs as f64 * ln(1.0 - probability);
    let mut logs = vec![log];
    for k in 0..runs {
        log += ln((runs - k) as f64 / (k + 1) as f64 * odds);
        logs.push(log);
    }
    let own = logs[hits as usize] + 1e-7;
    logs.iter().filter(|log| **log <= own).map(|log| exp(*log)).sum()
}

/// Natural logarithm by the series of artanh: the same on every platform.
fn ln(x: f64) -> f64 {
    let mut exponent = 0_i32;
    let mut x = x;
    while 1.5 < x {
        x /= 2.0;
        exponent += 1;
    }
    while x < 0.75 {
        x *= 2.0;
        exponent -= 1;
    }
    let y = (x - 1.0) / (x + 1.0);
    let (mut power, mut sum) = (y, 0.0);
    for k in 0..20_i32 {
        sum += power / f64::from(2 * k + 1);
        power *= y * y;
    }
    2.0 * sum + f64::from(exponent) * std::f64::consts::LN_2
}

/// The exponential, by halving its argument and squaring back.
pub(crate) fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let small = x / 1_024.0;
    let mut value = 1.0 + small * (1.0 + small / 2.0 * (1.0 + small / 3.0 * (1.0 + small / 4.0)));
    for _ in 0..10 {
        value *= value;
    }
    value
}

#[test]
fn the_binomial_test_knows_its_table() {
    // 2 000 tosses of a fair coin: 1 000 is the likeliest count; 1 000 +- 100 is 4.47 standard deviations off.
    assert!(0.99 < two_sided(1_000, 2_000, 0.5));
    let far = two_sided(1_100, 2_000, 0.5);
    assert!(6e-6 < far && far < 1e-5, "{far:e}");
    assert!((two_sided(0, 2_000, 0.001) - 0.278).abs() < 0.005);
}
