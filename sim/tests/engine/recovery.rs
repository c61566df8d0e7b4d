//! What a node finds on its disk when it starts again: torn, missing, rotten and misdirected records.

use std::collections::BTreeSet;

use orrery_sim::journal::Damage;
use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, DiskFault, Item};
use orrery_sim::step::{Deed, Event};
use orrery_sim::{DamageBudget, NodeId, Probability, Setup, Step, World};

use super::support::{
    Act, Lab, N1, N2, N3, On, Puppet, Script, Wish, at_time, crash, diary, lab, node, run, tally,
    world,
};

const fn disk(id: u32, fault: DiskFault) -> Action<Wish> {
    Action::Disk { node: node(id), fault }
}

fn appends(records: impl IntoIterator<Item = u32>) -> Vec<Act> {
    records.into_iter().map(Act::Append).collect()
}

/// Writes 1 to 4 and syncs: durable at 5 ms.
fn four() -> Script {
    Script::new().on(On::Start, appends(1..=4)).on(On::Start, [Act::Sync])
}

/// `n1` follows `script`; this happens, and then it crashes at 20 ms and is restarted at 30 ms.
fn restarted(script: Script, items: Vec<Item<Wish>>) -> Setup<Lab> {
    let mut setup = lab([script]);
    setup.plan.items = items;
    setup.plan.items.push(at_time(20, crash(node(1))));
    setup.plan.items.push(at_time(30, Action::Restart(node(1))));
    setup
}

fn played(setup: Setup<Lab>) -> (World<Puppet>, Vec<Deed>) {
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    (world, steps.into_iter().filter_map(deed).collect())
}

fn deed(step: Step<Lab>) -> Option<Deed> {
    match step.event {
        Event::Deed(deed) => Some(deed),
        _ => None,
    }
}

fn damaged(world: &World<Puppet>, id: NodeId) -> Vec<(usize, Damage)> {
    world.journal(id).damage().map(|damaged| (damaged.place, damaged.damage)).collect()
}

#[test]
fn a_node_whose_record_rotted_notices_when_it_starts_and_stays_down() {
    let rot = at_time(10, disk(1, DiskFault::Corrupt(Some(2))));
    let (whole, _) = played(restarted(four(), vec![]));
    assert_eq!(diary(&whole, N1), ["30ms restart with [1, 2, 3, 4]"]);
    let (world, deeds) = played(restarted(four(), vec![rot]));
    assert_eq!(diary(&world, N1), ["down"]);
    let last = deeds.last().unwrap();
    let why = "stays down: record 2 is corrupt, and its protocol does not handle it";
    assert_eq!((last.word, last.changed, last.detail.as_str()), ("restart", false, why));
    assert_eq!(
        (tally(&world, Family::Rot), tally(&world, Family::Restart)),
        ((1, 1, 1), (1, 1, 0))
    );
    assert_eq!(
        (world.journal(N1).records().to_vec(), world.journal(N1).as_written().len()),
        (vec![1, 2], 4)
    );
}

#[test]
fn damage_that_nobody_reads_changes_nothing() {
    let mut setup = lab([four()]);
    setup.plan.items = vec![at_time(10, disk(1, DiskFault::Corrupt(None)))];
    let (world, _) = played(setup);
    assert_eq!(diary(&world, N1), ["5ms synced 4"]);
    assert_eq!((tally(&world, Family::Rot), damaged(&world, N1).len()), ((1, 1, 0), 1));
}

#[test]
fn a_disk_that_is_mended_reads_as_it_was_written() {
    let mut setup = restarted(four(), vec![at_time(10, disk(1, DiskFault::Corrupt(None)))]);
    setup.plan.items.push(at_time(40, disk(1, DiskFault::Mend)));
    setup.plan.items.push(at_time(50, Action::Restart(node(1))));
    let (world, _) = played(setup);
    assert_eq!(diary(&world, N1), ["50ms restart with [1, 2, 3, 4]"]);
    assert_eq!(tally(&world, Family::Restart), (2, 2, 1));
    assert_eq!(tally(&world, Family::Rot), (1, 1, 1));
}

