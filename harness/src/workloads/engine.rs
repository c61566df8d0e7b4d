//! A workload on the engine.

use orrery_sim::step::{Arrival, Event};
use orrery_sim::{DurationRange, Law, Node, Protocol, Setup, SimTime, World};

use super::{Prepared, Work};

/// Sets up nodes of type `N` and counts what they are handed.
pub(super) fn prepare<N: Node + 'static>(
    configs: Vec<<N::Protocol as Protocol>::Config>,
    latency: DurationRange,
    seed: u64,
) -> Prepared {
    let mut setup = Setup::<N::Protocol>::new(seed, configs);
    setup.links.default.latency = Law::Uniform(latency);
    let mut world = World::<N>::new(setup).expect("a workload names no node that it does not have");
    Box::new(move |deliveries| deliver(&mut world, deliveries))
}

fn deliver<N: Node>(world: &mut World<N>, wanted: u64) -> Work {
    let mut deliveries = 0;
    while deliveries < wanted
        && let Some(step) = world.step(SimTime::MAX).expect("a workload sends within bounds")
    {
        let is_delivery = matches!(step.event, Event::Arrive { arrival: Arrival::Handled, .. });
        deliveries += u64::from(is_delivery);
    }
    let timers = world.counters().timers;
    Work {
        deliveries,
        events: deliveries + timers,
        simulated: world.now().since(SimTime::ZERO),
        digest: Some(world.digest()),
    }
}
