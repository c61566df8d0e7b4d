//! What clients do.

use std::sync::Arc;

use orrery_sim::client::HistoryKind;
use orrery_sim::plan::Action;
use orrery_sim::step::Event;
use orrery_sim::{ClientId, Law, NodeId, Setup, Step, World};

use super::support::{
    Act, Lab, N1, N2, N3, On, Puppet, Script, Wish, after_a_second, at, at_time, crash, diary,
    idle, lab, ms, node, ping, pong, run, world,
};

fn request(millis: u64, operation: Wish, to: Option<u32>) -> orrery_sim::plan::Item<Wish> {
    at_time(millis, Action::Request { client: ClientId(1), operation, to: to.map(node) })
}

/// One client that asks only what the plan says.
fn with_client(scripts: impl Into<Vec<Script>>) -> Setup<Lab> {
    let mut setup = lab(scripts);
    setup.clients.count = 1;
    setup.clients.entries = NodeId::all(setup.configs.len() as u32).collect();
    setup
}

fn answers(output: u32) -> Script {
    Script::new().on(On::IsAsked, [Act::Complete(output)])
}

/// The history in lines: `3ms p1 c1.1 ok 7`.
fn history(world: &World<Puppet>) -> Vec<String> {
    let entries = world.history().iter().map(|entry| {
        let what = match &entry.what {
            HistoryKind::Invoke(wish) => format!("invoke {wish:?}"),
            HistoryKind::Ok(output) => format!("ok {output}"),
            HistoryKind::Fail => String::from("fail"),
            HistoryKind::Info => String::from("info"),
        };
        let millis = entry.time.as_nanos() / 1_000_000;
        format!("{millis}ms {} {} {what}", entry.process, entry.operation)
    });
    entries.collect()
}

/// The nodes that were asked, with times in milliseconds.
fn asked(steps: &[Step<Lab>]) -> Vec<(u64, u32)> {
    let ask = |step: &Step<Lab>| match step.event {
        Event::Ask { node, .. } => Some((step.time.as_nanos() / 1_000_000, node.0)),
        _ => None,
    };
    steps.iter().filter_map(ask).collect()
}

#[test]
fn an_operation_takes_no_time_but_the_nodes() {
    let mut setup = with_client([answers(7)]);
    setup.plan.items = vec![request(3, Wish::Write(1), None)];
    let world = after_a_second(setup);
    assert_eq!(history(&world), ["3ms p1 c1.1 invoke Write(1)", "3ms p1 c1.1 ok 7"]);
    assert_eq!((world.counters().invoked, world.counters().completed), (1, 1));
    assert_eq!(world.counters().total().sent, 0);
}

#[test]
fn an_answer_may_need_other_nodes() {
    let front = Script::new()
        .on(On::IsAsked, [Act::Send(2, ping(1))])
        .on(On::Hears(pong(1)), [Act::Complete(9)]);
    let mut setup =
        with_client([front, Script::new().on(On::HearsAnything, [Act::Send(1, pong(1))])]);
    setup.plan.items = vec![request(3, Wish::Read, None)];
    assert_eq!(history(&after_a_second(setup))[1], "23ms p1 c1.1 ok 9");
}

#[test]
fn a_client_has_one_operation_open_and_the_next_one_waits() {
    let slow = Script::new()
        .on(On::IsAsked, [Act::Send(1, ping(1))])
        .on(On::HearsAnything, [Act::Complete(1)]);
    let mut setup = with_client([slow]);
    setup.plan.items = vec![
        request(1, Wish::Write(1), None),
        request(2, Wish::Write(2), None),
        request(3, Wish::Read, None),
    ];
    let expected = [
        "1ms p1 c1.1 invoke Write(1)",
        "11ms p1 c1.1 ok 1",
        "11ms p1 c1.2 invoke Write(2)",
        "21ms p1 c1.2 ok 1",
        "21ms p1 c1.3 invoke Read",
        "31ms p1 c1.3 ok 1",
    ];
    assert_eq!(history(&after_a_second(setup)), expected);
}

#[test]
fn a_client_asks_the_next_node_the_same_when_none_answers() {
    let mut setup = with_client([idle(), idle(), answers(7)]);
    setup.clients.timeout = ms(100);
    setup.plan.items = vec![request(0, Wish::Read, None)];
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    assert_eq!(asked(&steps), [(0, 1), (100, 2), (200, 3)]);
    assert_eq!(diary(&world, N2), ["100ms Read as c1.1"]);
    assert_eq!(history(&world), ["0ms p1 c1.1 invoke Read", "200ms p1 c1.1 ok 7"]);
    assert_eq!(world.counters().invoked, 1);
}

