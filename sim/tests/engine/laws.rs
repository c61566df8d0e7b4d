//! Laws that hold for every run: same setup, same digest; a copy goes on like the original; what happens on
//! one link does not change another.

use std::collections::BTreeMap;

use orrery_sim::plan::{
    Action, Cut, Disturbance, Flapping, Item, LinkFault, MessageAddress, MessageFilter,
};
use orrery_sim::step::{Event, Outcome};
use orrery_sim::{
    Burst, Clock, Digest, Duration, DurationRange, Law, Link, NodeId, Order, Probability, Setup,
    SimTime, Step, World,
};
use proptest::prelude::*;

use super::support::{
    Act, Lab, Message, On, Puppet, Script, Timer, Wish, at, at_time, crash, idle, lab, ms, node,
    ping, pong,
};

/// A puppet that talks all the time: it answers pings, draws timers and writes.
fn talker() -> Script {
    let again = Act::SetBetween(Timer::Heartbeat, 5, 40);
    Script::new()
        .on(On::Start, [again.clone()])
        .on(On::Restart, [again.clone(), Act::Note(1)])
        .on(On::Rings(Timer::Heartbeat), [Act::Broadcast(ping(1)), again])
        .on(On::Hears(ping(1)), [Act::Append(1), Act::Sync, Act::Broadcast(pong(1))])
}

fn faults() -> impl Strategy<Value = Vec<Item<Wish>>> {
    let action = (0..12_u32, 1..=4_u32).prop_map(|(kind, id)| match kind {
        0 => crash(node(id)),
        1 => Action::Restart(node(id)),
        2 => Action::Pause(node(id)),
        3 => Action::Resume(node(id)),
        4 => Action::Cut(Cut::Isolate(node(id))),
        5 => Action::Heal(None),
        6 => Action::Clog(Cut::Isolate(node(id))),
        7 => Action::Cut(Cut::Halves),
        8 => flapping(),
        9 => delayed(id),
        10 => Action::Calm,
        _ => Action::ClockRate { node: node(id), ppb: i64::from(id) * 100_000_000 },
    });
    prop::collection::vec((0..200_u64, action), 0..8)
        .prop_map(|items| items.into_iter().map(|(time, action)| at_time(time, action)).collect())
}

fn flapping() -> Action<Wish> {
    let (on, off) = (DurationRange::new(ms(5), ms(20)), DurationRange::new(ms(5), ms(20)));
    Action::Flap(Flapping { cut: Cut::Ring, on, off, until: at(200) })
}

/// What goes to the node of that number travels longer.
fn delayed(id: u32) -> Action<Wish> {
    let filter = MessageFilter { to: Some(node(id)), ..MessageFilter::default() };
    Action::Disturb(Disturbance { filter, fault: LinkFault::Delay(Law::Exponential(ms(5))) })
}

fn link() -> impl Strategy<Value = Link> {
    (0..20_u64, 0..3_u32, 0..3_u32, any::<bool>()).prop_map(|(latency, loss, duplicate, fifo)| {
        Link {
            latency: Law::Uniform(DurationRange::new(ms(latency / 2), ms(latency))),
            loss: Probability::ratio(loss, 10),
            duplicate: Probability::ratio(duplicate, 10),
            order: if fifo { Order::Fifo } else { Order::Free },
            ..Link::default()
        }
    })
}

fn setups() -> impl Strategy<Value = Setup<Lab>> {
    (any::<u64>(), link(), faults(), -1_000_i64..1_000).prop_map(|(seed, link, items, ppb)| {
        let mut setup = lab(vec![talker(); 4]);
        (setup.seed, setup.links.default, setup.plan.items) = (seed, link, items);
        setup.disk.sync = Law::Exponential(ms(1));
        setup.clocks = vec![Clock::new(ppb, ppb)];
        setup
    })
}

const END: u64 = 250;

fn go_on(world: &mut World<Puppet>, events: usize) {
    for _ in 0..events {
        if world.step(at(END)).unwrap().is_none() {
            break;
        }
    }
}