#[test]
fn a_misdirected_write_damages_the_place_that_it_left_and_the_one_that_it_hit() {
    let items = vec![at_time(10, disk(1, DiskFault::Misdirect(Some(1))))];
    let (world, deeds) = played(restarted(four(), items));
    let places = damaged(&world, N1);
    assert_eq!(places.len(), 2);
    assert!(places.contains(&(1, Damage::Misdirected)), "{places:?}");
    assert!(deeds[0].detail.starts_with("misdirect: record 1 lies in the place of record "));
    assert_eq!(diary(&world, N1), ["down"]);
    assert_eq!(tally(&world, Family::Misdirection), (1, 1, 1));
    // Alone, there is no place where it could be written by mistake.
    let one = Script::new().on(On::Start, [Act::Append(1), Act::Sync]);
    let (world, _) = played(restarted(one, vec![at_time(10, disk(1, DiskFault::Misdirect(None)))]));
    assert_eq!(tally(&world, Family::Misdirection), (1, 1, 0));
    assert_eq!(diary(&world, N1), ["30ms restart with [1]"]);
}

#[test]
fn a_drawn_record_is_any_of_them_and_no_other_item_matters() {
    let drawn = |seed, others: Vec<Item<Wish>>| {
        let mut setup = lab([four(), four()]);
        setup.seed = seed;
        setup.plan.items = vec![at_time(10, disk(1, DiskFault::Corrupt(None)))];
        setup.plan.items.extend(others);
        let (world, _) = played(setup);
        damaged(&world, N1)[0].0
    };
    let places: BTreeSet<usize> = (0..50).map(|seed| drawn(seed, vec![])).collect();
    assert_eq!(places, (0..4).collect());
    for seed in 0..20 {
        let others =
            vec![at_time(2, crash(node(2))), at_time(3, disk(2, DiskFault::Corrupt(None)))];
        assert_eq!(drawn(seed, others), drawn(seed, vec![]));
    }
}

#[test]
fn a_protocol_that_handles_damage_reads_what_is_left_and_writes_it_anew() {
    let script = four()
        .on(On::FindsDamage, [Act::Truncate(2), Act::Append(7), Act::Sync])
        .on(On::Restart, [Act::Append(9)]);
    let mut setup = restarted(script, vec![at_time(10, disk(1, DiskFault::Corrupt(Some(2))))]);
    setup.plan.items.push(at_time(40, crash(node(1))));
    setup.plan.items.push(at_time(41, Action::Restart(node(1))));
    let mut world = world(setup);
    run(&mut world, 39);
    let told = "30ms restart with [Ok(1), Ok(2), Err(Corrupt), Ok(4)]";
    assert_eq!(diary(&world, N1), [told, "35ms synced 6"]);
    run(&mut world, 1_000);
    assert_eq!(diary(&world, N1), ["41ms restart with [1, 2, 7]"]);
    assert_eq!(tally(&world, Family::Rot), (1, 1, 1));
}

/// What is found after a crash with 1 durable record and 5 that no sync covered, under each of 200 seeds.
fn crashes(torn: Probability, reordered: Probability, handles: bool) -> Vec<World<Puppet>> {
    let script =
        Script::new().on(On::Start, [Act::Append(1), Act::Sync]).on(On::Synced(1), appends(2..=6));
    let script = if handles { script.on(On::FindsDamage, []) } else { script };
    let worlds = (0..200).map(|seed| {
        let mut setup = restarted(script.clone(), vec![]);
        setup.seed = seed;
        (setup.disk.torn, setup.disk.reordered) = (torn, reordered);
        played(setup).0
    });
    worlds.collect()
}

fn sum(worlds: &[World<Puppet>], family: Family) -> (u64, u64, u64) {
    worlds
        .iter()
        .map(|world| tally(world, family))
        .fold((0, 0, 0), |(a, b, c), (x, y, z)| (a + x, b + y, c + z))
}

#[test]
fn a_torn_end_that_no_sync_covered_is_cut_off_and_the_rest_is_as_without() {
    let plain = crashes(Probability::NEVER, Probability::NEVER, false);
    let torn = crashes(Probability::ALWAYS, Probability::NEVER, false);
    assert_eq!(sum(&plain, Family::TornWrite), (0, 0, 0));
    let is_whole = |world: &&World<Puppet>| world.journal(N1).records().len() == 6;
    let whole = plain.iter().filter(is_whole).count() as u64;
    assert_eq!(sum(&torn, Family::TornWrite), (200, 200 - whole, 200 - whole));
    for (plain, torn) in plain.iter().zip(&torn) {
        assert_eq!(plain.journal(N1).records(), torn.journal(N1).records());
        assert_eq!(diary(plain, N1), diary(torn, N1));
    }
}

