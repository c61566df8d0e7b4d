//! Disks that stall, fill up, fail, lie and get lost.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, DiskFault, Item};
use orrery_sim::step::Event;
use orrery_sim::{Position, World};

use super::support::{
    Act, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at_time, crash, diary, idle, lab,
    ms, node, ping, pong, run, tally, when, world,
};

const fn disk(id: u32, fault: DiskFault) -> Action<Wish> {
    Action::Disk { node: node(id), fault }
}

/// Two nodes: `n1` follows `script`, and this happens to them.
fn story(script: Script, items: Vec<Item<Wish>>) -> World<Puppet> {
    let mut setup = lab([script, idle()]);
    setup.plan.items = items;
    after_a_second(setup)
}

/// Writes a record, syncs, and tells `n2`: at the start, and again at 20 ms.
fn writer() -> Script {
    let promise = |number| [Act::Append(number), Act::Sync, Act::Send(2, ping(number))];
    Script::new()
        .on(On::Start, promise(1))
        .on(On::Start, [Act::Set(Timer::Election, 20)])
        .on(On::Rings(Timer::Election), promise(2))
}

#[test]
fn a_stalled_disk_answers_when_it_is_mended_and_in_order() {
    let script = || {
        Script::new()
            .on(On::Start, [Act::Append(1), Act::SyncInBackground, Act::Set(Timer::Election, 2)])
            .on(On::Rings(Timer::Election), [Act::Append(2), Act::SyncInBackground])
    };
    let items =
        |end| vec![at_time(1, disk(1, DiskFault::Stall)), at_time(end, disk(1, DiskFault::Mend))];
    assert_eq!(diary(&story(script(), vec![]), N1)[1..], ["5ms synced 1", "7ms synced 2"]);
    let world = story(script(), items(50));
    assert_eq!(diary(&world, N1)[1..], ["50ms synced 1", "50ms synced 2"]);
    assert_eq!(tally(&world, Family::DiskStall), (1, 1, 1));
    // The second answer is due at the very moment at which the stall ends: the first one still goes first.
    assert_eq!(diary(&story(script(), items(7)), N1)[1..], ["7ms synced 1", "7ms synced 2"]);
    // A stall between two syncs holds nothing up.
    let world = story(script(), items(3));
    assert_eq!(diary(&world, N1)[1..], ["5ms synced 1", "7ms synced 2"]);
    assert_eq!(tally(&world, Family::DiskStall), (1, 1, 0));
}

#[test]
fn a_stall_that_outlives_a_crash_holds_up_the_next_life_only_with_its_own_syncs() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::Sync])
        .on(On::Restart, [Act::Append(2), Act::Sync, Act::Send(2, ping(2))]);
    let mut items = vec![at_time(1, disk(1, DiskFault::Stall)), at_time(10, crash(node(1)))];
    items.push(at_time(11, Action::Restart(node(1))));
    assert!(diary(&story(script.clone(), items.clone()), N2).is_empty());
    items.push(at_time(40, disk(1, DiskFault::Mend)));
    let world = story(script, items);
    assert_eq!(diary(&world, N1).len(), 2);
    assert_eq!(diary(&world, N2), ["50ms Ping(2) from n1"]);
}

#[test]
fn a_node_whose_sync_fails_stops_before_it_says_anything() {
    assert_eq!(diary(&story(writer(), vec![]), N2).len(), 2);
    let mut setup = lab([writer(), idle()]);
    setup.plan.items = vec![
        at_time(10, disk(1, DiskFault::Error)),
        when("crash n1", disk(1, DiskFault::Mend)),
        when("disk n1 #2", Action::Restart(node(1))),
    ];
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    let failed = steps.iter().position(|step| matches!(step.event, Event::SyncFailed { .. }));
    let failed = failed.unwrap();
    assert_eq!(steps[failed].time.as_nanos(), 25_000_000);
    let Event::Deed(deed) = &steps[failed + 1].event else { panic!("no crash behind it") };
    assert_eq!((deed.word, deed.node, deed.item), ("crash", Some(N1), None));
    assert_eq!(deed.detail, "stops itself: a sync failed (write error)");
    assert_eq!(steps[failed + 1].cause, Some(steps[failed].number));
    assert_eq!(tally(&world, Family::DiskError), (1, 1, 1));
    assert_eq!(tally(&world, Family::Crash), (0, 0, 0));
    assert_eq!((diary(&world, N2).len(), world.incarnation(N1)), (1, 1));
    assert!(diary(&world, N1)[0].starts_with("25ms restart with [1"));
}

