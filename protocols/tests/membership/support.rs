//! What befalls groups under test.

use orrery_sim::plan::Action;
use orrery_sim::registration::ProtocolOf;
use orrery_sim::testing::{Chaos, item, ms, pause_cut_or_crash, quiet};
use orrery_sim::{Bug, DurationRange, Law, Link, Probability, Registration, Setup};

/// A network that does its worst, and crashes, cuts and pauses up to `until` ms, drawn from the seed; then all is whole.
pub(crate) fn chaos<R: Registration>(
    seed: u64,
    nodes: u32,
    parameters: &R::Parameters,
    until: u64,
    bugs: &[Bug],
) -> Setup<ProtocolOf<R>> {
    let mut setup = quiet::<R>(seed, nodes, parameters, ms(5), bugs);
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(10))),
        loss: Probability::ratio(1, 30),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    let chaos = Chaos { begin: 300..until, last: 5..2_005, apart: 200..1_700, over: Some(until) };
    setup.plan.items = chaos.items(seed, nodes, 3, pause_cut_or_crash);
    setup.plan.items.push(item(until, Action::Calm));
    setup
}
