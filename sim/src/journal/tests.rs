use proptest::prelude::*;

use super::*;

/// A crash after which the first `survivors` changes are on the disk.
const fn crash(survivors: u64) -> Draws<'static> {
    Draws { survivors, is_torn: false, survives: None, event: 0 }
}

fn journal(synced: &[u32], unsynced: &[u32]) -> Journal<u32> {
    let mut journal = Journal::default();
    for record in synced {
        journal.write(Change::Append(*record));
    }
    journal.sync(journal.written());
    for record in unsynced {
        journal.write(Change::Append(*record));
    }
    journal
}

#[test]
fn a_crash_keeps_what_was_synced_and_a_prefix_of_the_rest() {
    let mut journal = Journal::default();
    for record in 1..=3 {
        journal.write(Change::Append(record));
    }
    assert_eq!(journal.sync(Position(2)), 2);
    assert_eq!(journal.records(), [1, 2]);
    journal.write(Change::Append(4));
    journal.write(Change::Truncate(1));
    let mut other = journal.clone();
    assert_eq!(journal.crash(crash(0)).lost, 3);
    assert_eq!(journal.records(), [1, 2]);
    assert_eq!(other.crash(crash(2)).lost, 1);
    assert_eq!(other.records(), [1, 2, 3, 4]);
    assert_eq!(other.synced(), other.written());
}

#[test]
fn a_sync_covers_only_what_was_written_when_it_was_asked_for() {
    let mut journal = Journal::default();
    journal.write(Change::Append('a'));
    let asked = journal.written();
    journal.write(Change::Checkpoint(vec!['x', 'y']));
    journal.sync(asked);
    assert_eq!(journal.records(), ['a']);
    journal.sync(journal.written());
    assert_eq!(journal.records(), ['x', 'y']);
    assert_eq!(journal.sync(asked), 0);
}

#[test]
fn the_write_that_a_crash_fell_into_is_there_in_part() {
    let mut journal = journal(&[1], &[2, 3, 4]);
    let losses = journal.crash(Draws { is_torn: true, ..crash(1) });
    assert!(losses.is_torn && losses.lost == 1 && !losses.broke_word);
    assert_eq!(journal.records(), [1, 2]);
    assert_eq!(journal.entries().collect::<Vec<_>>(), [Ok(&1), Ok(&2), Err(Damage::Torn)]);
    assert_eq!(journal.read(), [Damage::Torn]);
    assert_eq!(journal.cut_torn_end(), 1);
    assert_eq!(*journal.as_written(), [1, 2]);
}

#[test]
fn nothing_is_torn_where_everything_survived_or_the_next_change_is_atomic() {
    let mut whole = journal(&[1], &[2]);
    assert!(!whole.crash(Draws { is_torn: true, ..crash(1) }).is_torn);
    let mut atomic = journal(&[1], &[2]);
    atomic.write(Change::Checkpoint(vec![7]));
    assert!(!atomic.crash(Draws { is_torn: true, ..crash(1) }).is_torn);
    assert_eq!(atomic.records(), [1, 2]);
}

#[test]
fn records_that_were_overtaken_are_holes_before_those_that_were_not() {
    let mut journal = journal(&[1], &[2, 3, 4, 5]);
    let mut fates = [false, true, false, false].into_iter();
    let mut survives = || fates.next().unwrap();
    let losses = journal.crash(Draws { survives: Some(&mut survives), ..crash(2) });
    assert_eq!((losses.missing, losses.lost), (1, 2));
    assert_eq!(journal.entries().collect::<Vec<_>>(), [Ok(&1), Err(Damage::Missing), Ok(&3)]);
    assert_eq!(journal.records(), [1]);
    assert_eq!(journal.cut_torn_end(), 2);
    assert_eq!(journal.entries().len(), 1);
}

#[test]
fn nothing_is_reordered_across_a_truncation() {
    let mut journal = journal(&[1, 2], &[3]);
    journal.write(Change::Truncate(1));
    journal.write(Change::Append(4));
    journal.write(Change::Append(5));
    journal.write(Change::Checkpoint(vec![9]));
    let mut fates = [false, true].into_iter();
    let mut survives = || fates.next().unwrap();
    journal.crash(Draws { survives: Some(&mut survives), ..crash(3) });
    assert_eq!(journal.entries().collect::<Vec<_>>(), [Ok(&1), Err(Damage::Missing), Ok(&5)]);
}

#[test]
fn what_a_sync_covered_is_never_cut_off() {
    let mut rotten = journal(&[1, 2, 3], &[]);
    rotten.harm(2, Damage::Corrupt, 7);
    assert_eq!(rotten.cut_torn_end(), 0);
    // Nor is what a node read at a start, although no sync ever covered it.
    let mut read = journal(&[1], &[2, 3]);
    read.crash(crash(2));
    let mut unread = read.clone();
    read.rely();
    for journal in [&mut read, &mut unread] {
        journal.harm(2, Damage::Corrupt, 7);
    }
    assert_eq!((read.cut_torn_end(), unread.cut_torn_end()), (0, 1));
}

#[test]
fn one_fault_is_come_by_once_however_many_places_it_damaged() {
    let mut journal = journal(&[1, 2, 3], &[]);
    journal.harm(0, Damage::Misdirected, 7);
    journal.harm(2, Damage::Misdirected, 7);
    journal.harm(1, Damage::Corrupt, 8);
    assert_eq!(journal.read(), [Damage::Misdirected, Damage::Corrupt]);
    assert_eq!(journal.read(), []);
}

