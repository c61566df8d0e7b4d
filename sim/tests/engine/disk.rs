//! Journals, syncs, barriers and crashes inside events.

use std::collections::BTreeSet;

use orrery_sim::ledger::{Family, WriteCount};
use orrery_sim::plan::Action;
use orrery_sim::step::Outcome;
use orrery_sim::{Effect, World};

use super::support::{
    Act, N1, N2, On, Puppet, Script, Timer, after_a_second, at_time, crash, diary, idle, lab, node,
    ping, pong, run, tally, when, world,
};

/// What `n1` finds in its journal when it is restarted after a crash at 1 ms, with this seed.
fn survivors(script: &Script, seed: u64) -> Vec<u32> {
    let mut setup = lab([script.clone()]);
    setup.seed = seed;
    setup.plan.items = vec![at_time(1, crash(node(1))), at_time(2, Action::Restart(node(1)))];
    after_a_second(setup).journal(N1).records().to_vec()
}

fn waiting(world: &World<Puppet>) -> usize {
    world.waiting_for_disk(N1).count()
}

#[test]
fn of_what_no_sync_covered_a_drawn_prefix_survives_and_nothing_else() {
    let script = Script::new().on(On::Start, (1..=4).map(Act::Append).collect::<Vec<_>>());
    let kept: BTreeSet<Vec<u32>> = (0..100).map(|seed| survivors(&script, seed)).collect();
    let prefixes: BTreeSet<Vec<u32>> = (0..=4).map(|last| (1..=last).collect()).collect();
    assert_eq!(kept, prefixes);
}

#[test]
fn what_a_sync_covered_survives_every_crash() {
    let script = [Act::Append(1), Act::Append(2), Act::SyncInBackground, Act::Append(3)];
    let mut setup = lab([Script::new().on(On::Start, script)]);
    setup.plan.items = vec![at_time(6, crash(node(1))), at_time(7, Action::Restart(node(1)))];
    let mut seen = BTreeSet::new();
    for seed in 0..40 {
        setup.seed = seed;
        let world = after_a_second(setup.clone());
        seen.insert(world.journal(N1).records().to_vec());
    }
    assert_eq!(seen, BTreeSet::from([vec![1, 2], vec![1, 2, 3]]));
}

#[test]
fn a_restart_knows_the_durable_journal_and_nothing_more() {
    let script = Script::new()
        .on(
            On::Start,
            [Act::Append(1), Act::Append(2), Act::Append(3), Act::Truncate(1), Act::Append(9)],
        )
        .on(On::Start, [Act::Sync, Act::Become("leader", 7), Act::Set(Timer::Election, 20)]);
    let mut setup = lab([script]);
    setup.plan.items = vec![at_time(10, crash(node(1))), at_time(12, Action::Restart(node(1)))];
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N1), ["12ms restart with [1, 9]"]);
    assert_eq!(world.node(N1).map(|puppet| (puppet.role, puppet.term)), Some(("", 0)));
    assert_eq!(world.incarnation(N1), 1);
}

#[test]
fn a_checkpoint_takes_the_place_of_the_whole_journal() {
    let script =
        [Act::Append(1), Act::Append(2), Act::Checkpoint(vec![7]), Act::Append(8), Act::Sync];
    let mut setup = lab([Script::new().on(On::Start, script)]);
    setup.plan.items = vec![at_time(10, crash(node(1))), at_time(12, Action::Restart(node(1)))];
    assert_eq!(diary(&after_a_second(setup), N1), ["12ms restart with [7, 8]"]);
}

#[test]
fn a_sync_holds_back_sends_and_writes_but_neither_timers_nor_notes() {
    let acts = [
        Act::Append(1),
        Act::Sync,
        Act::Send(2, ping(1)),
        Act::Append(2),
        Act::Set(Timer::Election, 1),
        Act::Note(1),
    ];
    let mut world = world(lab([Script::new().on(On::Start, acts), idle()]));
    let steps = run(&mut world, 4);
    assert_eq!(steps.iter().filter(|step| !step.notes.is_empty()).count(), 1);
    assert_eq!((diary(&world, N1), waiting(&world)), (vec!["1ms Election"], 2));
    assert_eq!(world.journal(N1).written().0, 1);
    run(&mut world, 100);
    assert_eq!(diary(&world, N1), ["1ms Election", "5ms synced 1"]);
    assert_eq!(diary(&world, N2), ["15ms Ping(1) from n1"]);
    assert_eq!(world.journal(N1).written().0, 2);
}

#[test]
fn a_sync_in_the_background_holds_nothing_back() {
    let acts = [Act::Append(1), Act::SyncInBackground, Act::Send(2, ping(1))];
    let world = after_a_second(lab([Script::new().on(On::Start, acts), idle()]));
    assert_eq!(diary(&world, N1), ["5ms synced 1"]);
    assert_eq!(diary(&world, N2), ["10ms Ping(1) from n1"]);
}

#[test]
fn no_effect_overtakes_an_earlier_one_of_a_later_handler_either() {
    let script = Script::new()
        .on(
            On::Start,
            [Act::Append(1), Act::Sync, Act::Send(2, ping(1)), Act::Set(Timer::Election, 1)],
        )
        .on(
            On::Rings(Timer::Election),
            [Act::Send(2, ping(2)), Act::Append(2), Act::Sync, Act::Send(2, ping(3))],
        );
    let world = after_a_second(lab([script, idle()]));
    // The second sync is asked for when the first is done: the disk takes 5 ms for each.
    let heard = ["15ms Ping(1) from n1", "15ms Ping(2) from n1", "20ms Ping(3) from n1"];
    assert_eq!(diary(&world, N2), heard);
    assert_eq!(diary(&world, N1), ["1ms Election", "5ms synced 1", "10ms synced 2"]);
    assert_eq!((world.counters().forced_writes, world.counters().lazy_writes), (2, 0));
}

