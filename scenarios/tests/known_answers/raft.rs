//! Raft: votes under variable latency, waits for a majority, times of elections.

use orrery_harness::sweep::SweepReport;

use crate::support::{agrees_exactly, measure, two_sided};

/// Runs, and writes of each: a client that thinks for 2 s writes some 48 times in 100 s.
const RUNS: u64 = 100;
/// Answers take so many milliseconds in the mean.
const ANSWER: f64 = 100.0;

/// Mean and variance of the `k`-th smallest of `n` independent exponential times of mean one.
fn order_statistic(n: u32, k: u32) -> (f64, f64) {
    ((n - k + 1)..=n).fold((0.0, 0.0), |(mean, variance), j| {
        let step = 1.0 / f64::from(j);
        (mean + step, variance + step * step)
    })
}

fn commits(servers: u32, others: &[&str], bug: Option<&str>) -> SweepReport {
    let own = format!("servers={servers}");
    let settings: Vec<&str> = std::iter::once(own.as_str()).chain(others.iter().copied()).collect();
    measure("raft/commit-latency", &settings, bug, RUNS)
}

/// Whether a write waits as long as for the fastest of the followers that make a majority with the leader.
fn waits_for_majority(report: &SweepReport, servers: u32) -> bool {
    let (mean, variance) = order_statistic(servers - 1, servers / 2);
    let mut wait = report.stats["write_time"];
    // In units of the mean answer, without the way to the follower.
    wait.mean = (wait.mean - 1.0) / ANSWER;
    // The no-op is committed beside the writes.
    let writes = (report.stats["committed"].mean - 1.0) * RUNS as f64;
    assert!((variance / writes).sqrt() < 0.01, "a wide error lets anything pass: {writes} writes");
    agrees_exactly(&wait, mean, variance, writes as u64)
}

#[test]
fn a_write_is_as_slow_as_the_majority_of_its_followers() {
    for (servers, expected) in [(3, 0.5), (5, 0.583_333), (7, 0.616_667), (9, 0.634_524)] {
        assert!((order_statistic(servers - 1, servers / 2).0 - expected).abs() < 1e-6);
        let report = commits(servers, &[], None);
        assert!(waits_for_majority(&report, servers), "{servers}: {:?}", report.stats);
    }
}

#[test]
fn the_same_test_rejects_wrong_models() {
    let rejects = |report: SweepReport, what: &str| {
        assert!(!waits_for_majority(&report, 5), "{what} passes: {:?}", report.stats);
    };
    rejects(commits(5, &[], Some("R12")), "half of the servers as a quorum");
    rejects(commits(7, &[], None), "one more follower to wait for");
    rejects(
        commits(5, &["links.0.latency={ uniform = \"0s..200ms\" }"], None),
        "a uniform latency",
    );
    rejects(
        commits(
            5,
            &[
                "link.latency=11ms",
                "links.0.latency={ shifted = { by = \"10ms\", law = { exponential = \"100ms\" } } }",
            ],
            None,
        ),
        "a longer way",
    );
}

/// The dissertation, chapter 9: where latencies are uniform between 0.1 and 0.2 of the shortest timeout, votes of five servers split in
/// "about 16 %" of elections with one failed server, and in "nearly 40 %" with two.
#[test]
fn variable_latencies_split_votes_as_often_as_the_dissertation_says() {
    const VOTES: u64 = 4_000;
    let splits = |live: u32, latency: &str| {
        let settings = [
            "servers=5",
            &format!("live={live}"),
            "stop_at=450ms",
            &format!("link.latency={{ uniform = \"{latency}\" }}"),
        ];
        let split = measure("raft/split-vote", &settings, None, VOTES).stats["split"];
        assert_eq!(split.n, VOTES);
        (split.mean * VOTES as f64).round() as u64
    };
    for (live, probability) in [(4, 0.1652), (3, 0.3862)] {
        let hits = splits(live, "10ms..20ms");
        let p = two_sided(hits, VOTES, probability);
        assert!(6e-5 <= p, "{live} live: {hits} of {VOTES}, expected {probability}, p = {p:e}");
    }
    // Latencies of half the size fail the same test.
    assert!(two_sided(splits(4, "5ms..10ms"), VOTES, 0.1652) < 6e-5);
}

/// An election without a split takes the shortest of the timeouts and one round trip. With timeouts that are far apart, hardly any vote
/// splits, and the mean is that of the least of `live` uniform draws.
#[test]
fn an_election_takes_the_shortest_timeout_and_a_round_trip() {
    let report = measure(
        "raft/election-time",
        &["timeout=1s..2s", "crash=8s", "stop_at=16s", "link.latency=1us"],
        None,
        400,
    );
    let time = report.stats["election_time"];
    // Of five uniform draws from one second the least is 1/6 s in the mean, and its variance 5 / (6^2 * 7).
    let variance = 5.0 / (36.0 * 7.0) * 1e6;
    assert!(agrees_exactly(&time, 1_000.0 + 1_000.0 / 6.0, variance, 400), "{time:?}");
    // Three servers would take longer.
    assert!(!agrees_exactly(&time, 1_000.0 + 1_000.0 / 4.0, variance, 400), "{time:?}");
    // The leader's last heartbeat was up to 50 ms before its crash, and four remain.
    let time = report.stats["failover_time"];
    let variance = (4.0 / (25.0 * 6.0)) * 1e6 + 50.0 * 50.0 / 12.0;
    assert!(agrees_exactly(&time, 1_000.0 + 1_000.0 / 5.0 - 25.0, variance, 400), "{time:?}");
    assert!(time.p50 <= time.p99 && time.p99 <= time.p999 && time.p999 <= time.max);
}
