//! Reads: what they cost, and how far they can be trusted.

use orrery_protocols::kv::{Operation, Output};
use orrery_protocols::raft::bugs::R16;
use orrery_protocols::raft::{DriftBound, Parameters, Raft, Reads};
use orrery_sim::plan::Action;
use orrery_sim::{Bug, Duration, DurationRange, Law, Link, Registration};

use crate::support::{Run, cut, fire, get, item, ms, put, quiet, request, scripted};

/// A leader is current for 100 ms after it was heard, and rounds begin every 50 ms.
fn leases() -> Parameters {
    Parameters {
        election_timeout: DurationRange::new(ms(100), Duration::from_secs(1_000)),
        heartbeat: ms(50),
        sticky: true,
        reads: Reads::Lease,
        drift_bound: DriftBound::NONE,
        ..Parameters::default()
    }
}

/// Delays, messages and forced writes of one read at 510 ms of the node `at`, with 7 ms each way.
fn cost(nodes: u32, parameters: &Parameters, at: u32) -> (u64, u64, u64) {
    let mut setup = quiet(1, nodes, &Parameters { heartbeat: ms(200), ..parameters.clone() }, &[]);
    setup.links.default = Link { latency: Law::Constant(ms(7)), ..Link::default() };
    setup.clients.count = 1;
    // Elected at 26 ms; rounds begin there and every 200 ms. The one at 426 ms is answered at 440 ms.
    setup.plan.items = vec![
        item(12, fire(1)),
        item(100, request(1, put("1"), 1)),
        item(510, request(1, get(), at)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(509);
    let counters =
        |run: &Run| (run.world.counters().total().sent, run.world.counters().forced_writes);
    let before = counters(&run);
    let mut now = 510;
    run.safely_until(now);
    while run.answers().len() < 2 {
        now += 1;
        run.safely_until(now);
    }
    run.safely_until(600);
    let after = counters(&run);
    assert_eq!(run.answers()[1], Output::Value(Some("1".into())));
    ((now - 510) / 7, after.0 - before.0, after.1 - before.1)
}

#[test]
fn reads_cost_what_is_known() {
    let long = DurationRange::new(Duration::from_secs(100), Duration::from_secs(200));
    let quiet_timeouts = Parameters { election_timeout: long, ..leases() };
    for n in [3, 5, 7] {
        let others = u64::from(n) - 1;
        let by = |reads| Parameters { reads, ..quiet_timeouts.clone() };
        // One round of heartbeats: two delays, 2 (n - 1) messages, no disk.
        assert_eq!(cost(n, &by(Reads::ReadIndex), 1), (2, 2 * others, 0), "{n}");
        // A lease: nothing.
        assert_eq!(cost(n, &by(Reads::Lease), 1), (0, 0, 0), "{n}");
        // Through the log, as a write: a forced write on each server.
        assert_eq!(cost(n, &by(Reads::Log), 1), (2, 2 * others, u64::from(n)), "{n}");
        // On a follower: the way to the leader and back beside what the leader does.
        let follower = |reads| Parameters { follower_reads: true, ..by(reads) };
        assert_eq!(cost(n, &follower(Reads::ReadIndex), 2), (4, 2 * others + 2, 0), "{n}");
        assert_eq!(cost(n, &follower(Reads::Lease), 2), (2, 2, 0), "{n}");
    }
}

#[test]
fn a_lease_lasts_the_shortest_timeout_from_the_start_of_the_round() {
    // Rounds begin at 12, 62, 112 ms and so on; that of 512 ms is answered at 514 ms, and the last.
    let is_answered = |read: u64, bound: &str| {
        let mut setup =
            quiet(1, 3, &Parameters { drift_bound: bound.parse().unwrap(), ..leases() }, &[]);
        setup.clients.count = 1;
        setup.plan.items = vec![
            item(10, fire(1)),
            item(100, request(1, put("1"), 1)),
            item(515, cut(&[1])),
            item(read, request(1, get(), 1)),
        ];
        let mut run = Run::new(setup);
        run.safely_until(read + 1);
        run.answers().len() == 2
    };
    assert!(is_answered(520, "1") && is_answered(611, "1"));
    assert!(!is_answered(612, "1"), "100 ms after the start, and 98 after the answers");
    assert!(is_answered(561, "2") && !is_answered(562, "2"), "half of that");
}

#[test]
fn leases_need_voters_that_keep_their_votes() {
    let refused = |parameters: &Parameters| Raft::set_up(parameters, 3).unwrap_err();
    assert!(refused(&Parameters { sticky: false, ..leases() }).contains("sticky"));
    let both = Parameters { reads: Reads::Log, follower_reads: true, ..leases() };
    assert!(refused(&both).contains("follower_reads"));
}

#[test]
fn a_follower_reads_nothing_older_than_what_the_leader_had_committed() {
    // n3 misses the write. It learns how far it must get, and answers when it is there.
    let parameters = Parameters { follower_reads: true, heartbeat: ms(50), ..leases() };
    let mut setup = quiet(1, 3, &parameters, &[]);
    setup.clients.count = 2;
    setup.plan.items = vec![
        item(10, fire(1)),
        item(113, cut(&[3])),
        item(120, request(1, put("1"), 1)),
        item(130, Action::Heal(None)),
        item(131, request(2, get(), 3)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(134);
    assert_eq!(run.answers(), [Output::Written]);
    run.safely_until(200);
    assert_eq!(run.answers()[1], Output::Value(Some("1".into())));
    assert!(run.world.probes().hits().any(|(name, _)| name == "follower-read"));
}

#[test]
fn r16_a_refusal_in_a_newer_term_passes_for_consent() {
    let read = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &scripted(), bugs);
        setup.clients.count = 2;
        let write = |value: &str| Operation::Put { key: "x".into(), value: value.into() };
        // n1 heartbeats at 262 ms, after the cut has healed and before n2 does, at 282 ms.
        setup.plan.items = vec![
            item(10, fire(1)),
            item(50, request(1, write("old"), 1)),
            item(100, cut(&[1])),
            item(130, fire(2)),
            item(150, request(1, write("new"), 2)),
            item(220, request(2, get(), 1)),
            item(240, Action::Heal(None)),
        ];
        let mut run = Run::new(setup);
        run.safely_until(1_000);
        run.answers().pop()
    };
    assert_eq!(read(&[]), Some(Output::Value(Some("new".into()))));
    assert_eq!(read(&[R16]), Some(Output::Value(Some("old".into()))));
}
