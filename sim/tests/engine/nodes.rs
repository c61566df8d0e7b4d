//! Crashes, pauses, clocks and timers.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut};
use orrery_sim::step::{Arrival, Event};
use orrery_sim::{Clock, Step};

use super::support::{
    Act, Lab, N1, N2, On, Script, Timer, after_a_second, at, at_time, crash, diary, idle, lab,
    node, ping, pings, run, tally, when, world,
};

const HALF_SPEED: i64 = -500_000_000;
const STANDSTILL: i64 = -1_000_000_000;

/// Rings at 30 ms and every 30 ms from then on.
fn ringing() -> Script {
    let again = [Act::Set(Timer::Election, 30)];
    Script::new().on(On::Start, again.clone()).on(On::Rings(Timer::Election), again)
}

/// A puppet whose timer rings once, after `millis` of its clock.
fn rings_after(millis: u64) -> Script {
    Script::new().on(On::Start, [Act::Set(Timer::Election, millis)])
}

#[test]
fn a_crash_takes_timers_and_memory_but_not_what_is_on_the_wire() {
    let script = Script::new().on(
        On::Start,
        [Act::Send(2, ping(1)), Act::Set(Timer::Election, 20), Act::Become("leader", 1)],
    );
    let mut setup = lab([script, Script::new().on(On::Start, [Act::Send(1, ping(2))])]);
    setup.plan.items = vec![at_time(5, crash(node(1))), at_time(8, Action::Restart(node(1)))];
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N2), ["10ms Ping(1) from n1"]);
    // What was sent to the first life reaches the second; its timer does not.
    assert_eq!(diary(&world, N1), ["8ms restart with []", "10ms Ping(2) from n2"]);
    assert_eq!(world.node(N1).map(|puppet| puppet.role), Some(""));
    assert_eq!(tally(&world, Family::Crash), (1, 1, 1));
    assert_eq!(tally(&world, Family::Restart), (1, 1, 1));
}

#[test]
fn a_crash_of_what_is_down_and_a_restart_of_what_is_up_change_nothing() {
    let mut setup = lab([ringing(), idle()]);
    let restart = Action::Restart(node(2));
    setup.plan.items = vec![
        at_time(1, restart.clone()),
        at_time(2, crash(node(2))),
        at_time(3, crash(node(2))),
        at_time(4, restart),
    ];
    let world = after_a_second(setup);
    assert_eq!((world.incarnation(N1), world.incarnation(N2)), (0, 1));
    assert_eq!(tally(&world, Family::Crash), (2, 2, 1));
    assert_eq!(tally(&world, Family::Restart), (2, 2, 1));
}

#[test]
fn a_timer_of_an_earlier_life_never_rings_in_a_later_one() {
    let again = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 20)])
        .on(On::Restart, [Act::Set(Timer::Election, 50)]);
    let mut setup = lab([again]);
    setup.plan.items = vec![at_time(5, crash(node(1))), at_time(6, Action::Restart(node(1)))];
    assert_eq!(diary(&after_a_second(setup), N1), ["6ms restart with []", "56ms Election"]);
}

#[test]
fn what_comes_for_a_paused_node_is_handled_in_order_when_it_goes_on() {
    let sleeper = Script::new()
        .on(On::Start, [Act::Append(1), Act::SyncInBackground, Act::Set(Timer::Election, 12)]);
    let talk =
        Script::new().on(On::Start, [pings(1, 2), vec![Act::Set(Timer::Election, 40)]].concat());
    let talk = talk.on(On::Rings(Timer::Election), [Act::Send(1, ping(3))]);
    let mut setup = lab([sleeper, talk]);
    setup.plan.items =
        vec![at_time(1, Action::Pause(node(1))), at_time(50, Action::Resume(node(1)))];
    let mut world = world(setup);
    let steps = run(&mut world, 49);
    assert!(world.is_paused(N1) && diary(&world, N1).is_empty());
    let waits = |step: &&Step<Lab>| match step.event {
        Event::Arrive { arrival, .. } => arrival == Arrival::Waits,
        Event::Timer { is_waiting, .. } | Event::Synced { is_waiting, .. } => is_waiting,
        _ => false,
    };
    assert_eq!(steps.iter().filter(waits).count(), 4);
    run(&mut world, 100);
    // Its clock ran on, and what arrives at the very moment of the end is behind what waited.
    let expected = [
        "50ms synced 1",
        "50ms Ping(1) from n2",
        "50ms Ping(2) from n2",
        "50ms Election",
        "50ms Ping(3) from n2",
    ];
    assert_eq!(diary(&world, N1), expected);
    assert_eq!(tally(&world, Family::Pause), (1, 1, 1));
    assert_eq!(world.counters().timers, 2);
}

