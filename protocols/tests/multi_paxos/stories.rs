//! Short stories of a correct Multi-Paxos, each about one rule.

use orrery_protocols::kv::Output;
use orrery_protocols::multi_paxos::{Command, MultiPaxos, Note, Parameters, Quorums, ReadBy, Slot};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut, MessageAddress, MessageFilter, Target};
use orrery_sim::{Duration, DurationRange, Law, NodeId, Registration};

use crate::support::{
    Run, append, ask, crash, cut, deaf, fire, get, heal, item, ms, node, nodes, quiet, reconfigure,
    restart, scripted, value, with_clients,
};

#[test]
fn who_times_out_first_leads_and_others_follow() {
    let parameters = Parameters::default();
    let mut run = Run::new(quiet(1, 5, &parameters, &[]), &parameters);
    run.safely_until(2_000);
    assert_eq!(run.statistic("leader_changes"), Some(1));
    let leader = run.leader().unwrap();
    for id in 1..=5 {
        assert_eq!(run.server(id).acceptor().ballot_num.unwrap().leader, leader, "n{id}");
    }
}

#[test]
fn a_scout_is_refused_by_who_has_promised_a_higher_ballot() {
    // n1 and n2 scout at the same moment in round 1: b1.n2 is higher than b1.n1.
    let items = vec![item(10, fire(1)), item(10, fire(2))];
    let mut run = Run::story(3, &scripted(), &[], items);
    run.safely_until(100);
    assert_eq!(run.leader(), Some(NodeId(2)));
    let preempted = |id, note: &Note| id == NodeId(1) && matches!(note, Note::Preempted { .. });
    assert_eq!(run.times(preempted), 1);
}

#[test]
fn the_refusal_of_an_old_scout_is_no_promise_to_a_new_one() {
    let hold = |from, to, kind: Option<&str>| {
        let (from, to, kind) = (Some(node(from)), Some(node(to)), kind.map(String::from));
        Action::Hold(MessageFilter { from, to, kind, ..MessageFilter::default() })
    };
    let deliver = |from, to, number| {
        Action::Deliver(MessageAddress { from: NodeId(from), to: NodeId(to), number })
    };
    // n2 leads and has a command chosen, on its disk and that of n3. n1 knows nothing of it and has two scouts out.
    let items = vec![
        item(5, hold(1, 2, Some("P1a"))),
        item(5, hold(1, 3, None)),
        item(10, fire(1)),
        item(20, fire(2)),
        item(25, hold(2, 1, None)),
        item(30, ask(1, append("a"), 2)),
        item(40, fire(1)),
        // The new scout arrives first, then the old one: n2 refuses that, and names the ballot of the new one.
        item(41, deliver(1, 2, 4)),
        item(43, deliver(1, 2, 1)),
        // The refusal gets back, and the promise with what n2 has accepted does not.
        item(45, deliver(2, 1, 5)),
        item(50, ask(2, append("b"), 1)),
        item(60, Action::Release(None)),
        item(80, ask(3, append("c"), 1)),
    ];
    let mut run = Run::story(3, &scripted(), &[], items);
    run.safely_until(59);
    assert_eq!(run.server(1).acceptor().ballot_num, run.server(2).acceptor().ballot_num);
    assert_eq!((run.sent(&["P1b"]), run.leader()), (4, None));
    run.safely_until(200);
    assert_eq!(run.leader(), Some(NodeId(1)));
    assert_eq!(
        run.server(1).replica().decisions.get(Slot(1)),
        run.server(2).replica().decisions.get(Slot(1))
    );
}

/// n1 leads; its command for slot 2 gets to `reached` alone, that for slot 3 to all. Then n2 takes over.
fn hole(reached: &[u32]) -> Run {
    let lost: Vec<u32> = (2..=5).filter(|id| !reached.contains(id)).collect();
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("1"), 1)),
        item(100, deaf(1, &lost)),
        item(101, ask(1, append("2"), 1)),
        item(103, heal()),
        item(104, ask(2, append("3"), 1)),
        item(110, crash(1)),
        item(120, fire(2)),
        item(150, ask(3, get(), 2)),
        item(200, restart(1)),
        item(250, ask(3, get(), 2)),
    ];
    let mut run = Run::story(5, &scripted(), &[], items);
    run.safely_until(109);
    assert_eq!(run.slot_out(1), Slot(if reached.len() < 2 { 2 } else { 4 }));
    run.safely_until(300);
    run
}

