//! Links, cuts and holds.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, MessageAddress, MessageFilter};
use orrery_sim::step::{Arrival, Event};
use orrery_sim::{DurationRange, Law, NodeId, Order, Probability, Step};

use super::support::{
    Act, Lab, Message, N1, N2, N3, On, Script, Timer, after_a_second, at, at_time, diary, idle,
    item, lab, ms, named, node, ping, pings, pong, role, run, tally, world,
};

/// The numbers of the messages from `n1` to `n2`, in the order of their arrival.
fn arrivals(steps: &[Step<Lab>]) -> Vec<u64> {
    let numbers = steps.iter().filter_map(|step| match step.event {
        Event::Arrive { message, .. } if message.from == N1 && message.to == N2 => {
            Some(message.number)
        }
        _ => None,
    });
    numbers.collect()
}

fn message(from: NodeId, to: NodeId, number: u64) -> MessageAddress {
    MessageAddress { from, to, number }
}

/// `n1` sends to `n2` at 0, 20 and 40 ms.
fn three_pings() -> Script {
    Script::new()
        .on(On::Start, [Act::Send(2, ping(1)), Act::Set(Timer::Election, 20)])
        .on(On::Rings(Timer::Election), [Act::Send(2, ping(2)), Act::Set(Timer::Heartbeat, 20)])
        .on(On::Rings(Timer::Heartbeat), [Act::Send(2, ping(3))])
}

#[test]
fn messages_of_one_instant_arrive_in_the_order_in_which_they_were_sent() {
    let both = Script::new().on(On::Start, [Act::Send(3, ping(1)), Act::Send(3, ping(2))]);
    let world = after_a_second(lab([both.clone(), both, idle()]));
    let expected = [
        "10ms Ping(1) from n1",
        "10ms Ping(2) from n1",
        "10ms Ping(1) from n2",
        "10ms Ping(2) from n2",
    ];
    assert_eq!(diary(&world, N3), expected);
}

#[test]
fn latency_follows_the_law_of_its_link() {
    let mut setup =
        lab([Script::new().on(On::Start, [pings(2, 200), pings(3, 1)].concat()), idle(), idle()]);
    setup.links.default.latency = Law::Uniform(DurationRange::new(ms(5), ms(8)));
    let slow = orrery_sim::Link { latency: Law::Constant(ms(70)), ..setup.links.default };
    setup.links.overrides.insert((N1, N3), slow);
    let mut world = world(setup);
    let steps = run(&mut world, 60);
    assert_eq!(arrivals(&steps).len(), 200);
    let early = steps.iter().filter(|step| at(0) < step.time && step.time < at(6)).count();
    assert!(
        steps.iter().all(|step| step.time == at(0) || (at(5) <= step.time && step.time < at(8)))
    );
    // A third of 200 in the first of three milliseconds; one standard deviation is 6.7.
    assert!((40..=94).contains(&early), "{early}");
    run(&mut world, 100);
    assert_eq!(diary(&world, N3), ["70ms Ping(1) from n1"]);
}

#[test]
fn a_lossy_link_loses_its_share_and_says_so() {
    let mut setup = lab([Script::new().on(On::Start, pings(2, 400)), idle()]);
    setup.links.default.loss = Probability::ratio(1, 4);
    let world = after_a_second(setup);
    let heard = diary(&world, N2).len() as u64;
    // One standard deviation is 8.7.
    assert!((265..=335).contains(&heard), "{heard}");
    assert_eq!(world.counters().lost, 400 - heard);
    assert_eq!(tally(&world, Family::Loss), (1, 400 - heard, 400 - heard));
    assert_eq!(tally(&world, Family::Duplication), (0, 0, 0));
}

#[test]
fn a_doubled_message_arrives_twice_and_was_sent_once() {
    let mut setup = lab([Script::new().on(On::Start, pings(2, 2)), idle()]);
    setup.links.default.duplicate = Probability::ALWAYS;
    let mut world = world(setup);
    let steps = run(&mut world, 100);
    assert_eq!(diary(&world, N2).len(), 4);
    let copies =
        steps.iter().filter(|step| matches!(step.event, Event::Arrive { is_copy: true, .. }));
    assert_eq!(copies.count(), 2);
    let total = world.counters().total();
    assert_eq!((total.sent, total.delivered), (2, 4));
    assert_eq!(tally(&world, Family::Duplication), (1, 2, 2));
}

