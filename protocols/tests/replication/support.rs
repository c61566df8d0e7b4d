//! How the tests make a world and run it under its monitors.

use std::collections::BTreeMap;

use orrery_protocols::kv::{Operation, Output};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut, Item, MessageFilter, Target, Trigger};
use orrery_sim::registration::{NoteEntry, ProtocolOf, Workload};
use orrery_sim::{
    Bug, Bugs, ClientId, Duration, DurationRange, Law, Link, Monitor, Node, NodeId, Probability,
    Protocol, Registration, Setup, SimTime, Violation, World,
};

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
pub(crate) fn item<O>(millis: u64, action: Action<O>) -> Item<O> {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

pub(crate) fn crash<O>(id: u32) -> Action<O> {
    Action::Crash { node: node(id), after_effects: None }
}

pub(crate) fn restart<O>(id: u32) -> Action<O> {
    Action::Restart(node(id))
}

/// Keeps back the messages of a kind between two nodes.
pub(crate) fn hold<O>(from: u32, to: u32, kind: &str) -> Action<O> {
    Action::Hold(MessageFilter {
        from: Some(node(from)),
        to: Some(node(to)),
        kind: Some(String::from(kind)),
        from_role: None,
        to_role: None,
    })
}

/// Cuts one side off from another, both ways.
pub(crate) fn between<O>(left: &[u32], right: &[u32]) -> Action<O> {
    let nodes = |ids: &[u32]| ids.iter().map(|id| node(*id)).collect();
    Action::Cut(Cut::Between(nodes(left), nodes(right)))
}

pub(crate) fn put(key: &str, value: &str) -> Operation {
    Operation::Put { key: key.into(), value: value.into() }
}

pub(crate) fn get(key: &str) -> Operation {
    Operation::Get { key: key.into() }
}

/// A client asks a node.
pub(crate) fn request(client: u32, operation: Operation, to: u32) -> Action<Operation> {
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
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
    let mut setup = Setup::new(seed, R::set_up(parameters, nodes).unwrap());
    setup.links.default = Link { latency: Law::Constant(ms(10)), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.entries = R::entries(parameters, nodes);
    setup.clients.timeout = ms(100_000);
    setup.clients.patience = ms(200_000);
    setup
}

/// Clients that work on a few keys.
pub(crate) fn with_clients<R>(setup: &mut Setup<ProtocolOf<R>>, count: u32, mix: &[(&str, u32)])
where
    R: Registration,
{
    let mix = mix.iter().map(|(kind, weight)| (String::from(*kind), *weight));
    let workload = Workload { keys: 2, mix: mix.collect() };
    setup.clients.count = count;
    setup.clients.generator = Some(R::generator(&workload).unwrap());
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
    let nodes = setup.configs.len() as u64;
    let mut dice = Dice(seed);
    let mut now = 200;
    while now < 5_000 {
        let victim = dice.below(nodes) as u32 + 1;
        let lasts = 20 + dice.below(500);
        let others: Vec<u32> = (1..=nodes as u32).filter(|id| *id != victim).collect();
        let (begin, end) = match dice.below(3) {
            0 => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 => (between(&[victim], &others), Action::Heal(None)),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item(now + lasts, end));
        now += 50 + dice.below(400);
    }
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
pub(crate) struct Run<R: Registration> {
    pub(crate) world: World<R::Node>,
    pub(crate) notes: Vec<NoteEntry<ProtocolOf<R>>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<R::Node>>>,
}

impl<R: Registration> Run<R> {
    pub(crate) fn new(setup: Setup<ProtocolOf<R>>, parameters: &R::Parameters) -> Self {
        let world = World::<R::Node>::new(setup).unwrap();
        let monitors = R::monitors(parameters, world.node_count());
        Self { world, notes: vec![], violation: None, monitors }
    }

    /// Goes on to `millis`, or to the first violation.
    pub(crate) fn until(&mut self, millis: u64) -> &mut Self {
        while self.violation.is_none() && self.world.step(at(millis)).unwrap().is_some() {
            let step = self.world.last();
            if let Some(node) = step.handled_by {
                let entry = |note: &<ProtocolOf<R> as Protocol>::Note| NoteEntry {
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

    /// A statistic by its name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let values = R::statistics(&self.world, &self.notes);
        let place = R::STATISTICS.iter().position(|statistic| statistic.name == name);
        values[place.unwrap()]
    }
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

/// The rules that `bug` breaks over these seeds, and how often; without it there must be none.
pub(crate) fn caught<R: Registration>(
    seeds: std::ops::Range<u64>,
    bug: Bug,
    parameters: &R::Parameters,
    make: impl Fn(u64, &[Bug]) -> Setup<ProtocolOf<R>>,
) -> BTreeMap<&'static str, u32> {
    let mut rules = BTreeMap::new();
    for seed in seeds {
        let mut correct = Run::<R>::new(make(seed, &[]), parameters);
        correct.until(6_000);
        assert_eq!(correct.violation, None, "seed {seed} without {}", bug.id);
        let mut run = Run::<R>::new(make(seed, &[bug]), parameters);
        if let Some(violation) = &run.until(6_000).violation {
            *rules.entry(violation.rule).or_default() += 1;
        }
    }
    for rule in rules.keys() {
        assert!(bug.breaks.contains(rule), "{} breaks {rule}, which it does not list", bug.id);
    }
    rules
}
