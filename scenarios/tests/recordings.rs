//! Recordings of the catalogue: what they show is what the live run shows, at every event.

use std::path::{Path, PathBuf};

use orrery_harness::recording::{self, Line, Part, RecordedSession, Recorder, Retained, Source};
use orrery_harness::session::{NodeView, WorldView};
use orrery_harness::{Case, Session};
use orrery_protocols::ping::Ping;
use orrery_scenarios::{Catalogue, Override, registry};
use orrery_sim::plan::{Action, Behaviour, DiskFault, Item, Target, Trigger};
use orrery_sim::{Correction, Duration, Law, Probability, SimTime, WallClock};

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
fn assert_same(case: &Case) -> Vec<WorldView> {
    let registry = registry();
    let subject = registry.get(&case.protocol).unwrap();
    let path = scratch(&format!("{}-{}-{}", case.scenario, case.seed, case.bugs.join("-")));
    recording::write(&path, subject.record(case, &Source::default()).unwrap()).unwrap();
    let mut live = subject.open(case).unwrap();
    let mut recorded = RecordedSession::open(&path).unwrap();
    assert_eq!(recorded.header(), live.header());
    assert_eq!(recorded.report(), live.report());
    let last = live.events();
    assert_eq!(recorded.events(), last);
    assert!(recorded.marks().iter().eq(live.marks().iter()), "{}", case.scenario);
    for event in 1..=last {
        assert_eq!(recorded.row(event), live.row(event), "{}", case.scenario);
    }
    let spread = (0..=last).step_by(last as usize / VIEWS + 1);
    let back = (0..last).rev().step_by(last as usize / 5 + 1);
    let mut views = vec![];
    for event in (0..last.min(100)).chain(spread).chain(back) {
        live.seek(event).unwrap();
        recorded.seek(event).unwrap();
        assert_eq!(recorded.view(), live.view(), "{} event {event}", case.scenario);
        views.push(live.view().clone());
    }
    views
}

#[test]
fn scenarios_are_recorded_as_they_are() {
    for name in [
        "engine/at-least-once",
        "ping/hello",
        "ping/lossy",
        "raft/election",
        "raft/figure-8",
        "raft/log-repair",
        "raft/stale-read",
    ] {
        assert_same(&case(name, None, &[], &[]));
    }
}

#[test]
fn so_are_random_faults_and_planted_bugs() {
    assert_same(&case("raft/chaos", Some(3), &["stop_at=4s", "swarm.until=3s"], &[]));
    assert_same(&case("raft/figure-8", None, &[], &["R1"]));
    assert_same(&case("ping/lossy", Some(9), &["link.duplicate=50%"], &["H1"]));
}

/// A case with these items in its plan, at so many milliseconds.
fn planned(name: &str, items: Vec<(u64, Action<serde_json::Value>)>) -> Case {
    let mut case = case(name, None, &[], &[]);
    case.scenario = format!("{name}-planned");
    case.plan.items.extend(items.into_iter().map(|(at, action)| Item {
        name: None,
        trigger: Trigger::At(SimTime::from_nanos(at * 1_000_000)),
        within: None,
        action,
    }));
    case
}

fn node(id: u32) -> Target {
    Target::Node(format!("n{id}").parse().unwrap())
}

#[test]
fn so_are_disks_that_go_wrong() {
    let disk = |node, fault| Action::Disk { node, fault };
    let crash = |node| Action::Crash { node, after_effects: None };
    let mut case = planned(
        "raft/stale-read",
        vec![
            (300, disk(node(1), DiskFault::Stall)),
            (500, disk(node(1), DiskFault::Mend)),
            (600, disk(node(2), DiskFault::Corrupt(Some(1)))),
            (610, disk(node(3), DiskFault::Misdirect(Some(0)))),
            (700, crash(node(2))),
            (750, disk(node(2), DiskFault::Mend)),
            (800, Action::Restart(node(2))),
            (900, disk(node(3), DiskFault::Error)),
            (950, disk(node(3), DiskFault::Mend)),
            (1_000, disk(node(1), DiskFault::Full)),
            (1_100, disk(node(1), DiskFault::Lie)),
            (1_200, crash(node(1))),
            (1_300, Action::Restart(node(1))),
        ],
    );
    case.disk.torn = Probability::ALWAYS;
    case.disk.reordered = Probability::ALWAYS;
    let views = assert_same(&case);
    let shows =
        |what: &dyn Fn(&NodeView) -> bool| views.iter().any(|view| view.nodes.iter().any(what));
    assert!(shows(&|node| node.disk.iter().any(|line| line == "answers no sync")));
    assert!(shows(&|node| node.disk.iter().any(|line| line == "lies about syncs")));
    assert!(shows(&|node| node.journal.iter().any(|line| line.ends_with("(corrupt)"))));
}

#[test]
fn so_are_clocks_that_go_wrong_and_nodes_that_are_slow_or_lie() {
    let rate = |node, ppb| Action::ClockRate { node, ppb };
    let jump = |node, by| Action::ClockJump { node, by };
    let byzantine = |behaviour| Action::Byzantine { node: node(3), behaviour };
    let slow = |law| Action::Slow { node: node(2), service: Law::Constant(law) };
    let mut case = planned(
        "raft/stale-read",
        vec![
            (200, rate(node(1), 333_333_333)),
            (250, jump(node(1), -7_000_000)),
            (300, jump(node(2), 1_000_000_000_000)),
            (350, slow(Duration::from_millis(40))),
            (400, rate(node(2), -1_000_000_000)),
            (500, byzantine(Behaviour::Withhold)),
            (700, rate(node(2), -77)),
            (800, slow(Duration::ZERO)),
            (850, Action::Pause(node(1))),
            (900, byzantine(Behaviour::Honest)),
            (950, Action::Resume(node(1))),
        ],
    );
    let correction =
        Correction { every: Duration::from_micros(700), error: Duration::from_micros(9) };
    case.wall_clocks = vec![
        WallClock { offset: 5, correction: Some(correction), drift_bound: 9 },
        WallClock { offset: -123_456_789, ..WallClock::default() },
        WallClock { correction: Some(correction), ..WallClock::default() },
    ];
    let views = assert_same(&case);
    let shows =
        |what: &dyn Fn(&NodeView) -> bool| views.iter().any(|view| view.nodes.iter().any(what));
    let differs = |node: &NodeView| node.clock.as_nanos() != node.wall_clock.as_nanos();
    assert!(shows(&differs) && shows(&|node| node.is_slow));
    assert!(shows(&|node| 0 < node.inbox));
    assert!(shows(&|node| node.behaviour == Behaviour::Withhold));
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
    let (short, held_of_short) = held("5s");
    let (long, held_of_long) = held("60s");
    assert!(10 * short < long, "{short} and {long} lines");
    let most = held_of_short.known * 3 / 2;
    assert!(0 < held_of_short.known && held_of_long.known <= most, "{held_of_long:?} {most}");
    assert!(held_of_long.text <= held_of_short.text * 2, "{held_of_long:?} {held_of_short:?}");
}