fn ending(mut world: World<Puppet>) -> (Digest, Vec<Digest>, u64) {
    go_on(&mut world, usize::MAX);
    let (chain, spacing) = world.digest_chain();
    (world.digest(), chain.to_vec(), spacing)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_setup_gives_the_same_run(setup in setups()) {
        let first = ending(World::new(setup.clone()).unwrap());
        prop_assert_eq!(first, ending(World::new(setup).unwrap()));
    }

    #[test]
    fn a_copy_made_at_any_event_goes_on_like_the_original(setup in setups(), events in 0..400_usize) {
        let mut world = World::new(setup).unwrap();
        go_on(&mut world, events);
        let copy = world.clone();
        prop_assert_eq!(ending(copy), ending(world));
    }

    #[test]
    fn looking_changes_nothing(setup in setups()) {
        let mut watched = World::new(setup.clone()).unwrap();
        watched.set_tracing(true);
        prop_assert_eq!(ending(watched), ending(World::new(setup).unwrap()));
    }

    #[test]
    fn time_never_runs_backwards_and_causes_come_first(setup in setups()) {
        let mut world = World::<Puppet>::new(setup).unwrap();
        let (mut time, mut number) = (SimTime::ZERO, 0);
        while let Some(step) = world.step(at(END)).unwrap() {
            prop_assert!(time <= step.time && step.time <= at(END));
            prop_assert_eq!(step.number, number + 1);
            prop_assert!(step.cause.is_none_or(|cause| cause < step.number));
            (time, number) = (step.time, step.number);
        }
    }

    #[test]
    fn another_seed_is_another_run(setup in setups()) {
        let mut other = setup.clone();
        other.seed = setup.seed.wrapping_add(1);
        prop_assert_ne!(ending(World::new(setup).unwrap()).0, ending(World::new(other).unwrap()).0);
    }
}

/// How long each message travels, by its address; `None` where it is lost.
type Delays = BTreeMap<MessageAddress, Option<Duration>>;

fn delays(setup: Setup<Lab>) -> Delays {
    let mut world = World::<Puppet>::new(setup).unwrap();
    world.set_tracing(true);
    let mut delays = Delays::new();
    while let Some(step) = world.step(at(END)).unwrap() {
        note_delays(step, &mut delays);
    }
    delays
}

fn note_delays(step: &Step<Lab>, delays: &mut Delays) {
    for outcome in &step.outcomes {
        if let Outcome::Sent { message, passage, .. } = outcome {
            let delay = passage.arrival().map(|at| at.since(step.time));
            delays.insert(*message, delay);
        }
    }
}

/// Asserts that messages with an address in both runs travel as long in both, but for those that `apart` names.
fn assert_same_weather(left: &Delays, right: &Delays, apart: impl Fn(&MessageAddress) -> bool) {
    let shared: Vec<_> = left.keys().filter(|key| right.contains_key(key) && !apart(key)).collect();
    assert!(50 < shared.len(), "{} messages are too few to tell", shared.len());
    for key in shared {
        assert_eq!(left[key], right[key], "{key}");
    }
}

/// Four talkers on links that lose and delay.
fn stormy(seed: u64) -> Setup<Lab> {
    let mut setup = lab(vec![talker(); 4]);
    setup.seed = seed;
    setup.links.default.latency = Law::Exponential(ms(5));
    setup.links.default.loss = Probability::ratio(1, 10);
    setup
}

const SEEDS: std::ops::Range<u64> = 0..8;

#[test]
fn a_silent_node_more_changes_no_other_link() {
    for seed in SEEDS {
        let mut more = stormy(seed);
        more.configs.push(idle());
        assert_same_weather(&delays(stormy(seed)), &delays(more), |_| false);
    }
}

#[test]
fn a_fault_that_is_switched_off_on_one_link_changes_no_other() {
    let pair = (NodeId(1), NodeId(2));
    for seed in SEEDS {
        let mut calm = stormy(seed);
        let law = Link { loss: Probability::NEVER, ..calm.links.default.clone() };
        calm.links.overrides.insert(pair, law);
        let (stormy, calm) = (delays(stormy(seed)), delays(calm));
        assert_same_weather(&stormy, &calm, |message| (message.from, message.to) == pair);
        // Even on that link, whatever was not lost travels as long as before.
        let kept = stormy.iter().filter(|(message, delay)| {
            (message.from, message.to) == pair && delay.is_some() && calm.contains_key(message)
        });
        assert!(kept.into_iter().all(|(message, delay)| calm[message] == *delay));
    }
}

/// Four talkers on links with everything wrong with them.
fn rough(seed: u64) -> Setup<Lab> {
    let mut setup = stormy(seed);
    let tenth = Probability::ratio(1, 10);
    let link = &mut setup.links.default;
    link.burst = Some(Burst { begin: tenth, end: Probability::ratio(1, 2), loss: tenth });
    (link.corruption, link.duplicate) = (tenth, tenth);
    setup
}

