//! Short stories of a correct chain, each about one rule of the paper.

use orrery_protocols::chain::{Chain, Note, Parameters, Place};
use orrery_protocols::kv::Output;
use orrery_sim::plan::Action;
use orrery_sim::{Duration, Law, NodeId, Registration};

use crate::support::{Run, crash, cut, get, hold, item, ms, put, quiet, request, restart, value};

/// The client of a chain without spares that asks first.
fn client(parameters: &Parameters) -> u32 {
    parameters.servers + parameters.spares + 2
}

#[test]
fn an_update_takes_t_plus_1_delays_and_messages_and_a_query_2_and_2() {
    for servers in [1, 2, 3, 5, 10] {
        let parameters = Parameters { servers, ..Parameters::default() };
        let mut setup = quiet(1, &parameters, &[]);
        let asker = client(&parameters);
        setup.plan.items =
            vec![item(1_000, request(1, put("1"), asker)), item(2_000, request(1, get(), asker))];
        let mut run = Run::new(setup);
        run.safely_until(1_900);
        let t = u64::from(servers);
        assert_eq!(run.answers(), [(1_000 + 10 * (t + 1), Output::Written)], "t = {t}");
        assert_eq!(run.sent(&["Request", "Forward", "Reply"]), t + 1);
        assert_eq!(run.sent(&["Ack"]), t - 1);
        run.safely_until(2_900);
        assert_eq!(run.answers()[1], (2_020, value("1")));
        assert_eq!(run.sent(&["Query", "Reply"]), 1 + 2);
        assert_eq!(run.world.counters().forced_writes, t, "each server, one after the other");
    }
}

#[test]
fn the_service_times_of_section_4_make_94_and_7_ms() {
    let parameters = Parameters {
        update_service: ms(50),
        install_service: ms(20),
        query_service: ms(5),
        ..Parameters::default()
    };
    let mut setup = quiet(1, &parameters, &[]);
    setup.links.default.latency = Law::Constant(ms(1));
    setup.plan.items =
        vec![item(1_000, request(1, put("1"), 5)), item(2_000, request(1, get(), 5))];
    let mut run = Run::new(setup);
    run.safely_until(3_000);
    assert_eq!(run.answers(), [(1_094, Output::Written), (2_007, value("1"))]);
}

#[test]
fn work_waits_in_line() {
    let parameters = Parameters { query_service: ms(5), ..Parameters::default() };
    let mut setup = quiet(1, &parameters, &[]);
    setup.plan.items = vec![item(1_000, request(1, get(), 5)), item(1_000, request(2, get(), 6))];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    let times: Vec<u64> = run.answers().iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [1_025, 1_030]);
}

/// When the master took a server out of the chain.
fn failure(run: &Run) -> u64 {
    run.noted(|_, note| matches!(note, Note::Failed { .. })).unwrap()
}

#[test]
fn a_failed_head_is_replaced_within_2_delays() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    // The update waits at the client for a head: it is sent again as soon as there is one.
    setup.plan.items = vec![item(500, crash(2)), item(600, request(1, put("1"), 5))];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    let failed = failure(&run);
    let taken = run.noted(|id, note| id == NodeId(3) && matches!(note, Note::Processed { .. }));
    assert_eq!(taken, Some(failed + 20), "master to client, client to new head");
    assert_eq!(run.chain(), [3, 4]);
    assert_eq!(run.answers(), [(failed + 40, Output::Written)]);
}

#[test]
fn queries_go_on_when_the_head_fails() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = (5..20).map(|turn| item(turn * 100 + 20, request(1, get(), 5))).collect();
    setup.plan.items.push(item(510, crash(2)));
    let mut run = Run::new(setup);
    run.safely_until(2_500);
    let answers = run.answers();
    let expected: Vec<u64> = (5..20).map(|turn| turn * 100 + 40).collect();
    assert_eq!(answers.iter().map(|(time, _)| *time).collect::<Vec<u64>>(), expected);
}

#[test]
fn a_failed_tail_is_replaced_within_2_delays() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = vec![item(500, crash(4)), item(600, request(1, get(), 5))];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    let failed = failure(&run);
    let answered = run.noted(|id, note| id == NodeId(3) && matches!(note, Note::Answered { .. }));
    assert_eq!(answered, Some(failed + 20), "master to client, client to new tail");
    assert_eq!(run.chain(), [2, 3]);
}

#[test]
fn a_new_tail_answers_for_what_was_in_flight() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(500, hold(3, 4, "Forward")),
        item(510, request(1, put("1"), 5)),
        item(600, crash(4)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    // Master to n3, n3 to client.
    assert_eq!(run.answers(), [(failure(&run) + 20, Output::Written)]);
}

