//! A run that is not a function of its case is found out, and the first event that shows it.

mod support;

use orrery_harness::determinism::{Determinism, verify};
use orrery_harness::registered;

use support::{Registered, case};

#[test]
fn a_leak_that_only_a_second_run_shows_is_traced_to_its_first_event_and_handler() {
    let mut case = case(3);
    let subject = registered::<Registered>();
    assert!(matches!(verify(subject.as_ref(), &case).unwrap(), Determinism::Same(_)));
    case.parameters = serde_json::json!({ "leaks": true });
    let Determinism::Differs(difference) = verify(subject.as_ref(), &case).unwrap() else {
        panic!("each run passes another number on");
    };
    // The nodes start, and the first client that asks another than the server makes it pass its number on.
    let trace = subject.trace(&case, 1..difference.event + 1).unwrap();
    let is_leak = |effect: &String| effect.contains("ticket");
    let first = trace.shown.iter().find(|shown| shown.effects.iter().any(is_leak)).unwrap();
    assert_eq!(difference.event, first.event);
    assert!(difference.facts[0].ends_with("on_operation"), "{:?}", difference.facts);
    assert!(difference.facts[1..].iter().all(is_leak), "{:?}", difference.facts);
    assert_ne!(difference.facts[1], difference.facts[2]);
}
