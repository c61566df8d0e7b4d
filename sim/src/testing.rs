//! What tests of protocols have in common: short forms for what happens in a plan, a few random numbers for one, and a run under
//! the protocol's invariants.
//!
//! All times are in milliseconds. A test says what it sets up, until when it runs, and what must have come of it:
//!
//! ```no_run
//! # use orrery_sim::testing::{Run, crash, item, restart};
//! # use orrery_sim::{Registration, Setup};
//! # fn story<R: Registration>(mut setup: Setup<orrery_sim::registration::ProtocolOf<R>>) {
//! setup.plan.items = vec![item(100, crash(1)), item(200, restart(1))];
//! let mut run = Run::<R>::new(setup, &R::Parameters::default());
//! run.safely_until(1_000);
//! assert!(0 < run.world.counters().completed);
//! # }
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use crate::bug::Bug;
use crate::id::{ClientId, NodeId};
use crate::monitor::{Monitor, Violation};
use crate::node::Protocol;
use crate::plan::{Action, Cut, Item, MessageFilter, Target, Trigger};
use crate::registration::{NoteEntry, ProtocolOf, Registration};
use crate::time::{Duration, SimTime};
use crate::world::{Setup, World};

type NoteOf<R> = <ProtocolOf<R> as Protocol>::Note;

/// So many milliseconds.
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many milliseconds after the start.
pub const fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

/// The node of that number.
pub const fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

fn nodes(ids: &[u32]) -> Vec<Target> {
    ids.iter().map(|id| node(*id)).collect()
}

/// An item of a plan that happens at so many milliseconds.
pub const fn item<O>(millis: u64, action: Action<O>) -> Item<O> {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

/// A node stops.
pub const fn crash<O>(id: u32) -> Action<O> {
    Action::Crash { node: node(id), after_effects: None }
}

/// A node starts again from its disk.
pub const fn restart<O>(id: u32) -> Action<O> {
    Action::Restart(node(id))
}

/// A node stands still.
pub const fn pause<O>(id: u32) -> Action<O> {
    Action::Pause(node(id))
}

/// It goes on.
pub const fn resume<O>(id: u32) -> Action<O> {
    Action::Resume(node(id))
}

/// These nodes are cut off from all others.
pub fn cut<O>(ids: &[u32]) -> Action<O> {
    Action::Cut(Cut::Groups(vec![nodes(ids)]))
}

/// One side is cut off from another, both ways.
pub fn between<O>(left: &[u32], right: &[u32]) -> Action<O> {
    Action::Cut(Cut::Between(nodes(left), nodes(right)))
}

/// All cuts end.
pub const fn heal<O>() -> Action<O> {
    Action::Heal(None)
}

/// What `from` sends to `to` is kept back: messages of this kind.
pub fn hold<O>(from: u32, to: u32, kind: &str) -> Action<O> {
    let (from, to, kind) = (Some(node(from)), Some(node(to)), Some(kind.into()));
    Action::Hold(MessageFilter { from, to, kind, ..MessageFilter::default() })
}

/// A client asks `to`.
pub const fn request<O>(client: u32, operation: O, to: u32) -> Action<O> {
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
}

/// A few random numbers for a plan (`SplitMix64`; Steele, Lea and Flood 2014). What a world draws does not depend on them.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `bound`, which is not 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// A run, its milestones and its judgement.
pub struct Run<R: Registration> {
    /// The world.
    pub world: World<R::Node>,
    /// What nodes noted, in order.
    pub notes: Vec<NoteEntry<ProtocolOf<R>>>,
    /// The first rule that was broken. The run goes no further then.
    pub violation: Option<Violation>,
    monitors: Vec<Box<dyn Monitor<R::Node>>>,
}

impl<R: Registration> Run<R> {
    /// A run under all invariants of the protocol.
    pub fn new(setup: Setup<ProtocolOf<R>>, parameters: &R::Parameters) -> Self {
        let monitors = R::monitors(parameters, setup.configs.len() as u32);
        Self::judged_by(setup, monitors)
    }

    /// A run under these.
    pub fn judged_by(
        setup: Setup<ProtocolOf<R>>,
        monitors: Vec<Box<dyn Monitor<R::Node>>>,
    ) -> Self {
        let world = World::new(setup).expect("the setup of a test is complete");
        Self { world, notes: vec![], violation: None, monitors }
    }

    /// Goes on to `millis`, or to the first violation.
    pub fn until(&mut self, millis: u64) -> &mut Self {
        while self.violation.is_none() && self.step(at(millis)) {
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

    fn step(&mut self, until: SimTime) -> bool {
        self.world.step(until).expect("no node sends without bound").is_some()
    }

    /// The same, and then the run is over: what must be at the end is judged too.
    pub fn finish(&mut self, millis: u64) -> &mut Self {
        self.until(millis);
        for monitor in &mut self.monitors {
            if let Err(violation) = monitor.finish(&self.world) {
                self.violation.get_or_insert(violation);
            }
        }
        self
    }

    /// The same, and nothing may be wrong.
    pub fn safely_until(&mut self, millis: u64) -> &mut Self {
        self.finish(millis);
        assert_eq!(self.violation, None, "{:?}", self.violation);
        self
    }

    /// The rule that was broken.
    pub fn broken(&self) -> Option<&'static str> {
        self.violation.as_ref().map(|violation| violation.rule)
    }

    /// A node that is up.
    pub fn node(&self, id: u32) -> &R::Node {
        self.world.node(NodeId(id)).expect("the node is up")
    }

    /// When a node first noted such a thing, in milliseconds.
    pub fn noted(&self, is_it: impl Fn(NodeId, &NoteOf<R>) -> bool) -> Option<u64> {
        let found = self.notes.iter().find(|entry| is_it(entry.node, &entry.note))?;
        Some(found.time.as_nanos() / 1_000_000)
    }

    /// How often such a thing was noted.
    pub fn times(&self, is_it: impl Fn(NodeId, &NoteOf<R>) -> bool) -> usize {
        self.notes.iter().filter(|entry| is_it(entry.node, &entry.note)).count()
    }

    /// How many messages of these kinds were sent.
    pub fn sent(&self, kinds: &[&str]) -> u64 {
        let counts = self.world.counters().messages();
        counts.filter(|(kind, _)| kinds.contains(kind)).map(|(_, count)| count.sent).sum()
    }

    /// A statistic of the protocol's own; `None` where this run has none.
    pub fn statistic(&self, name: &str) -> Option<i64> {
        let place = R::STATISTICS.iter().position(|statistic| statistic.name == name);
        R::statistics(&self.world, &self.notes)[place.expect("a statistic of that name")]
    }
}

/// The rules that `bug` breaks first, and over how many of these seeds. None may be one that it does not list, and without it none may break.
pub fn caught<R: Registration>(
    seeds: Range<u64>,
    bug: Bug,
    parameters: &R::Parameters,
    until: u64,
    make: impl Fn(u64, &[Bug]) -> Setup<ProtocolOf<R>>,
) -> BTreeMap<&'static str, u32> {
    let mut rules = BTreeMap::new();
    for seed in seeds {
        let mut correct = Run::<R>::new(make(seed, &[]), parameters);
        correct.finish(until);
        assert_eq!(correct.violation, None, "seed {seed} without {}", bug.id);
        let mut run = Run::<R>::new(make(seed, &[bug]), parameters);
        if let Some(rule) = run.finish(until).broken() {
            assert!(bug.breaks.contains(&rule), "{} breaks {rule}, which it does not list", bug.id);
            *rules.entry(rule).or_default() += 1;
        }
    }
    rules
}
