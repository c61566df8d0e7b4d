//! Which links there are, and how far places lie apart.

use std::sync::Arc;

use orrery_sim::step::{Outcome, Passage};
use orrery_sim::{Geography, Law, Link, NodeId, Probability, Setup, SetupError, Topology, World};

use super::support::{
    Act, Lab, N1, N2, N3, On, Puppet, Script, after_a_second, diary, idle, lab, ms, ping, run,
    world,
};

fn shaped(topology: Topology, act: Act, count: usize) -> Setup<Lab> {
    let mut scripts = vec![idle(); count];
    scripts[0] = Script::new().on(On::Start, [act]);
    let mut setup = lab(scripts);
    setup.links.topology = topology;
    setup
}

/// Who heard what `n1` said.
fn hearers(setup: Setup<Lab>) -> Vec<u32> {
    let world = after_a_second(setup);
    let up = world.up().filter(|(_, puppet)| !puppet.diary.is_empty());
    up.map(|(id, _)| id.0).collect()
}

#[test]
fn messages_go_only_where_there_are_links() {
    let say = || Act::Broadcast(ping(1));
    assert_eq!(hearers(shaped(Topology::Clique, say(), 6)), [2, 3, 4, 5, 6]);
    assert_eq!(hearers(shaped(Topology::Ring, say(), 6)), [2, 6]);
    assert_eq!(hearers(shaped(Topology::Tree { arity: 2 }, say(), 6)), [2, 3]);
    assert_eq!(hearers(shaped(Topology::Grid { width: 3 }, say(), 6)), [2, 4]);
    let mut star = shaped(Topology::Star, say(), 6);
    assert_eq!(hearers(star.clone()), [2, 3, 4, 5, 6]);
    star.configs.swap(0, 3);
    assert_eq!(hearers(star), [1]);
}

#[test]
fn a_message_without_a_link_is_lost_at_once_and_counted_apart() {
    let mut world = world(shaped(Topology::Ring, Act::Broadcast(ping(1)), 5));
    let steps = run(&mut world, 1_000);
    let passages =
        steps.iter().flat_map(|step| &step.outcomes).filter_map(|outcome| match outcome {
            Outcome::Sent { message, passage, .. } if *passage == Passage::NoLink => {
                Some(message.to)
            }
            _ => None,
        });
    assert!(passages.eq([N3, NodeId(4)]));
    assert_eq!((world.counters().unlinked, world.counters().lost), (2, 0));
    assert_eq!(world.counters().total().sent, 4);
    assert_eq!(world.ledger().families().count(), 0, "it is no fault");
}

#[test]
fn nodes_know_their_neighbours() {
    let tell = |topology| shaped(topology, Act::TellNeighbours(ping(1)), 7);
    assert_eq!(hearers(tell(Topology::Clique)), [2, 3, 4, 5, 6, 7]);
    assert_eq!(hearers(tell(Topology::Ring)), [2, 7]);
    let world = after_a_second(tell(Topology::Grid { width: 3 }));
    assert_eq!(world.counters().unlinked, 0);
    assert!(world.neighbours(NodeId(5)).eq([2, 4, 6].map(NodeId)), "the last row is not full");
    assert!(
        after_a_second(tell(Topology::Clique)).neighbours(N2).eq([1, 3, 4, 5, 6, 7].map(NodeId))
    );
}

#[test]
fn a_topology_changes_no_draw_of_the_links_that_are_left() {
    let setup = |topology| {
        let pings: Vec<Act> = (0..20).map(|_| Act::Broadcast(ping(1))).collect();
        let mut setup = lab([Script::new().on(On::Start, pings), idle(), idle(), idle()]);
        setup.links.topology = topology;
        setup.links.default.latency = Law::Exponential(ms(10));
        setup.links.default.loss = Probability::ratio(1, 4);
        let world = after_a_second(setup);
        [N2, N3].map(|id| diary(&world, id).join(", "))
    };
    let (clique, ring) = (setup(Topology::Clique), setup(Topology::Ring));
    assert_eq!(clique[0], ring[0]);
    assert!(ring[1].is_empty() && !clique[1].is_empty());
}

fn placed(geography: Geography) -> Setup<Lab> {
    let mut setup = shaped(Topology::Clique, Act::Broadcast(ping(1)), 3);
    setup.links.geography = Some(Arc::new(geography));
    setup
}

#[test]
fn places_decide_how_long_messages_travel() {
    let racks = Geography::racks(2, &Law::Constant(ms(1)), &Law::Constant(ms(7)));
    let world = after_a_second(placed(racks.clone()));
    assert_eq!(diary(&world, N2), ["7ms Ping(1) from n1"]);
    assert_eq!(diary(&world, N3), ["1ms Ping(1) from n1"]);
    // A link with a law of its own has its own latency; a link without one, the loss of all.
    let mut setup = placed(racks);
    let own = Link { latency: Law::Constant(ms(50)), ..Link::default() };
    setup.links.overrides.insert((N1, N2), own);
    setup.links.default.loss = Probability::ALWAYS;
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N2), ["50ms Ping(1) from n1"]);
    assert_eq!(diary(&world, N3), [""; 0]);
}

#[test]
fn the_cloud_is_as_far_as_the_world_is_wide() {
    let cloud = Geography::cloud().with_nodes_in(["eu-central", "eu-west", "ap-sydney"]).unwrap();
    let mut world = world(placed(cloud));
    let steps = run(&mut world, 1_000);
    let arrivals: Vec<u64> = steps.iter().map(|step| step.time.as_nanos() / 1_000_000).collect();
    let (near, far) = (arrivals[arrivals.len() - 2], arrivals[arrivals.len() - 1]);
    // Half of 25 ms and of 249 ms, and a jitter of a fiftieth on average.
    assert!((12..20).contains(&near) && (124..160).contains(&far), "{arrivals:?}");
}

#[test]
fn places_that_do_not_fit_are_refused() {
    let geography =
        Geography { of_node: vec![0, 4], ..Geography::racks(2, &Law::default(), &Law::default()) };
    match World::<Puppet>::new(placed(geography)) {
        Err(SetupError::NoLaw(place, problem)) => {
            assert_eq!(place, "the links");
            assert!(problem.contains("no place 4"), "{problem}");
        }
        other => panic!("{:?}", other.err()),
    }
}
