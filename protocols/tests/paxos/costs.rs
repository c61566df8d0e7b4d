//! Known answers: message delays, messages and forced writes, as equalities. What an agent tells
//! another one of its own process is no message.

use orrery_protocols::paxos::{Learning, Parameters};
use orrery_sim::{Law, NodeId};

use crate::support::{Run, item, ms, patient, propose, quiet};

/// Messages of a run, by kind.
fn sent(run: &Run, kind: &str) -> u64 {
    let counters = run.world.counters();
    counters.messages().find(|(name, _)| *name == kind).map_or(0, |(_, count)| count.sent)
}

const KINDS: [&str; 6] = ["Prepare", "Promise", "Accept", "Accepted", "Nack", "Learn"];

fn decided(nodes: u32, parameters: &Parameters) -> Run {
    let mut setup = quiet(1, nodes, parameters, &[]);
    setup.plan.items = vec![item(100, propose(1, "red", 1))];
    let mut run = Run::new(setup);
    run.safely_until(10_000);
    run
}

/// Four delays until it is known to be chosen and one more for the others, 4(n - 1) messages and
/// n - 1 to learn.
#[test]
fn without_a_leader_it_takes_four_delays() {
    for n in [3, 5, 7, 9] {
        let run = decided(n, &patient());
        let others = u64::from(n) - 1;
        let expected = [others, others, others, others, 0, others];
        assert_eq!(KINDS.map(|kind| sent(&run, kind)), expected, "of {n}");
        let learned: Vec<(u32, u64)> =
            (1..=n).map(|id| (id, if id == 1 { 140 } else { 150 })).collect();
        assert_eq!(run.learned_at(), learned, "of {n}");
    }
}

/// One delay less for the learners, and n(n - 1) acceptances in place of 2(n - 1) messages.
#[test]
fn everybody_may_learn_at_once() {
    for n in [3, 5, 7] {
        let run = decided(n, &Parameters { learning: Learning::Everybody, ..patient() });
        let (all, others) = (u64::from(n), u64::from(n) - 1);
        let expected = [others, others, others, all * others, 0, 0];
        assert_eq!(KINDS.map(|kind| sent(&run, kind)), expected, "of {n}");
        // Of three, two are a majority: the proposer's own acceptance and the learner's own.
        let early = if n == 3 { 130 } else { 140 };
        for (id, when) in run.learned_at() {
            assert_eq!(when, if id == 1 { 140 } else { early }, "n{id} of {n}");
        }
    }
}

/// With phase 1 done ahead: two delays, 2(n - 1) messages and n - 1 to learn.
#[test]
fn a_distinguished_proposer_needs_two_delays() {
    for n in [3, 5, 7] {
        let parameters = Parameters { distinguished: Some(NodeId(1)), ..patient() };
        let run = decided(n, &parameters);
        assert_eq!(run.learned_at()[0], (1, 120), "of {n}");
        assert_eq!(run.learned_at()[1].1, 130, "of {n}");
        let others = u64::from(n) - 1;
        assert_eq!(KINDS.map(|kind| sent(&run, kind)), [others, others, others, others, 0, others]);
    }
}

/// Each acceptor forces a promise and an acceptance, and at its start that it has joined. The
/// proposer's own number goes to the disk with its own promise.
#[test]
fn an_acceptor_forces_two_writes() {
    for n in [3, 5] {
        let run = decided(n, &patient());
        assert_eq!(run.world.counters().forced_writes, 3 * u64::from(n), "of {n}");
        assert_eq!(run.world.counters().lazy_writes, 0);
    }
}

/// The proposer's number, the acceptors' promises and their acceptances: three forced writes, one
/// after the other.
#[test]
fn three_forced_writes_are_on_the_way() {
    let mut setup = quiet(1, 3, &patient(), &[]);
    setup.disk.sync = Law::Constant(ms(1));
    setup.plan.items = vec![item(100, propose(1, "red", 1))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.learned_at()[0], (1, 143));
}