#[test]
fn an_ordered_link_keeps_the_order_that_another_would_not() {
    let orders = [false, true].map(|fifo| {
        let mut setup = lab([Script::new().on(On::Start, pings(2, 50)), idle()]);
        setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(50)));
        setup.links.default.duplicate = Probability::ratio(1, 2);
        setup.links.default.order = if fifo { Order::Fifo } else { Order::Free };
        arrivals(&run(&mut world(setup), 1_000))
    });
    assert!(!orders[0].is_sorted());
    assert!(orders[1].is_sorted());
    assert_eq!(orders[0].len(), orders[1].len());
}

#[test]
fn a_cut_takes_what_is_on_the_wire_and_is_judged_when_it_arrives() {
    let mut setup = lab([three_pings(), idle()]);
    setup.plan.items = vec![
        named("split", at_time(5, Action::Cut(Cut::Groups(vec![vec![node(1)]])))),
        at_time(25, Action::Heal(Some("split".into()))),
    ];
    let world = after_a_second(setup);
    // The first was on the wire at 5 ms; the second was sent through the cut and arrives after it.
    assert_eq!(diary(&world, N2), ["30ms Ping(2) from n1", "50ms Ping(3) from n1"]);
    assert_eq!(world.counters().lost, 1);
    assert_eq!(tally(&world, Family::Partition), (1, 1, 1));
}

#[test]
fn a_cut_that_nothing_ran_into_was_not_effective() {
    let mut setup = lab([three_pings(), idle(), idle()]);
    setup.plan.items = vec![at_time(5, Action::Cut(Cut::Isolate(node(3))))];
    assert_eq!(tally(&after_a_second(setup), Family::Partition), (1, 1, 0));
}

#[test]
fn a_one_way_cut_leaves_the_way_back_open() {
    let talk = Script::new().on(On::Start, [Act::Broadcast(ping(1))]);
    let mut setup = lab([talk.clone(), talk]);
    setup.plan.items = vec![at_time(5, Action::Cut(Cut::OneWay(vec![node(1)], vec![node(2)])))];
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N1), ["10ms Ping(1) from n2"]);
    assert!(diary(&world, N2).is_empty());
    assert_eq!(world.closed_pairs(), [(N1, N2)]);
}

#[test]
fn overlapping_cuts_heal_one_by_one() {
    let mut setup = lab([three_pings(), idle(), idle()]);
    setup.plan.items = vec![
        named("alone", at_time(1, Action::Cut(Cut::Isolate(node(1))))),
        named("halves", at_time(2, Action::Cut(Cut::Groups(vec![vec![node(1), node(3)]])))),
        at_time(15, Action::Heal(Some("alone".into()))),
        at_time(35, Action::Heal(None)),
    ];
    let mut world = world(setup);
    run(&mut world, 20);
    assert_eq!(world.closed_pairs(), [(N1, N2), (N2, N1), (N2, N3), (N3, N2)]);
    run(&mut world, 100);
    assert_eq!(diary(&world, N2), ["50ms Ping(3) from n1"]);
    assert!(world.closed_pairs().is_empty());
}

#[test]
fn isolating_a_role_cuts_off_whoever_has_it_then() {
    let chief = Script::new().on(On::Start, [Act::Become("leader", 2), Act::Broadcast(ping(1))]);
    let old = Script::new().on(On::Start, [Act::Become("leader", 1), Act::Send(3, ping(7))]);
    let mut setup = lab([old, chief, idle()]);
    setup.plan.items = vec![at_time(5, Action::Cut(Cut::Isolate(role("leader"))))];
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N3), ["10ms Ping(7) from n1"]);
    assert_eq!(world.closed_pairs(), [(N1, N2), (N2, N1), (N2, N3), (N3, N2)]);
}

#[test]
fn held_messages_wait_for_their_release_and_come_in_order() {
    let mut setup = lab([three_pings(), idle()]);
    let filter = MessageFilter {
        from: Some(node(1)),
        kind: Some("Ping".into()),
        ..MessageFilter::default()
    };
    setup.plan.items = vec![
        named("hold", at_time(15, Action::Hold(filter))),
        at_time(100, Action::Release(Some("hold".into()))),
    ];
    let mut world = world(setup);
    run(&mut world, 99);
    assert_eq!(diary(&world, N2), ["10ms Ping(1) from n1"]);
    let kept: Vec<String> = world.kept_back().map(|(address, _)| address.to_string()).collect();
    assert_eq!(kept, ["n1>n2#2", "n1>n2#3"]);
    run(&mut world, 200);
    assert_eq!(diary(&world, N2)[1..], ["100ms Ping(2) from n1", "100ms Ping(3) from n1"]);
    assert_eq!(tally(&world, Family::Hold), (1, 1, 1));
}

