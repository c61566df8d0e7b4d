//! Going anywhere in a run, and on from there in another way: how one came to a place does not matter, and what was done
//! there is data from which the run is made again.

use std::sync::{Arc, LazyLock};

use orrery_harness::session::{Row, RowKind, WorldView};
use orrery_harness::{Case, RunOptions, Session, Subject};
use orrery_scenarios::{Catalogue, PlanFile, Scenario, registry};
use orrery_sim::plan::{Action, Behaviour, Cut, DiskFault, MessageFilter, Target};
use orrery_sim::{ClientId, Duration, Law, NodeId, SimTime};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const SCENARIO: &str = "raft/leader-crash";
/// The first leader is busy, and everybody is up.
const PLACE: u64 = 700;

fn scenario() -> Scenario {
    Catalogue::builtin().load(SCENARIO).unwrap()
}

fn case() -> Case {
    scenario().case(&registry(), Some(7), &[], &[]).unwrap()
}

fn subject() -> Arc<dyn Subject> {
    Arc::clone(registry().get("raft").unwrap())
}

fn open(case: &Case) -> Box<dyn Session> {
    subject().open(case).unwrap()
}

fn at(case: &Case, event: u64) -> Box<dyn Session> {
    let mut session = open(case);
    session.seek(event).unwrap();
    session
}

/// The run from the session's cursor on in which somebody does `action` there, to its end.
fn fork(session: &dyn Session, action: &Action<Json>) -> Box<dyn Session> {
    let mut fork = session.fork(action).unwrap();
    fork.complete();
    fork
}

fn rows(session: &dyn Session, first: u64, last: u64) -> Vec<Row> {
    (first..=last).map(|event| Row::clone(&session.row(event).unwrap())).collect()
}

fn view(session: &mut dyn Session, event: u64) -> WorldView {
    session.seek(event).unwrap();
    session.view().clone()
}

/// The run of the session is what its case makes from the beginning: digest, report, events, states.
fn check_replay(session: &mut dyn Session) {
    let case = session.case().unwrap().clone();
    let report = subject().run(&case, &RunOptions::default()).unwrap();
    assert_eq!(report.digest, session.report().digest);
    let mut again = open(&case);
    assert_eq!(again.report(), session.report());
    assert!(again.marks() == session.marks());
    let last = session.events();
    for event in (0..=last).step_by(211).chain([PLACE, PLACE + 1, last]) {
        assert_eq!(view(&mut *again, event), view(session, event), "event {event}");
    }
    assert_eq!(rows(&*again, last - 300, last), rows(session, last - 300, last));
}

const fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

/// Everything that a person may do at that moment, and what the event says that shows it.
fn interventions(view: &WorldView) -> Vec<(&'static str, Action<Json>)> {
    let message = view.in_flight.last().unwrap().message;
    let (owner, timer) =
        view.nodes.iter().find_map(|node| Some((node.id, node.timers.first()?.0.clone()))).unwrap();
    let leader = view.nodes.iter().find(|node| node.role == "leader").unwrap().id.0;
    let operation = json!({ "Put": { "key": "k1", "value": "by hand" } });
    let disk = |fault| Action::Disk { node: node(leader), fault };
    vec![
        ("deliver", Action::Deliver(message)),
        ("drop", Action::Drop(message)),
        ("duplicate", Action::Duplicate(message)),
        ("delay", Action::Delay { message, by: Duration::from_millis(300) }),
        ("fire", Action::Fire { node: Target::Node(owner), timer }),
        ("crash", Action::Crash { node: node(leader), after_effects: None }),
        ("wipe", Action::Wipe(node(leader))),
        ("pause", Action::Pause(Target::Role("leader".into()))),
        (
            "slow",
            Action::Slow { node: node(leader), service: Law::Constant(Duration::from_millis(9)) },
        ),
        ("byzantine", Action::Byzantine { node: node(leader), behaviour: Behaviour::Withhold }),
        ("cut", Action::Cut(Cut::Isolate(node(leader)))),
        ("clog", Action::Clog(Cut::Isolate(node(leader)))),
        (
            "hold",
            Action::Hold(MessageFilter { from: Some(node(leader)), ..MessageFilter::default() }),
        ),
        ("clock", Action::ClockRate { node: node(leader), ppb: -400_000_000 }),
        ("disk", disk(DiskFault::Stall)),
        ("disk", disk(DiskFault::Corrupt(Some(0)))),
        ("request", Action::Request { client: ClientId(1), operation, to: None }),
        ("reseed", Action::Reseed(99)),
    ]
}

#[test]
fn whatever_is_done_to_a_run_the_new_run_is_made_again_from_its_data() {
    let original = at(&case(), PLACE);
    let before = rows(&*original, 1, PLACE);
    for (word, action) in interventions(original.view()) {
        let mut fork = fork(&*original, &action);
        let row = fork.row(PLACE + 1).unwrap();
        assert!(matches!(&row.kind, RowKind::Fault { word: told, .. } if *told == word), "{row:?}");
        assert!(!row.title.contains("waits"), "{row:?}");
        assert_eq!(fork.cursor(), PLACE + 1);
        assert_eq!(rows(&*fork, 1, PLACE), before, "{word} changes nothing before it");
        assert_ne!(fork.report().digest, original.report().digest, "{word} changes the run");
        check_replay(&mut *fork);

        let case = fork.case().unwrap();
        let text = PlanFile::write(SCENARIO, false, &case.interventions).unwrap();
        let file = PlanFile::from_text("forks/a.toml", &text).unwrap();
        let read = scenario().with_plan(file).case(&registry(), Some(7), &[], &[]).unwrap();
        let report = subject().run(&read, &RunOptions::default()).unwrap();
        assert_eq!(report.digest, fork.report().digest, "{word}, from a plan file");
    }
    assert_eq!((original.cursor(), original.events()), (PLACE, open(&case()).events()));
}

