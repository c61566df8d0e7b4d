//! Lab 0 under test.

use std::collections::BTreeMap;

use orrery_protocols::ping::{H1, Parameters, Peer, Ping};
use orrery_sim::registration::Workload;
use orrery_sim::{
    Bug, Bugs, Duration, DurationRange, Law, Link, NodeId, Probability, Registration, Setup,
    SimTime, Violation, World,
};

/// Ten seconds over a network that loses and doubles messages.
fn run(seed: u64, bugs: &[Bug]) -> (World<Peer>, Option<Violation>) {
    let parameters = Parameters::default();
    let mut setup = Setup::<Ping>::new(seed, Ping::set_up(&parameters, 4).unwrap());
    let (shortest, longest) = (Duration::from_millis(1), Duration::from_millis(30));
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(shortest, longest)),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 5),
        ..Link::default()
    };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.count = 2;
    setup.clients.entries = vec![NodeId(2), NodeId(1)];
    let workload = Workload { keys: 1, mix: BTreeMap::from([("greet".into(), 1)]) };
    setup.clients.generator = Some(Ping::generator(&workload).unwrap());
    setup.clients.think = Law::Constant(shortest);
    let mut world = World::<Peer>::new(setup).unwrap();
    world.check_purity();
    let mut monitors = Ping::monitors(&parameters, 4);
    while world.step(SimTime::from_nanos(10_000_000_000)).unwrap().is_some() {
        for monitor in &mut monitors {
            if let Err(violation) = monitor.after(world.last(), &world) {
                return (world, Some(violation));
            }
        }
    }
    (world, None)
}

#[test]
fn everybody_answers_in_the_end() {
    for seed in 0..10 {
        let (world, violation) = run(seed, &[]);
        assert_eq!(violation, None, "seed {seed}");
        assert_eq!(world.impurity(), None);
        assert!(50 < world.counters().completed, "seed {seed}");
    }
}

#[test]
fn p1_a_second_pong_counts_as_an_answer() {
    let (_, violation) = run(1, &[H1]);
    assert_eq!(violation.unwrap().rule, "One Answer Each");
}

#[test]
fn what_does_not_exist_is_refused() {
    let workload = Workload { keys: 1, mix: BTreeMap::from([("put".into(), 1)]) };
    assert!(Ping::generator(&workload).is_err());
    assert!(Ping::set_up(&Parameters { resend: Duration::ZERO }, 3).is_err());
}