#[test]
fn a_gap_is_filled_with_a_command_that_does_nothing() {
    let run = hole(&[]);
    let fills = |id, note: &Note| {
        id == NodeId(2) && matches!(note, Note::Proposed { slot: Slot(2), fills_gap: true, .. })
    };
    assert_eq!(run.times(fills), 1);
    assert_eq!(run.answers().last(), Some(&(3, value("13"))));
    // n1 had accepted another command for that slot, and performs what was chosen.
    assert_eq!(run.server(1).replica().decisions.get(Slot(2)), Some(&Command::NO_OP));
    assert_eq!(run.slot_out(1), Slot(4));
}

#[test]
fn what_was_chosen_behind_a_gap_is_proposed_again() {
    let run = hole(&[3, 4]);
    assert_eq!(run.answers().last(), Some(&(3, value("123"))));
    assert!(!run.came_by("gap-filled"));
}

#[test]
fn what_a_minority_accepted_may_be_chosen_later() {
    // n3 alone has slot 2, and is in n2's quorum because n4 and n5 are away.
    let items = vec![
        item(10, fire(1)),
        item(50, deaf(1, &[2, 4, 5])),
        item(51, ask(1, append("1"), 1)),
        item(53, crash(1)),
        item(53, heal()),
        item(53, crash(4)),
        item(60, fire(2)),
        item(100, ask(2, get(), 2)),
    ];
    let mut run = Run::story(5, &scripted(), &[], items);
    run.safely_until(200);
    assert_eq!(run.answers(), [(2, value("1"))], "nobody had been told of it, and it is there");
}

#[test]
fn commands_are_pipelined_within_the_window() {
    let parameters = Parameters { alpha: 2, ..scripted() };
    let asks = (1..=3).map(|client| item(50, ask(client, append("a"), 1)));
    let mut run =
        Run::story(3, &parameters, &[], [item(10, fire(1))].into_iter().chain(asks).collect());
    run.safely_until(51);
    assert_eq!(run.server(1).leadership().unwrap().commanders.len(), 2);
    assert!(run.came_by("window-full"));
    run.safely_until(60);
    assert_eq!((run.answers().len(), run.slot_out(1)), (3, Slot(4)));
}

#[test]
fn lost_messages_are_sent_again_at_heartbeats() {
    let parameters = Parameters { heartbeat: ms(50), ..scripted() };
    let items = vec![
        item(10, fire(1)),
        item(100, deaf(1, &[2, 3])),
        item(101, ask(1, append("a"), 1)),
        item(103, heal()),
    ];
    let mut run = Run::story(3, &parameters, &[], items);
    run.safely_until(300);
    assert_eq!(run.answers(), [(1, Output::Written)]);
    assert_eq!(run.sent(&["P2a"]), 4);
}

#[test]
fn a_promise_and_what_was_accepted_outlive_a_crash() {
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(60, crash(1)),
        item(60, crash(2)),
        item(60, crash(3)),
        item(70, restart(2)),
        item(70, restart(3)),
        item(80, fire(3)),
        item(100, ask(2, get(), 3)),
    ];
    let mut run = Run::story(3, &scripted(), &[], items);
    run.safely_until(75);
    assert_eq!(run.server(2).acceptor().ballot_num.unwrap().leader, NodeId(1));
    assert_eq!(run.slot_out(2), Slot(1), "what is chosen, it has to learn again");
    run.safely_until(200);
    assert_eq!(run.answers().last(), Some(&(2, value("a"))));
}

#[test]
fn a_deposed_leader_answers_no_read() {
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("old"), 1)),
        item(100, cut(&[1])),
        item(110, fire(2)),
        item(150, ask(1, append("new"), 2)),
        item(200, ask(2, get(), 1)),
        item(250, heal()),
        item(260, ask(3, get(), 2)),
    ];
    let mut run = Run::story(3, &scripted(), &[], items);
    run.safely_until(249);
    assert_eq!(run.answers().len(), 2, "the read waits for a quorum that n1 does not have");
    run.safely_until(400);
    assert!(run.answers()[2..].iter().all(|(_, output)| *output == value("oldnew")));
    assert_eq!(run.answers().len(), 4);
}

