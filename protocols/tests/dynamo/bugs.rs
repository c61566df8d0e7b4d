//! Each planted bug is caught, by the rules that it breaks; and no schedule catches correct code.

use orrery_protocols::dynamo::Parameters;
use orrery_protocols::dynamo::bugs::{BUGS, Q4, Q5, Q6, Q7, Q21};
use orrery_sim::Bug;
use orrery_sim::plan::Action;
use orrery_sim::testing::{crash, cut, item, ms, restart};

use crate::world::{StoreItem, add, chaos, delete, get, key, patient, put, request, run};

/// Correct code passes; with the bug, the rule is broken.
#[track_caller]
fn is_caught(bug: Bug, rule: &str, parameters: &Parameters, plan: &[StoreItem]) {
    assert_eq!(run(5, parameters, plan.to_vec(), &[]).until(8_000).violation, None);
    let violation = run(5, parameters, plan.to_vec(), &[bug]).until(8_000).violation.clone();
    assert_eq!(violation.map(|violation| violation.rule), Some(rule), "{}", bug.id);
    assert!(bug.breaks.contains(&rule));
}

#[test]
fn q4_a_hint_is_no_copy() {
    let key = key(5);
    let plan = [
        item(50, cut(&[1, 4, 5])),
        item(100, request(1, add(&key, "1"), 1)),
        item(500, request(2, get(&key), 2)),
    ];
    is_caught(Q4, "Strict Quorums Meet", &patient(), &plan);
}

#[test]
fn q6_a_version_that_forgets_what_its_writer_saw_stands_beside_it() {
    let key = key(5);
    let plan = [
        item(100, request(1, add(&key, "a"), 1)),
        item(200, request(1, add(&key, "b"), 2)),
        item(300, request(1, put(&key, "c"), 3)),
    ];
    is_caught(Q6, "Siblings Are Concurrent", &patient(), &plan);
}

#[test]
fn q7_a_client_that_writes_here_and_there_uses_a_number_twice() {
    let key = key(5);
    let plan = [
        item(50, cut(&[3])),
        item(100, request(1, add(&key, "a"), 1)),
        item(200, Action::Heal(None)),
        item(300, request(1, add(&key, "b"), 3)),
    ];
    is_caught(Q7, "Names Are Unique", &patient(), &plan);
}

#[test]
fn q21_a_deletion_that_is_forgotten_too_early_did_not_happen() {
    let key = key(5);
    let parameters = Parameters { anti_entropy: ms(200), ..patient() };
    let plan = [
        item(100, request(1, add(&key, "a"), 1)),
        item(300, crash(3)),
        item(400, request(1, delete(&key), 1)),
        item(2_000, restart(3)),
    ];
    is_caught(Q21, "Deleted Stays Deleted", &parameters, &plan);
}

#[test]
fn bugs_are_caught_in_chaos() {
    // Q4 takes a partition that leaves stand-ins with one owner; here single nodes are cut off.
    for bug in [Q5, Q6, Q7, Q21] {
        let mut caught = 0;
        for seed in 0..40 {
            let mut run = chaos(seed, &Parameters::default(), 6_000, &[bug]);
            let Some(violation) = &run.until(6_000).violation else { continue };
            assert!(bug.breaks.contains(&violation.rule), "{}: {violation}", bug.id);
            caught += 1;
        }
        assert!(0 < caught, "{}", bug.id);
    }
    assert_eq!(BUGS.len(), 5);
}
