//! How the tests make a world and run it under its monitors.

use std::collections::BTreeMap;

use orrery_protocols::raft::{Note, Parameters, Raft, Server};
use orrery_sim::plan::{Action, Cut, Item, Target, Trigger};
use orrery_sim::registration::{NoteEntry, Workload};
use orrery_sim::{
    Bug, Bugs, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability, Registration,
    Setup, SimTime, Violation, World,
};

pub(crate) type RaftItem = Item<orrery_protocols::raft::Operation>;
pub(crate) type RaftAction = Action<orrery_protocols::raft::Operation>;

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
pub(crate) fn item(millis: u64, action: RaftAction) -> RaftItem {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

pub(crate) fn crash(id: u32) -> RaftAction {
    Action::Crash { node: node(id), after_effects: None }
}

pub(crate) fn restart(id: u32) -> RaftAction {
    Action::Restart(node(id))
}

pub(crate) fn fire(id: u32) -> RaftAction {
    Action::Fire { node: node(id), timer: "Election".into() }
}

/// Cuts these nodes off from all others.
pub(crate) fn cut(ids: &[u32]) -> RaftAction {
    Action::Cut(Cut::Groups(vec![ids.iter().map(|id| node(*id)).collect()]))
}

/// A world of Raft servers: 1 ms each way, no disk latency, no faults.
pub(crate) fn quiet(seed: u64, nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Raft> {
    let mut setup = Setup::new(seed, Raft::set_up(parameters, nodes).unwrap());
    setup.links.default = Link { latency: Law::Constant(ms(1)), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.entries = NodeId::all(nodes).collect();
    setup
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
    let mix = mix.map(|(kind, weight)| (String::from(kind), weight));
    let workload = Workload { keys: 3, mix: BTreeMap::from(mix) };
    setup.clients.count = count;
    setup.clients.generator = Some(Raft::generator(&workload).unwrap());
    setup.clients.think = Law::Uniform(DurationRange::new(ms(1), ms(20)));
    setup.clients.timeout = ms(200);
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
    let mut dice = Dice(seed);
    let mut now = 200;
    while now < 5_000 {
        let victim = dice.below(u64::from(nodes)) as u32 + 1;
        let lasts = 20 + dice.below(500);
        let (begin, end) = match dice.below(4) {
            0 => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 => (cut(&[victim]), Action::Heal(None)),
            2 => (
                Action::Crash { node: Target::Role("leader".into()), after_effects: None },
                restart(0),
            ),
            _ => (crash(victim), restart(victim)),
        };
        match end {
            // Who led when it crashed comes back under its item's name.
            Action::Restart(Target::Node(NodeId(0))) => {
                let name = format!("crash at {now}");
                let mut first = item(now, begin);
                first.name = Some(name.clone());
                first.within = Some(ms(100));
                let trigger = Trigger::After { item: name.clone(), delay: ms(lasts) };
                let action = Action::Restart(Target::Item(name));
                setup.plan.items.push(first);
                setup.plan.items.push(Item { name: None, trigger, within: None, action });
            }
            end => {
                setup.plan.items.push(item(now, begin));
                setup.plan.items.push(item(now + lasts, end));
            }
        }
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
    pub(crate) notes: Vec<NoteEntry<Raft>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<Server>>>,
}

impl Run {
    pub(crate) fn new(setup: Setup<Raft>) -> Self {
        let world = World::new(setup).unwrap();
        let monitors = Raft::monitors(&Parameters::default(), world.node_count());
        Self { world, notes: vec![], violation: None, monitors }
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

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let leaders = self.world.up().filter(|(_, server)| server.is_leader());
        leaders.max_by_key(|(_, server)| server.current_term()).map(|(id, _)| id)
    }

    pub(crate) fn server(&self, id: u32) -> &Server {
        self.world.node(NodeId(id)).unwrap()
    }

    /// A statistic by its name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let values = Raft::statistics(&self.world, &self.notes);
        let place = Raft::STATISTICS.iter().position(|statistic| statistic.name == name);
        values[place.unwrap()]
    }

    /// The terms of a server's log.
    pub(crate) fn terms(&self, id: u32) -> Vec<u64> {
        let log = self.server(id).log();
        (1..=log.last_index().0)
            .map(|index| log.term_at(orrery_protocols::raft::Index(index)).unwrap().0)
            .collect()
    }
}
