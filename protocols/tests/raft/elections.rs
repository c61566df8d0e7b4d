//! Who is elected and who stays: Pre-Vote, check-quorum, vote stickiness, leadership transfer.

use orrery_protocols::kv::Output;
use orrery_protocols::raft::administration::Request;
use orrery_protocols::raft::bugs::{R35, R36, R37};
use orrery_protocols::raft::{Note, Operation, Parameters, Role, Term};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut};
use orrery_sim::{Bug, Duration, NodeId};

use crate::support::{
    RaftAction, Run, crash, cut, fire, item, ms, node, quiet, request, restart, scripted,
};

/// Only the plan starts elections, and a leader is current for 100 ms after it was heard.
fn steady() -> Parameters {
    let election_timeout = orrery_sim::DurationRange::new(ms(100), Duration::from_secs(1_000));
    Parameters { election_timeout, heartbeat: ms(20), ..scripted() }
}

fn with_pre_vote() -> Parameters {
    Parameters { pre_vote: true, ..scripted() }
}

fn put(client: u32, to: u32) -> RaftAction {
    request(client, crate::support::put("1"), to)
}

fn transfer(client: u32, from: u32, to: u32) -> RaftAction {
    let operation = Operation::Administrative(Request::TransferLeadership { to: NodeId(to) });
    request(client, operation, from)
}

/// What became of each operation, in order.
fn endings(run: &Run) -> Vec<&'static str> {
    let word = |kind: &HistoryKind<_>| match kind {
        HistoryKind::Invoke(_) => None,
        HistoryKind::Ok(Output::Done) => Some("done"),
        HistoryKind::Ok(_) => Some("ok"),
        HistoryKind::Fail => Some("fail"),
        HistoryKind::Info => Some("unknown"),
    };
    run.world.history().iter().filter_map(|entry| word(&entry.what)).collect()
}

#[test]
fn an_election_with_pre_vote_takes_two_rounds_and_no_more_writes() {
    let mut setup = quiet(1, 5, &with_pre_vote(), &[]);
    setup.plan.items = vec![item(10, fire(1))];
    let mut run = Run::new(setup);
    run.safely_until(11);
    assert!(matches!(run.server(1).current_role(), Role::PreCandidate { .. }));
    assert_eq!(run.server(1).current_term(), Term(0), "a question changes no term");
    run.safely_until(13);
    assert_eq!(run.leader(), None);
    run.safely_until(14);
    assert_eq!((run.leader(), run.server(2).current_term()), (Some(NodeId(1)), Term(1)));
}

#[test]
fn a_server_that_hears_a_leader_would_vote_for_nobody() {
    let mut setup = quiet(1, 3, &Parameters { pre_vote: true, ..steady() }, &[]);
    setup.plan.items =
        vec![item(10, fire(1)), item(50, fire(2)), item(60, crash(1)), item(160, fire(2))];
    let mut run = Run::new(setup);
    run.safely_until(140);
    assert_eq!(run.times(|_, note| matches!(note, Note::BecamePreCandidate { .. })), 2);
    assert_eq!((run.server(2).current_term(), run.leader()), (Term(1), None));
    // The last heartbeat was heard at 55 ms at the latest.
    run.safely_until(180);
    assert_eq!((run.server(2).current_term(), run.leader()), (Term(2), Some(NodeId(2))));
}

#[test]
fn an_isolated_server_keeps_its_term_with_pre_vote_only() {
    let term = |pre_vote: bool| {
        let mut setup = quiet(1, 5, &Parameters { pre_vote, ..Parameters::default() }, &[]);
        setup.plan.items = vec![item(10, fire(1)), item(500, cut(&[5]))];
        let mut run = Run::new(setup);
        run.safely_until(3_500);
        run.server(5).current_term()
    };
    assert_eq!(term(true), Term(1));
    assert!(Term(8) <= term(false));
}

#[test]
fn r35_a_refusal_without_a_term_leaves_two_servers_asking_for_ever() {
    let elections = |bugs: &[Bug]| {
        let parameters = Parameters {
            pre_vote: true,
            live: Some(2),
            logs: Some(vec![vec![1, 1], vec![1]]),
            terms: Some(vec![1, 3]),
            ..Parameters::default()
        };
        let mut run = Run::new(quiet(1, 3, &parameters, bugs));
        run.safely_until(5_000);
        (run.leader(), run.statistic("leader_changes").unwrap())
    };
    assert_eq!(elections(&[]), (Some(NodeId(1)), 1));
    assert_eq!(elections(&[R35]), (None, 0));
}