#[test]
fn a_hold_of_one_kind_lets_the_others_pass() {
    let both = Script::new().on(On::Start, [Act::Set(Timer::Election, 1)]);
    let both = both.on(On::Rings(Timer::Election), [Act::Send(2, ping(1)), Act::Send(2, pong(2))]);
    let mut setup = lab([both, idle()]);
    let filter = MessageFilter { kind: Some("Ping".into()), ..MessageFilter::default() };
    setup.plan.items = vec![at_time(0, Action::Hold(filter))];
    assert_eq!(diary(&after_a_second(setup), N2), ["11ms Pong(2) from n1"]);
}

#[test]
fn single_messages_are_dropped_doubled_and_hurried_by_address() {
    let mut setup = lab([Script::new().on(On::Start, pings(2, 4)), idle()]);
    setup.plan.items = vec![
        at_time(5, Action::Drop(message(N1, N2, 1))),
        at_time(6, Action::Duplicate(message(N1, N2, 3))),
        at_time(7, Action::Deliver(message(N1, N2, 4))),
        at_time(20, Action::Drop(message(N1, N2, 2))),
    ];
    let world = after_a_second(setup);
    let expected = [
        "6ms Ping(3) from n1",
        "7ms Ping(4) from n1",
        "10ms Ping(2) from n1",
        "10ms Ping(3) from n1",
    ];
    assert_eq!(diary(&world, N2), expected);
    // The last one came too late: the message had arrived.
    assert_eq!(tally(&world, Family::Intervention), (4, 4, 3));
    assert_eq!(world.counters().lost, 1);
}

#[test]
fn a_message_to_a_node_that_is_down_is_lost() {
    let mut setup = lab([three_pings(), idle()]);
    setup.plan.items = vec![at_time(15, Action::Crash { node: node(2), after_effects: None })];
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    let lost =
        |step: &&Step<Lab>| matches!(step.event, Event::Arrive { arrival: Arrival::Down, .. });
    assert_eq!(steps.iter().filter(lost).count(), 2);
    assert_eq!((diary(&world, N2), world.counters().lost), (vec!["down"], 2));
}

#[test]
#[should_panic(expected = "n1 sent to n7: the run has the nodes n1 to n2")]
fn a_message_to_nobody_is_a_bug_of_the_sender() {
    after_a_second(lab([Script::new().on(On::Start, [Act::Send(7, ping(1))]), idle()]));
}

#[test]
fn kinds_and_bytes_are_counted_exactly() {
    let text = Message::Text("abc".into());
    let script = [Act::Send(2, ping(1)), Act::Send(2, text), Act::Send(2, ping(2))];
    let world = after_a_second(lab([Script::new().on(On::Start, script), idle()]));
    let counts: Vec<_> = world.counters().messages().collect();
    let numbers: Vec<_> = counts
        .iter()
        .map(|(kind, count)| (*kind, count.sent, count.bytes, count.delivered))
        .collect();
    // A variant is one byte, a number of 32 bits four, a text four and its letters.
    assert_eq!(numbers, [("Ping", 2, 2 * (1 + 4), 2), ("Text", 1, 1 + 4 + 3, 1)]);
}

#[test]
fn a_person_may_do_what_a_plan_may() {
    let mut world = world(lab([three_pings(), idle()]));
    run(&mut world, 5);
    assert!(world.intervene(&Action::Drop(message(N1, N2, 1))).unwrap());
    assert!(!world.intervene(&Action::Cut(Cut::Isolate(role("leader")))).unwrap());
    assert!(!world.intervene(&Action::Pause(role("leader"))).unwrap());
    assert!(world.intervene(&Action::Heal(Some("no such cut".into()))).unwrap());
    run(&mut world, 35);
    assert_eq!(diary(&world, N2), ["30ms Ping(2) from n1"]);
    assert_eq!(tally(&world, Family::Intervention), (1, 1, 1));
    assert_eq!(tally(&world, Family::Partition), (0, 0, 0));
}

#[test]
fn ending_a_cut_or_hold_that_does_not_exist_ends_no_other() {
    let mut world = world(lab([three_pings(), idle()]));
    world.intervene(&Action::Cut(Cut::Isolate(node(1)))).unwrap();
    world.intervene(&Action::Heal(Some("unheard of".into()))).unwrap();
    world.intervene(&Action::Hold(MessageFilter::default())).unwrap();
    world.intervene(&Action::Release(Some("unheard of".into()))).unwrap();
    run(&mut world, 1_000);
    assert_eq!((world.closed_pairs().len(), world.kept_back().count()), (2, 3));
    let unnamed = item(orrery_sim::plan::Trigger::At(at(0)), Action::Release(None));
    world.intervene(&unnamed.action).unwrap();
    world.intervene(&Action::Heal(None)).unwrap();
    run(&mut world, 1_000);
    assert_eq!(diary(&world, N2).len(), 3);
}
