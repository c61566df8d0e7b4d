//! How the tests make a world and run it under its monitors.

use orrery_sim::registration::ProtocolOf;
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash};
use orrery_sim::{Bug, DurationRange, Law, Link, Probability, Protocol, Registration, Setup};

pub(crate) use orrery_sim::testing::{Run, at, between, crash, item, ms, node, restart};

/// A world with links of 10 ms and no faults.
pub(crate) fn quiet<R>(
    seed: u64,
    nodes: u32,
    parameters: &R::Parameters,
    bugs: &[Bug],
) -> Setup<ProtocolOf<R>>
where
    R: Registration,
{
    let mut setup = testing::quiet::<R>(seed, nodes, parameters, ms(10), bugs);
    setup.clients.timeout = ms(100_000);
    setup.clients.patience = ms(200_000);
    setup
}

/// A network that does its worst, for the first `until` milliseconds, and sites that are cut off, stand still or crash.
pub(crate) fn add_chaos<P: Protocol>(setup: &mut Setup<P>, seed: u64, until: u64, crashes: bool) {
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(60))),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 5),
        ..Link::default()
    };
    let nodes = setup.configs.len() as u32;
    let chaos = Chaos { begin: 200..until, last: 20..1_520, apart: 50..650, over: Some(until) };
    let sides = 2 + u64::from(crashes);
    setup.plan.items.extend(chaos.items(seed, nodes, sides, pause_cut_or_crash));
}

/// The rule that `bug` breaks first, over these seeds: at least one of them, and only rules that it lists. Without it none may break.
pub(crate) fn caught<R: Registration>(
    seeds: std::ops::Range<u64>,
    bug: Bug,
    parameters: &R::Parameters,
    until: u64,
    make: impl Fn(u64, &[Bug]) -> Setup<ProtocolOf<R>>,
) -> u32 {
    let hits = testing::caught::<R>(seeds, bug, parameters, until, make).values().sum();
    assert!(0 < hits, "nobody notices {}", bug.id);
    hits
}
