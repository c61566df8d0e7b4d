//! What links do by their own laws: bursts, damage, order, bandwidth.

use orrery_sim::ledger::Family;
use orrery_sim::plan::Action;
use orrery_sim::step::{Arrival, Event, Outcome, Passage};
use orrery_sim::{
    Bandwidth, Burst, Duration, DurationRange, Law, Link, Order, Probability, Setup, SetupError,
    SimTime, Step, Topology, World,
};
use proptest::prelude::*;

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, after_a_second, at, at_time, crash, diary, idle,
    lab, ms, node, ping, pings, pong, run, tally, world,
};

/// `n1` sends so many pings to `n2` over a link of this law.
fn link_of(law: Link, count: u32) -> Setup<Lab> {
    let mut setup = lab([Script::new().on(On::Start, pings(2, count)), idle()]);
    setup.links.default = law;
    setup
}

/// What the link decided about each message from `n1` to `n2`, in the order in which they were sent.
fn passages(steps: &[Step<Lab>]) -> Vec<Passage> {
    let outcomes = steps.iter().flat_map(|step| &step.outcomes);
    let sent = outcomes.filter_map(|outcome| match outcome {
        Outcome::Sent { message, passage, .. } if (message.from, message.to) == (N1, N2) => {
            Some(*passage)
        }
        _ => None,
    });
    sent.collect()
}

fn lost(setup: Setup<Lab>) -> Vec<bool> {
    passages(&run(&mut world(setup), 1_000)).iter().map(Passage::is_lost).collect()
}

/// How long runs of losses are on average, in thousandths.
fn mean_run(lost: &[bool]) -> usize {
    let starts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    1_000 * lost.iter().filter(|lost| **lost).count() / starts
}

#[test]
fn bursts_lose_messages_in_runs() {
    // One in ten begins a burst, one in four ends it: 2 of 7 messages, in runs of four.
    let (begin, end) = (Probability::ratio(1, 10), Probability::ratio(1, 4));
    let burst = Burst { begin, end, loss: Probability::ALWAYS };
    let bursty = Link { burst: Some(burst), ..Link::default() };
    let evenly = Link { loss: Probability::ratio(2, 7), ..Link::default() };
    let [bursty, evenly] = [bursty, evenly].map(|law| lost(link_of(law, 4_000)));
    let share = |lost: &[bool]| lost.iter().filter(|lost| **lost).count();
    // One standard deviation of the shares is 62 and 29, of the mean runs 0.2 and 0.03.
    assert!((956..=1_330).contains(&share(&bursty)), "{}", share(&bursty));
    assert!((1_055..=1_230).contains(&share(&evenly)), "{}", share(&evenly));
    assert!((3_400..=4_600).contains(&mean_run(&bursty)), "{}", mean_run(&bursty));
    assert!((1_300..=1_500).contains(&mean_run(&evenly)), "{}", mean_run(&evenly));
}

#[test]
fn a_burst_that_loses_nothing_is_planned_and_no_more() {
    let burst = |loss| {
        let burst = Burst { begin: Probability::ALWAYS, end: Probability::NEVER, loss };
        after_a_second(link_of(Link { burst: Some(burst), ..Link::default() }, 10))
    };
    let (harmless, deadly) = (burst(Probability::NEVER), burst(Probability::ALWAYS));
    assert_eq!(tally(&harmless, Family::Burst), (1, 0, 0));
    assert_eq!(tally(&deadly, Family::Burst), (1, 10, 10));
    assert_eq!(tally(&deadly, Family::Loss), (0, 0, 0));
    assert_eq!((diary(&harmless, N2).len(), diary(&deadly, N2).len()), (10, 0));
    assert_eq!((harmless.counters().lost, deadly.counters().lost), (0, 10));
}

fn damaging() -> Link {
    Link { latency: Law::Constant(ms(10)), corruption: Probability::ALWAYS, ..Link::default() }
}

#[test]
fn a_damaged_message_is_discarded_where_it_arrives() {
    let mut world = world(link_of(damaging(), 2));
    let steps = run(&mut world, 1_000);
    assert_eq!(diary(&world, N2), [""; 0]);
    let arrivals = steps.iter().filter_map(|step| match step.event {
        Event::Arrive { arrival, .. } => Some((step.time, arrival, step.handled_by)),
        _ => None,
    });
    assert!(arrivals.eq([(at(10), Arrival::Damaged, None); 2]));
    assert_eq!(passages(&steps), [Passage::Damaged { at: at(10), copy: None }; 2]);
    assert_eq!((world.counters().damaged, world.counters().lost), (2, 0));
    assert_eq!(world.counters().total().delivered, 0);
    assert_eq!(tally(&world, Family::Corruption), (1, 2, 2));
}

