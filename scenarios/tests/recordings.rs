//! Recordings of the catalogue: what they show is what the live run shows, at every event.

use std::path::{Path, PathBuf};

use orrery_harness::recording::{self, Line, Part, RecordedSession, Recorder, Retained, Source};
use orrery_harness::{Case, Session};
use orrery_protocols::ping::Ping;
use orrery_scenarios::{Catalogue, Override, registry};

fn case(name: &str, seed: Option<u64>, set: &[&str], bugs: &[&str]) -> Case {
    let scenario = Catalogue::builtin().load(name).unwrap();
    let set: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
    let bugs: Vec<String> = bugs.iter().map(|bug| (*bug).to_string()).collect();
    scenario.case(&registry(), seed, &set, &bugs).unwrap_or_else(|e| panic!("{}", e.plain()))
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace('/', "-"))
}

/// Views that are compared of one run, beside those of its first events.
const VIEWS: usize = 150;

/// Compares all rows, the report, and views from one end of the run to the other.
#[track_caller]
fn assert_same(case: &Case) {
    let registry = registry();
    let subject = registry.get(&case.protocol).unwrap();
    let path = scratch(&format!("{}-{}-{}", case.scenario, case.seed, case.bugs.join("-")));
    recording::write(&path, subject.record(case, &Source::default()).unwrap()).unwrap();
    let mut live = subject.open(case).unwrap();
    let mut recorded = RecordedSession::open(&path).unwrap();
    assert_eq!(recorded.header(), live.header());
    assert_eq!(recorded.report(), live.report());
    for (recorded, live) in recorded.rows().iter().zip(live.rows()) {
        assert_eq!(recorded, live, "{}", case.scenario);
    }
    let last = live.rows().len() as u64;
    assert_eq!(recorded.rows().len() as u64, last);
    let spread = (0..=last).step_by(last as usize / VIEWS + 1);
    let back = (0..last).rev().step_by(last as usize / 5 + 1);
    for event in (0..last.min(100)).chain(spread).chain(back) {
        live.seek(event).unwrap();
        recorded.seek(event).unwrap();
        assert_eq!(recorded.view(), live.view(), "{} event {event}", case.scenario);
    }
}

#[test]
fn every_scenario_is_recorded_as_it_is() {
    for name in Catalogue::builtin().names() {
        assert_same(&case(name, None, &[], &[]));
    }
}

#[test]
fn so_are_random_faults_and_planted_bugs() {
    for seed in [3, 11] {
        assert_same(&case("raft/chaos", Some(seed), &[], &[]));
    }
    assert_same(&case("raft/figure-8", None, &[], &["R1"]));
    assert_same(&case("ping/lossy", Some(9), &["link.duplicate=50%"], &["P1"]));
}

/// How many lines a run has, and the most that its recorder ever held.
fn held(stop_at: &str) -> (usize, Retained) {
    let case = case("ping/lossy", None, &[&format!("stop_at={stop_at}")], &[]);
    let mut recorder = Recorder::<Ping>::new(&case, &Source::default()).unwrap();
    let (mut lines, mut most) = (0, recorder.retained());
    while let Some(Line { part, .. }) = recorder.next() {
        lines += 1;
        let now = recorder.retained();
        most.known = most.known.max(now.known);
        most.text = most.text.max(now.text);
        assert!(!matches!(part, Part::End(_)) || recorder.next().is_none());
    }
    (lines, most)
}

#[test]
fn a_recorder_holds_no_more_of_a_longer_run() {
    let (short, held_of_short) = held("10s");
    let (long, held_of_long) = held("200s");
    assert!(10 * short < long, "{short} and {long} lines");
    let most = held_of_short.known * 3 / 2;
    assert!(0 < held_of_short.known && held_of_long.known <= most, "{held_of_long:?} {most}");
    assert!(held_of_long.text <= held_of_short.text * 2, "{held_of_long:?} {held_of_short:?}");
}
