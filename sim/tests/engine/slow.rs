//! Slow nodes: one server with a queue.

use std::collections::BTreeMap;

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, MessageAddress};
use orrery_sim::random::{Domain, Randomness, Stream, StreamId};
use orrery_sim::step::{Arrival, Event};
use orrery_sim::{
    Context, Duration, DurationRange, Law, Node, NodeId, Protocol, Setup, SimTime, Start, World,
};
use proptest::prelude::*;
use serde::Serialize;

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at, at_time, crash, diary,
    idle, lab, ms, node, ping, pings, run, tally, world,
};

fn slow(service: Law) -> Action<Wish> {
    Action::Slow { node: node(1), service }
}

fn taking(millis: u64) -> Action<Wish> {
    slow(Law::Constant(ms(millis)))
}

/// `n2` sends `count` pings to `n1`, which arrive at 10 ms, and the plan does this.
fn pinged(count: u32, plan: impl Into<Vec<(u64, Action<Wish>)>>) -> Setup<Lab> {
    let mut setup = lab([idle(), Script::new().on(On::Start, pings(1, count))]);
    let plan: Vec<_> = plan.into();
    setup.plan.items = plan.into_iter().map(|(time, action)| at_time(time, action)).collect();
    setup
}

#[test]
fn a_slow_node_handles_one_event_after_the_other_and_answers_at_the_end_of_each() {
    let script = Script::new().on(On::HearsAnything, [Act::Send(2, ping(9))]);
    let mut setup = pinged(3, [(0, taking(20))]);
    setup.configs[0] = script;
    let slow = after_a_second(setup.clone());
    let heard = ["30ms Ping(1) from n2", "50ms Ping(2) from n2", "70ms Ping(3) from n2"];
    assert_eq!(diary(&slow, N1), heard);
    let answers = ["40ms", "60ms", "80ms"].map(|time| format!("{time} Ping(9) from n1"));
    assert_eq!(diary(&slow, N2), answers);
    assert_eq!(tally(&slow, Family::Slow), (1, 1, 1));
    setup.plan.items.clear();
    let fast = after_a_second(setup);
    assert_eq!(diary(&fast, N2), ["20ms Ping(9) from n1"; 3]);
}

#[test]
fn timers_disk_answers_and_operations_wait_in_the_order_in_which_they_came() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::SyncInBackground, Act::Set(Timer::Election, 7)])
        .on(On::IsAsked, [Act::Complete(1)]);
    let mut setup = pinged(1, [(0, taking(20))]);
    setup.configs[0] = script;
    setup.clients.count = 1;
    setup.clients.entries = vec![N1];
    let request =
        Action::Request { client: orrery_sim::ClientId(1), operation: Wish::Read, to: None };
    setup.plan.items.push(at_time(12, request));
    let mut world = world(setup);
    let steps = run(&mut world, 13);
    let waits = |event: &Event<Lab>| match event {
        Event::Arrive { arrival, .. } | Event::Ask { arrival, .. } => *arrival == Arrival::Waits,
        Event::Timer { is_waiting, .. }
        | Event::Synced { is_waiting, .. }
        | Event::SyncFailed { is_waiting, .. } => *is_waiting,
        Event::Start { .. } | Event::GiveUp { .. } | Event::Deed(_) => false,
    };
    assert_eq!(steps.iter().filter(|step| waits(&step.event)).count(), 4);
    assert_eq!((world.inbox_len(N1), world.is_slow(N1), world.is_paused(N1)), (4, true, false));
    run(&mut world, 1_000);
    let expected = ["25ms synced 1", "45ms Election", "65ms Ping(1) from n2", "85ms Read as c1.1"];
    assert_eq!(diary(&world, N1), expected);
    assert_eq!((world.inbox_len(N1), world.counters().completed), (0, 1));
}

