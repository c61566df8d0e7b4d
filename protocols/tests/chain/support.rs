//! How the tests make a chain and run it under its monitors.

use std::ops::{Deref, DerefMut};

use orrery_protocols::chain::{Chain, Parameters, Server};
use orrery_protocols::craq::Craq;
use orrery_protocols::kv::{Operation, Output};
use orrery_sim::plan::Item;
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, workload};
use orrery_sim::{Bug, Duration, DurationRange, Law, Link, Probability, Registration, Setup};

pub(crate) use orrery_sim::testing::{crash, cut, hold, item, ms, request, restart};

pub(crate) type ChainItem = Item<Operation>;

pub(crate) fn put(value: &str) -> Operation {
    Operation::Put { key: "x".into(), value: value.into() }
}

pub(crate) fn get() -> Operation {
    Operation::Get { key: "x".into() }
}

pub(crate) fn value(text: &str) -> Output {
    Output::Value(Some(text.into()))
}

/// A master, `parameters.servers` servers, its spares and two clients: 10 ms each way, no disk latency, no faults.
pub(crate) fn quiet(seed: u64, parameters: &Parameters, bugs: &[Bug]) -> Setup<Chain> {
    let nodes = 1 + parameters.servers + parameters.spares + 2;
    let mut setup = testing::quiet::<Chain>(seed, nodes, parameters, ms(10), bugs);
    setup.clients.count = 2;
    setup.clients.timeout = Duration::from_secs(1_000);
    setup.clients.patience = Duration::from_secs(2_000);
    setup
}

/// The same chain as CRAQ.
pub(crate) fn apportioned(seed: u64, parameters: &Parameters, bugs: &[Bug]) -> Setup<Chain> {
    let mut setup = quiet(seed, parameters, bugs);
    setup.configs = Craq::set_up(parameters, setup.configs.len() as u32).unwrap();
    setup
}

/// Clients that write and read a few keys.
fn with_clients(setup: &mut Setup<Chain>) {
    let mix = [("put", 3), ("get", 5), ("cas", 2), ("append", 2), ("delete", 1)];
    setup.clients.generator = Some(Chain::generator(&workload(2, &mix)).unwrap());
    setup.clients.think = Law::Uniform(DurationRange::new(ms(1), ms(20)));
    setup.clients.timeout = ms(200);
    setup.clients.patience = ms(2_000);
}

/// A network and disks that do their worst, and crashes, cuts and pauses of servers and of the master, drawn from the seed.
pub(crate) fn chaos(mut setup: Setup<Chain>, seed: u64) -> Setup<Chain> {
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(15))),
        loss: Probability::ratio(1, 30),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(3)));
    with_clients(&mut setup);
    let nodes = setup.configs.len() as u32 - 2;
    let chaos = Chaos { begin: 300..5_000, last: 20..920, apart: 100..800, over: None };
    setup.plan.items.extend(chaos.items(seed, nodes, 3, pause_cut_or_crash));
    setup
}

/// A run of a chain.
pub(crate) struct Run(testing::Run<Chain>);

impl Deref for Run {
    type Target = testing::Run<Chain>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Run {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Run {
    pub(crate) fn new(setup: Setup<Chain>) -> Self {
        Self(testing::Run::new(setup, &Parameters::default()))
    }

    pub(crate) fn server(&self, id: u32) -> &Server {
        self.node(id).server().unwrap()
    }

    /// The chain, as the master has it.
    pub(crate) fn chain(&self) -> Vec<u32> {
        let master = self.node(1).master().unwrap();
        master.configuration().servers().map(|server| server.0).collect()
    }

    /// What the clients got, in order, and when, in ms.
    pub(crate) fn answers(&self) -> Vec<(u64, Output)> {
        self.answered().map(|(millis, _, output)| (millis, output.clone())).collect()
    }
}
