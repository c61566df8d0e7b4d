//! `HyParView` and Plumtree: short stories of correct nodes, planted bugs caught, and a sweep.

use orrery_protocols::overlay::bugs::{BUGS, G17, G18};
use orrery_protocols::overlay::{Note, Operation, Overlay, Parameters};
use orrery_sim::plan::{Action, Item};
use orrery_sim::testing::{Run, crash, cut, item, ms, node, quiet, restart};
use orrery_sim::{Bug, ClientId, NodeId, Registration};

use crate::support::chaos;

type OverlayItem = Item<Operation>;

fn parameters() -> Parameters {
    Parameters { active: 4, period: ms(100), patience: 3, shuffle: 4, ..Parameters::default() }
}

fn tell(text: &str, to: u32) -> Action<Operation> {
    let operation = Operation::Broadcast { text: text.into() };
    Action::Request { client: ClientId(1), operation, to: Some(node(to)) }
}

fn run(nodes: u32, plan: Vec<OverlayItem>, bugs: &[Bug]) -> Run<Overlay> {
    let mut setup = quiet::<Overlay>(1, nodes, &parameters(), ms(5), bugs);
    setup.clients.count = 1;
    setup.clients.timeout = ms(500);
    setup.clients.entries = NodeId::all(nodes).collect();
    setup.plan.items = plan;
    Run::new(setup, &parameters())
}

/// Every link, seen from both sides.
fn are_mutual(run: &Run<Overlay>) -> bool {
    run.world.up().all(|(id, peer)| {
        let mut peers = peer.views().active.keys();
        peers.all(|other| {
            run.world.node(*other).is_some_and(|it| it.views().active.contains_key(&id))
        })
    })
}

#[test]
fn everybody_finds_peers_and_links_are_mutual() {
    for nodes in [2, 5, 40] {
        let mut run = run(nodes, vec![], &[]);
        run.safely_until(3_000);
        assert!(are_mutual(&run), "{nodes}");
        for (id, peer) in run.world.up() {
            assert!(!peer.views().active.is_empty(), "{id} of {nodes}");
        }
    }
}

#[test]
fn a_tree_carries_each_broadcast_n_minus_1_times() {
    let tells = (0..6_u32).map(|i| item(3_000 + 200 * u64::from(i), tell(&i.to_string(), 1 + i)));
    let mut run = run(20, tells.collect(), &[]);
    run.safely_until(3_990);
    let before = run.sent(&["Gossip"]);
    run.safely_until(4_190);
    assert_eq!(run.sent(&["Gossip"]) - before, 19, "the sixth, from another root");
    assert!(run.world.up().all(|(_, peer)| peer.delivered() == 6));
    assert_eq!(run.statistic("reliability"), Some(1_000_000));
}

#[test]
fn a_peer_that_crashes_is_replaced() {
    let mut run = run(10, vec![item(2_000, crash(3))], &[]);
    run.safely_until(4_000);
    for (id, peer) in run.world.up() {
        assert!(!peer.views().active.contains_key(&NodeId(3)), "{id}");
        assert!(!peer.views().active.is_empty(), "{id}");
    }
}

#[test]
fn views_that_were_cut_off_find_the_others_again() {
    let plan = vec![
        item(2_000, cut(&[1, 2, 3])),
        item(6_000, Action::Heal(None)),
        item(9_000, tell("together", 1)),
    ];
    let mut run = run(10, plan, &[]);
    run.safely_until(10_000);
    assert!(run.world.up().all(|(_, peer)| peer.delivered() == 1));
}

/// Three broadcasts make a tree; a cut of 60 ms takes copies of the fourth; the fifth tells of nothing that is missing.
fn repair(bugs: &[Bug]) -> usize {
    let plan = vec![
        item(3_000, tell("one", 1)),
        item(3_200, tell("two", 6)),
        item(3_400, tell("three", 1)),
        item(4_000, cut(&[1, 2, 3])),
        item(4_001, tell("four", 1)),
        item(4_060, Action::Heal(None)),
    ];
    let mut run = run(10, plan, bugs);
    run.safely_until(7_000);
    run.world.up().map(|(_, peer)| peer.delivered()).sum()
}

#[test]
fn g17_what_is_announced_and_does_not_come_has_to_be_asked_for() {
    let with_bug = repair(&[G17]);
    assert!(with_bug < 40, "{with_bug}");
    // The announcements of the fourth were lost too; who was not cut off has it from others.
    assert!(with_bug <= repair(&[]));
}

#[test]
fn announcements_bring_what_a_lost_copy_did_not() {
    let lost = |seed: u64, bugs: &[Bug]| {
        let mut setup = quiet::<Overlay>(seed, 10, &parameters(), ms(5), bugs);
        setup.clients.count = 1;
        setup.clients.entries = NodeId::all(10).collect();
        setup.links.default.loss = orrery_sim::Probability::ratio(1, 20);
        setup.plan.items = (0..40_u32)
            .map(|i| item(3_000 + 100 * u64::from(i), tell(&i.to_string(), 1)))
            .collect();
        let mut run = Run::<Overlay>::new(setup, &parameters());
        run.until(9_000);
        assert_eq!(run.violation, None);
        400 - run.times(|_, note| matches!(note, Note::Delivered { .. }))
    };
    let (correct, wrong): (usize, usize) = (0..5)
        .map(|seed| (lost(seed, &[]), lost(seed, &[G17])))
        .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert!(correct * 2 < wrong, "{correct} and {wrong} of 2 000 deliveries are missing");
}

#[test]
fn g18_a_link_of_which_one_side_knows_nothing_stays() {
    let plan = vec![item(2_000, crash(3)), item(2_010, restart(3))];
    let mut correct = run(8, plan.clone(), &[]);
    correct.safely_until(4_000);
    assert!(are_mutual(&correct));
    let violation = run(8, plan, &[G18]).until(4_000).violation.clone().unwrap();
    assert_eq!(violation.rule, "Active Links Are Mutual");
    assert_eq!(violation.nodes[1], NodeId(3));
    assert_eq!(BUGS.len(), 2);
}

#[test]
fn after_everything_a_broadcast_reaches_all() {
    // Views that have room for all: who knows of nobody on the other side of a partition cannot find it.
    let parameters = Parameters { active: 5, ..parameters() };
    for seed in 0..30 {
        let mut setup = chaos::<Overlay>(seed, 6, &parameters, 8_000, &[]);
        setup.clients.count = 1;
        setup.clients.entries = NodeId::all(6).collect();
        setup.plan.items.push(item(14_000, tell("the last", 1)));
        let mut run = Run::<Overlay>::new(setup, &parameters);
        run.safely_until(16_000);
        let reached = run.world.up().filter(|(_, peer)| peer.delivered() == 1).count();
        assert_eq!(reached, 6, "seed {seed}");
        assert!(are_mutual(&run), "seed {seed}");
    }
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let parameters = Parameters { passive_walk: 7, ..Parameters::default() };
    assert!(Overlay::set_up(&parameters, 3).unwrap_err().contains("`passive_walk`"));
    let parameters = Parameters { patience: 0, ..Parameters::default() };
    assert!(Overlay::set_up(&parameters, 3).unwrap_err().contains("`patience`"));
}
