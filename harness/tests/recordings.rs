//! Runs as files: they read back as they were, and what is wrong with one is told.

mod support;

use std::path::{Path, PathBuf};

use orrery_harness::case::Case;
use orrery_harness::recording::{self, Part, Reader, RecordedSession, RecordingError, Source};
use orrery_harness::session::{Row, RowKind};
use orrery_harness::{Session, Verdict, registered};
use orrery_sim::SimTime;

use support::{Registered, case};

/// A path that no other test uses.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn source() -> Source {
    Source { text: Some(String::from("title = \"a register\"")), ..Source::default() }
}

fn record(case: &Case, path: &Path) {
    let lines = registered::<Registered>().record(case, &source()).unwrap();
    recording::write(path, lines).unwrap();
}

/// A run of a few events.
fn short() -> Case {
    Case { stop_at: SimTime::from_nanos(30_000_000), ..case(2) }
}

/// All events of a session, described.
fn rows(session: &dyn Session) -> Vec<Row> {
    session.rows().map(|row| Row::clone(&row)).collect()
}

#[track_caller]
fn assert_same(case: &Case, path: &Path, every: usize) -> RecordedSession {
    record(case, path);
    let mut live = registered::<Registered>().open(case).unwrap();
    let mut recorded = RecordedSession::open(path).unwrap();
    assert_eq!(recorded.header(), live.header());
    assert_eq!(recorded.report(), live.report());
    assert_eq!(
        recorded.marks().iter().collect::<Vec<_>>(),
        live.marks().iter().collect::<Vec<_>>()
    );
    assert_eq!(rows(&recorded), rows(live.as_ref()));
    let last = live.events();
    let back = (0..=last).rev().step_by(17 * every);
    for event in (0..=last).step_by(every).chain(back).chain([last / 2, last, 1, last + 5]) {
        live.seek(event).unwrap();
        recorded.seek(event).unwrap();
        assert_eq!(recorded.view(), live.view(), "event {event}");
        assert_eq!(recorded.cursor(), live.cursor());
    }
    recorded
}

#[test]
fn a_recording_looks_like_the_run() {
    let recorded = assert_same(&case(3), &scratch("like-the-run"), 1);
    assert!(recorded.recorded().is_some_and(|note| note.contains("not to change")));
    assert_eq!(recorded.first_line().text, source().text);
}

#[test]
fn so_does_that_of_a_panic_and_of_a_history_that_is_not_linearizable() {
    let panics = Case { bugs: vec![String::from("PANICS")], ..case(1) };
    let recorded = assert_same(&panics, &scratch("panics"), 1);
    assert_eq!(recorded.row(recorded.events()).unwrap().kind, RowKind::Panic);
    let stale = Case { bugs: vec![String::from("STALE")], ..case(1) };
    let recorded = assert_same(&stale, &scratch("stale"), 3);
    let failure = recorded.report().violation.clone().unwrap();
    let row = recorded.row(failure.event).unwrap();
    assert!(failure.event < recorded.events() && row.violation.is_some(), "{row:?}");
}

#[test]
fn a_long_recording_holds_the_whole_world_now_and_then() {
    let lines = registered::<Registered>().record(&long(), &source()).unwrap();
    let parts: Vec<Part> = lines.map(|line| line.part).collect();
    assert_eq!(parts[..2], [Part::Header, Part::View]);
    assert!(3 < parts.iter().filter(|part| **part == Part::View).count());
    assert_same(&long(), &scratch("long"), 97);
}

/// A run of several blocks.
fn long() -> Case {
    Case { stop_at: SimTime::from_nanos(12_000_000_000), ..case(4) }
}

#[test]
fn what_is_cut_short_in_its_first_block_is_told() {
    let path = scratch("cut");
    record(&short(), &path);
    let whole = std::fs::read(&path).unwrap();
    for length in (4..whole.len() - 16).step_by(5) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = RecordedSession::open(&path).err().expect("it is not whole");
        assert!(matches!(error, RecordingError::Truncated { .. }), "{length}: {error}");
    }
    std::fs::write(&path, &whole[..3]).unwrap();
    let error = RecordedSession::open(&path).err().expect("it is hardly there");
    assert!(error.to_string().contains("--record FILE"), "{error}");
}

#[test]
fn what_is_cut_short_later_is_shown_up_to_its_last_whole_block() {
    let (source, path) = (scratch("cut-later-whole"), scratch("cut-later"));
    record(&long(), &source);
    let mut original = RecordedSession::open(&source).unwrap();
    let whole = std::fs::read(&source).unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for part in [40, 60, 80, 99] {
        std::fs::write(&path, &whole[..whole.len() * part / 100]).unwrap();
        let mut cut = RecordedSession::open(&path).unwrap();
        let events = cut.events();
        assert!(lengths.insert(events) && 0 < events && events < original.events());
        assert!(matches!(cut.problem(), Some(RecordingError::Truncated { .. })));
        assert!(cut.recorded().is_some_and(|note| note.contains("breaks off")));
        assert_eq!(cut.report().verdict, Verdict::Unknown);
        for event in (1..events).step_by(31) {
            assert_eq!(cut.row(event), original.row(event));
        }
        for event in [0, events / 2, events] {
            cut.seek(event).unwrap();
            original.seek(event).unwrap();
            assert_eq!(cut.view(), original.view());
        }
    }
    // Only the mark is missing: everything that was recorded is there.
    std::fs::write(&path, &whole[..whole.len() - 7]).unwrap();
    let marked = RecordedSession::open(&path).unwrap();
    assert_eq!((rows(&marked), marked.report()), (rows(&original), original.report()));
    assert!(marked.recorded().is_some_and(|note| note.contains("breaks off")));
}