#[test]
fn damage_to_what_nobody_would_have_heard_changes_nothing() {
    let mut setup = link_of(damaging(), 2);
    setup.plan.items = vec![at_time(5, crash(node(2)))];
    let world = after_a_second(setup);
    assert_eq!(tally(&world, Family::Corruption), (1, 2, 0));
    assert_eq!((world.counters().damaged, world.counters().lost), (0, 2));
}

#[test]
fn a_protocol_without_a_checksum_reads_something_else() {
    let script = Script::new().on(On::Start, [Act::Send(2, pong(1)), Act::Send(2, pong(2))]);
    let setup = |corruption| {
        let mut setup = lab([script.clone(), idle()]);
        setup.links.default.corruption = corruption;
        setup
    };
    let world = after_a_second(setup(Probability::ALWAYS));
    assert_eq!(diary(&world, N2).len(), 2);
    for (place, line) in diary(&world, N2).into_iter().enumerate() {
        // What it reads is drawn at the message's own address.
        assert!(line.ends_with(&format!("0{}) from n1", place + 1)), "{line}");
        assert_ne!(line, format!("10ms Pong({}) from n1", place + 1));
    }
    assert_eq!(tally(&world, Family::Corruption), (1, 2, 2));
    let whole = after_a_second(setup(Probability::NEVER));
    assert_eq!(diary(&whole, N2), ["10ms Pong(1) from n1", "10ms Pong(2) from n1"]);
    assert_ne!(world.digest(), whole.digest());
}

#[test]
fn a_damaged_message_is_doubled_with_its_damage() {
    let law = Link { duplicate: Probability::ALWAYS, ..damaging() };
    let world = after_a_second(link_of(law, 3));
    assert_eq!(world.counters().damaged, 6);
    assert_eq!(tally(&world, Family::Corruption), (1, 3, 3));
}

/// `n1` sends a ping to `n2` at the start and every 10 ms after it.
fn ticker(rate: u64, queue: Option<u64>, period: u64) -> Setup<Lab> {
    let again = [Act::Send(2, ping(1)), Act::Set(Timer::Heartbeat, period)];
    let script = Script::new().on(On::Start, again.clone()).on(On::Rings(Timer::Heartbeat), again);
    let mut setup = lab([script, idle()]);
    setup.links.default.bandwidth = Some(Bandwidth { bytes_per_second: rate, queue });
    setup
}

/// What the engine says a ping weighs.
fn bytes_of_a_ping() -> u64 {
    after_a_second(link_of(Link::default(), 1)).counters().total().bytes
}

#[test]
fn messages_take_turns_on_a_narrow_link() {
    let rate = 100 * bytes_of_a_ping();
    let narrow = |rate| {
        let bandwidth = Some(Bandwidth { bytes_per_second: rate, queue: None });
        after_a_second(link_of(Link { bandwidth, ..Link::default() }, 3))
    };
    // 10 ms for each.
    let world = narrow(rate);
    let expected = ["10ms Ping(1) from n1", "20ms Ping(2) from n1", "30ms Ping(3) from n1"];
    assert_eq!(diary(&world, N2), expected);
    assert_eq!(tally(&world, Family::Bandwidth), (1, 2, 2), "the first waits for nobody");
    assert_eq!(diary(&narrow(rate * 10), N2)[2], "3ms Ping(3) from n1");
}

#[test]
fn a_queue_without_room_loses_the_rest() {
    let size = bytes_of_a_ping();
    let bandwidth = Some(Bandwidth { bytes_per_second: 100 * size, queue: Some(2 * size) });
    let mut world = world(link_of(Link { bandwidth, ..Link::default() }, 5));
    let steps = run(&mut world, 1_000);
    let expected = ["10ms Ping(1) from n1", "20ms Ping(2) from n1", "30ms Ping(3) from n1"];
    assert_eq!(diary(&world, N2), expected);
    assert_eq!(passages(&steps)[3..], [Passage::QueueFull; 2]);
    assert_eq!(tally(&world, Family::Bandwidth), (1, 4, 4));
    assert_eq!(world.counters().lost, 2);
}

#[test]
fn a_link_that_is_wide_enough_is_planned_and_no_more() {
    let rate = 100 * bytes_of_a_ping();
    assert_eq!(tally(&after_a_second(ticker(rate, None, 10)), Family::Bandwidth), (1, 0, 0));
    let (_, applied, effective) = tally(&after_a_second(ticker(rate, None, 9)), Family::Bandwidth);
    assert!(50 < applied && applied == effective);
}

