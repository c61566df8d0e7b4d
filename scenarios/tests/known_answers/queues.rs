//! Waits in queues: Erlang's formulas, Pollaczek and Khinchine's, and Little's law.

use orrery_harness::sweep::SweepReport;

use crate::support::{agrees, exp, measure};

/// Runs per point, and jobs per run, the first tenth of which only warms the queue up. Runs are independent, so that
/// the standard error between them needs no correction for the jobs' dependence on each other.
const RUNS: u64 = 100;
const JOBS: u64 = 6_000;

/// Erlang C with a mean service time of one: servers, utilisation, probability of a wait, mean wait.
const ERLANG: [(u32, &str, f64, f64); 10] = [
    (1, "0.5", 0.500_000, 1.000_000),
    (1, "0.9", 0.900_000, 9.000_000),
    (2, "0.8", 0.711_111, 1.777_778),
    (4, "0.7", 0.428_654, 0.357_212),
    (4, "0.9", 0.787_753, 1.969_383),
    (8, "0.7", 0.270_603, 0.112_751),
    (8, "0.9", 0.701_533, 0.876_916),
    (16, "0.8", 0.304_884, 0.095_276),
    (16, "0.9", 0.591_343, 0.369_590),
    (16, "0.95", 0.780_192, 0.975_241),
];

/// A sweep of the queue.
fn queue(servers: u32, utilisation: &str, others: &[&str]) -> SweepReport {
    let own = [
        &format!("servers={servers}"),
        &format!("utilisation={utilisation}"),
        &format!("jobs={JOBS}"),
    ];
    let settings: Vec<&str> =
        own.into_iter().map(String::as_str).chain(others.iter().copied()).collect();
    measure("engine/queue", &settings, None, RUNS)
}

/// Whether the mean wait is the expected one.
fn waits(report: &SweepReport, expected: f64) -> bool {
    agrees(&report.stats["wait"], expected)
}

#[test]
fn waits_before_several_servers_are_erlangs() {
    for (servers, utilisation, late, wait) in ERLANG {
        let stats = queue(servers, utilisation, &[]).stats;
        // By Little's law, as many jobs are in the system as arrive during a sojourn.
        let arrivals = f64::from(servers) * utilisation.parse::<f64>().unwrap();
        for (name, expected) in [
            ("wait", wait),
            ("late", late),
            ("sojourn", wait + 1.0),
            ("in_system", arrivals * (wait + 1.0)),
        ] {
            let (measured, point) = (&stats[name], format!("{servers} servers at {utilisation}"));
            assert_eq!(measured.n, RUNS);
            assert!(agrees(measured, expected), "{point}: {name} {measured:?}, not {expected}");
            // A wide error would let anything pass.
            assert!(measured.se < 0.06 * expected, "{point}: {name} {measured:?}");
        }
    }
}

#[test]
fn waits_scatter_as_much_as_they_are_known_to() {
    // Jobs that follow each other wait alike, which makes the mean of many of them less certain: Whitt, Planning queueing
    // simulations, 1989, has the variance of the mean wait in M/M/1, times the number of jobs, in the limit.
    for (utilisation, rho) in [("0.5", 0.5_f64), ("0.8", 0.8)] {
        let wait = queue(1, utilisation, &[]).stats["wait"];
        let idle = 1.0 - rho;
        let limit = rho * (2.0 + 5.0 * rho - 4.0 * rho * rho + rho * rho * rho)
            / (idle * idle * idle * idle);
        let ratio = wait.sd * wait.sd * (JOBS * 9 / 10) as f64 / limit;
        // The variance of so many runs is itself known to 14 %, and independent jobs would have at most a tenth of it.
        assert!(0.5 < ratio && ratio < 1.8, "{utilisation}: {ratio}");
    }
}

#[test]
fn constant_service_halves_the_wait() {
    for (utilisation, wait) in [("0.5", 0.5), ("0.8", 2.0), ("0.9", 4.5)] {
        let report = queue(1, utilisation, &["service=constant"]);
        assert!(waits(&report, wait), "M/D/1 at {utilisation}: {:?}", report.stats["wait"]);
    }
}

#[test]
fn any_law_of_service_follows_pollaczek_and_khinchine() {
    // Uniform over 0 to 2: the second moment is 4/3, and the wait rho / (1 - rho) * (4/3) / 2.
    let report = queue(1, "0.8", &["service=uniform"]);
    assert!(waits(&report, 4.0 * 2.0 / 3.0), "{:?}", report.stats["wait"]);
}

#[test]
fn long_waits_become_exponentially_rare() {
    // Erlang C times e^(-c (1 - rho) t).
    let report = queue(4, "0.7", &["threshold=1s"]);
    let expected = 0.428_654 * exp(-1.2);
    assert!(agrees(&report.stats["late"], expected), "{:?}", report.stats["late"]);
}

#[test]
fn the_unit_of_time_does_not_matter() {
    // The arrivals' law gives its shape alone.
    let settings = ["service={ exponential = \"10ms\" }", "arrival={ exponential = \"7h\" }"];
    let report = queue(2, "0.8", &settings);
    assert!(waits(&report, 0.01 * 1.777_778), "{:?}", report.stats["wait"]);
}

#[test]
fn the_same_tests_reject_wrong_models() {
    let rejects = |report: SweepReport, expected: f64, what: &str| {
        assert!(!waits(&report, expected), "{what} passes: {:?}", report.stats["wait"]);
    };
    rejects(queue(1, "0.9", &["service=constant"]), 9.0, "M/D/1 for M/M/1");
    rejects(queue(1, "0.8", &["arrival=constant"]), 4.0, "D/M/1 for M/M/1");
    rejects(queue(2, "0.8", &["service=uniform"]), 1.777_778, "M/G/2 for M/M/2");
    rejects(queue(1, "0.5", &["link.latency=20ms"]), 1.0, "a link that takes time");
    rejects(queue(1, "0.9", &["warm_up=0%", "jobs=100"]), 9.0, "a queue that is still filling");
}

#[test]
fn littles_law_holds_to_the_nanosecond() {
    // All runs start and end empty: the values are integers, and equal in each.
    for settings in [&[][..], &["service=uniform"], &["servers=16", "utilisation=95%"]] {
        let stats = measure("engine/queue", settings, None, 20).stats;
        let (area, sojourns) = (stats["area"], stats["sojourn_sum"]);
        assert!(0.0 < area.min && area.min < area.max);
        assert_eq!(area, sojourns, "{settings:?}");
    }
}

#[test]
fn littles_law_notices_a_wait_that_is_not_measured() {
    let stats = measure("engine/queue", &[], Some("J1"), 20).stats;
    assert!(stats["sojourn_sum"].max < stats["area"].min, "{stats:?}");
    assert!(stats["wait"].max == 0.0, "{:?}", stats["wait"]);
}

#[test]
fn the_order_of_service_does_not_change_the_mean_wait() {
    let settings = ["servers=1", "utilisation=0.5"];
    let wait = measure("engine/queue", &settings, Some("J2"), RUNS).stats["wait"];
    assert!(agrees(&wait, 1.0), "last come, first served: {wait:?}");
}