#[test]
fn a_new_leader_reads_only_when_it_has_performed_what_it_found() {
    // n2 knows nothing of slot 1 but by its scout; slot 1 is held up again when it proposes it.
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(60, crash(1)),
        item(70, fire(2)),
        item(71, Action::Hold(MessageFilter::default())),
        item(90, ask(2, get(), 2)),
        item(200, Action::Release(None)),
    ];
    let mut run = Run::story(3, &scripted(), &[], items);
    run.safely_until(199);
    assert_eq!(run.answers().len(), 1);
    run.safely_until(300);
    assert_eq!(run.answers()[1], (2, value("a")));
}

#[test]
fn acceptors_that_gave_a_lease_promise_nothing_to_others() {
    let lease = Some(ms(400));
    let parameters = Parameters { reads: ReadBy::Lease, lease, heartbeat: ms(50), ..scripted() };
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(100, cut(&[1])),
        item(110, fire(2)),
        item(120, ask(2, get(), 1)),
        item(420, ask(2, get(), 1)),
        item(1_000, fire(2)),
        item(1_010, ask(3, append("b"), 2)),
    ];
    let mut run = Run::story(3, &parameters, &[], items);
    run.safely_until(999);
    // 400 ms, less by what two clocks may differ, from the last round that was answered: that of 62 ms.
    assert_eq!(run.answers(), [(1, Output::Written), (2, value("a"))]);
    assert_eq!(run.leader(), Some(NodeId(1)));
    run.safely_until(2_000);
    assert_eq!(run.leader(), Some(NodeId(2)));
}

#[test]
fn a_server_that_restarts_gives_no_promise_while_a_lease_may_last() {
    let parameters = Parameters { lease: Some(ms(400)), heartbeat: ms(50), ..scripted() };
    let items = vec![
        item(10, fire(1)),
        item(100, cut(&[1])),
        item(100, crash(2)),
        item(110, restart(2)),
        item(505, fire(3)),
        item(600, fire(3)),
    ];
    let mut run = Run::story(3, &parameters, &[], items);
    run.safely_until(599);
    assert!(run.came_by("lease-refuses-scout"), "n3's own is over, that of n2 begins anew");
    assert_eq!(run.leader(), Some(NodeId(1)));
    run.safely_until(700);
    assert_eq!(run.leader(), Some(NodeId(3)));
}

#[test]
fn a_disk_that_is_lost_costs_the_vote() {
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(100, Action::Wipe(node(2))),
        item(110, restart(2)),
        item(120, crash(3)),
        item(130, ask(1, append("b"), 1)),
        item(200, restart(3)),
        item(210, ask(2, get(), 1)),
    ];
    let mut run = Run::story(3, &scripted(), &[], items);
    run.safely_until(199);
    assert_eq!(run.answers().len(), 1, "n1 has no quorum with n2");
    assert_eq!(orrery_sim::Node::role(run.server(2)), "learner");
    // It learns, and keeps nothing: after another restart it is known for what it is.
    assert_eq!(run.times(|id, note| id == NodeId(2) && *note == Note::DiskLost), 1);
    run.safely_until(300);
    assert_eq!(run.slot_out(2), Slot(2));
    assert!(run.world.journal(NodeId(2)).records().is_empty());
}

#[test]
fn a_snapshot_takes_the_place_of_slots() {
    let parameters = Parameters { snapshot_every: Some(4), ..scripted() };
    let mut items = vec![item(10, fire(1)), item(20, cut(&[3]))];
    items.extend((0..10).map(|k| item(50 + 10 * k, ask(1, append(&k.to_string()), 1))));
    items.extend([
        item(200, heal()),
        item(210, ask(2, get(), 1)),
        // What n3 accepts now takes the snapshot to its disk.
        item(250, ask(2, append("x"), 1)),
        item(300, crash(3)),
        item(310, restart(3)),
    ]);
    let mut run = Run::story(3, &parameters, &[], items);
    run.safely_until(199);
    assert_eq!(run.slot_out(3), Slot(1));
    assert_eq!(run.server(1).replica().decisions.first(), Slot(9));
    run.safely_until(299);
    assert_eq!((run.slot_out(3), run.sent(&["InstallSnapshot"])), (Slot(11), 1));
    run.safely_until(320);
    assert_eq!(run.slot_out(3), Slot(11), "from its own snapshot");
    assert_eq!(run.statistic("snapshots_installed"), Some(2));
}