#[test]
fn a_node_may_try_again_and_what_waits_goes_on_when_that_succeeds() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::Sync, Act::Send(2, ping(1))])
        .on(On::SyncFails, [Act::Set(Timer::Election, 10), Act::Send(2, ping(2))])
        .on(On::Rings(Timer::Election), [Act::Sync]);
    let items = vec![at_time(1, disk(1, DiskFault::Error)), at_time(12, disk(1, DiskFault::Mend))];
    let world = story(script, items);
    assert_eq!(
        diary(&world, N1),
        ["5ms sync 1 failed: write error", "15ms Election", "20ms synced 1"]
    );
    assert_eq!(diary(&world, N2), ["30ms Ping(1) from n1", "30ms Ping(2) from n1"]);
    assert_eq!(
        (world.journal(N1).records().to_vec(), world.counters().forced_writes),
        (vec![1], 1)
    );
}

#[test]
fn a_second_try_does_not_stand_for_the_sync_of_what_was_written_meanwhile() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::Sync, Act::Send(2, ping(1))])
        .on(On::SyncFails, [Act::Append(2), Act::Sync, Act::Send(2, ping(2))]);
    let items = vec![at_time(1, disk(1, DiskFault::Error)), at_time(6, disk(1, DiskFault::Mend))];
    let world = story(script, items);
    assert_eq!(diary(&world, N1)[1..], ["10ms synced 1", "15ms synced 2"]);
    assert_eq!(diary(&world, N2), ["20ms Ping(1) from n1", "25ms Ping(2) from n1"]);
}

#[test]
fn a_full_disk_refuses_new_records_and_has_room_again_after_a_truncation() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::Append(2), Act::SyncInBackground])
        .on(On::Start, [Act::Set(Timer::Election, 20)])
        .on(On::Rings(Timer::Election), [Act::Append(3), Act::SyncInBackground])
        .on(On::SyncFails, [Act::Truncate(1), Act::Append(4), Act::SyncInBackground]);
    let world = story(script.clone(), vec![at_time(10, disk(1, DiskFault::Full))]);
    assert_eq!(
        diary(&world, N1)[1..],
        ["20ms Election", "25ms sync 3 failed: no room", "30ms synced 5"]
    );
    assert_eq!(world.journal(N1).records(), [1, 4]);
    assert_eq!(tally(&world, Family::DiskFull), (1, 1, 1));
    assert_eq!(world.disk(N1).room, Some(2));
    let plain = story(script, vec![]);
    assert_eq!(diary(&plain, N1).last(), Some(&"25ms synced 3"));
}

#[test]
fn a_node_that_stands_still_hears_of_a_failed_sync_when_it_goes_on() {
    let script = Script::new()
        .on(On::Start, [Act::Append(1), Act::Sync, Act::Send(2, ping(1))])
        .on(On::SyncFails, [Act::Sync]);
    let items = vec![
        at_time(1, Action::Pause(node(1))),
        at_time(2, disk(1, DiskFault::Error)),
        at_time(30, disk(1, DiskFault::Mend)),
        at_time(40, Action::Resume(node(1))),
    ];
    let world = story(script, items);
    assert_eq!(diary(&world, N1), ["40ms sync 1 failed: write error", "45ms synced 1"]);
    assert_eq!(diary(&world, N2), ["55ms Ping(1) from n1"]);
}

#[test]
fn an_answer_that_was_given_is_not_taken_back() {
    let script = Script::new().on(On::Start, [Act::Append(1), Act::Sync, Act::Send(2, ping(1))]);
    let items = vec![
        at_time(1, Action::Pause(node(1))),
        at_time(10, disk(1, DiskFault::Error)),
        at_time(11, disk(1, DiskFault::Stall)),
        at_time(40, Action::Resume(node(1))),
    ];
    assert_eq!(diary(&story(script, items), N2), ["50ms Ping(1) from n1"]);
}

#[test]
fn a_node_may_stop_itself_between_any_two_effects() {
    let script = Script::new().on(
        On::Hears(ping(0)),
        [Act::Send(2, pong(1)), Act::Stop, Act::Send(2, pong(2)), Act::Append(1)],
    );
    let setup = lab([script, Script::new().on(On::Start, [Act::Send(1, ping(0))])]);
    let world = after_a_second(setup);
    assert_eq!((diary(&world, N1), diary(&world, N2).len()), (vec!["down"], 1));
    assert_eq!(world.journal(N1).written(), Position(0));
}

/// What is left of the writer's records after a crash at 60 ms, under every one of 20 seeds.
fn after_crashes(fault: Option<DiskFault>, mended: Option<u64>) -> Vec<World<Puppet>> {
    let worlds = (0..20).map(|seed| {
        let mut setup = lab([writer(), idle()]);
        setup.seed = seed;
        setup.plan.items.extend(fault.map(|fault| at_time(10, disk(1, fault))));
        setup.plan.items.extend(mended.map(|time| at_time(time, disk(1, DiskFault::Mend))));
        setup.plan.items.push(at_time(60, crash(node(1))));
        setup.plan.items.push(at_time(61, Action::Restart(node(1))));
        after_a_second(setup)
    });
    worlds.collect()
}

