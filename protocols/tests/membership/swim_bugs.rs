//! Each planted bug is caught, by the rules that it breaks; and no schedule catches correct code.

use orrery_protocols::swim::bugs::{BUGS, G1, G2, G3, G4, G20};
use orrery_protocols::swim::{Note, Parameters, Swim};
use orrery_sim::plan::{Action, Item};
use orrery_sim::testing::{Run, between, crash, hold_all, item, ms, pause, quiet, restart, resume};
use orrery_sim::{Bug, NodeId};

use crate::support::chaos;

fn parameters() -> Parameters {
    Parameters { period: ms(100), timeout: ms(20), suspicion: 2, ..Parameters::default() }
}

fn run(nodes: u32, plan: &[Item<()>], until: u64, bugs: &[Bug]) -> Run<Swim> {
    let parameters = Parameters { reconnect: 0, ..parameters() };
    let mut setup = quiet::<Swim>(1, nodes, &parameters, ms(2), bugs);
    setup.plan.items = plan.to_vec();
    let mut run = Run::new(setup, &parameters);
    run.until(until);
    run
}

/// Correct members pass; with the bug, the rule is broken.
#[track_caller]
fn is_caught(bug: Bug, rule: &str, nodes: u32, until: u64, plan: &[Item<()>]) {
    assert_eq!(run(nodes, plan, until, &[]).violation, None);
    let violation = run(nodes, plan, until, &[bug]).violation;
    assert_eq!(violation.map(|violation| violation.rule), Some(rule), "{}", bug.id);
    assert!(bug.breaks.contains(&rule));
}

#[test]
fn g1_an_incarnation_is_used_twice() {
    let plan = [item(500, crash(2)), item(3_000, restart(2))];
    is_caught(G1, "Incarnations Rise", 5, 4_000, &plan);
}

#[test]
fn g2_nobody_believes_that_anybody_failed() {
    is_caught(G2, "Time-Bounded Completeness", 5, 4_000, &[item(500, crash(2))]);
}

#[test]
fn g3_an_old_word_brings_back_the_dead() {
    let plan = [
        item(450, pause(4)),
        item(899, hold_all(4, 2)),
        item(900, resume(4)),
        item(1_500, crash(4)),
        item(4_500, Action::Release(None)),
    ];
    is_caught(G3, "Opinions Only Rise", 5, 5_000, &plan);
}

#[test]
fn g4_one_way_that_is_cut_is_enough_to_be_accused() {
    let suspects = |bugs: &[Bug]| {
        let run = run(5, &[item(100, between(&[1], &[5]))], 3_000, bugs);
        assert_eq!(run.violation, None);
        run.times(|_, note| matches!(note, Note::Suspects { .. }))
    };
    assert_eq!(suspects(&[]), 0);
    assert!(0 < suspects(&[G4]));
}

#[test]
fn g20_a_suspect_has_no_time_to_deny() {
    let plan = [item(500, pause(5)), item(1_000, resume(5))];
    is_caught(G20, "No Hasty Confirmation", 24, 3_000, &plan);
    let wrong = run(24, &plan, 3_000, &[]).noted(|_, note| matches!(note, Note::Confirms { .. }));
    assert_eq!(wrong, None, "with its due time, the denial comes first");
}

#[test]
fn bugs_are_caught_in_chaos() {
    for bug in [G1, G2, G20] {
        let mut caught = 0;
        for seed in 0..30 {
            let mut run = Run::<Swim>::new(
                chaos::<Swim>(seed, 6, &parameters(), 8_000, &[bug]),
                &parameters(),
            );
            let Some(violation) = &run.until(8_000).violation else { continue };
            assert!(bug.breaks.contains(&violation.rule), "{}: {violation}", bug.id);
            assert!(violation.nodes.iter().all(|id| NodeId(0) < *id));
            caught += 1;
        }
        assert!(0 < caught, "{}", bug.id);
    }
    assert_eq!(BUGS.len(), 5);
}