#[test]
fn a_scout_that_lags_behind_a_snapshot_gets_it_with_the_promise() {
    let parameters = Parameters { snapshot_every: Some(2), ..scripted() };
    let mut items = vec![item(10, fire(1)), item(20, cut(&[3]))];
    items.extend((0..4).map(|k| item(50 + 10 * k, ask(1, append(&k.to_string()), 1))));
    items.extend([
        item(200, crash(1)),
        item(200, heal()),
        item(210, fire(3)),
        item(250, ask(2, get(), 3)),
    ]);
    let mut run = Run::story(3, &parameters, &[], items);
    run.safely_until(300);
    assert_eq!(run.answers().last(), Some(&(2, value("0123"))));
    assert_eq!(run.leader(), Some(NodeId(3)));
}

#[test]
fn a_configuration_takes_effect_alpha_slots_later() {
    let parameters = Parameters { acceptors: Some(3), alpha: 4, ..scripted() };
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(100, reconfigure(2, &[1, 4, 5], 1)),
        item(200, crash(2)),
        item(200, crash(3)),
        item(210, ask(1, append("b"), 1)),
        item(300, ask(1, get(), 1)),
    ];
    let mut run = Run::story(5, &parameters, &[], items);
    run.safely_until(400);
    let done = [(1, Output::Written), (2, Output::Done), (1, Output::Written), (1, value("ab"))];
    assert_eq!(run.answers(), done);
    let is_it = |note: &Note| matches!(note, Note::Reconfigured { governs_from: Slot(6), members } if *members == nodes(&[1, 4, 5]));
    assert!(run.times(|_, note| is_it(note)) >= 3);
    assert_eq!(run.server(1).replica().configurations.governing(Slot(5)), nodes(&[1, 2, 3]));
    // Slots 3 to 5 were filled with nothing, to get there: b is in slot 6.
    assert_eq!(run.slot_out(1), Slot(7));
}

#[test]
fn a_leader_that_is_removed_retires_and_others_elect() {
    let parameters = Parameters { acceptors: Some(3), alpha: 4, ..Parameters::default() };
    let mut setup = quiet(1, 5, &parameters, &[]);
    setup.plan.items = vec![
        item(10, fire(1)),
        item(100, reconfigure(1, &[3, 4, 5], 1)),
        item(1_000, crash(1)),
        item(1_000, crash(2)),
        item(1_100, ask(2, append("a"), 4)),
    ];
    setup.clients.timeout = ms(300);
    let mut run = Run::new(setup, &parameters);
    run.safely_until(3_000);
    assert_eq!(run.times(|id, note| id == NodeId(1) && matches!(note, Note::Retired { .. })), 1);
    assert!(run.leader().is_some_and(|leader| 3 <= leader.0));
    assert_eq!(run.answers(), [(1, Output::Done), (2, Output::Written)]);
}

#[test]
fn what_is_no_configuration_is_refused() {
    let parameters = Parameters { acceptors: Some(3), ..scripted() };
    let sizes =
        Parameters { quorums: Quorums::Sizes { phase_1: 2, phase_2: 2 }, ..parameters.clone() };
    for (parameters, members) in
        [(&parameters, &[1_u32, 9][..]), (&parameters, &[]), (&sizes, &[1, 2, 3, 4])]
    {
        let items = vec![item(10, fire(1)), item(50, reconfigure(1, members, 1))];
        let mut run = Run::story(5, parameters, &[], items);
        run.safely_until(100);
        let ends = run.world.history().iter().map(|entry| entry.what == HistoryKind::Fail);
        assert_eq!(ends.collect::<Vec<bool>>(), [false, true], "{members:?}");
    }
}

#[test]
fn flexible_quorums_live_with_two_of_six_until_somebody_else_is_to_lead() {
    let quorums = Quorums::Sizes { phase_1: 5, phase_2: 2 };
    let parameters = Parameters { quorums, heartbeat: ms(50), ..scripted() };
    let mut items = vec![item(10, fire(1))];
    items.extend((3..=6).map(|id| item(50, crash(id))));
    items.extend([item(60, ask(1, append("a"), 1)), item(100, crash(1)), item(110, fire(2))]);
    items.extend((3..=5).map(|id| item(200, restart(id))));
    items.extend([item(190, ask(2, get(), 2)), item(210, fire(2)), item(300, ask(3, get(), 2))]);
    let mut setup = quiet(1, 6, &parameters, &[]);
    setup.plan.items = items;
    setup.clients.entries = nodes(&[2]);
    let mut run = Run::new(setup, &parameters);
    run.safely_until(99);
    assert_eq!(run.answers(), [(1, Output::Written)]);
    run.safely_until(199);
    assert_eq!(run.leader(), None, "one promise of five");
    run.safely_until(400);
    assert_eq!(run.leader(), None, "1, 2, 3 or 4 of six are not five");
}