/// Servers that were cut off and believe in each other must not keep their clients for ever.
#[test]
fn a_client_leaves_nodes_that_send_it_to_each_other_and_never_answer() {
    let points_to_first = Script::new().on(On::IsAsked, [Act::Redirect(Some(N1))]);
    let mut setup = with_client([idle(), points_to_first, answers(7)]);
    setup.clients.timeout = ms(100);
    setup.plan.items = vec![request(0, Wish::Read, None)];
    // The second points to the first, which had its chance; so the third's turn comes.
    assert_eq!(asked(&run(&mut world(setup), 1_000)), [(0, 1), (100, 2), (110, 1), (210, 3)]);
}

#[test]
fn a_client_goes_on_from_a_node_that_is_down_and_stays_with_one_that_answered() {
    let mut setup = with_client([idle(), answers(7), answers(8)]);
    setup.plan.items = vec![
        at_time(1, crash(node(1))),
        request(5, Wish::Read, None),
        request(50, Wish::Read, None),
    ];
    let steps = run(&mut world(setup), 1_000);
    assert_eq!(asked(&steps), [(5, 1), (15, 2), (50, 2)]);
}

#[test]
fn a_client_follows_hints_and_goes_round_without_them() {
    let hint = Script::new().on(On::IsAsked, [Act::Redirect(Some(N3))]);
    let mut setup = with_client([hint, idle(), answers(7)]);
    setup.plan.items = vec![request(5, Wish::Read, None)];
    assert_eq!(asked(&run(&mut world(setup), 1_000)), [(5, 1), (15, 3)]);
    let away = Script::new().on(On::IsAsked, [Act::Redirect(None)]);
    let mut setup = with_client([away.clone(), away, answers(7)]);
    setup.plan.items = vec![request(5, Wish::Read, None)];
    assert_eq!(asked(&run(&mut world(setup), 1_000)), [(5, 1), (15, 2), (25, 3)]);
}

#[test]
fn a_client_does_not_follow_for_ever_nodes_that_send_it_to_each_other() {
    let to = |node| Script::new().on(On::IsAsked, [Act::Redirect(Some(node))]);
    let mut setup = with_client([to(N2), to(N1), answers(7)]);
    setup.plan.items = vec![request(5, Wish::Read, None)];
    assert_eq!(asked(&run(&mut world(setup), 1_000)), [(5, 1), (15, 2), (25, 1), (35, 2), (45, 3)]);
    let mut setup = with_client([to(N1), answers(7), idle()]);
    setup.plan.items = vec![request(5, Wish::Read, None)];
    assert_eq!(asked(&run(&mut world(setup), 1_000)), [(5, 1), (15, 1), (25, 1), (35, 1), (45, 2)]);
}

#[test]
fn only_the_node_that_was_asked_last_sends_a_client_on() {
    let late = Script::new()
        .on(On::IsAsked, [Act::Send(1, ping(1))])
        .on(On::HearsAnything, [Act::Redirect(Some(N1))]);
    let mut setup = with_client([late, idle(), idle()]);
    setup.clients.timeout = ms(5);
    setup.clients.patience = ms(18);
    setup.plan.items = vec![request(0, Wish::Read, None)];
    assert_eq!(asked(&run(&mut world(setup), 1_000)), [(0, 1), (5, 2), (10, 3), (15, 1)]);
}

#[test]
fn an_attempt_is_the_first_until_a_node_may_have_taken_it_up() {
    let answer = |first: Script, down: bool| {
        let second = Script::new().on(On::IsAsked, [Act::CompleteByAttempt]);
        let mut setup = with_client([first, second]);
        setup.clients.timeout = ms(5);
        setup.plan.items = vec![request(1, Wish::Write(1), None)];
        if down {
            setup.plan.items.insert(0, at_time(0, crash(node(1))));
        }
        history(&after_a_second(setup))[1].rsplit(' ').next().unwrap().to_owned()
    };
    let says = |act| Script::new().on(On::IsAsked, [act]);
    assert_eq!(answer(says(Act::Redirect(None)), false), "1", "the first node did nothing");
    assert_eq!(answer(says(Act::HandOver(None)), false), "2", "the first node had taken it up");
    assert_eq!(answer(idle(), false), "2", "the first node was silent");
    assert_eq!(answer(idle(), true), "1", "the first node was down");
}

#[test]
fn an_operation_that_nobody_answers_is_given_up_and_its_process_with_it() {
    let mut setup = with_client([idle()]);
    setup.clients.patience = ms(300);
    setup.clients.timeout = ms(200);
    setup.plan.items = vec![request(0, Wish::Write(1), None), request(400, Wish::Read, None)];
    let mut world = world(setup);
    let steps = run(&mut world, 500);
    assert_eq!(asked(&steps), [(0, 1), (200, 1), (400, 1)]);
    let expected =
        ["0ms p1 c1.1 invoke Write(1)", "300ms p1 c1.1 info", "400ms p2 c1.2 invoke Read"];
    assert_eq!(history(&world), expected);
    assert!(steps.iter().any(|step| matches!(step.event, Event::GiveUp { .. })));
}

