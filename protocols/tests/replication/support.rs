//! How the tests make a world and run it under its monitors.

use orrery_protocols::kv::{Operation, Output};
use orrery_sim::client::HistoryKind;
use orrery_sim::registration::ProtocolOf;
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, workload};
use orrery_sim::{
    Bug, ClientId, Duration, DurationRange, Law, Link, Node, Probability, Protocol, Registration,
    Setup, World,
};

pub(crate) use orrery_sim::testing::{
    Run, between, caught, crash, hold, item, ms, node, request, restart,
};

pub(crate) fn put(key: &str, value: &str) -> Operation {
    Operation::Put { key: key.into(), value: value.into() }
}

pub(crate) fn get(key: &str) -> Operation {
    Operation::Get { key: key.into() }
}

/// A world with links of 10 ms, disks that take no time, and no faults.
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

/// Clients that work on a few keys.
pub(crate) fn with_clients<R>(setup: &mut Setup<ProtocolOf<R>>, count: u32, mix: &[(&str, u32)])
where
    R: Registration,
{
    setup.clients.count = count;
    setup.clients.generator = Some(R::generator(&workload(2, mix)).unwrap());
    setup.clients.think = Law::Uniform(DurationRange::new(ms(1), ms(30)));
    setup.clients.timeout = ms(300);
    setup.clients.patience = ms(2_000);
}

/// A network and disks that do their worst, and crashes, cuts and pauses drawn from the seed, for five seconds.
pub(crate) fn add_chaos<P: Protocol>(setup: &mut Setup<P>, seed: u64) {
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(30))),
        loss: Probability::ratio(1, 20),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(10)));
    let nodes = setup.configs.len() as u32;
    let chaos = Chaos { begin: 200..5_000, last: 20..520, apart: 50..450, over: None };
    setup.plan.items.extend(chaos.items(seed, nodes, 3, pause_cut_or_crash));
}

/// What clients got, in the order in which they got it, with the times in milliseconds.
pub(crate) fn outputs<N>(world: &World<N>) -> Vec<(u64, ClientId, Option<Output>)>
where
    N: Node<Protocol: Protocol<Output = Output>>,
{
    let entries = world.history().iter().filter_map(|entry| {
        let output = match &entry.what {
            HistoryKind::Ok(output) => Some(output.clone()),
            HistoryKind::Fail | HistoryKind::Info => None,
            HistoryKind::Invoke(_) => return None,
        };
        Some((entry.time.as_nanos() / 1_000_000, entry.operation.client, output))
    });
    entries.collect()
}