#[test]
fn a_leader_without_a_quorum_steps_down_in_its_own_term() {
    let steps_down = |check_quorum: bool, bugs: &[Bug]| {
        let parameters = Parameters { check_quorum, ..Parameters::default() };
        let mut setup = quiet(1, 5, &parameters, bugs);
        // Two followers are not enough for a majority of five: it takes itself and two more.
        setup.plan.items = vec![item(10, fire(1)), item(500, cut(&[1, 2]))];
        let mut run = Run::new(setup);
        run.safely_until(499);
        assert_eq!(run.times(|_, note| matches!(note, Note::LostQuorum { .. })), 0);
        run.safely_until(900);
        let has_noticed = run.times(|_, note| matches!(note, Note::LostQuorum { .. })) == 1;
        (has_noticed, run.server(1).current_term() == Term(1) && run.server(1).is_leader())
    };
    assert!(steps_down(true, &[]).0);
    assert_eq!(steps_down(false, &[]), (false, true));
    assert_eq!(steps_down(true, &[R36]), (false, true));
}

#[test]
fn a_vote_is_withheld_while_a_leader_is_heard_and_after_a_restart() {
    let leader = |sticky: bool, bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &Parameters { sticky, ..steady() }, bugs);
        setup.plan.items = vec![item(10, fire(1)), item(50, fire(2))];
        let mut run = Run::new(setup);
        // n2 will not follow an older term, which tells n1 at its next heartbeat; no vote did.
        run.safely_until(53);
        (run.leader(), run.server(3).current_term())
    };
    assert_eq!(leader(true, &[]), (Some(NodeId(1)), Term(1)));
    assert_eq!(leader(false, &[]), (Some(NodeId(2)), Term(2)));
    assert_eq!(leader(true, &[R36]), (Some(NodeId(2)), Term(2)));
    // n3 comes back at 60 ms and remembers nothing of the leader; n1 is down. It votes 100 ms later.
    let after_restart = |asked: u64| {
        let mut setup = quiet(1, 3, &Parameters { sticky: true, ..steady() }, &[]);
        setup.plan.items = vec![
            item(10, fire(1)),
            item(50, crash(1)),
            item(55, crash(3)),
            item(60, restart(3)),
            item(asked, fire(2)),
        ];
        let mut run = Run::new(setup);
        run.safely_until(asked + 10);
        run.leader()
    };
    assert_eq!(after_restart(155), None);
    assert_eq!(after_restart(165), Some(NodeId(2)));
}

#[test]
fn r37_equal_timeouts_elect_nobody() {
    let leader = |bugs: &[Bug]| {
        let mut run = Run::new(quiet(3, 3, &Parameters::default(), bugs));
        run.safely_until(10_000);
        run.leader()
    };
    assert!(leader(&[]).is_some());
    assert_eq!(leader(&[R37]), None);
}

#[test]
fn a_transfer_takes_three_delays_and_no_silence() {
    let mut setup = quiet(1, 3, &Parameters { pre_vote: true, sticky: true, ..steady() }, &[]);
    setup.clients.count = 2;
    setup.plan.items = vec![item(10, fire(1)), item(100, transfer(1, 1, 2)), item(101, put(2, 1))];
    let mut run = Run::new(setup);
    // TimeoutNow, RequestVote, the vote.
    run.safely_until(102);
    assert!(!run.server(2).is_leader());
    run.safely_until(103);
    assert!(run.server(2).is_leader());
    assert_eq!(run.server(2).current_term(), Term(2));
    // The new leader is heard a delay later. The write that waited goes to it.
    run.safely_until(200);
    assert_eq!(endings(&run), ["done", "ok"]);
    assert_eq!(run.server(2).log().last_index(), run.server(1).log().last_index());
}

#[test]
fn a_transfer_to_who_is_down_is_given_up_after_an_election_timeout() {
    let parameters = Parameters { sticky: true, ..Parameters::default() };
    let mut setup = quiet(1, 3, &parameters, &[]);
    setup.clients.count = 2;
    setup.clients.timeout = ms(2_000);
    setup.plan.items = vec![
        item(10, fire(1)),
        item(100, crash(2)),
        item(200, transfer(1, 1, 2)),
        item(210, put(2, 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(499);
    assert!(endings(&run).is_empty(), "writes wait: {:?}", endings(&run));
    run.safely_until(510);
    // TimeoutNow was sent: nobody can say that it is lost.
    assert_eq!(endings(&run), ["unknown", "ok"]);
    assert_eq!(run.times(|_, note| matches!(note, Note::TransferAbandoned { .. })), 1);
    assert_eq!(run.leader(), Some(NodeId(1)));
}

#[test]
fn a_target_is_brought_up_to_date_before_it_is_told_to_stand() {
    let mut setup = quiet(1, 3, &Parameters { sticky: true, ..steady() }, &[]);
    setup.clients.count = 2;
    let deaf = Cut::OneWay(vec![node(1)], vec![node(2)]);
    setup.plan.items = vec![
        item(10, fire(1)),
        item(50, Action::Cut(deaf)),
        item(60, put(2, 1)),
        item(90, transfer(1, 1, 2)),
        item(95, Action::Heal(None)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(96);
    assert_eq!(run.leader(), Some(NodeId(1)));
    run.safely_until(130);
    assert_eq!(run.leader(), Some(NodeId(2)));
    assert_eq!(endings(&run), ["ok", "done"]);
}