#[test]
fn a_timer_that_waits_does_not_ring_once_it_is_set_anew_by_what_waited_before_it() {
    // The message waits from 10 ms, the timer from 12 ms; handling the message moves the timer.
    let sleeper = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 12)])
        .on(On::Hears(ping(1)), [Act::Set(Timer::Election, 30)]);
    let mut setup = lab([sleeper, Script::new().on(On::Start, [Act::Send(1, ping(1))])]);
    setup.plan.items =
        vec![at_time(1, Action::Pause(node(1))), at_time(50, Action::Resume(node(1)))];
    assert_eq!(diary(&after_a_second(setup), N1), ["50ms Ping(1) from n2", "80ms Election"]);
}

#[test]
fn a_pause_that_nothing_ran_into_was_not_effective() {
    let mut setup = lab([rings_after(30)]);
    setup.plan.items =
        vec![at_time(1, Action::Pause(node(1))), at_time(9, Action::Resume(node(1)))];
    let world = after_a_second(setup);
    assert_eq!(
        (diary(&world, N1), tally(&world, Family::Pause)),
        (vec!["30ms Election"], (1, 1, 0))
    );
}

#[test]
fn what_a_disk_did_for_a_paused_node_is_durable_all_the_same() {
    let script = [Act::Append(1), Act::Sync, Act::Send(2, ping(1))];
    let mut setup = lab([Script::new().on(On::Start, script), idle()]);
    setup.plan.items = vec![
        at_time(1, Action::Pause(node(1))),
        at_time(20, crash(node(1))),
        at_time(30, Action::Restart(node(1))),
    ];
    let world = after_a_second(setup);
    // The send waited for a node that never went on.
    assert_eq!((diary(&world, N1), diary(&world, N2).len()), (vec!["30ms restart with [1]"], 0));
    assert!(!world.is_paused(N1));
}

#[test]
fn a_cut_made_while_a_message_waited_does_not_take_it_away() {
    let mut setup = lab([idle(), Script::new().on(On::Start, [Act::Send(1, ping(1))])]);
    setup.plan.items = vec![
        at_time(1, Action::Pause(node(1))),
        at_time(20, Action::Cut(Cut::Isolate(node(1)))),
        at_time(30, Action::Resume(node(1))),
    ];
    assert_eq!(diary(&after_a_second(setup), N1), ["30ms Ping(1) from n2"]);
}

#[test]
fn what_a_waiting_message_triggers_comes_before_the_next_that_waited() {
    let mut setup = lab([idle(), Script::new().on(On::Start, pings(1, 3))]);
    setup.plan.items = vec![
        at_time(1, Action::Pause(node(1))),
        at_time(30, Action::Resume(node(1))),
        when("deliver Ping to n1 where time > 20ms #2", Action::Pause(node(1))),
        at_time(60, Action::Resume(node(1))),
    ];
    let expected = ["30ms Ping(1) from n2", "30ms Ping(2) from n2", "60ms Ping(3) from n2"];
    assert_eq!(diary(&after_a_second(setup), N1), expected);
}

#[test]
fn an_offset_shows_and_moves_no_timer() {
    let mut setup = lab([ringing()]);
    setup.clocks = vec![Clock::new(5_000_000, 0)];
    let mut world = world(setup);
    let steps = run(&mut world, 60);
    assert_eq!(diary(&world, N1), ["35ms Election", "65ms Election"]);
    assert_eq!(steps.last().map(|step| step.time), Some(at(60)));
}

