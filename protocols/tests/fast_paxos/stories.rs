//! Short stories of a correct Fast Paxos, with what they cost.

use orrery_protocols::fast_paxos::{FastPaxos, Note, Parameters, Sizes};
use orrery_sim::plan::Action;
use orrery_sim::{Law, Link, NodeId, Registration, Setup};

use crate::support::{Run, crash, cut, item, lose, ms, patient, propose, quiet, restart, span};

/// Messages of a run, by kind.
fn sent(run: &Run, kind: &str) -> u64 {
    let counters = run.world.counters();
    counters.messages().find(|(name, _)| *name == kind).map_or(0, |(_, count)| count.sent)
}

/// §3.3: the sizes are safe if and only if any two quorums meet, and any two fast ones and a classic
/// one in one acceptor.
#[test]
fn quorums_meet_as_they_must() {
    for acceptors in 1_usize..=12 {
        for f in 0..acceptors {
            for e in 0..acceptors {
                let sizes = Sizes { acceptors, f, e };
                let (classic, fast) = (sizes.classic(), sizes.fast());
                let meet = acceptors < 2 * classic && acceptors < classic + fast;
                let three = 2 * acceptors < classic + 2 * fast;
                assert_eq!(sizes.is_safe(), meet && three, "{sizes:?}");
            }
        }
        assert!(Sizes::best(acceptors).is_safe(), "{acceptors}");
    }
    let fast = [4, 5, 7, 8].map(|acceptors| Sizes::best(acceptors).fast());
    assert_eq!(fast, [3, 4, 6, 6], "three quarters, rounded up");
}

#[test]
fn sizes_that_are_not_safe_are_refused() {
    let refused = |f, e, nodes| {
        let parameters = Parameters { f, e, ..Parameters::default() };
        FastPaxos::set_up(&parameters, nodes).is_err()
    };
    assert!(!refused(Some(1), Some(1), 4));
    assert!(refused(Some(1), Some(2), 4) && refused(Some(2), Some(0), 4));
    assert!(refused(Some(2), Some(2), 6) && !refused(Some(2), Some(2), 7));
}

/// Known answer: two delays from client to learner, without collision. *n* − 1 proposals and
/// *n*(*n* − 1) votes.
#[test]
fn a_fast_round_takes_two_delays() {
    for n in [4, 5, 7, 8] {
        let mut setup = quiet(1, n, &patient(), &[]);
        setup.plan.items = vec![item(100, propose(1, "red", 2))];
        let mut run = Run::new(setup);
        run.safely_until(1_000);
        let learned: Vec<u64> = run.learned_at().iter().map(|(_, when)| *when).collect();
        assert_eq!(learned, vec![120; n as usize], "of {n}");
        let (all, others) = (u64::from(n), u64::from(n) - 1);
        assert_eq!([sent(&run, "Propose"), sent(&run, "Phase2b")], [others, all * others]);
        assert_eq!(run.statistic("fast"), Some(1));
        // One to begin the round, at the coordinator; one to take part, one to vote.
        assert_eq!(run.world.counters().forced_writes, 2 * all, "of {n}");
    }
}

/// A vote is on disk before anybody hears of it.
#[test]
fn one_forced_write_is_on_the_way() {
    let mut setup = quiet(1, 4, &patient(), &[]);
    setup.disk.sync = Law::Constant(ms(3));
    setup.plan.items = vec![item(100, propose(1, "red", 2))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned_at()[0].1, 123);
}

/// n1 hears of red first, n4 of blue.
fn collision(parameters: &Parameters) -> Setup<FastPaxos> {
    let mut setup = quiet(1, 4, parameters, &[]);
    let slow = Link { latency: Law::Constant(ms(15)), ..Link::default() };
    setup.links.overrides.insert((NodeId(2), NodeId(4)), slow.clone());
    setup.links.overrides.insert((NodeId(3), NodeId(1)), slow);
    setup.plan.items = vec![item(100, propose(1, "red", 2)), item(100, propose(2, "blue", 3))];
    setup
}

/// 5.P6: the votes are split 2 to 2, and the coordinator settles it without another phase 1.
#[test]
fn a_collision_is_settled_in_the_next_round() {
    let mut run = Run::new(collision(&patient()));
    run.safely_until(1_000);
    let collided = run.notes.iter().filter(|entry| matches!(entry.note, Note::Collided { .. }));
    assert_eq!(collided.count(), 1);
    assert_eq!(run.statistic("fast"), Some(0));
    // The votes reach n1 after two delays; its value takes two more.
    assert_eq!(run.learned_at()[0].1, 140);
    assert_eq!(sent(&run, "Phase1a"), 3, "only for the fast round");
    let value = run.learned(1).map(String::from);
    for id in 1..=4 {
        assert_eq!(run.learned(id).map(String::from), value, "n{id}");
    }
    let told: Vec<String> = run.answers().into_iter().map(|(_, value)| value).collect();
    assert_eq!(told, vec![value.unwrap(); 2]);
}

/// Without recovery, somebody's patience runs out, and a classic round settles it.
#[test]
fn a_timeout_settles_a_collision_too() {
    let parameters =
        Parameters { recovery: false, timeout: span(200, 400), ..Parameters::default() };
    let mut run = Run::new(collision(&parameters));
    run.safely_until(2_000);
    assert!(run.notes.iter().all(|entry| !matches!(entry.note, Note::Collided { .. })));
    assert!(run.learned(1).is_some() && run.learned(1) == run.learned(4));
}

/// Of n = 5, E = 1 and F = 2: with two down there is no fast quorum, and a classic round works.
#[test]
fn without_a_fast_quorum_a_classic_round_decides() {
    let parameters = Parameters { timeout: span(100, 200), ..Parameters::default() };
    let mut setup = quiet(1, 5, &parameters, &[]);
    setup.plan.items = vec![item(80, crash(4)), item(80, crash(5))];
    setup.plan.items.push(item(100, propose(1, "red", 2)));
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    assert_eq!((run.learned(2), run.statistic("fast")), (Some("red"), Some(0)));
}

/// O4: two of a quorum of three voted for red, and the fourth may have, too.
#[test]
fn what_may_have_been_chosen_is_picked() {
    let parameters = Parameters { recovery: false, ..patient() };
    let mut setup = quiet(1, 4, &parameters, &[]);
    setup.plan.items = vec![
        item(90, lose("Phase2b")),
        item(100, propose(1, "red", 2)),
        item(100, propose(2, "blue", 3)),
        item(200, crash(1)),
        item(200, Action::Heal(None)),
        item(300, Action::Fire { node: crate::support::node(3), timer: "Recover".into() }),
    ];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned(3), Some("red"));
}

/// A vote must outlive a crash: the restarted acceptor reports it.
#[test]
fn a_vote_outlives_a_crash() {
    let parameters = Parameters { recovery: false, ..patient() };
    let mut setup = quiet(1, 4, &parameters, &[]);
    setup.plan.items = vec![
        item(90, lose("Phase2b")),
        item(100, propose(1, "red", 2)),
        item(200, cut(&[1])),
        item(200, crash(2)),
        item(210, restart(2)),
        item(220, crash(4)),
        item(230, restart(4)),
        item(240, propose(2, "blue", 3)),
        item(260, Action::Heal(None)),
        item(300, Action::Fire { node: crate::support::node(3), timer: "Recover".into() }),
    ];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned(3), Some("red"));
}