#[test]
fn processes_of_different_clients_never_meet() {
    let mut setup = with_client([Script::new().on(On::IsAsked, [Act::GiveUp])]);
    setup.clients.count = 3;
    let ask =
        |client| Action::Request { client: ClientId(client), operation: Wish::Read, to: None };
    setup.plan.items = [1, 2, 3, 1, 2, 1].map(|client| at_time(1, ask(client))).to_vec();
    let world = after_a_second(setup);
    let invocations = world.history().iter().filter(|e| matches!(e.what, HistoryKind::Invoke(_)));
    let mut processes: Vec<u32> = invocations.map(|entry| entry.process.0).collect();
    processes.sort_unstable();
    assert_eq!(processes, [1, 2, 3, 4, 5, 7]);
}

#[test]
fn an_operation_that_failed_surely_keeps_its_process() {
    let mut setup = with_client([Script::new().on(On::IsAsked, [Act::Fail])]);
    setup.plan.items = vec![request(1, Wish::Read, None), request(2, Wish::Read, None)];
    let world = after_a_second(setup);
    assert_eq!(history(&world)[1..3], ["1ms p1 c1.1 fail", "2ms p1 c1.2 invoke Read"]);
    assert_eq!(world.counters().completed, 0);
}

#[test]
fn a_request_may_name_the_node_to_ask() {
    let mut setup = with_client([answers(1), answers(2)]);
    setup.plan.items = vec![request(1, Wish::Read, Some(2))];
    assert_eq!(history(&after_a_second(setup))[1], "1ms p1 c1.1 ok 2");
}

#[test]
fn an_operation_waits_for_a_paused_node_while_its_client_asks_elsewhere() {
    let mut setup = with_client([answers(1), answers(2)]);
    setup.clients.timeout = ms(20);
    setup.plan.items = vec![
        at_time(1, Action::Pause(node(1))),
        request(2, Wish::Write(3), None),
        at_time(50, Action::Resume(node(1))),
        request(60, Wish::Read, None),
    ];
    let world = after_a_second(setup);
    // The paused node hears of it all the same, and its late answer is not awaited.
    assert_eq!(diary(&world, N1), ["50ms Write(3) as c1.1"]);
    let expected = ["22ms p1 c1.1 ok 2", "60ms p1 c1.2 invoke Read", "60ms p1 c1.2 ok 2"];
    assert_eq!(history(&world)[1..], expected);
}

#[test]
fn clients_ask_of_their_own_accord_until_their_work_ends() {
    let mut setup = with_client([answers(1)]);
    setup.clients.generator =
        Some(Arc::new(|_, number, _| (number <= 3).then_some(Wish::Write(number as u32))));
    setup.clients.think = Law::Constant(ms(10));
    let world = after_a_second(setup.clone());
    let times: Vec<u64> = world.history().iter().map(|e| e.time.as_nanos() / 1_000_000).collect();
    assert_eq!(times, [10, 10, 20, 20, 30, 30]);
    setup.clients.until = at(30);
    assert_eq!(after_a_second(setup).counters().invoked, 2);
}

#[test]
fn a_client_thinks_as_long_as_it_should_however_short_its_timeout() {
    let mut setup = with_client([answers(1)]);
    setup.clients.generator = Some(Arc::new(|_, number, _| (number <= 2).then_some(Wish::Read)));
    setup.clients.think = Law::Constant(ms(400));
    setup.clients.timeout = ms(50);
    let steps = run(&mut world(setup), 1_000);
    assert_eq!(asked(&steps), [(400, 1), (800, 1)]);
}

#[test]
fn what_a_client_asks_does_not_depend_on_when_or_whom() {
    let draws = |latency: u64| {
        let slow = Script::new()
            .on(On::IsAsked, [Act::Send(1, ping(1))])
            .on(On::HearsAnything, [Act::Complete(1)]);
        let mut setup = with_client([slow]);
        setup.links.default.latency = Law::Constant(ms(latency));
        setup.clients.generator = Some(Arc::new(|_, number, draw| {
            (number <= 5).then(|| Wish::Write(draw.below(1_000_000) as u32))
        }));
        let world = after_a_second(setup);
        let asked = world.history().iter().filter_map(|entry| match &entry.what {
            HistoryKind::Invoke(wish) => Some(wish.clone()),
            _ => None,
        });
        asked.collect::<Vec<_>>()
    };
    assert_eq!(draws(1), draws(70));
    assert_eq!(draws(1).len(), 5);
}
