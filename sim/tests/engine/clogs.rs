//! Clogs: messages that wait at the end of their link, and the calm that ends everything.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, Disturbance, LinkFault, MessageAddress, MessageFilter};
use orrery_sim::step::{Arrival, Event};
use orrery_sim::{
    Bandwidth, Burst, DurationRange, Law, Link, Order, Probability, Setup, SimTime, Step, World,
};
use proptest::prelude::*;

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at, at_time, crash, diary,
    idle, lab, ms, named, node, ping, pings, run, tally, world,
};

fn clog(from: u32, to: u32) -> Action<Wish> {
    Action::Clog(Cut::OneWay(vec![node(from)], vec![node(to)]))
}

fn heal(name: &str) -> Action<Wish> {
    Action::Heal(Some(name.into()))
}

/// `n1` sends to `n2` at 0, 20 and 40 ms; the way is clogged from 5 to 35 ms.
fn clogged() -> Setup<Lab> {
    let sender = Script::new()
        .on(On::Start, [Act::Send(2, ping(1)), Act::Set(Timer::Election, 20)])
        .on(On::Rings(Timer::Election), [Act::Send(2, ping(2)), Act::Set(Timer::Heartbeat, 20)])
        .on(On::Rings(Timer::Heartbeat), [Act::Send(2, ping(3))]);
    let mut setup = lab([sender, idle()]);
    setup.plan.items = vec![named("it", at_time(5, clog(1, 2))), at_time(35, heal("it"))];
    setup
}

#[test]
fn what_comes_to_a_clog_waits_and_arrives_in_order_when_it_is_healed() {
    let mut world = world(clogged());
    let mut steps = run(&mut world, 34);
    assert_eq!(world.clogged_pairs(), [(N1, N2)]);
    assert_eq!(world.closed_pairs(), []);
    assert_eq!(world.kept_back().count(), 2);
    assert_eq!(diary(&world, N2), [""; 0]);
    steps.extend(run(&mut world, 1_000));
    let expected = ["35ms Ping(1) from n1", "35ms Ping(2) from n1", "50ms Ping(3) from n1"];
    assert_eq!(diary(&world, N2), expected);
    let fates = steps.iter().filter_map(|step| match step.event {
        Event::Arrive { message, arrival, .. } => Some((message.number, arrival)),
        _ => None,
    });
    let (waits, handled) = (Arrival::Clogged, Arrival::Handled);
    assert!(fates.eq([(1, waits), (2, waits), (1, handled), (2, handled), (3, handled)]));
    assert_eq!(tally(&world, Family::Clog), (1, 1, 1));
    assert_eq!(world.counters().lost, 0);
}

#[test]
fn a_clog_that_meets_nothing_is_not_effective() {
    let mut setup = clogged();
    setup.plan.items[0].action = clog(2, 1);
    let world = after_a_second(setup);
    assert_eq!(tally(&world, Family::Clog), (1, 1, 0));
    assert_eq!(diary(&world, N2)[0], "10ms Ping(1) from n1");
}

#[test]
fn two_clogs_hold_until_both_are_healed() {
    let mut setup = clogged();
    setup.plan.items.extend([at_time(15, clog(1, 2)), at_time(60, Action::Heal(None))]);
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N2)[..2], ["60ms Ping(1) from n1", "60ms Ping(2) from n1"]);
    assert_eq!(diary(&world, N2)[2], "60ms Ping(3) from n1");
}

#[test]
fn what_waited_at_a_clog_is_judged_by_the_cuts_of_its_arrival() {
    let mut setup = clogged();
    let cut = named("cut", at_time(32, Action::Cut(Cut::Isolate(node(1)))));
    setup.plan.items.extend([cut, at_time(45, heal("cut"))]);
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N2), ["50ms Ping(3) from n1"]);
    assert_eq!(world.counters().lost, 2);
    assert_eq!(tally(&world, Family::Partition), (1, 1, 1));
}

#[test]
fn what_waits_at_a_clog_can_be_dropped_and_doubled() {
    let message = |number| MessageAddress { from: N1, to: N2, number };
    let mut setup = clogged();
    setup.plan.items.extend([
        at_time(32, Action::Drop(message(1))),
        at_time(33, Action::Duplicate(message(2))),
    ]);
    let world = after_a_second(setup);
    let expected = ["35ms Ping(2) from n1", "35ms Ping(2) from n1", "50ms Ping(3) from n1"];
    assert_eq!(diary(&world, N2), expected);
}

#[test]
fn what_arrives_at_the_moment_of_healing_stays_behind_what_waited() {
    // Both arrive when the clog is healed: one waited, one was due right then.
    let mut setup = clogged();
    setup.plan.items[1] = at_time(30, heal("it"));
    let world = after_a_second(setup);
    let expected = ["30ms Ping(1) from n1", "30ms Ping(2) from n1", "50ms Ping(3) from n1"];
    assert_eq!(diary(&world, N2), expected);
}

#[test]
fn damage_is_noticed_behind_the_clog() {
    let mut setup = clogged();
    setup.links.default.corruption = Probability::ALWAYS;
    let world = after_a_second(setup);
    assert_eq!((world.counters().damaged, world.counters().lost), (3, 0));
    assert_eq!(tally(&world, Family::Corruption), (1, 3, 3));
}

