//! How the tests make groups and run them under their monitors.

use orrery_sim::node::Protocol;
use orrery_sim::plan::{Action, Cut, Item, MessageFilter, Target, Trigger};
use orrery_sim::registration::{NoteEntry, ProtocolOf};
use orrery_sim::{
    Bug, Bugs, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability, Registration,
    Setup, SimTime, Violation, World,
};

type NoteOf<R> = <ProtocolOf<R> as Protocol>::Note;

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

pub(crate) fn pause<O>(id: u32) -> Action<O> {
    Action::Pause(node(id))
}

pub(crate) fn resume<O>(id: u32) -> Action<O> {
    Action::Resume(node(id))
}

/// Cuts these nodes off from all others.
pub(crate) fn cut<O>(ids: &[u32]) -> Action<O> {
    Action::Cut(Cut::Groups(vec![ids.iter().map(|id| node(*id)).collect()]))
}

/// Cuts the ways between two nodes.
pub(crate) fn cut_between<O>(one: u32, other: u32) -> Action<O> {
    Action::Cut(Cut::Between(vec![node(one)], vec![node(other)]))
}

/// Keeps messages between two nodes back.
pub(crate) fn hold<O>(from: u32, to: u32) -> Action<O> {
    let (from, to) = (Some(node(from)), Some(node(to)));
    Action::Hold(MessageFilter { from, to, ..MessageFilter::default() })
}

/// Nodes without faults, whose messages take `latency`.
pub(crate) fn quiet<R: Registration>(
    seed: u64,
    nodes: u32,
    parameters: &R::Parameters,
    latency: Duration,
    bugs: &[Bug],
) -> Setup<ProtocolOf<R>> {
    let mut setup = Setup::new(seed, R::set_up(parameters, nodes).unwrap());
    setup.links.default = Link { latency: Law::Constant(latency), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup
}

/// A network that does its worst, and crashes, cuts and pauses up to `until` ms, drawn from the seed; then all is whole.
pub(crate) fn chaos<R: Registration>(
    seed: u64,
    nodes: u32,
    parameters: &R::Parameters,
    until: u64,
    bugs: &[Bug],
) -> Setup<ProtocolOf<R>> {
    let mut setup = quiet::<R>(seed, nodes, parameters, ms(5), bugs);
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(10))),
        loss: Probability::ratio(1, 30),
        duplicate: Probability::ratio(1, 10),
        ..Link::default()
    };
    let mut dice = Dice(seed);
    let mut now = 300;
    while now < until {
        let victim = dice.below(u64::from(nodes)) as u32 + 1;
        let lasts = 5 + dice.below(2_000);
        let (begin, end) = match dice.below(3) {
            0 => (pause(victim), resume(victim)),
            1 => (cut(&[victim]), Action::Heal(None)),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item((now + lasts).min(until), end));
        now += 200 + dice.below(1_500);
    }
    setup.plan.items.push(item(until, Action::Calm));
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
pub(crate) struct Run<R: Registration> {
    pub(crate) world: World<R::Node>,
    pub(crate) notes: Vec<NoteEntry<ProtocolOf<R>>>,
    pub(crate) violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<R::Node>>>,
}

impl<R: Registration> Run<R> {
    pub(crate) fn new(setup: Setup<ProtocolOf<R>>, parameters: &R::Parameters) -> Self {
        let world = World::new(setup).unwrap();
        let monitors = R::monitors(parameters, world.node_count());
        Self { world, notes: vec![], violation: None, monitors }
    }

    /// Goes on to `millis`, or to the first violation.
    pub(crate) fn until(&mut self, millis: u64) -> &mut Self {
        while self.violation.is_none() && self.world.step(at(millis)).unwrap().is_some() {
            let step = self.world.last();
            if let Some(node) = step.handled_by {
                let (time, event) = (step.time, step.number);
                let entry = |note: &NoteOf<R>| NoteEntry { time, event, node, note: note.clone() };
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

    pub(crate) fn node(&self, id: u32) -> &R::Node {
        self.world.node(NodeId(id)).unwrap()
    }

    /// When a node first noted such a thing, in ms.
    pub(crate) fn noted(&self, is_it: impl Fn(NodeId, &NoteOf<R>) -> bool) -> Option<u64> {
        let found = self.notes.iter().find(|entry| is_it(entry.node, &entry.note))?;
        Some(found.time.as_nanos() / 1_000_000)
    }

    /// How often such a thing was noted.
    pub(crate) fn times(&self, is_it: impl Fn(&NoteOf<R>) -> bool) -> usize {
        self.notes.iter().filter(|entry| is_it(&entry.note)).count()
    }

    /// How many messages of these kinds were sent.
    pub(crate) fn sent(&self, kinds: &[&str]) -> u64 {
        let counts = self.world.counters().messages();
        counts.filter(|(kind, _)| kinds.contains(kind)).map(|(_, count)| count.sent).sum()
    }

    /// Whether a planned thing is still to happen.
    pub(crate) fn is_undone(&self) -> bool {
        !self.world.undone_items().is_empty()
    }

    /// A statistic of the protocol's own, by name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let place = R::STATISTICS.iter().position(|statistic| statistic.name == name).unwrap();
        R::statistics(&self.world, &self.notes)[place]
    }
}
