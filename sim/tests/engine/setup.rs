//! What a world is made from, and what it refuses.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, MessageAddress, MessageFilter, Target, Trigger};
use orrery_sim::{Bug, Bugs, ClientId, Difficulty, NodeId, Setup, SetupError, SimTime, World};

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at_time, crash, idle, item,
    lab, ms, named, node, run, world,
};

fn refused(setup: Setup<Lab>) -> SetupError {
    World::<Puppet>::new(setup).expect_err("the setup names something that does not exist")
}

fn with_item(action: Action<Wish>) -> Setup<Lab> {
    let mut setup = lab([idle(), idle()]);
    setup.plan.items = vec![at_time(1, action)];
    setup
}

#[test]
fn a_world_needs_a_node() {
    assert_eq!(refused(lab([])), SetupError::NoNodes);
    assert_eq!(SetupError::NoNodes.to_string(), "a run needs at least one node");
}

#[test]
fn a_node_that_does_not_exist_is_refused_wherever_it_is_named() {
    let address = MessageAddress { from: N1, to: NodeId(9), number: 1 };
    let hold = MessageFilter { to: Some(node(9)), ..MessageFilter::default() };
    let actions = [
        crash(node(9)),
        Action::Restart(node(9)),
        Action::Pause(node(9)),
        Action::Resume(node(9)),
        Action::Fire { node: node(9), timer: "Election".into() },
        Action::ClockRate { node: node(9), ppb: 0 },
        Action::Cut(Cut::Isolate(node(9))),
        Action::Cut(Cut::Groups(vec![vec![node(1)], vec![node(9)]])),
        Action::Cut(Cut::OneWay(vec![node(1)], vec![node(9)])),
        Action::Hold(hold),
        Action::Drop(address),
        Action::Duplicate(address),
        Action::Deliver(address),
    ];
    for action in actions {
        assert_eq!(refused(with_item(action)), SetupError::NoSuchNode(NodeId(9), 2));
    }
    let mut setup = lab([idle(), idle()]);
    setup.links.overrides.insert((N1, NodeId(0)), setup.links.default.clone());
    assert_eq!(refused(setup).to_string(), "there is no n0: the run has the nodes n1 to n2");
    let mut setup = lab([idle(), idle()]);
    setup.clients.entries = vec![NodeId(3)];
    assert_eq!(refused(setup), SetupError::NoSuchNode(NodeId(3), 2));
}

#[test]
fn a_client_that_does_not_exist_is_refused() {
    let request = Action::Request { client: ClientId(2), operation: Wish::Read, to: None };
    let mut setup = with_item(request);
    setup.clients.count = 1;
    setup.clients.entries = vec![N1];
    assert_eq!(refused(setup), SetupError::NoSuchClient(ClientId(2), 1));
}

#[test]
fn clients_need_somebody_to_ask() {
    let mut setup = lab([idle()]);
    setup.clients.count = 1;
    assert_eq!(refused(setup), SetupError::NoEntries);
}

#[test]
fn an_item_that_does_not_exist_is_refused_wherever_it_is_named() {
    let missing = SetupError::NoSuchItem("cutt".into());
    let mut setup = lab([idle(), idle()]);
    let after = Trigger::After { item: "cutt".into(), delay: ms(1) };
    setup.plan.items = vec![named("cut", item(after, crash(node(1))))];
    assert_eq!(refused(setup), missing);
    let actions = [
        Action::Heal(Some("cutt".into())),
        Action::Release(Some("cutt".into())),
        Action::Restart(Target::Item("cutt".into())),
    ];
    for action in actions {
        assert_eq!(refused(with_item(action)), missing);
    }
}

#[test]
fn a_planted_bug_is_seen_by_the_node_and_by_the_report() {
    let bug = Bug {
        id: "R1",
        summary: "",
        breaks: &[],
        source: "",
        difficulty: Difficulty::Hard,
        found_by: &[],
    };
    let mut setup = lab([idle()]);
    setup.bugs = Bugs::new([bug]);
    let world = after_a_second(setup);
    assert!(world.bugs().has(&bug));
    assert_eq!(world.bugs().ids().collect::<Vec<_>>(), ["R1"]);
    assert!(!world.bugs().has(&Bug { id: "R2", ..bug }));
}

#[test]
fn probes_are_counted_by_name() {
    let script = Script::new()
        .on(On::Start, [Act::Probe("started"), Act::Set(Timer::Election, 10)])
        .on(On::Rings(Timer::Election), [Act::Probe("rang"), Act::Set(Timer::Election, 10)]);
    let mut world = world(lab([script.clone(), script]));
    run(&mut world, 35);
    assert_eq!(world.probes().hits().collect::<Vec<_>>(), [("rang", 6), ("started", 2)]);
}

#[test]
fn a_fault_that_is_nowhere_planned_is_nowhere_in_the_ledger() {
    let world = after_a_second(lab([idle(), idle()]));
    assert_eq!(world.ledger().families().count(), 0);
    let mut setup = with_item(Action::Pause(node(1)));
    setup.links.default.loss = orrery_sim::Probability::ratio(1, 100);
    setup.links.overrides.insert((N1, N2), setup.links.default.clone());
    let world = after_a_second(setup);
    let planned: Vec<_> =
        world.ledger().families().map(|(family, t)| (family, t.planned)).collect();
    assert_eq!(planned, [(Family::Pause, 1), (Family::Loss, 2)]);
}

#[test]
fn a_step_stops_at_its_bound_and_goes_on_from_there() {
    let script = Script::new().on(On::Start, [Act::Set(Timer::Election, 10)]);
    let mut world = world(lab([script]));
    assert_eq!(run(&mut world, 9).len(), 1);
    assert_eq!(
        (world.now().as_nanos(), world.next_time().map(SimTime::as_nanos)),
        (0, Some(10_000_000))
    );
    assert_eq!(run(&mut world, 10).len(), 1);
    assert!(world.next_time().is_none());
}
