//! A run of a test.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::bug::Bug;
use crate::client::HistoryKind;
use crate::digest::Digest;
use crate::id::{ClientId, NodeId};
use crate::monitor::{Monitor, Violation};
use crate::node::Protocol;
use crate::registration::{NoteEntry, ProtocolOf, Registration};
use crate::time::SimTime;
use crate::world::{Setup, World};

use super::at;

type NoteOf<R> = <ProtocolOf<R> as Protocol>::Note;
type OutputOf<R> = <ProtocolOf<R> as Protocol>::Output;

const BOUNDED: &str = "no node sends without bound";

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
        self.world.step(until).expect(BOUNDED).is_some()
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

    /// The same with every handler called twice to see that it is pure. What is left is the digest of the run.
    pub fn purely_until(&mut self, millis: u64) -> Digest {
        self.world.check_purity();
        self.safely_until(millis);
        assert_eq!(self.world.impurity(), None);
        self.world.digest()
    }

    /// The world is copied at `middle`, and the copy goes on to `end` as the original does.
    pub fn copied_until(&mut self, middle: u64, end: u64) -> World<R::Node> {
        self.safely_until(middle);
        let mut copy = self.world.clone();
        self.safely_until(end);
        while copy.step(at(end)).expect(BOUNDED).is_some() {}
        assert_eq!(copy.digest(), self.world.digest());
        copy
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
        Some(millis(found.time))
    }

    /// How often such a thing was noted.
    pub fn times(&self, is_it: impl Fn(NodeId, &NoteOf<R>) -> bool) -> usize {
        self.notes.iter().filter(|entry| is_it(entry.node, &entry.note)).count()
    }

    /// What clients got, in order: when, in milliseconds, who, and what.
    pub fn answered(&self) -> impl Iterator<Item = (u64, ClientId, &OutputOf<R>)> {
        self.world.history().iter().filter_map(|entry| match &entry.what {
            HistoryKind::Ok(output) => Some((millis(entry.time), entry.operation.client, output)),
            HistoryKind::Invoke(_) | HistoryKind::Fail | HistoryKind::Info => None,
        })
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

const fn millis(time: SimTime) -> u64 {
    time.as_nanos() / 1_000_000
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
