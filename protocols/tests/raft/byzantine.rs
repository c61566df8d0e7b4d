//! One server that lies breaks what Raft promises: its fault model has no liars (§2).

use orrery_sim::NodeId;
use orrery_sim::plan::{Action, Behaviour};

use crate::support::{RaftAction, Run, fire, item, node, quiet, scripted, with_clients};

fn byzantine(id: u32, behaviour: Behaviour) -> RaftAction {
    Action::Byzantine { node: node(id), behaviour }
}

/// `n1` and `n2` stand in the same term, and `n3` decides.
fn rivals(behaviour: Behaviour) -> Run {
    let mut setup = quiet(1, 3, &scripted(), &[]);
    setup.plan.items =
        vec![item(10, byzantine(3, behaviour)), item(20, fire(1)), item(20, fire(2))];
    let mut run = Run::new(setup);
    run.world.check_purity();
    run.until(100);
    assert_eq!(run.world.impurity(), None);
    run
}

#[test]
fn a_voter_that_tells_both_candidates_yes_makes_two_leaders_in_one_term() {
    let honest = rivals(Behaviour::Honest);
    assert_eq!((honest.violation.as_ref(), honest.leader()), (None, Some(NodeId(1))));
    let violation = rivals(Behaviour::Equivocate).violation.clone().unwrap();
    assert_eq!((violation.rule, violation.nodes), ("Election Safety", vec![NodeId(1), NodeId(2)]));
    // Repeating itself or keeping silent, it breaks nothing.
    assert_eq!(rivals(Behaviour::Replay).violation, None);
    assert_eq!(rivals(Behaviour::Withhold).violation, None);
}

/// `n1` leads and clients write.
fn leading(seed: u64, behaviour: Behaviour) -> Run {
    let mut setup = quiet(seed, 3, &scripted(), &[]);
    with_clients(&mut setup, 2);
    setup.plan.items = vec![item(10, fire(1)), item(100, byzantine(1, behaviour))];
    let mut run = Run::new(setup);
    run.until(1_000);
    run
}

#[test]
fn a_leader_that_tells_its_followers_different_things_makes_different_logs() {
    for seed in 0..5 {
        assert_eq!(leading(seed, Behaviour::Honest).violation, None);
        let violation = leading(seed, Behaviour::Equivocate).violation.clone().unwrap();
        assert_eq!(violation.rule, "Log Matching", "seed {seed}");
        assert_eq!(leading(seed, Behaviour::Replay).violation, None);
        assert_eq!(leading(seed, Behaviour::Withhold).violation, None);
    }
}

/// `n3` was cut off while the others committed; `n1` crashes, and `n3` stands for election.
fn returning(behaviour: Behaviour) -> Run {
    let mut setup = quiet(1, 3, &scripted(), &[]);
    setup.plan.items = vec![
        item(5, crate::support::cut(&[3])),
        item(10, fire(1)),
        item(50, Action::Heal(None)),
        item(50, crate::support::crash(1)),
        item(51, byzantine(3, behaviour)),
        // In the first of its terms, n2 has voted already.
        item(52, fire(3)),
        item(56, fire(3)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(49);
    assert_eq!((run.terms(2), run.terms(3)), (vec![1], vec![]));
    run.until(200);
    run
}

#[test]
fn a_candidate_that_claims_a_log_that_it_has_not_loses_what_was_committed() {
    assert_eq!(returning(Behaviour::Honest).violation, None);
    let violation = returning(Behaviour::Equivocate).violation.clone().unwrap();
    assert_eq!(violation.rule, "Leader Completeness");
}
