//! Short stories of correct replicas, each about one rule of the paper.

use orrery_protocols::kv::Output;
use orrery_protocols::viewstamped::{Note, OpNumber, Parameters, Status, ViewNumber, Vr};
use orrery_sim::plan::Action;
use orrery_sim::{Duration, DurationRange, NodeId, Registration};

use crate::support::{Run, crash, cut, get, hold, item, ms, put, quiet, request, restart, value};

/// Parameters under which only the plan changes views.
fn patient() -> Parameters {
    let long = Duration::from_secs(1_000);
    let view_timeout = DurationRange::new(long, long + long);
    Parameters { view_timeout, heartbeat: long, ..Parameters::default() }
}

#[test]
fn an_op_takes_2_delays_and_2_n_minus_1_messages_and_no_disk() {
    for nodes in [1, 3, 5, 7] {
        let mut setup = quiet(1, nodes, &patient(), &[]);
        setup.plan.items = vec![item(100, request(1, put("1"), 1))];
        let mut run = Run::new(setup);
        run.safely_until(500);
        let delays = if nodes == 1 { 0 } else { 20 };
        assert_eq!(run.answers(), [(100 + delays, Output::Written)], "{nodes} replicas");
        let others = u64::from(nodes) - 1;
        assert_eq!(run.world.counters().total().sent, 2 * others, "Prepare and PrepareOk");
        assert_eq!(run.world.counters().forced_writes, 0);
    }
}

#[test]
fn backups_learn_of_commitment_with_the_next_message() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![item(100, request(1, put("1"), 1))];
    let mut run = Run::new(setup);
    run.safely_until(125);
    assert_eq!(run.replica(1).commit_number(), OpNumber(1));
    assert_eq!(run.replica(2).op_number(), OpNumber(1));
    assert_eq!(run.replica(2).commit_number(), OpNumber(0));
    run.safely_until(200);
    assert_eq!(run.replica(2).commit_number(), OpNumber(1), "by Commit");
    assert_eq!(run.replica(3).state_machine(), run.replica(1).state_machine());
}

#[test]
fn clients_are_sent_to_the_primary() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![item(100, request(1, put("1"), 3))];
    let mut run = Run::new(setup);
    run.safely_until(500);
    assert_eq!(run.answers(), [(130, Output::Written)], "n3, 10 ms later n1, and 2 delays");
}

#[test]
fn a_silent_primary_is_replaced_by_the_next_in_turn() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![item(100, request(1, put("1"), 1)), item(300, crash(1))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    let asked = run.noted(|_, note| matches!(note, Note::ViewChange { .. })).unwrap();
    let led = run.noted(|id, note| {
        id == NodeId(2) && matches!(note, Note::Leads { view: ViewNumber(1), op: OpNumber(1) })
    });
    // StartViewChange there, StartViewChange or DoViewChange back.
    assert!((asked..=asked + 20).contains(&led.unwrap()), "{asked}, {led:?}");
    assert_eq!(run.replica(3).view_number(), ViewNumber(1));
    assert_eq!(run.replica(3).status(), Status::Normal);
}

#[test]
fn what_one_backup_has_survives_the_primary() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(90, hold(1, 2, "Prepare")),
        item(100, request(1, put("1"), 1)),
        item(115, crash(1)),
        item(1_000, request(2, get(), 2)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    // n3 alone has it; the log of the latest normal view that is longest is n3's.
    assert_eq!(run.answers().last().unwrap().1, value("1"));
    assert_eq!(run.answers().len(), 2, "the new primary answers the first client too");
}

#[test]
fn a_primary_without_a_quorum_commits_nothing_and_takes_over_the_new_log() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(100, request(1, put("1"), 1)),
        item(300, cut(&[1])),
        item(310, request(2, put("lost"), 1)),
        item(1_000, request(1, put("2"), 2)),
        item(1_500, Action::Heal(None)),
        item(3_000, request(1, get(), 1)),
    ];
    let mut run = Run::new(setup);
    run.until(1_400);
    assert_eq!(run.replica(1).commit_number(), OpNumber(1));
    run.safely_until(4_000);
    assert!(ViewNumber(1) <= run.replica(1).view_number());
    assert_eq!(run.replica(1).log().iter().count(), run.replica(2).log().iter().count());
    assert_eq!(run.violation, None);
}

#[test]
fn a_backup_that_missed_something_fetches_it() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(90, cut(&[3])),
        item(100, request(1, put("1"), 1)),
        item(200, Action::Heal(None)),
        item(210, request(1, put("2"), 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(500);
    assert_eq!(run.replica(3).commit_number(), OpNumber(2));
    assert_eq!(run.replica(3).view_number(), ViewNumber(0), "without a view change");
    assert!(0 < run.sent(&["NewState"]));
}

#[test]
fn a_backup_recovers_from_the_primary_within_a_round_trip() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items =
        vec![item(100, request(1, put("1"), 1)), item(300, crash(3)), item(400, restart(3))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.noted(|_, note| matches!(note, Note::Recovered { .. })), Some(420));
    assert_eq!(run.replica(3).state_machine(), run.replica(1).state_machine());
    assert_eq!(run.replica(3).view_number(), ViewNumber(0));
}

#[test]
fn a_primary_that_lost_its_memory_waits_for_the_next_view() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(100, request(1, put("1"), 1)),
        item(300, crash(1)),
        item(305, restart(1)),
        item(340, request(2, put("2"), 1)),
        item(2_000, request(1, get(), 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(400);
    assert_eq!(run.replica(1).status(), Status::Recovering, "two answers, and none of a primary");
    run.safely_until(3_000);
    let recovered = run.noted(|id, note| {
        id == NodeId(1) && matches!(note, Note::Recovered { view: ViewNumber(1), .. })
    });
    assert!(recovered.is_some());
    assert_eq!(run.answers().last().unwrap().1, value("2"));
}

#[test]
fn who_recovers_takes_part_in_nothing() {
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    // n2 cannot say anything, so that n3 does not get enough answers; n1 gets no quorum.
    setup.plan.items = vec![
        item(100, cut(&[2])),
        item(110, crash(3)),
        item(120, restart(3)),
        item(200, request(1, put("1"), 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(3_000);
    assert_eq!(run.replica(3).status(), Status::Recovering);
    assert_eq!(run.replica(1).commit_number(), OpNumber(0));
    assert!(run.answers().is_empty());
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let parameters = Parameters { heartbeat: ms(0), ..Parameters::default() };
    assert!(Vr::set_up(&parameters, 3).unwrap_err().contains("heartbeat"));
    assert!(Vr::is_core(&Parameters::default(), 5, &NodeId::all(4).collect::<Vec<_>>()));
    assert!(!Vr::is_core(&Parameters::default(), 5, &NodeId::all(3).collect::<Vec<_>>()));
    assert_eq!(Vr::fault_model(&Parameters::default(), 5).down_at_most, 1);
}