#[test]
fn a_disk_that_lies_loses_in_a_crash_what_it_had_promised() {
    let records = |worlds: &[World<Puppet>]| -> Vec<Vec<u32>> {
        worlds.iter().map(|world| world.journal(N1).records().to_vec()).collect()
    };
    assert_eq!(records(&after_crashes(None, None)), vec![vec![1, 2]; 20]);
    let lied = after_crashes(Some(DiskFault::Lie), None);
    // It answers at once.
    assert!(lied.iter().all(|world| diary(world, N2)[1] == "30ms Ping(2) from n1"));
    let lost = records(&lied).iter().filter(|records| **records == [1]).count();
    assert!(0 < lost && lost < 20, "{lost}");
    let effective = lied.iter().map(|world| tally(world, Family::LyingSync).2).sum::<u64>();
    assert_eq!(effective, lost as u64);
    // A disk that lies no more has yet to be asked again.
    assert!(records(&after_crashes(Some(DiskFault::Lie), Some(40))).contains(&vec![1]));
}

#[test]
fn an_honest_sync_makes_a_lie_true() {
    let script = writer().on(On::Rings(Timer::Heartbeat), [Act::Append(3), Act::Sync]);
    let script = script.on(On::Start, [Act::Set(Timer::Heartbeat, 40)]);
    let items = vec![
        at_time(10, disk(1, DiskFault::Lie)),
        at_time(30, disk(1, DiskFault::Mend)),
        at_time(60, crash(node(1))),
    ];
    let world = story(script, items);
    assert_eq!(world.journal(N1).records(), [1, 2, 3]);
    assert_eq!(tally(&world, Family::LyingSync), (1, 1, 0));
}

#[test]
fn while_a_disk_lies_people_see_what_is_really_on_it() {
    let world = story(writer(), vec![at_time(10, disk(1, DiskFault::Lie))]);
    let journal = world.journal(N1);
    assert_eq!((journal.synced(), journal.durable()), (Position(2), Position(1)));
    assert_eq!((journal.records().to_vec(), journal.unsynced().len()), (vec![1], 1));
    assert!(world.disk(N1).is_lying);
}

#[test]
fn a_node_that_lost_its_disk_starts_from_nothing() {
    let restart = |time| at_time(time, Action::Restart(node(1)));
    let script = || writer().on(On::Restart, [Act::Append(7), Act::Sync]);
    let wiped = story(script(), vec![at_time(60, Action::Wipe(node(1))), restart(70)]);
    assert_eq!(diary(&wiped, N1), ["70ms restart with []", "75ms synced 3"]);
    assert_eq!((wiped.incarnation(N1), tally(&wiped, Family::Amnesia)), (1, (1, 1, 1)));
    let crashed = story(script(), vec![at_time(60, crash(node(1))), restart(70)]);
    assert_eq!(diary(&crashed, N1)[0], "70ms restart with [1, 2]");
    // A node that is down may lose its disk too; only what was durable counts.
    let items = vec![at_time(60, crash(node(1))), at_time(65, Action::Wipe(node(1))), restart(70)];
    let down = story(script(), items);
    assert_eq!(diary(&down, N1)[0], "70ms restart with []");
    assert_eq!((down.incarnation(N1), tally(&down, Family::Amnesia)), (1, (1, 1, 1)));
    let empty = story(script(), vec![at_time(1, Action::Wipe(node(1))), restart(70)]);
    assert_eq!(tally(&empty, Family::Amnesia), (1, 1, 0));
}

#[test]
fn calm_makes_every_disk_whole() {
    let items = vec![
        at_time(10, disk(1, DiskFault::Corrupt(Some(0)))),
        at_time(11, disk(1, DiskFault::Stall)),
        at_time(12, disk(2, DiskFault::Lie)),
        at_time(50, Action::Calm),
    ];
    let world = story(writer(), items);
    assert_eq!(world.journal(N1).damage().count(), 0);
    assert_eq!((world.disk(N1), world.disk(N2)), Default::default());
    assert_eq!(diary(&world, N2), ["15ms Ping(1) from n1", "60ms Ping(2) from n1"]);
}

#[test]
fn a_copy_of_a_world_has_the_same_disks() {
    let mut setup = lab([writer(), idle()]);
    setup.disk.sync = orrery_sim::Law::Exponential(ms(5));
    setup.plan.items = vec![
        at_time(10, disk(1, DiskFault::Misdirect(None))),
        at_time(15, disk(1, DiskFault::Stall)),
        at_time(50, disk(1, DiskFault::Mend)),
        at_time(51, crash(node(1))),
        at_time(52, Action::Restart(node(1))),
    ];
    let mut original = world(setup);
    run(&mut original, 40);
    let mut copy = original.clone();
    assert_eq!(run(&mut original, 200), run(&mut copy, 200));
    assert_eq!(original.digest(), copy.digest());
}
