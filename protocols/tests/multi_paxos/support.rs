//! How the tests make a world and run it under its monitors.

use std::collections::BTreeMap;

use orrery_protocols::kv::{Administered, Operation, Output};
use orrery_protocols::multi_paxos::{Administration, MultiPaxos, Note, Parameters, Server, Slot};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut, Item, Target, Trigger};
use orrery_sim::registration::{NoteEntry, Workload};
use orrery_sim::{
    Bug, Bugs, ClientId, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability,
    Registration, Setup, SimTime, Violation, World,
};

pub(crate) type PaxosAction = Action<Administered<Administration>>;
pub(crate) type PaxosItem = Item<Administered<Administration>>;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

pub(crate) fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

pub(crate) fn nodes(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().map(|id| NodeId(*id)).collect()
}

/// An item of a plan that happens at so many milliseconds.
pub(crate) fn item(millis: u64, action: PaxosAction) -> PaxosItem {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

pub(crate) fn crash(id: u32) -> PaxosAction {
    Action::Crash { node: node(id), after_effects: None }
}

pub(crate) fn restart(id: u32) -> PaxosAction {
    Action::Restart(node(id))
}

pub(crate) fn fire(id: u32) -> PaxosAction {
    Action::Fire { node: node(id), timer: "Election".into() }
}

/// Cuts these nodes off from all others.
pub(crate) fn cut(ids: &[u32]) -> PaxosAction {
    Action::Cut(Cut::Groups(vec![ids.iter().map(|id| node(*id)).collect()]))
}

pub(crate) fn heal() -> PaxosAction {
    Action::Heal(None)
}

/// What `from` sends to these is lost.
pub(crate) fn deaf(from: u32, to: &[u32]) -> PaxosAction {
    Action::Cut(Cut::OneWay(vec![node(from)], to.iter().map(|id| node(*id)).collect()))
}

pub(crate) fn ask(client: u32, operation: Operation, to: u32) -> PaxosAction {
    let operation = Administered::Store(operation);
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
}

pub(crate) fn reconfigure(client: u32, members: &[u32], to: u32) -> PaxosAction {
    let members = nodes(members);
    let operation = Administered::Administrative(Administration::Reconfigure { members });
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
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
    let mut setup = Setup::new(seed, MultiPaxos::set_up(parameters, count).unwrap());
    setup.links.default = Link { latency: Law::Constant(ms(1)), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.entries = NodeId::all(count).collect();
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
    let mix = mix.map(|(kind, weight)| (String::from(kind), weight));
    let workload = Workload { keys: 3, mix: BTreeMap::from(mix) };
    setup.clients.generator = Some(MultiPaxos::generator(&workload).unwrap());
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
    let mut dice = Dice(seed);
    let mut now = 200;
    while now < 5_000 {
        let victim = dice.below(u64::from(count)) as u32 + 1;
        let lasts = 20 + dice.below(500);
        let (begin, end) = match dice.below(5) {
            0 => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 => (cut(&[victim]), heal()),
            2 => (Action::Clog(Cut::Isolate(node(victim))), heal()),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item(now + lasts, end));
        now += 50 + dice.below(400);
    }
    setup
}

/// A few random numbers for plans (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// A run, its milestones and its judgement.
pub(crate) struct Run {
    pub(crate) world: World<Server>,
    pub(crate) notes: Vec<NoteEntry<MultiPaxos>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<Server>>>,
}

impl Run {
    pub(crate) fn new(setup: Setup<MultiPaxos>, parameters: &Parameters) -> Self {
        let world = World::new(setup).unwrap();
        let monitors = MultiPaxos::monitors(parameters, world.node_count());
        Self { world, notes: vec![], violation: None, monitors }
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

    /// Goes on to `millis`, or to the first violation.
    pub(crate) fn until(&mut self, millis: u64) -> &mut Self {
        while self.violation.is_none() && self.world.step(at(millis)).unwrap().is_some() {
            let step = self.world.last();
            if let Some(node) = step.handled_by {
                let entry = |note: &Note| NoteEntry {
                    time: step.time,
                    event: step.number,
                    node,
                    note: note.clone(),
                };
                self.notes.extend(step.notes.iter().map(entry));
            }
            for monitor in &mut self.monitors {
                if let Err(violation) = monitor.after(step, &self.world) {
                    self.violation.get_or_insert(violation);
                }
            }
        }
        self
    }

    /// The same, and nothing may be wrong.
    pub(crate) fn safely_until(&mut self, millis: u64) -> &mut Self {
        self.until(millis);
        assert_eq!(self.violation, None, "{:?}", self.violation);
        self
    }

    /// The rule that was broken.
    pub(crate) fn broken(&self) -> Option<&'static str> {
        self.violation.as_ref().map(|violation| violation.rule)
    }

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leaders = self.world.up().filter(|(_, server)| server.is_leader());
        leaders.max_by_key(|(_, server)| server.acceptor().ballot_num).map(|(id, _)| id)
    }

    pub(crate) fn server(&self, id: u32) -> &Server {
        self.world.node(NodeId(id)).unwrap()
    }

    /// The next slot that a process is to perform.
    pub(crate) fn slot_out(&self, id: u32) -> Slot {
        self.server(id).replica().slot_out
    }

    /// A statistic by its name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let values = MultiPaxos::statistics(&self.world, &self.notes);
        let place = MultiPaxos::STATISTICS.iter().position(|statistic| statistic.name == name);
        values[place.unwrap()]
    }

    /// How often something was noted.
    pub(crate) fn noted(&self, is_it: impl Fn(NodeId, &Note) -> bool) -> usize {
        self.notes.iter().filter(|entry| is_it(entry.node, &entry.note)).count()
    }

    /// Whether the run came by there.
    pub(crate) fn came_by(&self, probe: &str) -> bool {
        self.world.probes().hits().any(|(name, _)| name == probe)
    }

    /// What the clients got, in order.
    pub(crate) fn answers(&self) -> Vec<(u32, Output)> {
        let entries = self.world.history().iter().filter_map(|entry| match &entry.what {
            HistoryKind::Ok(output) => Some((entry.operation.client.0, output.clone())),
            HistoryKind::Invoke(_) | HistoryKind::Fail | HistoryKind::Info => None,
        });
        entries.collect()
    }

    /// How many messages of a kind were sent.
    pub(crate) fn sent(&self, kind: &str) -> u64 {
        let mut messages = self.world.counters().messages();
        messages.find(|(name, _)| *name == kind).map_or(0, |(_, count)| count.sent)
    }
}