#[test]
fn a_grid_chooses_by_columns_and_elects_by_rows() {
    let quorums = Quorums::Grid { rows: 2, columns: 3 };
    let parameters = Parameters { quorums, ..scripted() };
    // n1 n2 n3 / n4 n5 n6: a row promises, a column accepts.
    let items = vec![
        item(5, cut(&[4, 5, 6])),
        item(10, fire(1)),
        item(20, heal()),
        item(30, cut(&[2, 3, 5, 6])),
        item(50, ask(1, append("a"), 1)),
    ];
    let mut run = Run::story(6, &parameters, &[], items);
    run.safely_until(100);
    assert_eq!(run.answers(), [(1, Output::Written)], "n1 and n4 are a column");
}

#[test]
fn a_retry_after_a_lost_answer_takes_effect_once() {
    let parameters = scripted();
    let mut setup = quiet(1, 3, &parameters, &[]);
    setup.clients.timeout = ms(100);
    setup.plan.items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(51, crash(1)),
        item(60, fire(2)),
        item(400, ask(2, get(), 2)),
    ];
    let mut run = Run::new(setup, &parameters);
    run.safely_until(600);
    // The retry finds the session, or none: it never appends twice.
    assert_eq!(run.answers().last(), Some(&(2, value("a"))));
}

#[test]
fn idle_sessions_end_by_decision_of_the_log() {
    let session_timeout = Some(ms(300));
    let parameters = Parameters { session_timeout, heartbeat: ms(50), ..scripted() };
    let items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("a"), 1)),
        item(200, ask(2, append("b"), 1)),
        item(400, ask(2, append("c"), 1)),
    ];
    let mut run = Run::story(3, &parameters, &[], items);
    run.safely_until(550);
    for id in 1..=3 {
        let clients: Vec<u32> =
            run.server(id).replica().store.sessions().map(|(client, _)| client.0).collect();
        assert_eq!(clients, [2], "n{id}");
    }
}

#[test]
fn a_learner_may_lag_without_bound() {
    let parameters = Parameters { acceptors: Some(3), ..Parameters::default() };
    let mut setup = quiet(5, 4, &parameters, &[]);
    with_clients(&mut setup);
    setup.clients.entries = nodes(&[1, 2, 3]);
    setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(5)));
    setup.plan.items = vec![item(0, Action::Cut(Cut::Isolate(Target::Node(NodeId(4)))))];
    let mut run = Run::new(setup, &parameters);
    run.safely_until(5_000);
    assert!(Slot(300) < run.slot_out(1) && run.slot_out(4) == Slot(1));
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |parameters: Parameters| MultiPaxos::set_up(&parameters, 6).unwrap_err();
    let default = Parameters::default;
    assert!(refused(Parameters { alpha: 0, ..default() }).contains("alpha"));
    assert!(refused(Parameters { acceptors: Some(7), ..default() }).contains("acceptors"));
    assert!(refused(Parameters { reads: ReadBy::Lease, ..default() }).contains("lease"));
    assert!(refused(Parameters { max_commands: 0, ..default() }).contains("max_commands"));
    assert!(refused(Parameters { heartbeat: Duration::ZERO, ..default() }).contains("heartbeat"));
    let quorums = Quorums::Sizes { phase_1: 3, phase_2: 3 };
    let error = refused(Parameters { quorums, ..default() });
    assert!(error.contains("at least 7"), "{error}");
}

#[test]
fn the_fault_model_and_the_core_follow_the_quorums() {
    let parameters = Parameters::default();
    let model = MultiPaxos::fault_model(&parameters, 5);
    assert_eq!(model.down_at_most, 2);
    assert!(MultiPaxos::is_core(&parameters, 5, &nodes(&[1, 3, 5])));
    assert!(!MultiPaxos::is_core(&parameters, 5, &nodes(&[1, 3])));
    assert_eq!(MultiPaxos::ADMINISTRATIVE, ["Reconfigure"]);
}
