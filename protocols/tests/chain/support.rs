//! How the tests make a chain and run it under its monitors.

use std::collections::BTreeMap;

use orrery_protocols::chain::{Chain, Note, Parameters, Server, Station};
use orrery_protocols::craq::Craq;
use orrery_protocols::kv::{Operation, Output};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut, Item, MessageFilter, Target, Trigger};
use orrery_sim::registration::{NoteEntry, Workload};
use orrery_sim::{
    Bug, Bugs, ClientId, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability,
    Registration, Setup, SimTime, Violation, World,
};

pub(crate) type ChainItem = Item<Operation>;
pub(crate) type ChainAction = Action<Operation>;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

pub(crate) fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

/// An item of a plan that happens at so many milliseconds.
pub(crate) fn item(millis: u64, action: ChainAction) -> ChainItem {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

pub(crate) fn crash(id: u32) -> ChainAction {
    Action::Crash { node: node(id), after_effects: None }
}

pub(crate) fn restart(id: u32) -> ChainAction {
    Action::Restart(node(id))
}

/// Cuts these nodes off from all others.
pub(crate) fn cut(ids: &[u32]) -> ChainAction {
    Action::Cut(Cut::Groups(vec![ids.iter().map(|id| node(*id)).collect()]))
}

/// Keeps messages of a kind between two nodes back.
pub(crate) fn hold(from: u32, to: u32, kind: &str) -> ChainAction {
    let (from, to, kind) = (Some(node(from)), Some(node(to)), Some(kind.into()));
    Action::Hold(MessageFilter { from, to, kind, ..MessageFilter::default() })
}

pub(crate) fn request(client: u32, operation: Operation, to: u32) -> ChainAction {
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
}

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
    let mut setup = Setup::new(seed, Chain::set_up(parameters, nodes).unwrap());
    setup.links.default = Link { latency: Law::Constant(ms(10)), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.count = 2;
    setup.clients.timeout = Duration::from_secs(1_000);
    setup.clients.patience = Duration::from_secs(2_000);
    setup.clients.entries = Chain::entries(parameters, nodes);
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
    let mix = mix.map(|(kind, weight)| (String::from(kind), weight));
    let workload = Workload { keys: 2, mix: BTreeMap::from(mix) };
    setup.clients.generator = Some(Chain::generator(&workload).unwrap());
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
    let nodes = setup.configs.len() as u64 - 2;
    let mut dice = Dice(seed);
    let mut now = 300;
    while now < 5_000 {
        let victim = dice.below(nodes) as u32 + 1;
        let lasts = 20 + dice.below(900);
        let (begin, end) = match dice.below(3) {
            0 => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 => (cut(&[victim]), Action::Heal(None)),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item(now + lasts, end));
        now += 100 + dice.below(700);
    }
    setup
}

/// A few random numbers for plans (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// A run, its milestones and its judgement.
pub(crate) struct Run {
    pub(crate) world: World<Station>,
    pub(crate) notes: Vec<NoteEntry<Chain>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<Station>>>,
}

impl Run {
    pub(crate) fn new(setup: Setup<Chain>) -> Self {
        let world = World::new(setup).unwrap();
        let monitors = Chain::monitors(&Parameters::default(), world.node_count());
        Self { world, notes: vec![], violation: None, monitors }
    }

    /// Goes on to `millis`, or to the first violation.
    pub(crate) fn until(&mut self, millis: u64) -> &mut Self {
        while self.violation.is_none() && self.world.step(at(millis)).unwrap().is_some() {
            let step = self.world.last();
            if let Some(node) = step.handled_by {
                let (time, event) = (step.time, step.number);
                let entry = |note: &Note| NoteEntry { time, event, node, note: note.clone() };
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

    /// The same, and nothing may be wrong, at the end neither.
    pub(crate) fn safely_until(&mut self, millis: u64) -> &mut Self {
        self.until(millis);
        for monitor in &mut self.monitors {
            if let Err(violation) = monitor.finish(&self.world) {
                self.violation.get_or_insert(violation);
            }
        }
        assert_eq!(self.violation, None, "{:?}", self.violation);
        self
    }

    pub(crate) fn server(&self, id: u32) -> &Server {
        self.world.node(NodeId(id)).and_then(Station::server).unwrap()
    }

    /// The chain, as the master has it.
    pub(crate) fn chain(&self) -> Vec<u32> {
        let master = self.world.node(NodeId(1)).and_then(Station::master).unwrap();
        master.configuration().servers().map(|server| server.0).collect()
    }

    /// When a node first noted such a thing, in ms.
    pub(crate) fn noted(&self, is_it: impl Fn(NodeId, &Note) -> bool) -> Option<u64> {
        let found = self.notes.iter().find(|entry| is_it(entry.node, &entry.note))?;
        Some(found.time.as_nanos() / 1_000_000)
    }

    /// What the clients got, in order, and when, in ms.
    pub(crate) fn answers(&self) -> Vec<(u64, Output)> {
        let entries = self.world.history().iter().filter_map(|entry| match &entry.what {
            HistoryKind::Ok(output) => Some((entry.time.as_nanos() / 1_000_000, output.clone())),
            HistoryKind::Invoke(_) | HistoryKind::Fail | HistoryKind::Info => None,
        });
        entries.collect()
    }

    /// How many messages of these kinds were sent.
    pub(crate) fn sent(&self, kinds: &[&str]) -> u64 {
        let counts = self.world.counters().messages();
        counts.filter(|(kind, _)| kinds.contains(kind)).map(|(_, count)| count.sent).sum()
    }
}
