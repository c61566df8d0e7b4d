//! Walking through a run, forwards and backwards.

mod support;

use orrery_harness::case::{Case, Narration};
use orrery_harness::session::RowKind;
use orrery_harness::{Session, WorldView, registered};
use orrery_sim::Predicate;
use orrery_sim::plan::Action;

use support::{Registered, case};

fn open(case: &Case) -> Box<dyn Session> {
    registered::<Registered>().open(case).unwrap()
}

#[test]
fn every_event_looks_the_same_from_both_sides() {
    let mut session = open(&case(3));
    let last = session.events();
    assert!(600 < last, "the run is long enough to need checkpoints: {last}");
    let mut seen: Vec<WorldView> = Vec::new();
    for event in 0..=last {
        session.seek(event).unwrap();
        assert_eq!((session.cursor(), session.view().event), (event, event));
        seen.push(session.view().clone());
    }
    for event in (0..=last).rev().step_by(7) {
        session.seek(event).unwrap();
        assert_eq!(session.view(), &seen[event as usize], "event {event}");
    }
    session.seek(last + 99).unwrap();
    assert_eq!(session.cursor(), last);
}

#[test]
fn rows_are_numbered_and_causes_come_before_effects() {
    let session = open(&case(4));
    for (place, row) in session.rows().enumerate() {
        assert_eq!(row.number, place as u64 + 1);
        assert!(row.cause.is_none_or(|cause| cause < row.number));
        if let RowKind::Arrive { message, sent_at, .. } = &row.kind {
            let sender = session.row(*sent_at).unwrap();
            assert!(sender.sent.iter().any(|sent| sent.message == *message), "{row:?}");
        }
    }
}

#[test]
fn narration_is_filled_with_what_happened() {
    let mut case = case(5);
    let when = Predicate::parse("note Wrote where version = 2").unwrap();
    let say = String::from("{node} wrote version {version} of {nothing}");
    case.narration.push(Narration { when, say });
    let session = open(&case);
    let told: Vec<_> = session.rows().flat_map(|row| row.narration.clone()).collect();
    assert_eq!(told, ["n1 wrote version 2 of {nothing}"]);
}

#[test]
fn a_panic_is_a_row_of_its_own_kind() {
    let mut session = open(&Case { bugs: vec![String::from("PANICS")], ..case(1) });
    let last = session.row(session.events()).unwrap();
    assert_eq!(last.kind, RowKind::Panic);
    assert!(last.violation.is_some());
    session.seek(last.number).unwrap();
    let refused = session.fork(&Action::Calm).map(drop).unwrap_err();
    assert!(refused.to_string().contains("go back to an earlier one"), "{refused}");
}