#[test]
fn what_is_written_anew_is_whole() {
    let mut journal = journal(&[1, 2, 3], &[]);
    journal.harm(0, Damage::Corrupt, 1);
    journal.harm(2, Damage::Corrupt, 2);
    journal.write(Change::Truncate(2));
    journal.write(Change::Append(7));
    journal.sync(journal.written());
    assert_eq!(journal.entries().collect::<Vec<_>>(), [Err(Damage::Corrupt), Ok(&2), Ok(&7)]);
    journal.write(Change::Checkpoint(vec![8, 9]));
    journal.sync(journal.written());
    assert_eq!(journal.records(), [8, 9]);
}

#[test]
fn a_lie_is_told_in_a_crash_and_an_honest_sync_makes_up_for_it() {
    let mut journal = journal(&[1], &[2, 3]);
    assert_eq!(journal.promise(Position(2)), 1);
    assert_eq!((journal.synced(), journal.durable()), (Position(2), Position(1)));
    let mut honest = journal.clone();
    assert_eq!(honest.sync(Position(3)), 1);
    assert_eq!(honest.records(), [1, 2, 3]);
    assert!(!honest.crash(crash(0)).broke_word);
    let mut lucky = journal.clone();
    assert!(!lucky.crash(crash(1)).broke_word);
    assert!(journal.crash(crash(0)).broke_word);
    assert_eq!((journal.records().to_vec(), journal.synced()), (vec![1], Position(1)));
}

#[test]
fn the_room_that_a_sync_needs_is_counted_through_its_changes() {
    let mut journal = journal(&[1, 2], &[3, 4]);
    journal.write(Change::Truncate(1));
    journal.write(Change::Checkpoint(vec![1, 2, 3]));
    let len = |through| journal.len_at(Position(through));
    assert_eq!([2, 3, 4, 5, 6].map(len), [2, 3, 4, 1, 3]);
}

fn change() -> impl Strategy<Value = Change<u32>> {
    prop_oneof![
        4 => any::<u32>().prop_map(Change::Append),
        1 => (0_usize..6).prop_map(Change::Truncate),
        1 => prop::collection::vec(any::<u32>(), 0..4).prop_map(Change::Checkpoint),
    ]
}

fn written(synced: &[Change<u32>], unsynced: &[Change<u32>]) -> Journal<u32> {
    let mut journal = Journal::default();
    for change in synced {
        journal.write(change.clone());
    }
    journal.sync(journal.written());
    for change in unsynced {
        journal.write(change.clone());
    }
    journal
}

#[test]
fn what_a_crash_tore_stays_torn_when_the_disk_is_mended() {
    let mut journal = written(&[Change::Append(1)], &[Change::Append(2)]);
    journal.crash(Draws { survivors: 0, is_torn: true, survives: None, event: 1 });
    journal.harm(0, Damage::Corrupt, 2);
    journal.harm(1, Damage::Corrupt, 3);
    assert!(journal.mend());
    assert_eq!(journal.records().copied().collect::<Vec<u32>>(), [1]);
    assert!(journal.entries().nth(1).is_some_and(|entry| entry == Err(Damage::Torn)));
    assert!(!journal.mend());
    journal.cut_torn_end();
    assert_eq!(journal.entries().len(), 1);
}

proptest! {
    #[test]
    fn mended_the_records_read_as_they_were_written(
        synced in prop::collection::vec(change(), 0..12),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..6),
    ) {
        let pristine = written(&synced, &[]);
        let mut journal = pristine.clone();
        for (event, (place, is_rot)) in (0..).zip(&places) {
            if journal.as_written().is_empty() {
                break;
            }
            let damage = if *is_rot { Damage::Corrupt } else { Damage::Misdirected };
            journal.harm(place.index(journal.as_written().len()), damage, event);
        }
        let whole = journal.entries().take_while(Result::is_ok).count();
        prop_assert_eq!(journal.records(), pristine.as_written().range(0..whole));
        journal.mend();
        prop_assert_eq!(journal, pristine);
    }

    /// Whatever a crash tears and reorders: once cut off, there is a prefix of what was written, and all that a
    /// sync covered.
    #[test]
    fn a_cut_off_end_leaves_what_some_plain_crash_leaves(
        synced in prop::collection::vec(change(), 0..8),
        unsynced in prop::collection::vec(change(), 0..8),
        survivors in 0_u64..9,
        fates in prop::option::of(prop::collection::vec(any::<bool>(), 8)),
        is_torn: bool,
    ) {
        let before = written(&synced, &unsynced);
        let survivors = survivors.min(before.unsynced().len() as u64);
        let mut journal = before.clone();
        let mut places = 0;
        let mut survives = || {
            places += 1;
            fates.as_ref().is_some_and(|fates| fates[places - 1])
        };
        let survives: Option<&mut dyn FnMut() -> bool> =
            if fates.is_some() { Some(&mut survives) } else { None };
        journal.crash(Draws { survivors, is_torn, survives, event: 1 });
        prop_assert_eq!(journal.synced(), journal.written());
        journal.cut_torn_end();
        prop_assert!(journal.damage().next().is_none());
        let plain = (0..=before.unsynced().len() as u64).map(|survivors| {
            let mut other = before.clone();
            other.crash(crash(survivors));
            other
        });
        let mut plain = plain.collect::<Vec<_>>().into_iter();
        prop_assert!(plain.any(|other| other.records() == journal.records()));
    }
}