#[test]
fn a_node_that_is_fast_again_handles_all_that_waits_at_once_and_in_order() {
    let world = after_a_second(pinged(3, [(0, taking(20)), (35, slow(Law::default()))]));
    let heard = ["30ms Ping(1) from n2", "35ms Ping(2) from n2", "35ms Ping(3) from n2"];
    assert_eq!(diary(&world, N1), heard);
    assert!(!world.is_slow(N1));
}

#[test]
fn a_new_law_holds_from_the_next_event_on() {
    let world = after_a_second(pinged(3, [(0, taking(20)), (15, taking(5))]));
    let heard = ["30ms Ping(1) from n2", "35ms Ping(2) from n2", "40ms Ping(3) from n2"];
    assert_eq!(diary(&world, N1), heard);
    // The same law again is nothing new.
    assert_eq!(tally(&world, Family::Slow), (2, 2, 2));
}

#[test]
fn a_crash_takes_the_inbox_and_a_restart_is_not_slow_to_start() {
    let restart = (40, Action::Restart(node(1)));
    let mut setup = pinged(3, [(0, taking(20)), (35, crash(node(1))), restart]);
    let later = Script::new().on(On::Start, [Act::Set(Timer::Election, 45)]);
    setup.configs.push(later.on(On::Rings(Timer::Election), [Act::Send(1, ping(4))]));
    // What was in service when it crashed is gone; it is as slow as it was.
    let expected = ["40ms restart with []", "75ms Ping(4) from n3"];
    assert_eq!(diary(&after_a_second(setup), N1), expected);
}

#[test]
fn a_slow_node_that_stands_still_serves_nobody_and_goes_on_where_it_was() {
    let pause = |time| (time, Action::Pause(node(1)));
    let resume = |time| (time, Action::Resume(node(1)));
    // At 15 ms it has 15 of 20 ms to go.
    let world = after_a_second(pinged(2, [(0, taking(20)), pause(15), resume(100)]));
    assert_eq!(diary(&world, N1), ["115ms Ping(1) from n2", "135ms Ping(2) from n2"]);
    assert_eq!(tally(&world, Family::Pause), (1, 1, 0));
    let world = after_a_second(pinged(2, [(0, taking(20)), pause(5), resume(100)]));
    assert_eq!(diary(&world, N1), ["120ms Ping(1) from n2", "140ms Ping(2) from n2"]);
    assert_eq!((tally(&world, Family::Pause), tally(&world, Family::Slow)), ((1, 1, 1), (1, 1, 1)));
}

#[test]
fn pause_and_slowness_end_in_either_order() {
    let (pause, resume) = ((15, Action::Pause(node(1))), (100, Action::Resume(node(1))));
    let fast = |time| (time, slow(Law::default()));
    let first = pinged(2, [(0, taking(20)), pause.clone(), fast(50), resume.clone()]);
    assert_eq!(
        diary(&after_a_second(first), N1),
        ["100ms Ping(1) from n2", "100ms Ping(2) from n2"]
    );
    let last = pinged(2, [(0, taking(20)), pause, resume, fast(117)]);
    assert_eq!(
        diary(&after_a_second(last), N1),
        ["115ms Ping(1) from n2", "117ms Ping(2) from n2"]
    );
}

#[test]
fn a_node_that_turns_slow_while_it_catches_up_takes_its_time_for_the_rest() {
    let mut setup = pinged(3, [(1, Action::Pause(node(1))), (30, Action::Resume(node(1)))]);
    let second = "deliver Ping to n1 where time > 20ms #2";
    setup.plan.items.push(super::support::when(second, taking(20)));
    let heard = ["30ms Ping(1) from n2", "30ms Ping(2) from n2", "50ms Ping(3) from n2"];
    assert_eq!(diary(&after_a_second(setup), N1), heard);
}

