//! CRAQ: what differs from a chain.

use orrery_protocols::chain::{Note, Parameters};
use orrery_sim::NodeId;

use crate::support::{Run, apportioned, get, hold, item, put, request, value};

#[test]
fn every_server_answers_with_clean_versions() {
    let mut setup = apportioned(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(300, request(1, put("1"), 5)),
        item(500, request(1, get(), 5)),
        item(600, request(1, get(), 5)),
        item(700, request(1, get(), 5)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    let by: Vec<u32> = run
        .notes
        .iter()
        .filter(|entry| matches!(entry.note, Note::AnsweredVersion { was_asked: false, .. }))
        .map(|entry| entry.node.0)
        .collect();
    assert_eq!(by, [4, 2, 3]);
    let answers: Vec<_> = run.answers().split_off(1);
    assert_eq!(answers, [(520, value("1")), (620, value("1")), (720, value("1"))]);
}

#[test]
fn a_dirty_version_costs_2_delays_and_2_messages_more() {
    let mut setup = apportioned(1, &Parameters::default(), &[]);
    setup.plan.items = vec![
        item(300, request(1, put("1"), 5)),
        item(500, hold(3, 4, "Forward")),
        item(510, request(1, put("2"), 5)),
        item(600, request(2, get(), 6)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(700);
    assert_eq!(run.answers()[1], (640, value("1")), "n6 asks n2, and n2 asks n4");
    assert_eq!(run.sent(&["VersionQuery", "VersionReply"]), 2);
    let asked = run.noted(|id, note| {
        id == NodeId(2) && matches!(note, Note::AnsweredVersion { was_asked: true, .. })
    });
    assert_eq!(asked, Some(630));
}

#[test]
fn who_is_not_certain_to_be_in_the_chain_does_not_answer() {
    let mut setup = apportioned(1, &Parameters::default(), &[]);
    // n2 is cut off with the client at n6, which asks n2 first.
    setup.plan.items = vec![
        item(300, request(1, put("1"), 5)),
        item(500, crate::support::cut(&[2, 6])),
        item(900, request(2, get(), 6)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(2_000);
    assert_eq!(run.chain(), [3, 4]);
    assert_eq!(run.answers().len(), 1, "its lease has run out");
}
