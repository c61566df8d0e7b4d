//! How often the first election of Raft has no winner.

use crate::support::{measure, two_sided};

/// Runs per point: one standard error is at most 0.0112.
const RUNS: u64 = 2_000;
/// How unlikely a count must be before it counts as wrong: two-sided, exact.
const LEVEL: f64 = 6e-5;

/// Ongaro's dissertation, chapter 9: the first term is split if and only if so many of the live servers time
/// out within one latency of the first that the others cannot make a majority with anybody. Columns:
/// servers, live servers, and the probability for latencies of .01, .05, .1, .2 and .3 of the timeout.
const SPLIT: [(u32, u32, [f64; 5]); 12] = [
    (3, 3, [0.000_298, 0.007_250, 0.028_000, 0.104_000, 0.216_000]),
    (3, 2, [0.019_900, 0.097_500, 0.190_000, 0.360_000, 0.510_000]),
    (5, 5, [0.000_009_9, 0.001_158, 0.008_560, 0.057_920, 0.163_080]),
    (5, 4, [0.000_592, 0.014_019, 0.052_300, 0.180_800, 0.348_300]),
    (5, 3, [0.029_701, 0.142_625, 0.271_000, 0.488_000, 0.657_000]),
    (7, 6, [0.000_020, 0.002_230, 0.015_850, 0.098_880, 0.255_690]),
    (7, 5, [0.000_980, 0.022_593, 0.081_460, 0.262_720, 0.471_780]),
    (7, 4, [0.039_404, 0.185_494, 0.343_900, 0.590_400, 0.759_900]),
    (9, 8, [0.000_001, 0.000_372, 0.005_024, 0.056_282, 0.194_104]),
    (9, 7, [0.000_034, 0.003_757, 0.025_692, 0.148_032, 0.352_930]),
    (9, 6, [0.001_460, 0.032_774, 0.114_265, 0.344_640, 0.579_825]),
    (9, 5, [0.049_010, 0.226_219, 0.409_510, 0.672_320, 0.831_930]),
];
const LATENCIES: [&str; 5] = ["0.01", "0.05", "0.1", "0.2", "0.3"];

/// How many of `RUNS` first terms had no winner.
fn splits(servers: u32, live: u32, latency: &str, others: &[&str], bug: Option<&str>) -> u64 {
    let own = [
        &format!("servers={servers}"),
        &format!("live={live}"),
        &format!("latency={latency}"),
        "stop_at=400ms",
    ];
    let settings: Vec<&str> = own.into_iter().chain(others.iter().copied()).collect();
    let split = measure("raft/split-vote", &settings, bug, RUNS).stats["split"];
    assert_eq!(split.n, RUNS, "every run has its first term");
    (split.mean * RUNS as f64).round() as u64
}

#[test]
fn the_first_election_is_split_as_often_as_the_dissertation_says() {
    for (servers, live, expected) in SPLIT {
        for (latency, probability) in LATENCIES.into_iter().zip(expected) {
            let hits = splits(servers, live, latency, &[], None);
            let p = two_sided(hits, RUNS, probability);
            assert!(
                LEVEL <= p,
                "{servers} servers, {live} live, latency {latency}: {hits} of {RUNS} split, \
                 expected {probability}, p = {p:e}"
            );
        }
    }
}

#[test]
fn the_same_test_rejects_wrong_models() {
    let rejects = |hits: u64, what: &str| {
        let p = two_sided(hits, RUNS, 0.180_800);
        assert!(p < LEVEL, "{what} passes for the right model: {hits} of {RUNS}, p = {p:e}");
    };
    rejects(splits(5, 4, "0.2", &["election_timeout=100ms..150ms"], None), "timeouts U[T, 1.5 T)");
    rejects(splits(5, 4, "0.2", &[], Some("V1")), "a server that votes again in a term");
    rejects(splits(5, 4, "0.2", &[], Some("R12")), "a quorum of half of the servers");
}