#[test]
fn a_timer_that_was_moved_before_its_turn_does_not_ring() {
    let script = |acts: Vec<Act>| {
        Script::new().on(On::Start, [Act::Set(Timer::Election, 15)]).on(On::HearsAnything, acts)
    };
    let mut setup = pinged(1, [(0, taking(20))]);
    setup.configs[0] = script(vec![Act::Cancel(Timer::Election)]);
    assert_eq!(diary(&after_a_second(setup.clone()), N1), ["30ms Ping(1) from n2"]);
    setup.configs[0] = script(vec![Act::Set(Timer::Election, 40)]);
    let expected = ["30ms Ping(1) from n2", "90ms Election"];
    assert_eq!(diary(&after_a_second(setup.clone()), N1), expected);
    setup.configs[0] = script(vec![]);
    let expected = ["30ms Ping(1) from n2", "50ms Election"];
    assert_eq!(diary(&after_a_second(setup), N1), expected);
}

#[test]
fn slowness_that_nothing_ran_into_was_not_effective_and_none_at_all_changes_nothing() {
    let world = after_a_second(pinged(1, [(50, taking(20))]));
    assert_eq!(tally(&world, Family::Slow), (1, 1, 0));
    let idle = after_a_second(pinged(1, []));
    let fast = after_a_second(pinged(1, [(50, slow(Law::default()))]));
    assert_eq!(diary(&idle, N1), diary(&fast, N1));
    assert_eq!(tally(&fast, Family::Slow), (1, 1, 0));
}

#[test]
fn how_slow_one_node_is_shifts_no_draw_of_another() {
    let ringing = Script::new()
        .on(On::Start, [Act::SetBetween(Timer::Election, 10, 30)])
        .on(On::Rings(Timer::Election), [Act::SetBetween(Timer::Election, 10, 30)]);
    let diaries = |plan: Vec<(u64, Action<Wish>)>| {
        let mut setup = pinged(20, plan);
        setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(50)));
        setup.configs.push(ringing.clone());
        let world = after_a_second(setup);
        let of = |id| diary(&world, NodeId(id)).into_iter().map(String::from).collect::<Vec<_>>();
        (of(1), of(3))
    };
    let (fast, slow) = (diaries(vec![]), diaries(vec![(0, slow(Law::Exponential(ms(9))))]));
    assert_eq!(fast.1, slow.1);
    assert_ne!(fast.0, slow.0);
}

/// `n2` sends to `n1` at the moments of a Poisson process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Queueing;

impl Protocol for Queueing {
    type Config = Duration;
    type Message = ();
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
struct Source(Duration);

impl Source {
    fn wait(&self, ctx: &mut Context<'_, Queueing>) {
        let gap = Law::Exponential(self.0).sample(ctx.below(u64::MAX));
        ctx.set_timer((), gap);
    }
}

impl Node for Source {
    type Protocol = Queueing;

    fn on_start(start: Start<'_, Queueing>, ctx: &mut Context<'_, Queueing>) -> Self {
        let source = Self(*start.config);
        if ctx.id() == N2 {
            source.wait(ctx);
        }
        source
    }

