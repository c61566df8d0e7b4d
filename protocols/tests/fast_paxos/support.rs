//! How the tests make a world and run it under its monitors.

use std::ops::{Deref, DerefMut};

use orrery_protocols::fast_paxos::{
    FastPaxos, Note, Operation, Output, Parameters, Process, invariants,
};
use orrery_sim::plan::{Action, Disturbance, LinkFault, MessageFilter};
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, request, workload};
use orrery_sim::{
    Bug, ClientId, Duration, DurationRange, Law, Link, Probability, Registration, Setup,
};

pub(crate) use orrery_sim::testing::{crash, cut, item, ms, node, restart};

pub(crate) type FastAction = Action<Operation>;

pub(crate) fn span(min: u64, max: u64) -> DurationRange {
    DurationRange::new(ms(min), ms(max))
}

/// Messages of this kind are lost from now on.
pub(crate) fn lose(kind: &str) -> FastAction {
    let filter = MessageFilter { kind: Some(kind.into()), ..MessageFilter::default() };
    Action::Disturb(Disturbance { filter, fault: LinkFault::Loss(Probability::ratio(1, 1)) })
}

/// The client of that number asks `to` for a value.
pub(crate) fn propose(client: u32, value: &str, to: u32) -> FastAction {
    request(client, Operation::Propose { value: value.into() }, to)
}

/// Parameters under which nobody tries again of its own accord.
pub(crate) fn patient() -> Parameters {
    Parameters { timeout: span(1_000_000, 2_000_000), ..Parameters::default() }
}

/// A world of processes: 10 ms each way, no disk latency, no faults, three clients that wait.
pub(crate) fn quiet(
    seed: u64,
    nodes: u32,
    parameters: &Parameters,
    bugs: &[Bug],
) -> Setup<FastPaxos> {
    let mut setup = testing::quiet::<FastPaxos>(seed, nodes, parameters, ms(10), bugs);
    setup.clients.count = 3;
    setup.clients.timeout = ms(1_000_000);
    setup.clients.patience = ms(2_000_000);
    setup
}

/// Clients that ask all at once, on a bad network, with crashes drawn from the seed.
pub(crate) fn chaos(seed: u64, nodes: u32, bugs: &[Bug]) -> Setup<FastPaxos> {
    let parameters = Parameters { timeout: span(40, 160), ..Parameters::default() };
    let mut setup = quiet(seed, nodes, &parameters, bugs);
    setup.links.default = Link {
        latency: Law::Exponential(ms(10)),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 5),
        ..Link::default()
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(2)));
    setup.clients.count = nodes;
    setup.clients.generator = Some(FastPaxos::generator(&workload(1, &[("propose", 1)])).unwrap());
    setup.clients.think = Law::Exponential(ms(15));
    setup.clients.timeout = ms(500);
    setup.clients.patience = ms(5_000);
    let chaos = Chaos { begin: 20..600, last: 5..105, apart: 5..45, over: None };
    setup.plan.items = chaos.items(seed, nodes, 4, pause_cut_or_crash);
    setup
}

/// A run of Fast Paxos.
pub(crate) struct Run(testing::Run<FastPaxos>);

impl Deref for Run {
    type Target = testing::Run<FastPaxos>;

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
    pub(crate) fn new(setup: Setup<FastPaxos>) -> Self {
        Self::judged_by(setup, &[])
    }

    /// Judged by the rules of these names alone; by all, if there are none.
    pub(crate) fn judged_by(setup: Setup<FastPaxos>, rules: &[&str]) -> Self {
        let mut monitors = invariants::all(setup.configs.len() as u32, setup.configs[0].sizes);
        monitors.retain(|monitor| rules.is_empty() || rules.contains(&monitor.name()));
        Self(testing::Run::judged_by(setup, monitors))
    }

    pub(crate) fn process(&self, id: u32) -> &Process {
        self.node(id)
    }

    /// The value that a process knows to be chosen.
    pub(crate) fn learned(&self, id: u32) -> Option<&str> {
        self.process(id).learned().map(|vote| vote.value.as_str())
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
