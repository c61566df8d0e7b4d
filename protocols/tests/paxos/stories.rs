//! Short stories of a correct Paxos, each about one rule of the paper.

use orrery_protocols::paxos::{Ballot, Note, Parameters, Paxos};
use orrery_sim::plan::Action;
use orrery_sim::{Law, NodeId, Registration};

use crate::support::{
    Run, crash, cut, hold, item, ms, node, patient, propose, quiet, restart, span,
};

fn ballot(round: u64, proposer: u32) -> Ballot {
    Ballot { round, proposer: NodeId(proposer) }
}

#[test]
fn a_lone_proposer_gets_its_value() {
    let mut setup = quiet(1, 3, &patient(), &[]);
    setup.plan.items = vec![item(100, propose(1, "red", 1))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    for id in 1..=3 {
        assert_eq!(run.learned(id), Some("red"), "n{id}");
        let acceptor = run.process(id).acceptor().unwrap();
        assert_eq!(acceptor.promised, Some(ballot(1, 1)));
        assert_eq!(acceptor.accepted.as_ref().unwrap().value, "red");
    }
    assert_eq!(run.answers(), [(1, "red".into())]);
}

#[test]
fn who_comes_later_gets_what_was_chosen() {
    for remembers in [true, false] {
        let parameters = Parameters { remembers, ..patient() };
        let mut setup = quiet(1, 3, &parameters, &[]);
        setup.plan.items = vec![item(100, propose(1, "red", 1)), item(300, propose(2, "blue", 3))];
        let mut run = Run::new(setup);
        run.safely_until(1_000);
        assert_eq!(run.answers(), [(1, "red".into()), (2, "red".into())]);
        let ballots = if remembers { 1 } else { 2 };
        assert_eq!(run.statistic("ballots"), Some(ballots), "remembers: {remembers}");
    }
}

/// A process alone is a majority of one.
#[test]
fn one_process_decides_by_itself_once_its_disk_has_answered() {
    let mut setup = quiet(1, 1, &patient(), &[]);
    setup.disk.sync = Law::Constant(ms(5));
    setup.plan.items = vec![item(100, propose(1, "red", 1))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned_at(), [(1, 110)], "two writes, one after the other");
}

/// §2.2: the number of a proposal is above all that its proposer has heard of.
#[test]
fn a_proposer_goes_above_what_stands_in_its_way() {
    let parameters = Parameters { backoff: span(50, 51), ..patient() };
    let mut setup = quiet(1, 3, &parameters, &[]);
    setup.plan.items = vec![
        item(100, cut(&[1])),
        item(110, propose(2, "blue", 2)),
        item(135, crash(2)), // n2 and n3 have promised 1.n2; nothing is accepted.
        item(145, Action::Heal(None)),
        item(150, propose(1, "red", 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    // 1.n1 is below 1.n2, and n3 says so.
    let gave_way = Note::GaveWay { ballot: ballot(1, 1), to: ballot(1, 2) };
    assert!(run.notes.iter().any(|entry| entry.note == gave_way), "{:?}", run.notes);
    assert_eq!(run.process(3).acceptor().unwrap().promised, Some(ballot(2, 1)));
    assert_eq!(run.learned(3), Some("blue"), "n3 had accepted it");
}

/// §2.5: a proposer remembers the highest number that it has tried.
#[test]
fn a_proposer_that_restarts_takes_a_new_number() {
    let mut setup = quiet(1, 3, &patient(), &[]);
    setup.plan.items = vec![
        item(90, cut(&[1])),
        item(100, propose(1, "red", 1)),
        item(110, crash(1)),
        item(120, restart(1)),
        item(130, Action::Heal(None)),
        item(140, propose(2, "blue", 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.process(3).acceptor().unwrap().promised, Some(ballot(2, 1)));
    assert_eq!(run.learned(3), Some("blue"));
}

/// §2.3: acceptors may tell all learners at once.
#[test]
fn separate_agents_play_their_parts() {
    let ids = |from: u32, to: u32| Some((from..=to).map(NodeId).collect());
    let parameters = Parameters {
        proposers: ids(1, 2),
        acceptors: ids(3, 5),
        learners: ids(6, 7),
        learning: orrery_protocols::paxos::Learning::Everybody,
        ..patient()
    };
    let mut setup = quiet(1, 7, &parameters, &[]);
    setup.plan.items = vec![item(100, propose(1, "red", 1))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned_at(), [(1, 140), (6, 140), (7, 140)], "four delays for all");
    assert!(run.process(1).acceptor().is_none() && run.process(3).proposer().is_none());
    assert_eq!(run.process(2).learned(), None, "n2 is no learner, and has proposed nothing");
}

/// §2.4: a distinguished proposer does phase 1 ahead of time. Others send clients to it.
#[test]
fn a_distinguished_proposer_is_ready_when_a_client_comes() {
    let parameters = Parameters { distinguished: Some(NodeId(2)), ..patient() };
    let mut setup = quiet(1, 5, &parameters, &[]);
    setup.plan.items = vec![item(100, propose(1, "red", 1))];
    setup.clients.retry = ms(0);
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned_at()[0], (2, 120), "two delays");
    assert_eq!(run.answers(), [(1, "red".into())]);
}

/// Without nacks (N5) a proposer finds out by its timeout, and nothing else changes.
#[test]
fn acceptors_need_not_say_no() {
    for nacks in [true, false] {
        let parameters = Parameters { nacks, timeout: span(200, 201), ..patient() };
        let mut setup = quiet(1, 3, &parameters, &[]);
        setup.plan.items = vec![
            item(100, hold(1, 3, "Accept")),
            item(100, hold(1, 2, "Accept")),
            item(100, propose(1, "red", 1)),
            item(130, cut(&[1])),
            item(140, propose(2, "blue", 2)),
            item(220, Action::Heal(None)),
            item(230, Action::Release(None)),
        ];
        let mut run = Run::new(setup);
        run.safely_until(2_000);
        assert_eq!(run.learned(2), Some("blue"));
        let is_told = run.notes.iter().any(|entry| matches!(entry.note, Note::GaveWay { .. }));
        assert_eq!(is_told, nacks);
        let says_no = run.world.counters().messages().any(|(kind, _)| kind == "Nack");
        assert_eq!(says_no, nacks);
    }
}

/// *Paxos Made Live*, §5.1: an acceptor that lost its disk must not vote.
#[test]
fn a_process_without_its_disk_only_learns() {
    let mut setup = quiet(1, 3, &patient(), &[]);
    setup.plan.items = vec![
        item(100, propose(1, "red", 1)),
        item(200, Action::Wipe(node(2))),
        item(210, restart(2)),
        item(220, crash(1)),
        item(230, propose(2, "blue", 2)),
        item(240, propose(3, "green", 2)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    let process = run.process(2);
    assert!(process.acceptor().is_none() && process.proposer().is_none());
    assert!(run.notes.iter().any(|entry| entry.note == Note::LostDisk));
}

/// Whoever crashes before its first record was durable cannot know that nothing was lost.
#[test]
fn a_process_that_never_joined_stays_out() {
    let mut setup = quiet(1, 3, &patient(), &[]);
    setup.disk.sync = Law::Constant(ms(5));
    setup.plan.items = vec![item(3, crash(2)), item(10, restart(2)), item(20, crash(3))];
    setup.plan.items.push(item(30, restart(3)));
    let mut run = Run::new(setup);
    run.safely_until(100);
    assert!(run.process(2).acceptor().is_none());
    assert!(run.process(3).acceptor().is_some());
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let ids = |ids: &[u32]| Some(ids.iter().map(|id| NodeId(*id)).collect());
    for (wrong, names) in [
        (Parameters { acceptors: ids(&[1, 4]), ..Parameters::default() }, "n4"),
        (Parameters { acceptors: ids(&[1, 1]), ..Parameters::default() }, "twice"),
        (Parameters { proposers: ids(&[]), ..Parameters::default() }, "empty"),
        (
            Parameters {
                proposers: ids(&[1]),
                distinguished: Some(NodeId(2)),
                ..Parameters::default()
            },
            "n2",
        ),
        (Parameters { timeout: span(0, 10), ..Parameters::default() }, "timeout"),
    ] {
        let error = Paxos::set_up(&wrong, 3).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