#[test]
fn a_slow_clock_rings_late_by_true_time_and_in_time_by_its_own() {
    let mut setup = lab([rings_after(30)]);
    setup.clocks = vec![Clock::new(0, HALF_SPEED)];
    let mut world = world(setup);
    let steps = run(&mut world, 100);
    assert_eq!(steps.last().map(|step| step.time), Some(at(60)));
    assert_eq!(diary(&world, N1), ["30ms Election"]);
    assert_eq!(tally(&world, Family::Clock), (1, 1, 1));
}

#[test]
fn a_new_rate_moves_the_timers_that_are_set() {
    let mut setup = lab([rings_after(30)]);
    setup.plan.items = vec![at_time(10, Action::ClockRate { node: node(1), ppb: HALF_SPEED })];
    let mut world = world(setup);
    let steps = run(&mut world, 100);
    assert_eq!(steps.last().map(|step| step.time), Some(at(50)));
    assert_eq!(tally(&world, Family::Clock), (1, 1, 1));
}

#[test]
fn a_frozen_clock_rings_no_timer_until_it_goes_on() {
    let mut setup = lab([rings_after(30)]);
    setup.plan.items = vec![
        at_time(10, Action::ClockRate { node: node(1), ppb: STANDSTILL }),
        at_time(500, Action::ClockRate { node: node(1), ppb: 0 }),
    ];
    let mut world = world(setup);
    run(&mut world, 499);
    assert!(diary(&world, N1).is_empty());
    assert_eq!(world.timers(N1).collect::<Vec<_>>(), [(Timer::Election, None)]);
    let steps = run(&mut world, 1_000);
    assert_eq!(steps.last().map(|step| step.time), Some(at(520)));
    assert_eq!(diary(&world, N1), ["30ms Election"]);
}

#[test]
fn a_rate_counts_as_effective_once_a_timer_ran_by_it() {
    let rate = |ppb| Action::ClockRate { node: node(1), ppb };
    let mut setup = lab([ringing()]);
    setup.plan.items = vec![at_time(10, rate(1_000)), at_time(100, rate(2_000))];
    assert_eq!(tally(&after_a_second(setup), Family::Clock), (2, 2, 2));
    let mut idle_setup = lab([idle()]);
    idle_setup.plan.items = vec![at_time(10, rate(1_000))];
    assert_eq!(tally(&after_a_second(idle_setup), Family::Clock), (1, 1, 0));
}

#[test]
fn a_timer_that_is_set_again_moves_and_one_that_is_cancelled_is_silent() {
    let script = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 20), Act::Set(Timer::Heartbeat, 10)])
        .on(
            On::Rings(Timer::Heartbeat),
            [Act::Set(Timer::Election, 5), Act::Set(Timer::Heartbeat, 1)],
        )
        .on(On::Rings(Timer::Election), [Act::Cancel(Timer::Heartbeat)]);
    let mut world = world(lab([script]));
    run(&mut world, 30);
    let expected: Vec<String> = (10..15).map(|time| format!("{time}ms Heartbeat")).collect();
    assert_eq!(diary(&world, N1)[..5], expected);
    // Each heartbeat pushed the election on: it never rings.
    assert!(!diary(&world, N1).contains(&"20ms Election"));
}

#[test]
fn a_timer_can_be_made_to_ring_at_once_and_rings_only_once() {
    let mut setup = lab([rings_after(30)]);
    let fire = Action::Fire { node: node(1), timer: "Election".into() };
    setup.plan.items = vec![at_time(7, fire.clone()), at_time(9, fire)];
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N1), ["7ms Election"]);
    assert_eq!(tally(&world, Family::Intervention), (2, 2, 1));
}

#[test]
fn a_drawn_timer_stays_inside_its_range_and_differs_between_nodes_and_lives() {
    let script = Script::new().on(On::Start, [Act::SetBetween(Timer::Election, 100, 200)]);
    let script = script.on(On::Restart, [Act::SetBetween(Timer::Election, 100, 200)]);
    let mut setup = lab(vec![script; 3]);
    setup.plan.items = vec![at_time(0, crash(node(3))), at_time(0, Action::Restart(node(3)))];
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    let rings = steps.iter().filter(|step| matches!(step.event, Event::Timer { .. }));
    let times: std::collections::BTreeSet<_> = rings.map(|step| step.time).collect();
    assert_eq!(times.len(), 3);
    assert!(times.iter().all(|time| at(100) <= *time && *time < at(200)));
}