#[test]
fn a_writer_that_is_killed_leaves_its_whole_blocks() {
    let (path, left) = (scratch("killed"), scratch("killed-left"));
    let part = scratch(&format!("killed.{}.tmp", std::process::id()));
    let lines = registered::<Registered>().record(&long(), &source()).unwrap();
    let (mut blocks, mut seen) = (0, 0);
    let watched = lines.inspect(|line| match line.part {
        Part::View => blocks += 1,
        // In the middle of the third block.
        Part::Event(number) if blocks == 3 && seen == 0 => {
            seen = number;
            std::fs::copy(&part, &left).unwrap();
        }
        Part::Header | Part::Event(_) | Part::End(_) => {}
    });
    recording::write(&path, watched).unwrap();
    let killed = RecordedSession::open(&left).unwrap();
    assert_eq!(killed.events() + 1, seen);
    assert!(killed.recorded().is_some_and(|note| note.contains("breaks off")));
}

#[test]
fn whatever_is_changed_is_told_as_damage() {
    let path = scratch("flipped");
    record(&short(), &path);
    let whole = std::fs::read(&path).unwrap();
    let original = rows(&RecordedSession::open(&path).unwrap());
    for place in (4..whole.len()).step_by(7).chain(whole.len() - 40..whole.len()) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(&path, &bytes).unwrap();
        match RecordedSession::open(&path) {
            // Some bits of a frame's head mean nothing.
            Ok(session) => assert_eq!(rows(&session), original, "byte {place}"),
            Err(RecordingError::Truncated { .. }) => panic!("byte {place}"),
            Err(error) => assert!(matches!(error, RecordingError::Corrupt { .. }), "{error}"),
        }
    }
    let mut longer = whole.clone();
    longer.extend_from_slice(b"more");
    std::fs::write(&path, &longer).unwrap();
    assert!(matches!(RecordedSession::open(&path), Err(RecordingError::Corrupt { .. })));
}

#[test]
fn damage_is_told_with_its_place() {
    let path = scratch("place");
    record(&long(), &path);
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.len() * 2 / 3;
    bytes[place] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let error = RecordedSession::open(&path).err().unwrap().to_string();
    let words = error.split_once("begins at byte ").and_then(|(_, rest)| rest.split_once(','));
    let start: usize = words.unwrap().0.parse().unwrap();
    assert!(0 < start && start <= place && error.contains("behind event"), "{error}");
    // Who looks while it is read sees what comes before.
    let mut session = RecordedSession::begin(&path).unwrap();
    while session.advance(10) {}
    assert!(matches!(session.problem(), Some(RecordingError::Corrupt { .. })));
    assert!(0 < session.events() && session.recorded().unwrap().contains("it is damaged"));
    assert_eq!(session.report().violation.as_ref().unwrap().facts[0], error);
    assert!(error.contains("record the run again"), "{error}");
}

#[test]
fn what_is_no_recording_or_of_another_format_is_told() {
    let path = scratch("other");
    let open = || RecordedSession::open(&path).err().unwrap().to_string();
    std::fs::write(&path, "").unwrap();
    assert!(open().contains("is empty"));
    std::fs::write(&path, "title = \"x\"\n").unwrap();
    assert!(open().contains("is no recording") && !recording::is_recording(&path));
    std::fs::write(
        &path,
        "{\"orrery_recording\":1,\"engine\":\"0.0.9+rng1\",\"scenario\":\"a\"}\n",
    )
    .unwrap();
    assert!(open().contains("format 1; this release reads format 2. Use the release 0.0.9"));
    assert!(recording::is_recording(&path));
}

#[test]
fn a_recording_appears_whole_or_not_at_all() {
    let folder = scratch("whole-or-not");
    // What an earlier test run left.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("run");
    std::fs::write(&path, "old").unwrap();
    let lines = registered::<Registered>().record(&short(), &source()).unwrap();
    let looked = lines.inspect(|_| assert_eq!(std::fs::read(&path).unwrap(), b"old"));
    recording::write(&path, looked).unwrap();
    assert!(recording::is_recording(&path));
    // A run that breaks off leaves nothing.
    let some = registered::<Registered>().record(&short(), &source()).unwrap().take(9);
    let other = folder.join("other");
    assert!(recording::write(&other, some).is_err());
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [path]);
}

#[test]
fn the_lines_of_two_runs_are_the_same_and_of_two_seeds_are_not() {
    let lines = |seed| -> Vec<String> {
        let lines = registered::<Registered>().record(&case(seed), &source()).unwrap();
        lines.map(|line| line.text).collect()
    };
    assert_eq!(lines(6), lines(6));
    assert_ne!(lines(6)[2..], lines(7)[2..]);
}

#[test]
fn a_reader_gives_event_after_event_and_then_the_report() {
    let path = scratch("reader");
    record(&short(), &path);
    let session = RecordedSession::open(&path).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.report(), None);
    for row in rows(&session) {
        let event = reader.next_event().unwrap().unwrap();
        assert_eq!(reader.row(&event).unwrap(), row);
    }
    assert_eq!(reader.next_event().unwrap(), None);
    assert_eq!(reader.report().as_ref(), Some(session.report()));
}
