//! State counts that others have published or measured.

use orrery_explore::models::{Paxos, TCommit, TwoPhase, TwoPhaseNodes};
use orrery_explore::{Explorer, Model, Order, ReportOf, Verdict};

/// Everything, in this order.
fn explore<M: Model>(model: &M, order: Order) -> ReportOf<M> {
    let report = Explorer::new(model).order(order).thorough(true).run();
    let report = report.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(report.bound, None);
    report
}

/// States, states generated, and states on the longest of the shortest paths, as TLC counts its depth.
fn counts<M: Model>(model: &M) -> (u64, u64, u32) {
    let report = explore(model, Order::Breadth);
    assert_eq!(report.verdict(), Verdict::Holds);
    let other = explore(model, Order::Depth);
    assert_eq!((other.states, other.generated), (report.states, report.generated));
    assert_eq!(other.terminal, report.terminal);
    (report.states, report.generated, report.depth + 1)
}

#[test]
fn two_phase_commit_has_the_states_that_lamports_module_has() {
    assert_eq!(counts(&TwoPhase(2)), (56, 154, 8));
    assert_eq!(counts(&TwoPhase(3)), (288, 1_146, 11));
    assert_eq!(counts(&TwoPhase(5)), (8_832, 58_146, 17));
}

#[test]
fn transaction_commit_has_the_states_that_lamports_module_has() {
    let of = |count| {
        let report = explore(&TCommit(count), Order::Breadth);
        assert_eq!(report.verdict(), Verdict::Holds);
        (report.states, report.generated)
    };
    assert_eq!(of(2), (12, 23));
    assert_eq!(of(3), (34, 94));
    assert_eq!(of(5), (274, 1_296));
}

#[test]
fn nodes_that_commit_in_two_phases_have_two_times_three_to_the_n_states() {
    for count in 1..=7 {
        let states = explore(&TwoPhaseNodes(count), Order::Depth).states;
        assert_eq!(states, 2 * 3_u64.pow(count as u32) - 1);
    }
}

#[test]
fn paxos_with_two_clients_has_the_states_that_stateright_finds() {
    let report = explore(&Paxos(2), Order::Breadth);
    assert_eq!((report.states, report.generated), (16_981, 33_951));
    assert_eq!(explore(&Paxos(2), Order::Depth).states, 16_981);
}

#[test]
fn symmetry_leaves_one_state_of_each_kind() {
    for (count, expected) in [(2, 34), (3, 80), (5, 314)] {
        let model = TwoPhase(count);
        let mut kinds = std::collections::BTreeSet::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut waiting = model.initial();
        while let Some(state) = waiting.pop() {
            if !seen.insert(format!("{state:?}")) {
                continue;
            }
            let mut kind = state;
            model.canonicalize(&mut kind);
            kinds.insert(format!("{kind:?}"));
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            for action in actions {
                let mut next = state;
                model.step(&mut next, &action);
                waiting.push(next);
            }
        }
        let report = Explorer::new(&model).symmetry(true).run().unwrap();
        assert_eq!((report.states, kinds.len()), (expected, expected as usize));
        assert_eq!(report.verdict(), Verdict::Holds);
    }
}
