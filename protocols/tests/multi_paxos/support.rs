//! How the tests make a world and run it under its monitors.

use std::ops::{Deref, DerefMut};

use orrery_protocols::kv::{Administered, Operation, Output};
use orrery_protocols::multi_paxos::{Administration, MultiPaxos, Parameters, Server, Slot};
use orrery_sim::plan::{Action, Cut, Item};
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, request, spell, workload};
use orrery_sim::{
    Bug, Duration, DurationRange, Law, Link, NodeId, Probability, Registration, Setup,
};

pub(crate) use orrery_sim::testing::{crash, cut, heal, item, ms, node, restart};

pub(crate) type PaxosAction = Action<Administered<Administration>>;
pub(crate) type PaxosItem = Item<Administered<Administration>>;

pub(crate) fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().map(|id| NodeId(*id)).collect()
}

pub(crate) fn fire(id: u32) -> PaxosAction {
    Action::Fire { node: node(id), timer: "Election".into() }
}

/// What `from` sends to these is lost.
pub(crate) fn deaf(from: u32, to: &[u32]) -> PaxosAction {
    Action::Cut(Cut::OneWay(vec![node(from)], to.iter().map(|id| node(*id)).collect()))
}

pub(crate) fn ask(client: u32, operation: Operation, to: u32) -> PaxosAction {
    request(client, Administered::Store(operation), to)
}

pub(crate) fn reconfigure(client: u32, members: &[u32], to: u32) -> PaxosAction {
    let members = nodes(members);
    let operation = Administered::Administrative(Administration::Reconfigure { members });
    request(client, operation, to)
}

pub(crate) fn append(value: &str) -> Operation {
    Operation::Append { key: "x".into(), value: value.into() }
}

pub(crate) fn get() -> Operation {
    Operation::Get { key: "x".into() }
}

pub(crate) fn value(text: &str) -> Output {
    Output::Value(Some(text.into()))
}

/// A world: 1 ms each way, no disk latency, no faults.
pub(crate) fn quiet(
    seed: u64,
    count: u32,
    parameters: &Parameters,
    bugs: &[Bug],
) -> Setup<MultiPaxos> {
    let mut setup = testing::quiet::<MultiPaxos>(seed, count, parameters, ms(1), bugs);
    setup.clients.count = 3;
    setup.clients.timeout = Duration::from_secs(100);
    setup.clients.patience = Duration::from_secs(200);
    setup
}

/// Parameters under which only the plan makes scouts, and nobody speaks but to say something.
pub(crate) fn scripted() -> Parameters {
    let never = Duration::from_secs(1_000_000);
    Parameters {
        election_timeout: DurationRange::new(never, never + never),
        heartbeat: never,
        ..Parameters::default()
    }
}

/// Clients that write and read a few keys.
pub(crate) fn with_clients(setup: &mut Setup<MultiPaxos>) {
    let mix = [("put", 3), ("get", 4), ("cas", 2), ("append", 2), ("delete", 1)];
    setup.clients.generator = Some(MultiPaxos::generator(&workload(3, &mix)).unwrap());
    setup.clients.think = Law::Uniform(DurationRange::new(ms(1), ms(20)));
    setup.clients.timeout = ms(200);
    setup.clients.patience = ms(1_000);
}

/// A network and disks that do their worst, and crashes, cuts and pauses drawn from the seed.
pub(crate) fn chaos(
    seed: u64,
    count: u32,
    parameters: &Parameters,
    bugs: &[Bug],
) -> Setup<MultiPaxos> {
    let mut setup = quiet(seed, count, parameters, bugs);
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(30))),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(10)));
    with_clients(&mut setup);
    let chaos = Chaos { begin: 200..5_000, last: 20..520, apart: 50..450, over: None };
    let fault = |die, victim, when| match die {
        2 => spell(when, Action::Clog(Cut::Isolate(node(victim))), heal()),
        _ => pause_cut_or_crash(die, victim, when),
    };
    setup.plan.items = chaos.items(seed, count, 5, fault);
    setup
}

/// A run of Multi-Paxos.
pub(crate) struct Run(testing::Run<MultiPaxos>);

impl Deref for Run {
    type Target = testing::Run<MultiPaxos>;

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
    pub(crate) fn new(setup: Setup<MultiPaxos>, parameters: &Parameters) -> Self {
        Self(testing::Run::new(setup, parameters))
    }

    /// A quiet run of this plan.
    pub(crate) fn story(
        count: u32,
        parameters: &Parameters,
        bugs: &[Bug],
        items: Vec<PaxosItem>,
    ) -> Self {
        let mut setup = quiet(1, count, parameters, bugs);
        setup.plan.items = items;
        Self::new(setup, parameters)
    }

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leaders = self.world.up().filter(|(_, server)| server.is_leader());
        leaders.max_by_key(|(_, server)| server.acceptor().ballot_num).map(|(id, _)| id)
    }

    pub(crate) fn server(&self, id: u32) -> &Server {
        self.node(id)
    }

    /// The next slot that a process is to perform.
    pub(crate) fn slot_out(&self, id: u32) -> Slot {
        self.server(id).replica().slot_out
    }

    /// Whether the run came by there.
    pub(crate) fn came_by(&self, probe: &str) -> bool {
        self.world.probes().hits().any(|(name, _)| name == probe)
    }

    /// What the clients got, in order.
    pub(crate) fn answers(&self) -> Vec<(u32, Output)> {
        self.answered().map(|(_, client, output)| (client.0, output.clone())).collect()
    }
}
