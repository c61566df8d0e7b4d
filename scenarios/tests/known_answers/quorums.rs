//! Waits for quorums: order statistics of independent exponential latencies.

use orrery_harness::sweep::SweepReport;

use crate::support::{agrees_exactly, measure};

const RUNS: u64 = 200;
const ROUNDS: u64 = 100;

/// Servers; the mean wait for a majority of so many remote answers, for a majority of so many servers of which the
/// leader is one, and for all remote answers.
const TABLE: [(u32, [f64; 3]); 4] = [
    (3, [0.833_333, 0.500_000, 1.833_333]),
    (5, [0.783_333, 0.583_333, 2.283_333]),
    (7, [0.759_524, 0.616_667, 2.592_857]),
    (9, [0.745_635, 0.634_524, 2.828_968]),
];

fn ask(nodes: u32, quorum: u32, own: u32, others: &[&str], bug: Option<&str>) -> SweepReport {
    let own = [
        &format!("nodes={nodes}"),
        &format!("quorum={quorum}"),
        &format!("own={own}"),
        &format!("rounds={ROUNDS}"),
    ];
    let settings: Vec<&str> =
        own.into_iter().map(String::as_str).chain(others.iter().copied()).collect();
    measure("engine/quorum-wait", &settings, bug, RUNS)
}

/// Mean and variance of the `k`-th smallest of `n` independent exponential times of mean one.
fn order_statistic(n: u32, k: u32) -> (f64, f64) {
    let missing = (n - k + 1)..=n;
    missing.fold((0.0, 0.0), |(mean, variance), j| {
        let step = 1.0 / f64::from(j);
        (mean + step, variance + step * step)
    })
}

/// Whether the mean wait is that of the `k`-th of `n`.
fn is_kth(report: &SweepReport, n: u32, k: u32) -> bool {
    let (mean, variance) = order_statistic(n, k);
    agrees_exactly(&report.stats["wait"], mean, variance, RUNS * ROUNDS)
}

#[test]
fn a_quorum_is_as_slow_as_its_slowest_member() {
    for (servers, [remote, with_leader, all]) in TABLE {
        let majority = servers / 2 + 1;
        for (quorum, own, expected) in
            [(majority, 0, remote), (majority, 1, with_leader), (servers, 0, all)]
        {
            // A leader waits for one answer less, out of one server less.
            let (n, k) = (servers - own, quorum - own);
            assert!((order_statistic(n, k).0 - expected).abs() < 1e-6, "{n} {k}");
            let report = ask(servers, quorum, own, &[], None);
            assert!(is_kth(&report, n, k), "{quorum} of {servers}, own {own}: {:?}", report.stats);
        }
    }
}

#[test]
fn a_coordinator_that_is_a_quorum_by_itself_never_waits() {
    let report = ask(1, 1, 1, &[], None);
    assert!(report.stats.get("wait").is_some_and(|wait| wait.max == 0.0), "{:?}", report.stats);
}

#[test]
fn the_same_test_rejects_wrong_models() {
    // One latency for all replicas is the latency of one.
    let shared = ask(1, 1, 0, &[], None);
    assert!(is_kth(&shared, 1, 1) && !is_kth(&shared, 5, 3), "{:?}", shared.stats);
    let rejects = |report: SweepReport, what: &str| {
        assert!(!is_kth(&report, 5, 3), "{what} passes: {:?}", report.stats["wait"]);
    };
    rejects(ask(5, 3, 0, &["link.latency={ uniform = \"0s..2s\" }"], None), "a uniform latency");
    rejects(ask(5, 3, 1, &[], None), "a leader that counts itself");
    rejects(ask(5, 3, 0, &["link.fifo=true"], None), "messages that queue behind late ones");
    rejects(ask(5, 3, 0, &[], Some("W1")), "answers of earlier rounds");
}