#[test]
fn a_protocol_may_look_at_a_torn_end_itself() {
    let worlds = crashes(Probability::ALWAYS, Probability::NEVER, true);
    let found: BTreeSet<&str> = worlds.iter().map(|world| diary(world, N1)[0]).collect();
    assert_eq!(found.len(), 6);
    assert!(found.contains("30ms restart with [Ok(1), Ok(2), Err(Torn)]"));
    assert!(found.contains("30ms restart with [1, 2, 3, 4, 5, 6]"));
}

#[test]
fn records_reach_the_disk_in_any_order_where_it_reorders() {
    let worlds = crashes(Probability::NEVER, Probability::ALWAYS, true);
    let subsets: BTreeSet<Vec<bool>> = worlds
        .iter()
        .map(|world| world.journal(N1).entries().map(|entry| entry.is_ok()).collect())
        .collect();
    // Every subset of five records but for what is missing at its end.
    assert_eq!(subsets.len(), 32);
    let struck = worlds.iter().filter(|world| 0 < world.journal(N1).damage().count()).count();
    assert_eq!(sum(&worlds, Family::ReorderedWrites), (200, struck as u64, struck as u64));
    // Who knows nothing of that sees a prefix.
    for world in crashes(Probability::NEVER, Probability::ALWAYS, false) {
        let records = world.journal(N1).records();
        assert_eq!(records.to_vec(), (1..=records.len() as u32).collect::<Vec<_>>());
        assert_eq!(world.journal(N1).damage().count(), 0);
    }
}

#[test]
fn more_than_128_writes_are_reordered_all_the_same() {
    let script = Script::new().on(On::Start, appends(1..=400));
    let mut setup = restarted(script, vec![]);
    setup.disk.reordered = Probability::ALWAYS;
    setup.plan.items.pop();
    let (world, _) = played(setup);
    let missing = damaged(&world, N1).len();
    assert!((150..250).contains(&missing), "{missing}");
}

#[test]
fn rot_behind_a_torn_end_does_not_hide_that_a_sync_had_covered_it() {
    let script = || four().on(On::Synced(4), appends(5..=8));
    let mut setup = restarted(script(), vec![]);
    setup.disk.torn = Probability::ALWAYS;
    setup.plan.items.push(at_time(25, disk(1, DiskFault::Corrupt(Some(3)))));
    let (world, deeds) = played(setup);
    assert_eq!(diary(&world, N1), ["down"]);
    assert!(deeds.last().unwrap().detail.starts_with("stays down: record 3 is corrupt"));
}

#[test]
fn damage_beyond_the_budget_is_planned_only() {
    let mut setup = lab([four(), four(), four()]);
    setup.disk.budget = Some(DamageBudget { nodes: 2, records: 2 });
    let rot = |time, id, record| at_time(time, disk(id, DiskFault::Corrupt(Some(record))));
    setup.plan.items = vec![
        rot(10, 1, 0),
        at_time(11, disk(1, DiskFault::Misdirect(Some(1)))),
        rot(12, 1, 1),
        rot(13, 1, 2),
        rot(14, 2, 0),
        rot(15, 3, 0),
        at_time(16, disk(1, DiskFault::Mend)),
        rot(17, 3, 0),
    ];
    let (world, deeds) = played(setup);
    assert_eq!(tally(&world, Family::Rot), (6, 4, 0));
    assert_eq!(tally(&world, Family::Misdirection), (1, 0, 0));
    assert_eq!(deeds[1].detail, "misdirect: beyond the budget of 2 damaged records");
    assert_eq!(deeds[5].detail, "corrupt: beyond the budget of 2 damaged nodes");
    assert_eq!([N1, N2, N3].map(|id| damaged(&world, id).len()), [0, 1, 1]);
    assert!(world.undone_items().is_empty());
}