#[test]
fn a_failed_middle_server_costs_updates_4_delays_and_queries_nothing() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(500, hold(3, 4, "Forward")),
        item(510, request(1, put("1"), 5)),
        item(600, crash(3)),
        item(610, request(2, get(), 6)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    let failed = failure(&run);
    let there = run.noted(|id, note| id == NodeId(4) && matches!(note, Note::Processed { .. }));
    assert_eq!(there, Some(failed + 40), "to S+, back, to S-, to S+");
    assert_eq!(run.answers()[0], (630, Output::Value(None)));
    assert_eq!(run.answers()[1], (failed + 50, Output::Written));
}

#[test]
fn a_spare_becomes_the_tail_and_has_everything() {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    let mut setup = quiet(1, &parameters, &[]);
    setup.plan.items = vec![
        item(300, request(1, put("1"), 6)),
        item(500, crash(2)),
        item(2_000, request(1, get(), 6)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(3_000);
    assert_eq!(run.chain(), [3, 4, 5]);
    assert_eq!(run.server(5).hist().base, Place(1));
    let by_n5 = run.noted(|id, note| id == NodeId(5) && matches!(note, Note::Answered { .. }));
    assert_eq!(by_n5, Some(2_010));
    assert_eq!(run.answers()[1].1, value("1"));
}

#[test]
fn a_server_that_comes_back_in_time_keeps_its_place() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(300, request(1, put("1"), 5)),
        item(500, crash(3)),
        item(520, request(1, put("2"), 5)),
        item(600, restart(3)),
        item(1_500, request(1, get(), 5)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    assert_eq!(run.chain(), [2, 3, 4]);
    assert_eq!(run.answers().last(), Some(&(1_520, value("2"))), "sent again by n2");
}

#[test]
fn the_last_server_is_waited_for() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(300, request(1, put("1"), 5)),
        item(500, crash(2)),
        item(1_000, crash(3)),
        item(1_500, crash(4)),
        item(2_000, restart(2)),
        item(2_500, request(1, get(), 5)),
        item(3_000, restart(4)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_900);
    assert_eq!(run.chain(), [4], "n2 is up, and does not know what was done");
    assert_eq!(run.answers().len(), 1);
    run.safely_until(4_000);
    assert_eq!(run.chain(), [4, 2]);
}

#[test]
fn a_tail_that_is_cut_off_stops_answering_before_it_is_replaced() {
    let parameters = Parameters::default();
    let mut setup = quiet(1, &parameters, &[]);
    // n4 and the client at n6 are on one side.
    let first = (0..60).map(|turn| item(500 + 10 * turn, request(2, get(), 6)));
    setup.plan.items = first.collect();
    setup.plan.items.push(item(500, cut(&[4, 6])));
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    let last = run
        .notes
        .iter()
        .rfind(|entry| entry.node == NodeId(4) && matches!(entry.note, Note::Answered { .. }));
    let last = last.unwrap().time.as_nanos() / 1_000_000;
    assert!(last < failure(&run), "{last} ms");
    let lease = parameters.lease.as_nanos() / 1_000_000;
    assert!((500..500 + lease).contains(&last), "{last} ms");
}

#[test]
fn a_retry_takes_effect_once() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.clients.timeout = ms(100);
    let append = orrery_protocols::kv::Operation::Append { key: "x".into(), value: "a".into() };
    setup.plan.items = vec![
        item(300, hold(4, 5, "Reply")),
        item(310, request(1, append, 5)),
        item(1_000, Action::Calm),
        item(1_500, request(1, get(), 5)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    assert!(Place(1) < run.server(4).hist().last(), "it was sent again");
    assert_eq!(run.answers().last(), Some(&(1_520, value("a"))));
}

#[test]
fn a_master_that_crashes_goes_on_with_the_same_chain() {
    let mut setup = quiet(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(500, crash(2)),
        item(1_000, crash(1)),
        item(1_100, request(1, put("1"), 5)),
        item(2_000, restart(1)),
        item(3_000, request(1, get(), 5)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(4_000);
    assert_eq!(run.chain(), [3, 4]);
    assert_eq!(run.answers().last(), Some(&(3_020, value("1"))));
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |parameters: Parameters| Chain::set_up(&parameters, 5).unwrap_err();
    let default = Parameters::default;
    assert!(refused(Parameters { servers: 0, ..default() }).contains("servers"));
    assert!(refused(Parameters { servers: 4, ..default() }).contains("6 or more"));
    assert!(refused(Parameters { lease: ms(300), ..default() }).contains("suspicion"));
    assert!(refused(Parameters { heartbeat: Duration::ZERO, ..default() }).contains("heartbeat"));
    assert_eq!(Chain::fault_model(&default(), 5).drift_ppb, 100_000_000);
    let close = Parameters { suspicion: ms(202), ..default() };
    assert_eq!(Chain::fault_model(&close, 5).drift_ppb, 4_975_124);
}
