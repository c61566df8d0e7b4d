//! How the tests make a world and run it under its monitors.

use std::collections::BTreeMap;

use orrery_protocols::fast_paxos::{FastPaxos, Note, Operation, Output, Parameters, Process};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::{Action, Cut, Disturbance, Item, LinkFault, MessageFilter, Target, Trigger};
use orrery_sim::registration::{NoteEntry, Workload};
use orrery_sim::{
    Bug, Bugs, ClientId, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability,
    Registration, Setup, SimTime, Violation, World,
};

pub(crate) type FastAction = Action<Operation>;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

pub(crate) fn span(min: u64, max: u64) -> DurationRange {
    DurationRange::new(ms(min), ms(max))
}

pub(crate) fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

/// An item of a plan that happens at so many milliseconds.
pub(crate) fn item(millis: u64, action: FastAction) -> Item<Operation> {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

pub(crate) fn crash(id: u32) -> FastAction {
    Action::Crash { node: node(id), after_effects: None }
}

pub(crate) fn restart(id: u32) -> FastAction {
    Action::Restart(node(id))
}

/// Cuts these nodes off from all others.
pub(crate) fn cut(ids: &[u32]) -> FastAction {
    Action::Cut(Cut::Groups(vec![ids.iter().map(|id| node(*id)).collect()]))
}

/// Messages of this kind are lost from now on.
pub(crate) fn lose(kind: &str) -> FastAction {
    let filter = MessageFilter { kind: Some(kind.into()), ..MessageFilter::default() };
    Action::Disturb(Disturbance { filter, fault: LinkFault::Loss(Probability::ratio(1, 1)) })
}

/// The client of that number asks `to` for a value.
pub(crate) fn propose(client: u32, value: &str, to: u32) -> FastAction {
    let operation = Operation::Propose { value: value.into() };
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
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
    let mut setup = Setup::new(seed, FastPaxos::set_up(parameters, nodes).unwrap());
    setup.links.default = Link { latency: Law::Constant(ms(10)), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.entries = FastPaxos::entries(parameters, nodes);
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
    let workload = Workload { keys: 1, mix: BTreeMap::from([(String::from("propose"), 1)]) };
    setup.clients.count = nodes;
    setup.clients.generator = Some(FastPaxos::generator(&workload).unwrap());
    setup.clients.think = Law::Exponential(ms(15));
    setup.clients.timeout = ms(500);
    setup.clients.patience = ms(5_000);
    let mut dice = Dice(seed);
    let mut now = 20;
    while now < 600 {
        let victim = dice.below(u64::from(nodes)) as u32 + 1;
        let lasts = 5 + dice.below(100);
        let (begin, end) = match dice.below(4) {
            0 => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 => (cut(&[victim]), Action::Heal(None)),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item(now + lasts, end));
        now += 5 + dice.below(40);
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
    pub(crate) world: World<Process>,
    pub(crate) notes: Vec<NoteEntry<FastPaxos>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<Process>>>,
}

impl Run {
    pub(crate) fn new(setup: Setup<FastPaxos>) -> Self {
        Self::judged_by(setup, &[])
    }

    /// Judged by the rules of these names alone; by all, if there are none.
    pub(crate) fn judged_by(setup: Setup<FastPaxos>, rules: &[&str]) -> Self {
        let sizes = setup.configs[0].sizes;
        let world = World::new(setup).unwrap();
        let mut monitors = orrery_protocols::fast_paxos::invariants::all(world.node_count(), sizes);
        monitors.retain(|monitor| rules.is_empty() || rules.contains(&monitor.name()));
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

    /// The same, and nothing may be wrong.
    pub(crate) fn safely_until(&mut self, millis: u64) -> &mut Self {
        self.until(millis);
        assert_eq!(self.violation, None, "{:?}", self.violation);
        self
    }

    pub(crate) fn process(&self, id: u32) -> &Process {
        self.world.node(NodeId(id)).unwrap()
    }

    /// The value that a process knows to be chosen.
    pub(crate) fn learned(&self, id: u32) -> Option<&str> {
        self.process(id).learned().map(|vote| vote.value.as_str())
    }

    /// What the clients were told, in order.
    pub(crate) fn answers(&self) -> Vec<(u32, String)> {
        let entries = self.world.history().iter().filter_map(|entry| match &entry.what {
            HistoryKind::Ok(Output::Chosen { value }) => {
                Some((entry.operation.client.0, value.clone()))
            }
            HistoryKind::Invoke(_) | HistoryKind::Fail | HistoryKind::Info => None,
        });
        entries.collect()
    }

    /// When each process learned what was chosen, in milliseconds.
    pub(crate) fn learned_at(&self) -> Vec<(u32, u64)> {
        let notes = self.notes.iter();
        let learned = notes.filter(|entry| matches!(entry.note, Note::Learned { .. }));
        learned.map(|entry| (entry.node.0, entry.time.as_nanos() / 1_000_000)).collect()
    }

    /// A statistic by its name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let values = FastPaxos::statistics(&self.world, &self.notes);
        let place = FastPaxos::STATISTICS.iter().position(|statistic| statistic.name == name);
        values[place.unwrap()]
    }
}
