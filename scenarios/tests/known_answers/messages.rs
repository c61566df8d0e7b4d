//! At-least-once delivery: geometric laws.

use orrery_harness::sweep::SweepReport;

use crate::support::{agrees, agrees_exactly, measure};

const RUNS: u64 = 40;
const MESSAGES: u64 = 1_000;

fn deliver(scenario: &str, loss: &str, others: &[&str], bug: Option<&str>) -> SweepReport {
    let own = [&format!("loss={loss}"), &format!("messages={MESSAGES}")];
    let settings: Vec<&str> =
        own.into_iter().map(String::as_str).chain(others.iter().copied()).collect();
    measure(scenario, &settings, bug, RUNS)
}

/// Whether the mean of a statistic over all messages is that of a geometric law with that probability of success.
fn is_geometric(report: &SweepReport, name: &str, success: f64) -> bool {
    let variance = (1.0 - success) / (success * success);
    agrees_exactly(&report.stats[name], 1.0 / success, variance, RUNS * MESSAGES)
}

#[test]
fn messages_are_sent_and_delivered_as_often_as_losses_ask() {
    for (loss, sends, deliveries) in
        [("0.1", 1.234_568, 1.111_111), ("0.3", 2.040_816, 1.428_571), ("0.5", 4.0, 2.0)]
    {
        let report = deliver("engine/at-least-once", loss, &[], None);
        let arrives = 1.0 - loss.parse::<f64>().unwrap();
        assert!((1.0 / (arrives * arrives) - sends).abs() < 1e-6);
        assert!((1.0 / arrives - deliveries).abs() < 1e-6);
        assert!(is_geometric(&report, "sends", arrives * arrives), "{loss}: {:?}", report.stats);
        assert!(is_geometric(&report, "deliveries", arrives), "{loss}: {:?}", report.stats);
        assert!(1.0 <= report.stats["acknowledged"].min, "{:?}", report.stats);
    }
}

/// Mean and variance of the attempts of which each fails with probability `f`, when there are `r` retries at most.
fn limited(f: f64, r: u32) -> (f64, f64) {
    let (mut mean, mut square, mut reached) = (0.0, 0.0, 1.0);
    for attempt in 1..=r + 1 {
        // The last attempt ends the message whether it fails or not.
        let ends = if attempt == r + 1 { reached } else { reached * (1.0 - f) };
        mean += ends * f64::from(attempt);
        square += ends * f64::from(attempt * attempt);
        reached *= f;
    }
    (mean, square - mean * mean)
}

#[test]
fn a_limit_on_retries_cuts_the_law_off() {
    for (loss, retries) in [("0.1", 0), ("0.3", 3), ("0.5", 1), ("0.5", 6), ("1", 3)] {
        let lost = loss.parse::<f64>().unwrap();
        let fails = 1.0 - (1.0 - lost) * (1.0 - lost);
        let (mean, variance) = limited(fails, retries);
        let given_up: f64 = (0..=retries).map(|_| fails).product();
        if lost < 1.0 {
            assert!((mean - (1.0 - given_up) / (1.0 - fails)).abs() < 1e-12);
        }
        let report = deliver("engine/retry-limit", loss, &[&format!("retries={retries}")], None);
        let (sends, acknowledged) = (&report.stats["sends"], &report.stats["acknowledged"]);
        let count = RUNS * MESSAGES;
        assert!(agrees_exactly(sends, mean, variance.max(1e-18), count), "{loss}: {sends:?}");
        let variance = given_up * (1.0 - given_up);
        let is_right = agrees_exactly(acknowledged, 1.0 - given_up, variance, count);
        assert!(is_right, "{loss}, {retries} retries: {acknowledged:?}");
    }
}

/// Mean calls of the last of so many layers, and the probability that a request fails.
fn layered(f: f64, retries: i32, layers: u32) -> (f64, f64) {
    (0..layers).fold((1.0, f), |(calls, f), _| {
        let attempts = (0..=retries).map(|attempt| f.powi(attempt)).sum::<f64>();
        (calls * attempts, f.powi(retries + 1))
    })
}

/// Runs in which the last layer fails that many of a hundred calls.
fn layers(failure: u32, count: u32, bug: Option<&str>) -> SweepReport {
    let settings =
        [format!("failure={failure}%"), format!("layers={count}"), "requests=500".into()];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    measure("engine/retry-layers", &settings, bug, RUNS)
}

#[test]
fn layered_retries_multiply() {
    let dead = layers(100, 3, None);
    assert_eq!(format!("{:?}", dead.stats["calls"].mean), "64.0");
    for (failure, count) in [(50, 1), (70, 2), (90, 3)] {
        let (calls, failed) = layered(f64::from(failure) / 100.0, 3, count);
        let report = layers(failure, count, None);
        let (stat, succeeded) = (&report.stats["calls"], &report.stats["succeeded"]);
        assert!(agrees(stat, calls), "{failure}: {stat:?}, expected {calls}");
        let variance = failed * (1.0 - failed);
        let count = RUNS * 500;
        assert!(
            agrees_exactly(succeeded, 1.0 - failed, variance, count),
            "{failure}: {succeeded:?}"
        );
    }
    // The same tests reject other stacks.
    let report = layers(90, 2, None);
    assert!(!agrees(&report.stats["calls"], layered(0.9, 3, 1).0), "a layer less");
    assert!(!agrees(&report.stats["calls"], layered(0.9, 4, 2).0), "a retry more");
    assert_eq!(format!("{:?}", layers(100, 3, Some("L1")).stats["calls"].mean), "125.0");
}

#[test]
fn the_same_tests_reject_wrong_models() {
    let right = deliver("engine/at-least-once", "0.3", &[], None);
    assert!(!is_geometric(&right, "sends", 0.7), "losses one way pass for both ways");
    assert!(!is_geometric(&right, "deliveries", 0.49), "sends pass for deliveries");
    // Too impatient: the timer is due before any acknowledgement.
    let impatient = deliver("engine/at-least-once", "0.3", &["resend=15ms"], None);
    assert!(!is_geometric(&impatient, "sends", 0.49), "{:?}", impatient.stats);
    // A link that doubles messages delivers more of them.
    let doubled = deliver("engine/at-least-once", "0.3", &["link.duplicate=5%"], None);
    assert!(!is_geometric(&doubled, "deliveries", 0.7), "{:?}", doubled.stats);
    let (mean, variance) = limited(0.51, 3);
    let late = deliver("engine/retry-limit", "0.3", &[], Some("A2"));
    let sends = &late.stats["sends"];
    assert!(!agrees_exactly(sends, mean, variance, RUNS * MESSAGES), "one retry more: {sends:?}");
}
