//! Each planted bug is caught, by the rule that it breaks; and none of the schedules catches correct code.

use orrery_protocols::chain::Parameters;
use orrery_protocols::chain::bugs::{Q8, Q9, Q10};
use orrery_protocols::craq::{Q11, Q12};
use orrery_protocols::kv::Output;
use orrery_sim::plan::{Action, Item, Trigger};
use orrery_sim::{Bug, NodeId, Setup};

use crate::support::{
    ChainItem, Run, apportioned, chaos, crash, get, hold, item, put, quiet, request, value,
};

/// The rule that `bug` breaks under a plan, which breaks none without it.
fn broken(bug: Bug, parameters: &Parameters, plan: &[ChainItem]) -> (&'static str, Vec<NodeId>) {
    let make = |bugs: &[Bug]| {
        let mut setup = quiet(1, parameters, bugs);
        setup.plan.items = plan.to_vec();
        let mut run = Run::new(setup);
        run.until(3_000);
        run
    };
    assert_eq!(make(&[]).violation, None);
    let violation = make(&[bug]).violation.clone().unwrap();
    assert!(bug.breaks.contains(&violation.rule), "{violation}");
    (violation.rule, violation.nodes)
}

#[test]
fn q8_a_head_that_answers_promises_what_it_alone_has() {
    let plan = [item(500, crash(3)), item(510, request(1, put("1"), 5))];
    let (rule, nodes) = broken(Q8, &Parameters::default(), &plan);
    assert_eq!(rule, "Replied Updates Are on Every Server");
    assert_eq!(nodes, [NodeId(2), NodeId(4)], "n3 is down");
}

fn named(name: &str, mut item: ChainItem) -> ChainItem {
    item.name = Some(name.into());
    item
}

#[test]
fn q9_a_new_tail_lacks_what_was_in_flight() {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    let after = |delay, action| {
        let trigger = Trigger::After { item: "transfer".into(), delay: crate::support::ms(delay) };
        Item { name: None, trigger, within: None, action }
    };
    let predicate = orrery_sim::predicate::Predicate::parse("send Transfer").unwrap();
    let action = hold(3, 5, "Forward");
    let transfer = Item { name: None, trigger: Trigger::When(predicate), within: None, action };
    let plan = [
        item(300, request(1, put("1"), 6)),
        item(400, crash(4)),
        named("transfer", transfer),
        // It reaches n3 before n3 knows that n5 has the past.
        named("ack", after(0, hold(5, 3, "Ack"))),
        after(0, request(1, put("2"), 6)),
        after(100, Action::Release(Some("ack".into()))),
        after(500, request(2, get(), 7)),
    ];
    let (rule, _) = broken(Q9, &parameters, &plan);
    assert_eq!(rule, "Inprocess Requests");
}

#[test]
fn q10_what_the_middle_server_had_is_nobodys() {
    let plan =
        [item(500, hold(3, 4, "Forward")), item(510, request(1, put("1"), 5)), item(600, crash(3))];
    let (rule, nodes) = broken(Q10, &Parameters::default(), &plan);
    assert_eq!((rule, nodes), ("Inprocess Requests", vec![NodeId(2), NodeId(4)]));
}

#[test]
fn the_bugs_of_the_chain_are_caught_in_chaos() {
    for bug in [Q8, Q9, Q10] {
        let mut caught = 0;
        for seed in 0..60 {
            let parameters = Parameters { spares: 1, ..Parameters::default() };
            let mut run = Run::new(chaos(quiet(seed, &parameters, &[bug]), seed));
            let Some(violation) = &run.until(5_000).violation else { continue };
            assert!(bug.breaks.contains(&violation.rule), "{}: {violation}", bug.id);
            caught += 1;
        }
        assert!(0 < caught, "{}", bug.id);
    }
}

/// The story of `replication/craq-dirty-read`, with the client at n6 asking n2 first.
fn dirty_read(bugs: &[Bug]) -> Setup<orrery_protocols::chain::Chain> {
    let parameters =
        Parameters { retransmit: crate::support::ms(1_000_000), ..Parameters::default() };
    let mut setup = apportioned(1, &parameters, bugs);
    setup.plan.items = vec![
        item(200, request(1, put("old"), 5)),
        named("update", item(400, hold(3, 4, "Forward"))),
        named("word", item(400, hold(4, 2, "VersionReply"))),
        item(500, request(1, put("new"), 5)),
        item(600, request(2, get(), 6)),
        item(800, Action::Release(Some("update".into()))),
        item(900, Action::Release(Some("word".into()))),
    ];
    setup
}

#[test]
fn q11_a_dirty_version_may_be_newer_than_the_tail() {
    assert_eq!(Run::new(dirty_read(&[])).until(1_500).violation, None);
    let violation = Run::new(dirty_read(&[Q11])).until(1_500).violation.clone().unwrap();
    assert_eq!((violation.rule, violation.nodes), ("Clean Versions", vec![NodeId(2)]));
}

#[test]
fn q12_a_freed_version_reads_as_nothing() {
    // No state shows it: the history is not linearizable, since x had a value all the time.
    let read = |bugs: &[Bug]| {
        let mut run = Run::new(dirty_read(bugs));
        run.safely_until(1_500);
        run.answers().last().unwrap().1.clone()
    };
    assert_eq!(read(&[]), value("old"));
    assert_eq!(read(&[Q12]), Output::Value(None));
}