    fn on_message(&mut self, _: NodeId, (): (), _: &mut Context<'_, Queueing>) {}

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Queueing>) {
        ctx.send(N1, ());
        self.wait(ctx);
    }
}

/// What an M/M/1 queue did: when each job came and when it was done, and the integral of how many were there.
struct Queue {
    jobs: Vec<(u64, u64)>,
    /// Jobs times nanoseconds.
    area: u128,
    idle_at_end: bool,
}

/// Jobs come every `between` on average, and take `service` on average.
fn queue(seed: u64, between: Duration, service: Duration, until: SimTime) -> Queue {
    let mut setup = Setup::<Queueing>::new(seed, vec![between; 2]);
    let action = Action::Slow { node: node(1), service: Law::Exponential(service) };
    setup.plan.items = vec![orrery_sim::plan::Item {
        name: None,
        trigger: orrery_sim::plan::Trigger::At(SimTime::ZERO),
        within: None,
        action,
    }];
    let mut world = World::<Source>::new(setup).unwrap();
    let mut came: BTreeMap<MessageAddress, u64> = BTreeMap::new();
    let (mut jobs, mut area) = (vec![], 0);
    let (mut length, mut last) = (0, 0);
    while world.step(until).unwrap().is_some() {
        let step = world.last();
        let now = step.time.as_nanos();
        area += u128::from(now - last) * length as u128;
        last = now;
        match step.event {
            Event::Arrive { message, arrival: Arrival::Waits, .. } => {
                assert_eq!(came.insert(message, now), None);
            }
            Event::Arrive { message, arrival: Arrival::Handled, .. } => {
                jobs.push((came[&message], now));
            }
            _ => {}
        }
        length = world.inbox_len(N1);
    }
    Queue { jobs, area, idle_at_end: length == 0 }
}

/// The service times of `n1`, in nanoseconds, read from their addresses.
fn services(seed: u64, mean: Duration) -> impl Iterator<Item = u64> {
    let mut randomness = Randomness::new(seed);
    let mut stream = Stream::new(StreamId::new(Domain::Service, 1, 0));
    std::iter::repeat_with(move || {
        let words = stream.group(&mut randomness);
        let bits = u64::from(words[1]) << 32 | u64::from(words[0]);
        Law::Exponential(mean).sample(bits).as_nanos()
    })
}

#[test]
fn an_m_m_1_queue_obeys_lindley_and_little_to_the_nanosecond_and_erlang_on_average() {
    let (between, service) = (Duration::from_micros(200), Duration::from_micros(100));
    let queue = queue(7, between, service, at(20_000));
    assert!(90_000 < queue.jobs.len());
    // D(n) = max(A(n), D(n - 1)) + S(n): Lindley 1952.
    let mut free_at = 0;
    for ((came, left), takes) in queue.jobs.iter().zip(services(7, service)) {
        free_at = free_at.max(*came) + takes;
        assert_eq!(*left, free_at);
    }
    // The integral of the number of jobs is the sum of their sojourns: Little 1961.
    let sojourns: u128 = queue.jobs.iter().map(|(came, left)| u128::from(left - came)).sum();
    assert!(queue.idle_at_end, "all that came has left");
    assert_eq!(queue.area, sojourns);
    // Mean sojourn 1 / (1 / S - 1 / A) = 200 us; with 100 000 jobs one standard error is below 2 us.
    let mean = sojourns / queue.jobs.len() as u128;
    assert!(mean.abs_diff(200_000) < 8_000, "{mean}");
}

proptest! {
    /// Whatever comes when, and whatever interrupts it: all that came is handled once and in order, none before its time.
    #[test]
    fn everything_is_handled_once_and_in_order(
        service in 0_u64..30,
        spread in 1_u64..100,
        pause in 0_u64..150,
        resume in 0_u64..150,
        end in 0_u64..200,
    ) {
        let mut setup = pinged(12, [
            (3, taking(service)),
            (pause, Action::Pause(node(1))),
            (pause + resume, Action::Resume(node(1))),
            (end, slow(Law::default())),
        ]);
        setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(1 + spread)));
        let mut world: World<Puppet> = world(setup);
        let steps = run(&mut world, 2_000);
        let arrived = |wanted: Arrival| -> Vec<u64> {
            let of = |event: &Event<Lab>| match event {
                Event::Arrive { message, arrival, .. } if *arrival == wanted => Some(message.number),
                _ => None,
            };
            steps.iter().filter_map(|step| of(&step.event)).collect()
        };
        let (waited, handled) = (arrived(Arrival::Waits), arrived(Arrival::Handled));
        let late: Vec<u64> = handled.iter().copied().filter(|n| waited.contains(n)).collect();
        prop_assert_eq!(late, waited);
        let mut all = handled;
        all.sort_unstable();
        prop_assert_eq!(all, (1..=12).collect::<Vec<_>>());
        prop_assert_eq!(world.inbox_len(N1), 0);
    }
}
