//! How the tests make a world and run it under its monitors.

use std::ops::{Deref, DerefMut, Range};

use orrery_protocols::kv;
use orrery_protocols::raft::{Index, Operation, Parameters, Raft, Server};
use orrery_sim::plan::{Action, Item, Target, Trigger};
use orrery_sim::testing::{self, Chaos, pause_cut_or_crash, workload};
use orrery_sim::{
    Bug, Duration, DurationRange, Law, Link, NodeId, Probability, Registration, Setup,
};

pub(crate) use orrery_sim::testing::{at, crash, cut, item, ms, node, restart};

pub(crate) type RaftItem = Item<Operation>;
pub(crate) type RaftAction = Action<Operation>;

pub(crate) fn fire(id: u32) -> RaftAction {
    Action::Fire { node: node(id), timer: "Election".into() }
}

/// A client asks `to`.
pub(crate) fn request(client: u32, operation: impl Into<Operation>, to: u32) -> RaftAction {
    testing::request(client, operation.into(), to)
}

pub(crate) fn put(value: &str) -> kv::Operation {
    kv::Operation::Put { key: "x".into(), value: value.into() }
}

pub(crate) fn get() -> kv::Operation {
    kv::Operation::Get { key: "x".into() }
}

pub(crate) fn value(text: &str) -> kv::Output {
    kv::Output::Value(Some(text.into()))
}

/// A world of Raft servers: 1 ms each way, no disk latency, no faults.
pub(crate) fn quiet(seed: u64, nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Raft> {
    testing::quiet::<Raft>(seed, nodes, parameters, ms(1), bugs)
}

/// Parameters under which only the plan starts elections.
pub(crate) fn scripted() -> Parameters {
    let never = Duration::from_secs(1_000_000);
    Parameters {
        election_timeout: DurationRange::new(never, never + never),
        ..Parameters::default()
    }
}

/// Clients that write and read a few keys.
pub(crate) fn with_clients(setup: &mut Setup<Raft>, count: u32) {
    let mix = [("put", 3), ("get", 4), ("cas", 2), ("append", 2), ("delete", 1)];
    setup.clients.count = count;
    setup.clients.generator = Some(Raft::generator(&workload(3, &mix)).unwrap());
    setup.clients.think = Law::Uniform(DurationRange::new(ms(1), ms(20)));
    setup.clients.timeout = ms(200);
}

/// Who leads crashes, and comes back under its item's name.
fn crash_of_the_leader(when: Range<u64>) -> [RaftItem; 2] {
    let name = format!("crash at {}", when.start);
    let leader = Target::Role("leader".into());
    let mut first = item(when.start, Action::Crash { node: leader, after_effects: None });
    first.name = Some(name.clone());
    first.within = Some(ms(100));
    let trigger = Trigger::After { item: name.clone(), delay: ms(when.end - when.start) };
    let action = Action::Restart(Target::Item(name));
    [first, Item { name: None, trigger, within: None, action }]
}

/// A network and disks that do their worst, and crashes, cuts and pauses drawn from the seed.
pub(crate) fn chaos(seed: u64, nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Raft> {
    let mut setup = quiet(seed, nodes, parameters, bugs);
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(30))),
        loss: Probability::ratio(1, 20),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(10)));
    with_clients(&mut setup, 3);
    let chaos = Chaos { begin: 200..5_000, last: 20..520, apart: 50..450, over: None };
    let fault = |die, victim, when| match die {
        2 => crash_of_the_leader(when),
        _ => pause_cut_or_crash(die, victim, when),
    };
    setup.plan.items = chaos.items(seed, nodes, 4, fault);
    setup
}

/// A run of Raft.
pub(crate) struct Run(testing::Run<Raft>);

impl Deref for Run {
    type Target = testing::Run<Raft>;

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
    pub(crate) fn new(setup: Setup<Raft>) -> Self {
        Self(testing::Run::new(setup, &Parameters::default()))
    }

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leaders = self.world.up().filter(|(_, server)| server.is_leader());
        leaders.max_by_key(|(_, server)| server.current_term()).map(|(id, _)| id)
    }

    pub(crate) fn server(&self, id: u32) -> &Server {
        self.node(id)
    }

    /// What the clients got, in order.
    pub(crate) fn answers(&self) -> Vec<kv::Output> {
        self.answered().map(|(_, _, output)| output.clone()).collect()
    }

    /// The terms of a server's log.
    pub(crate) fn terms(&self, id: u32) -> Vec<u64> {
        let log = self.server(id).log();
        (1..=log.last_index().0).map(|index| log.term_at(Index(index)).unwrap().0).collect()
    }
}