#[test]
fn a_fork_is_forked_again_and_what_was_done_later_is_left_out() {
    let original = at(&case(), PLACE);
    let mut once = fork(&*original, &Action::Pause(node(1)));
    once.seek(PLACE + 200).unwrap();
    let mut twice = fork(&*once, &Action::Resume(node(1)));
    let done = |session: &dyn Session| session.header().interventions.clone();
    let words = ["pause n1 (behind event 700)", "resume n1 (behind event 900)"];
    assert_eq!(done(&*twice), words);
    check_replay(&mut *twice);
    // Between the two: the first stays, the second is of a future that does not come.
    twice.seek(PLACE + 100).unwrap();
    let mut other = fork(&*twice, &Action::Reseed(5));
    assert_eq!(done(&*other), [words[0], "reseed 5 (behind event 800)"]);
    check_replay(&mut *other);
    // Before both: neither stays, also where the run was made from data that has them.
    let mut again = at(other.case().unwrap(), PLACE - 100);
    let mut third = fork(&*again, &Action::Reseed(5));
    assert_eq!(done(&*third), ["reseed 5 (behind event 600)"]);
    check_replay(&mut *third);
    again.seek(PLACE).unwrap();
    assert!(again.row(PLACE + 1).unwrap().title.starts_with("pause"));
}

#[test]
fn reseeding_keeps_what_was_and_changes_what_comes() {
    let original = at(&case(), PLACE);
    let [one, same, other] = [3, 3, 4].map(|seed| fork(&*original, &Action::Reseed(seed)));
    assert_eq!(one.report().digest, same.report().digest);
    assert_ne!(one.report().digest, other.report().digest);
    let rest = |session: &dyn Session| rows(session, PLACE + 2, PLACE + 60);
    assert_ne!(rest(&*one), rest(&*other));
    assert_eq!(rows(&*one, 1, PLACE), rows(&*other, 1, PLACE));
    // Under its own seed the run goes on as it was, one event later.
    let own = fork(&*original, &Action::Reseed(7));
    let (was, is) = (rows(&*original, PLACE + 1, PLACE + 60), rows(&*own, PLACE + 2, PLACE + 61));
    let told =
        |rows: &[Row]| rows.iter().map(|row| (row.time, row.title.clone())).collect::<Vec<_>>();
    assert_eq!(told(&was), told(&is));
}

#[test]
fn a_run_can_be_looked_at_and_changed_while_it_is_made() {
    let mut session = subject().begin(&case()).unwrap();
    assert_eq!((session.events(), session.is_complete()), (0, false));
    assert_eq!(session.report().verdict, orrery_harness::Verdict::Unknown);
    assert!(session.advance(PLACE));
    assert_eq!(session.events(), PLACE);
    session.seek(u64::MAX).unwrap();
    assert_eq!(session.cursor(), PLACE);
    let mut early = session.fork(&Action::Pause(node(2))).unwrap();
    assert_eq!((early.events(), early.is_complete()), (PLACE + 1, false));
    session.seek(PLACE / 2).unwrap();
    let half = session.view().clone();
    session.complete();
    assert!(session.is_complete() && !session.advance(1));
    let mut whole = at(&case(), PLACE / 2);
    assert_eq!(whole.view(), &half);
    assert_eq!(whole.report(), session.report());
    whole.seek(PLACE).unwrap();
    let late = fork(&*whole, &Action::Pause(node(2)));
    early.complete();
    assert_eq!(late.report(), early.report());
}

#[test]
fn what_names_nobody_or_nothing_is_refused() {
    let original = at(&case(), PLACE);
    let refused = |action: &Action<Json>| original.fork(action).map(drop).unwrap_err().to_string();
    assert!(refused(&Action::Pause(node(9))).contains("there is no n9"));
    let nonsense = Action::Request { client: ClientId(1), operation: json!("?"), to: None };
    assert!(refused(&nonsense).contains("an operation of `raft`"));
}

/// A shorter run, and how it looks behind each event for whoever goes step by step.
static STEPPED: LazyLock<(Case, Vec<WorldView>)> = LazyLock::new(|| {
    let chaos = Catalogue::builtin().load("raft/chaos").unwrap();
    let case = chaos.case(&registry(), Some(7), &[], &[]).unwrap();
    let case = Case { stop_at: SimTime::from_nanos(2_500_000_000), ..case };
    let mut stepper = open(&case);
    let views = (0..=stepper.events()).map(|event| view(&mut *stepper, event)).collect();
    (case, views)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn wherever_one_comes_from_a_place_looks_the_same(
        ways in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..30), 1..20),
    ) {
        let (case, views) = &*STEPPED;
        let mut walker = open(case);
        prop_assert_eq!(walker.events() as usize + 1, views.len());
        for (place, back) in ways {
            let event = place.index(views.len()) as u64;
            for event in [event, event.saturating_sub(back)] {
                prop_assert_eq!(&view(&mut *walker, event), &views[event as usize]);
            }
        }
    }
}
