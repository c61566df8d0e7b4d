//! How the tests make a world and run it under its monitors.

use orrery_sim::plan::{Action, Cut, Item, Target, Trigger};
use orrery_sim::registration::{NoteEntry, ProtocolOf};
use orrery_sim::{
    Bug, Bugs, Duration, DurationRange, Law, Link, Monitor, NodeId, Probability, Protocol,
    Registration, Setup, SimTime, Violation, World,
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

/// Cuts one side off from another, both ways.
pub(crate) fn between<O>(left: &[u32], right: &[u32]) -> Action<O> {
    let nodes = |ids: &[u32]| ids.iter().map(|id| node(*id)).collect();
    Action::Cut(Cut::Between(nodes(left), nodes(right)))
}

/// A world with links of 10 ms and no faults.
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

/// A network that does its worst, for the first `until` milliseconds, and sites that are cut off, stand still or crash.
pub(crate) fn add_chaos<P: Protocol>(setup: &mut Setup<P>, seed: u64, until: u64, crashes: bool) {
    setup.links.default = Link {
        latency: Law::Uniform(DurationRange::new(ms(1), ms(60))),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 5),
        ..Link::default()
    };
    let nodes = setup.configs.len() as u64;
    let mut dice = Dice(seed);
    let mut now = 200;
    while now < until {
        let victim = dice.below(nodes) as u32 + 1;
        let lasts = 20 + dice.below(1_500);
        let others: Vec<u32> = (1..=nodes as u32).filter(|id| *id != victim).collect();
        let (begin, end) = match dice.below(2 + u64::from(crashes)) {
            0 => (Action::Pause(node(victim)), Action::Resume(node(victim))),
            1 => (between(&[victim], &others), Action::Heal(None)),
            _ => (crash(victim), restart(victim)),
        };
        setup.plan.items.push(item(now, begin));
        setup.plan.items.push(item((now + lasts).min(until), end));
        now += 50 + dice.below(600);
    }
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

    /// The same, and then the run is over.
    pub(crate) fn finish(&mut self, millis: u64) -> &mut Self {
        self.until(millis);
        for monitor in &mut self.monitors {
            if self.violation.is_none()
                && let Err(violation) = monitor.finish(&self.world)
            {
                self.violation = Some(violation);
            }
        }
        self
    }

    /// The same, and nothing may be wrong.
    pub(crate) fn safely(&mut self, millis: u64) -> &mut Self {
        self.finish(millis);
        assert_eq!(self.violation, None, "{:?}", self.violation);
        self
    }

    /// The rule that was broken.
    pub(crate) fn rule(&self) -> Option<&'static str> {
        self.violation.as_ref().map(|violation| violation.rule)
    }

    /// A statistic by its name.
    pub(crate) fn statistic(&self, name: &str) -> Option<i64> {
        let values = R::statistics(&self.world, &self.notes);
        let place = R::STATISTICS.iter().position(|statistic| statistic.name == name);
        values[place.unwrap()]
    }
}

/// The rule that `bug` breaks first, over these seeds: at least one of them, and only rules that it lists. Without it none may break.
pub(crate) fn caught<R: Registration>(
    seeds: std::ops::Range<u64>,
    bug: Bug,
    parameters: &R::Parameters,
    until: u64,
    make: impl Fn(u64, &[Bug]) -> Setup<ProtocolOf<R>>,
) -> u32 {
    let mut hits = 0;
    for seed in seeds {
        let mut correct = Run::<R>::new(make(seed, &[]), parameters);
        correct.finish(until);
        assert_eq!(correct.violation, None, "seed {seed} without {}", bug.id);
        let mut run = Run::<R>::new(make(seed, &[bug]), parameters);
        if let Some(rule) = run.finish(until).rule() {
            assert!(bug.breaks.contains(&rule), "{} breaks {rule}, which it does not list", bug.id);
            hits += 1;
        }
    }
    assert!(0 < hits, "nobody notices {}", bug.id);
    hits
}