#[test]
fn setups_with_laws_that_are_none_are_refused() {
    let problem = |change: fn(&mut Setup<Lab>)| {
        let mut setup = lab([idle()]);
        change(&mut setup);
        match World::<Puppet>::new(setup) {
            Err(problem @ SetupError::NoLaw(..)) => problem.to_string(),
            other => panic!("{:?}", other.err()),
        }
    };
    assert_eq!(
        problem(|setup| setup.links.default.latency = Law::Empirical([].into())),
        "the links: an empirical law needs at least one duration"
    );
    let narrow = problem(|setup| {
        setup.links.default.bandwidth = Some(Bandwidth { bytes_per_second: 0, queue: None });
    });
    assert!(narrow.contains("0 bytes per second"));
    let slow = problem(|setup| {
        let service = Law::Uniform(DurationRange::new(ms(2), ms(1)));
        setup.plan.items = vec![at_time(1, Action::Slow { node: node(1), service })];
    });
    assert!(slow.starts_with("the plan's item number 1: the range"));
    let tree = problem(|setup| setup.links.topology = Topology::Tree { arity: 0 });
    assert!(tree.starts_with("the links: a tree"));
}

/// What was sent when, and when it arrives.
fn journeys(setup: Setup<Lab>) -> Vec<(SimTime, SimTime)> {
    let steps = run(&mut world(setup), 2_000);
    let mut journeys = vec![];
    for step in &steps {
        for outcome in &step.outcomes {
            if let Outcome::Sent { passage: Passage::Arrives { at, copy }, .. } = outcome {
                journeys.extend([Some(*at), *copy].into_iter().flatten().map(|at| (step.time, at)));
            }
        }
    }
    journeys
}

/// `n1` sends bursts of pings to `n2` at drawn times.
fn chatter(seed: u64, law: Link) -> Setup<Lab> {
    let again = Act::SetBetween(Timer::Heartbeat, 1, 60);
    let script = Script::new()
        .on(On::Start, [again.clone()])
        .on(On::Rings(Timer::Heartbeat), [pings(2, 4), vec![again]].concat());
    let mut setup = lab([script, idle()]);
    (setup.seed, setup.links.default) = (seed, law);
    setup
}

fn spread() -> Law {
    Law::Uniform(DurationRange::new(ms(1), ms(100)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn messages_overtake_by_no_more_than_the_window(seed: u64, window in 0..120_u64, copies in 0..3_u32) {
        let law = |order| {
            let duplicate = Probability::ratio(copies, 4);
            Link { latency: spread(), duplicate, order, ..Link::default() }
        };
        let overtaken = |order| {
            let arrivals: Vec<SimTime> =
                journeys(chatter(seed, law(order))).into_iter().map(|(_, at)| at).collect();
            let mut latest = SimTime::ZERO;
            let mut most = Duration::ZERO;
            for at in arrivals {
                most = most.max(latest.since(at));
                latest = latest.max(at);
            }
            most
        };
        prop_assert!(overtaken(Order::Window(ms(window))) <= ms(window));
        prop_assert_eq!(overtaken(Order::Fifo), Duration::ZERO);
        // Without a rule, one of a hundred overtakes by more than half the spread.
        prop_assert!(ms(50) < overtaken(Order::Free));
        prop_assert_eq!(overtaken(Order::Window(ms(1_000))), overtaken(Order::Free));
    }

    #[test]
    fn never_more_goes_through_than_the_rate_allows(seed: u64, rate in 20..2_000_u64, queue in 0..200_u64) {
        let size = bytes_of_a_ping();
        let bandwidth = Some(Bandwidth { bytes_per_second: rate, queue: Some(queue) });
        let law = Link { bandwidth, ..Link::default() };
        let arrivals: Vec<SimTime> =
            journeys(chatter(seed, law)).into_iter().map(|(_, at)| at).collect();
        prop_assert!(!arrivals.is_empty());
        // Between any two arrivals, what arrived behind the first and up to the second fits into the time.
        for (place, first) in arrivals.iter().enumerate() {
            for (count, last) in arrivals[place + 1..].iter().enumerate() {
                let bytes = (count as u128 + 1) * u128::from(size) * 1_000_000_000;
                prop_assert!(bytes <= u128::from(last.since(*first).as_nanos()) * u128::from(rate));
            }
        }
    }

    #[test]
    fn what_waits_never_exceeds_the_queue_and_one_message(seed: u64, rate in 20..2_000_u64, queue in 0..200_u64) {
        let size = bytes_of_a_ping();
        let bandwidth = Some(Bandwidth { bytes_per_second: rate, queue: Some(queue) });
        for (sent, at) in journeys(chatter(seed, Link { bandwidth, ..Link::default() })) {
            let waits = u128::from(at.since(sent).as_nanos()) * u128::from(rate) / 1_000_000_000;
            prop_assert!(waits <= u128::from(queue + size + 1));
        }
    }
}
