//! The planted bug is caught, by the rules that it breaks; and no schedule catches correct code.

use orrery_protocols::viewstamped::Parameters;
use orrery_protocols::viewstamped::bugs::Q16;
use orrery_sim::{Bug, NodeId};

use crate::support::{Run, chaos, crash, item, put, quiet, request, restart};

/// A primary crashes and is back before anybody has noticed.
fn story(bugs: &[Bug]) -> Run {
    let mut setup = quiet(1, 3, &Parameters::default(), bugs);
    setup.plan.items = vec![
        item(100, request(1, put("1"), 1)),
        item(300, crash(1)),
        item(305, restart(1)),
        item(340, request(2, put("2"), 1)),
    ];
    let mut run = Run::new(setup);
    run.until(2_000);
    run
}

#[test]
fn q16_a_primary_without_memory_goes_on_as_one() {
    assert_eq!(story(&[]).violation, None);
    let violation = story(&[Q16]).violation.clone().unwrap();
    assert!(Q16.breaks.contains(&violation.rule), "{violation}");
    assert_eq!(violation.nodes.last(), Some(&NodeId(1)));
}

#[test]
fn q16_is_caught_in_chaos() {
    let mut caught = 0;
    for seed in 0..60 {
        let mut run = Run::new(chaos(seed, 3, &[Q16]));
        let Some(violation) = &run.until(5_000).violation else { continue };
        assert!(Q16.breaks.contains(&violation.rule), "{violation}");
        caught += 1;
    }
    assert!(0 < caught);
}