#[test]
fn forced_and_lazy_writes_are_counted_as_the_papers_do() {
    let script = Script::new()
        .on(
            On::Start,
            [
                Act::Append(1),
                Act::Append(2),
                Act::Sync,
                Act::Append(3),
                Act::Set(Timer::Election, 9),
            ],
        )
        .on(On::Rings(Timer::Election), [Act::Append(4), Act::Sync, Act::Set(Timer::Heartbeat, 9)])
        .on(On::Rings(Timer::Heartbeat), [Act::Sync]);
    let other = Script::new().on(On::Start, [Act::Append(1), Act::Sync]);
    let world = after_a_second(lab([script, other]));
    // Three syncs, the last of which had nothing to do; one record behind the sync of its handler.
    assert_eq!(world.writes(N1), WriteCount { forced: 2, lazy: 1 });
    assert_eq!(world.writes(N2), WriteCount { forced: 1, lazy: 0 });
    assert_eq!((world.counters().forced_writes, world.counters().lazy_writes), (3, 1));
    assert_eq!(world.journal(N1).records(), [1, 2, 3, 4]);
}

#[test]
fn a_node_may_wait_for_a_position_to_be_durable() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::Append(2), Act::SyncInBackground])
        .on(On::Synced(2), [Act::Send(2, ping(2)), Act::Append(3), Act::SyncInBackground])
        .on(On::Synced(3), [Act::Send(2, ping(3))]);
    let world = after_a_second(lab([script, idle()]));
    assert_eq!(diary(&world, N2), ["15ms Ping(2) from n1", "20ms Ping(3) from n1"]);
}

#[test]
fn a_crash_loses_what_waited_for_the_disk() {
    let acts = [Act::Append(1), Act::Sync, Act::Send(2, ping(1)), Act::Append(2)];
    let mut setup = lab([Script::new().on(On::Start, acts), idle()]);
    setup.plan.items = vec![at_time(2, crash(node(1))), at_time(3, Action::Restart(node(1)))];
    let world = after_a_second(setup);
    assert!(diary(&world, N2).is_empty());
    // The disk's answer of the first life does not reach the second.
    assert_eq!(diary(&world, N1).len(), 1);
    assert!(world.journal(N1).records().len() < 2);
}

/// `n1` sends two messages and a third when it hears `Ping(0)`; it crashes after `effects` of them.
fn crash_after(effects: u32) -> World<Puppet> {
    let script = Script::new().on(
        On::Hears(ping(0)),
        [Act::Send(2, ping(1)), Act::Send(2, ping(2)), Act::Send(2, ping(3))],
    );
    let mut setup = lab([script, Script::new().on(On::Start, [Act::Send(1, ping(0))])]);
    let action = Action::Crash { node: node(1), after_effects: Some(effects) };
    setup.plan.items = vec![when("deliver Ping to n1", action)];
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    let lost = steps.iter().flat_map(|step| &step.outcomes);
    let lost = lost.filter(|outcome| matches!(outcome, Outcome::LostInCrash(Effect::Send { .. })));
    assert_eq!(lost.count(), 3_usize.saturating_sub(effects as usize));
    world
}

#[test]
fn a_crash_may_fall_between_any_two_effects_of_a_handler() {
    for (effects, heard) in [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3)] {
        let world = crash_after(effects);
        assert_eq!(diary(&world, N1), ["down"]);
        assert_eq!(diary(&world, N2).len(), heard, "after {effects} effects");
        assert_eq!(tally(&world, Family::Crash), (1, 1, 1));
        assert!(world.undone_items().is_empty());
    }
}

#[test]
fn a_crash_inside_the_event_of_another_node_falls_behind_the_event() {
    let echo = Script::new().on(On::Hears(ping(0)), [Act::Send(2, pong(1)), Act::Send(2, pong(2))]);
    let mut setup = lab([echo, Script::new().on(On::Start, [Act::Send(1, ping(0))])]);
    let action = Action::Crash { node: node(2), after_effects: Some(1) };
    setup.plan.items = vec![when("deliver Ping to n1", action)];
    let world = after_a_second(setup);
    assert_eq!((diary(&world, N1).len(), diary(&world, N2)), (1, vec!["down"]));
    assert_eq!(world.counters().lost, 2);
}

#[test]
fn a_completion_waits_for_the_disk_as_a_send_does() {
    let acts = [Act::Append(1), Act::Sync, Act::Complete(7)];
    let mut setup = lab([Script::new().on(On::IsAsked, acts)]);
    (setup.clients.count, setup.clients.entries) = (1, vec![N1]);
    let operation = super::support::Wish::Read;
    let client = orrery_sim::ClientId(1);
    setup.plan.items = vec![at_time(1, Action::Request { client, operation, to: None })];
    let world = after_a_second(setup);
    let times: Vec<u64> =
        world.history().iter().map(|entry| entry.time.as_nanos() / 1_000_000).collect();
    assert_eq!(times, [1, 6]);
}
