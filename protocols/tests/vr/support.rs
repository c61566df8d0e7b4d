//! How the tests make replicas and run them under their monitors.

use std::ops::{Deref, DerefMut};

use orrery_protocols::kv::{Operation, Output};
use orrery_protocols::viewstamped::{Parameters, Replica, Vr};
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, workload};
use orrery_sim::{Bug, Duration, DurationRange, Law, Link, Probability, Registration, Setup};

pub(crate) use orrery_sim::testing::{crash, cut, hold, item, ms, request, restart};

pub(crate) fn put(value: &str) -> Operation {
    Operation::Put { key: "x".into(), value: value.into() }
}

pub(crate) fn get() -> Operation {
    Operation::Get { key: "x".into() }
}

pub(crate) fn value(text: &str) -> Output {
    Output::Value(Some(text.into()))
}

/// Replicas and two clients: 10 ms each way, no faults.
pub(crate) fn quiet(seed: u64, nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Vr> {
    let mut setup = testing::quiet::<Vr>(seed, nodes, parameters, ms(10), bugs);
    setup.clients.count = 2;
    setup.clients.timeout = ms(300);
    setup.clients.patience = Duration::from_secs(2_000);
    setup
}

/// A network that does its worst, and cuts and pauses and one crash at a time, drawn from the seed.
pub(crate) fn chaos(seed: u64, nodes: u32, bugs: &[Bug]) -> Setup<Vr> {
    let mut setup = quiet(seed, nodes, &Parameters::default(), bugs);
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(30))),
        loss: Probability::ratio(1, 30),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    let mix = [("put", 3), ("get", 4), ("cas", 2), ("append", 2), ("delete", 1)];
    setup.clients.generator = Some(Vr::generator(&workload(2, &mix)).unwrap());
    setup.clients.think = Law::Uniform(DurationRange::new(ms(1), ms(30)));
    let chaos = Chaos { begin: 300..5_000, last: 5..505, apart: 900..1_300, over: None };
    setup.plan.items = chaos.items(seed, nodes, 3, pause_cut_or_crash);
    setup
}

/// A run of replicas.
pub(crate) struct Run(testing::Run<Vr>);

impl Deref for Run {
    type Target = testing::Run<Vr>;

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
    pub(crate) fn new(setup: Setup<Vr>) -> Self {
        Self(testing::Run::new(setup, &Parameters::default()))
    }

    pub(crate) fn replica(&self, id: u32) -> &Replica {
        self.node(id)
    }

    /// What the clients got, in order, and when, in ms.
    pub(crate) fn answers(&self) -> Vec<(u64, Output)> {
        self.answered().map(|(millis, _, output)| (millis, output.clone())).collect()
    }
}