#[test]
fn each_fault_switched_off_on_one_link_changes_no_other() {
    let pair = (NodeId(1), NodeId(2));
    let off: [fn(&mut Link); 4] = [
        |link| link.loss = Probability::NEVER,
        |link| link.burst = None,
        |link| link.corruption = Probability::NEVER,
        |link| link.duplicate = Probability::NEVER,
    ];
    for (seed, off) in SEEDS.flat_map(|seed| off.map(|off| (seed, off))) {
        let mut calm = rough(seed);
        let mut law = calm.links.default.clone();
        off(&mut law);
        calm.links.overrides.insert(pair, law);
        let (rough, calm) = (delays(rough(seed)), delays(calm));
        assert_same_weather(&rough, &calm, |message| (message.from, message.to) == pair);
        // Even on that link, whatever was not lost travels as long as before.
        let kept = rough.iter().filter(|(message, delay)| {
            (message.from, message.to) == pair && delay.is_some() && calm.contains_key(message)
        });
        assert!(kept.into_iter().all(|(message, delay)| calm[message] == *delay));
    }
}

#[test]
fn a_disturbance_of_one_link_changes_no_other() {
    for seed in SEEDS {
        let mut other = stormy(seed);
        other.plan.items = vec![at_time(1, delayed(2))];
        let (plain, disturbed) = (delays(stormy(seed)), delays(other));
        assert_same_weather(&plain, &disturbed, |message| message.to == NodeId(2));
        // What is lost to that node is what was lost before, and the rest travels at least as long.
        let both = plain
            .iter()
            .filter(|(message, _)| message.to == NodeId(2) && disturbed.contains_key(message));
        for (message, delay) in both {
            assert!(
                *delay <= disturbed[message] && delay.is_some() == disturbed[message].is_some()
            );
        }
    }
}

#[test]
fn a_message_that_is_dropped_changes_no_other() {
    let dropped = MessageAddress { from: NodeId(1), to: NodeId(2), number: 3 };
    for seed in SEEDS {
        let mut other = stormy(seed);
        other.plan.items = (0..100).map(|time| at_time(time, Action::Drop(dropped))).collect();
        assert_same_weather(&delays(stormy(seed)), &delays(other), |_| false);
    }
}

#[test]
fn one_more_draw_of_a_node_changes_no_link() {
    for seed in SEEDS {
        let mut other = stormy(seed);
        other.configs[2] = talker().on(On::Start, [Act::SetBetween(Timer::Election, 1, 9)]);
        assert_same_weather(&delays(stormy(seed)), &delays(other), |_| false);
    }
}

#[test]
fn the_chain_of_digests_finds_the_first_difference() {
    let chain = |items: Vec<Item<Wish>>| {
        let mut setup = stormy(1);
        setup.plan.items = items;
        let mut world = World::<Puppet>::new(setup).unwrap();
        while world.events() < 20_000 && world.step(SimTime::MAX).unwrap().is_some() {}
        let (chain, spacing) = world.digest_chain();
        (chain.to_vec(), spacing, world.events())
    };
    let late = 2_000;
    let (left, spacing, events) = chain(vec![at_time(late, Action::Pause(node(1)))]);
    let (right, _, _) = chain(vec![at_time(late, crash(node(1)))]);
    assert_eq!((left.len() as u64, spacing), (events / spacing, 1_024));
    let first = left.iter().zip(&right).position(|(left, right)| left != right).unwrap();
    assert!(0 < first);
    assert!(left[first..].iter().zip(&right[first..]).all(|(left, right)| left != right));
}

#[test]
fn whatever_a_node_does_shows_in_the_digest() {
    let text = |text: &str| Act::Send(2, Message::Text(text.into()));
    let pairs = [
        (text("a"), text("b")),
        (Act::Send(2, ping(1)), Act::Send(3, ping(1))),
        (Act::Send(2, ping(1)), Act::Send(2, pong(1))),
        (Act::Set(Timer::Election, 1_000), Act::Set(Timer::Election, 1_001)),
        (Act::Set(Timer::Election, 1_000), Act::Set(Timer::Heartbeat, 1_000)),
        (Act::Cancel(Timer::Election), Act::Cancel(Timer::Heartbeat)),
        (Act::Append(1), Act::Append(2)),
        (Act::Truncate(1), Act::Truncate(2)),
        (Act::Checkpoint(vec![1]), Act::Checkpoint(vec![1, 1])),
        (Act::Append(1), Act::Checkpoint(vec![1])),
        (Act::Sync, Act::SyncInBackground),
        (Act::Note(1), Act::Note(2)),
    ];
    let digest = |act: &Act| {
        let script = Script::new().on(On::Start, [act.clone()]);
        ending(World::new(lab([script, idle(), idle()])).unwrap()).0
    };
    for (left, right) in &pairs {
        assert_ne!(digest(left), digest(right), "{left:?} and {right:?}");
        assert_eq!(digest(left), digest(left));
    }
}

#[test]
fn an_event_is_at_its_message() {
    let mut world = World::<Puppet>::new(stormy(3)).unwrap();
    while let Some(step) = world.step(at(END)).unwrap() {
        if let Event::Arrive { message, .. } = step.event {
            assert_eq!(step.event.node(), Some(message.to));
        }
    }
}