fn arrivals(steps: &[Step<Lab>]) -> Vec<(SimTime, u64)> {
    let numbers = steps.iter().filter_map(|step| match step.event {
        Event::Arrive { message, arrival: Arrival::Handled, .. } => {
            Some((step.time, message.number))
        }
        _ => None,
    });
    numbers.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn clogs_lose_nothing_and_keep_the_order(seed: u64, spans in prop::collection::vec((0..400_u64, 1..100_u64), 0..6)) {
        let again = Act::SetBetween(Timer::Heartbeat, 1, 10);
        let script = Script::new()
            .on(On::Start, [again.clone()])
            .on(On::Rings(Timer::Heartbeat), [vec![again], pings(2, 2)].concat());
        let setup = |is_clogged: bool| {
            let mut setup = lab([script.clone(), idle()]);
            setup.seed = seed;
            setup.links.default.latency = Law::Uniform(DurationRange::new(ms(0), ms(15)));
            setup.links.default.order = Order::Fifo;
            for (place, (from, length)) in spans.iter().enumerate().filter(|_| is_clogged) {
                let name = format!("clog{place}");
                setup.plan.items.push(named(&name, at_time(*from, clog(1, 2))));
                setup.plan.items.push(at_time(from + length, heal(&name)));
            }
            setup
        };
        let run_of = |is_clogged| {
            let mut world = world(setup(is_clogged));
            arrivals(&run(&mut world, 600))
        };
        let (with, without) = (run_of(true), run_of(false));
        prop_assert!(with.is_sorted_by_key(|(_, number)| *number), "{with:?}");
        prop_assert_eq!(with.len(), without.len());
        for ((late, number), (early, same)) in with.into_iter().zip(without) {
            prop_assert_eq!(number, same);
            // Nothing is early, and nothing waits but for a clog that it comes to.
            let waits = spans.iter().any(|(from, length)| late == at(from + length));
            prop_assert!(late == early || (early < late && waits));
        }
    }
}

/// A network with everything wrong with it.
fn stormy() -> Setup<Lab> {
    let again = Act::Set(Timer::Heartbeat, 1);
    let script = Script::new()
        .on(On::Start, [again.clone()])
        .on(On::Rings(Timer::Heartbeat), [Act::Send(2, ping(1)), Act::Send(3, ping(1)), again]);
    let mut setup = lab([script, idle(), idle()]);
    let half = Probability::ratio(1, 2);
    setup.links.default = Link {
        latency: Law::Constant(ms(10)),
        loss: half,
        burst: Some(Burst { begin: half, end: half, loss: half }),
        corruption: half,
        duplicate: half,
        order: Order::Fifo,
        bandwidth: Some(Bandwidth { bytes_per_second: 1_000_000, queue: None }),
    };
    let filter = MessageFilter { to: Some(node(3)), ..MessageFilter::default() };
    let fault = LinkFault::Delay(Law::Constant(ms(20)));
    setup.plan.items = vec![
        at_time(10, Action::Cut(Cut::Isolate(node(3)))),
        at_time(20, clog(1, 2)),
        at_time(30, Action::Disturb(Disturbance { filter, fault })),
        at_time(40, Action::Hold(MessageFilter::default())),
    ];
    setup
}

#[test]
fn after_the_calm_everything_arrives_once() {
    let mut setup = stormy();
    setup.plan.items.push(at_time(100, Action::Calm));
    let mut world: World<Puppet> = world(setup);
    run(&mut world, 100);
    assert_eq!(world.kept_back().count(), 0);
    assert_eq!((world.clogged_pairs(), world.closed_pairs()), (vec![], vec![]));
    let lost = world.counters().lost;
    let steps = run(&mut world, 200);
    assert_eq!(world.counters().lost, lost);
    assert!(0 < world.counters().damaged, "before the calm");
    let late = |arrivals: Vec<(SimTime, u64)>| {
        arrivals.into_iter().filter(|(time, _)| at(111) < *time && *time < at(150)).count()
    };
    // What was sent from 101 to 139 ms: the latency is as it was.
    assert_eq!(late(arrivals(&steps)), 2 * 39, "each millisecond, once to each");
    let mut stormy = world_of(stormy());
    assert_eq!(late(arrivals(&run(&mut stormy, 200))), 0);
}

fn world_of(setup: Setup<Lab>) -> World<Puppet> {
    world(setup)
}

#[test]
fn a_calm_leaves_who_is_down_and_says_whether_it_changed_anything() {
    let changes = |setup: Setup<Lab>| {
        let steps = run(&mut world(setup), 200);
        let deeds = steps.into_iter().filter_map(|step| match step.event {
            Event::Deed(deed) if deed.word == "calm" => Some(deed.changed),
            _ => None,
        });
        deeds.collect::<Vec<_>>()
    };
    let mut twice = stormy();
    twice.plan.items.extend([at_time(50, Action::Calm), at_time(60, Action::Calm)]);
    assert_eq!(changes(twice), [true, false]);
    let mut quiet = lab([idle(), idle()]);
    quiet.plan.items = vec![at_time(1, crash(node(2))), at_time(5, Action::Calm)];
    assert_eq!(changes(quiet.clone()), [false]);
    assert_eq!(diary(&after_a_second(quiet), N2), ["down"]);
}
