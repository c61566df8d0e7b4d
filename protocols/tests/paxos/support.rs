//! How the tests make a world and run it under its monitors.

use std::ops::{Deref, DerefMut};

use orrery_protocols::paxos::{Note, Operation, Output, Parameters, Paxos, Process};
use orrery_sim::plan::Action;
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, request, workload};
use orrery_sim::{
    Bug, ClientId, Duration, DurationRange, Law, Link, Probability, Registration, Setup,
};

pub(crate) use orrery_sim::testing::{crash, cut, hold, item, ms, node, restart};

pub(crate) type PaxosAction = Action<Operation>;

pub(crate) fn span(min: u64, max: u64) -> DurationRange {
    DurationRange::new(ms(min), ms(max))
}

/// The client of that number asks `to` for a value.
pub(crate) fn propose(client: u32, value: &str, to: u32) -> PaxosAction {
    request(client, Operation::Propose { value: value.into() }, to)
}

/// Parameters under which nobody tries again of its own accord.
pub(crate) fn patient() -> Parameters {
    Parameters {
        timeout: span(1_000_000, 2_000_000),
        backoff: span(1_000_000, 2_000_000),
        ..Parameters::default()
    }
}

/// A world of processes: 10 ms each way, no disk latency, no faults, three clients that wait.
pub(crate) fn quiet(seed: u64, nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Paxos> {
    let mut setup = testing::quiet::<Paxos>(seed, nodes, parameters, ms(10), bugs);
    setup.clients.count = 3;
    setup.clients.timeout = ms(1_000_000);
    setup.clients.patience = ms(2_000_000);
    setup
}

/// Proposers that fight without rest, on a bad network, with crashes drawn from the seed.
pub(crate) fn chaos(seed: u64, nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Paxos> {
    let parameters = Parameters {
        timeout: span(60, 200),
        backoff: span(0, 60),
        remembers: false,
        ..parameters.clone()
    };
    let mut setup = quiet(seed, nodes, &parameters, bugs);
    setup.links.default = Link {
        latency: Law::Exponential(ms(15)),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 5),
        ..Link::default()
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(2)));
    setup.clients.count = nodes;
    setup.clients.generator = Some(Paxos::generator(&workload(1, &[("propose", 1)])).unwrap());
    setup.clients.think = Law::Exponential(ms(30));
    setup.clients.timeout = ms(500);
    setup.clients.patience = ms(1_000);
    let chaos = Chaos { begin: 20..1_500, last: 5..155, apart: 10..90, over: None };
    setup.plan.items = chaos.items(seed, nodes, 4, pause_cut_or_crash);
    setup
}

/// A run of Paxos.
pub(crate) struct Run(testing::Run<Paxos>);

impl Deref for Run {
    type Target = testing::Run<Paxos>;

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
    pub(crate) fn new(setup: Setup<Paxos>) -> Self {
        Self::judged_by(setup, &[])
    }

    /// Judged by the rules of these names alone; by all, if there are none.
    pub(crate) fn judged_by(setup: Setup<Paxos>, rules: &[&str]) -> Self {
        let acceptors = setup.configs[0].acceptors.clone();
        let parameters = Parameters { acceptors: Some(acceptors), ..Parameters::default() };
        let mut monitors = Paxos::monitors(&parameters, setup.configs.len() as u32);
        monitors.retain(|monitor| rules.is_empty() || rules.contains(&monitor.name()));
        Self(testing::Run::judged_by(setup, monitors))
    }

    pub(crate) fn process(&self, id: u32) -> &Process {
        self.node(id)
    }

    /// The value that a process knows to be chosen.
    pub(crate) fn learned(&self, id: u32) -> Option<&str> {
        self.process(id).learned().map(|proposal| proposal.value.as_str())
    }

    /// What the clients were told, in order.
    pub(crate) fn answers(&self) -> Vec<(u32, String)> {
        let told = |(_, client, output): (u64, ClientId, &Output)| match output {
            Output::Chosen { value } => (client.0, value.clone()),
        };
        self.answered().map(told).collect()
    }

    /// When each process learned what was chosen, in milliseconds.
    pub(crate) fn learned_at(&self) -> Vec<(u32, u64)> {
        let notes = self.notes.iter();
        let learned = notes.filter(|entry| matches!(entry.note, Note::Learned { .. }));
        learned.map(|entry| (entry.node.0, entry.time.as_nanos() / 1_000_000)).collect()
    }
}
