//! A node with its disk and its timers outside of a world: for whoever takes every choice in place of the engine.
//!
//! The handlers are called as a [`World`](crate::World) calls them, and effects wait at barriers as they do there. What is left out is
//! time: a timer is armed or not, a message is sent, and when any of it happens is for the caller to say.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::bug::Bugs;
use crate::context::{Context, Effect, Ending};
use crate::digest::Digest;
use crate::id::{NodeId, OperationId};
use crate::journal::{Change, Draws, Journal, Position};
use crate::ledger::Probes;
use crate::network::Topology;
use crate::node::{Node, Protocol, Start};
use crate::random::{Domain, Randomness, Stream, StreamId};
use crate::time::{LocalTime, SimTime};
use crate::world::calls::{Call, invoke};

/// What a handler is to draw, and what it asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    given: Vec<u64>,
    /// What was drawn, and below what.
    drawn: RefCell<Vec<(u64, u64)>>,
    has_read_clock: Cell<bool>,
}

impl Choices {
    /// The first draws come to these, further ones to 0.
    pub fn new(given: Vec<u64>) -> Self {
        Self { given, drawn: RefCell::default(), has_read_clock: Cell::new(false) }
    }

    /// The first draws after those that were made that were not made yet, as an odometer counts; `None` behind the last.
    pub fn next(&self) -> Option<Self> {
        let drawn = self.drawn.borrow();
        let last = drawn.iter().rposition(|(value, bound)| value + 1 < *bound)?;
        let mut given: Vec<_> = drawn[..=last].iter().map(|(value, _)| *value).collect();
        given[last] += 1;
        Some(Self::new(given))
    }

    /// What was drawn.
    pub fn drawn(&self) -> Vec<u64> {
        self.drawn.borrow().iter().map(|(value, _)| *value).collect()
    }

    /// Whether a clock was read, or a duration drawn: neither is known where there is no time.
    pub const fn has_read_clock(&self) -> bool {
        self.has_read_clock.get()
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        assert!(0 < bound, "there is no number below 0");
        let mut drawn = self.drawn.borrow_mut();
        // A smaller bound than when the draw was planned can only come from a handler that is impure.
        let value = self.given.get(drawn.len()).copied().unwrap_or(0).min(bound - 1);
        drawn.push((value, bound));
        value
    }

    pub(crate) fn read_clock(&self) {
        self.has_read_clock.set(true);
    }
}

/// What all nodes of a run have in common.
#[derive(Clone, Debug)]
pub struct Surroundings {
    node_count: u32,
    topology: Topology,
    bugs: Bugs,
    randomness: RefCell<Randomness>,
}

impl Surroundings {
    /// Of a run of so many nodes.
    pub fn new(node_count: u32, topology: Topology, bugs: Bugs) -> Self {
        // Nothing is drawn from it.
        Self { node_count, topology, bugs, randomness: RefCell::new(Randomness::new(0)) }
    }
}

/// What a node did that others see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside<P: Protocol> {
    /// Messages, in order, to whom.
    pub sent: Vec<(NodeId, P::Message)>,
    /// Milestones, in order.
    pub notes: Vec<P::Note>,
    /// Answers to clients, in order.
    pub answers: Vec<(OperationId, Ending<P::Output>)>,
}

impl<P: Protocol> Default for Outside<P> {
    fn default() -> Self {
        Self { sent: Vec::new(), notes: Vec::new(), answers: Vec::new() }
    }
}

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<P: Protocol> {
    /// A message arrives.
    Message(NodeId, P::Message),
    /// A timer, which must be armed, comes due.
    Timer(P::Timer),
    /// A client asks for the first time.
    Operation(OperationId, P::Operation),
    /// The disk answers the earliest sync that it has not answered; there must be one.
    Synced,
    /// It crashes. What becomes of changes that no sync covered shows at the restart.
    Crash,
    /// It starts, again or for the first time. Of the changes that no sync covered, so many are on the disk; the others are gone.
    Start {
        /// How many, of those that are pending at most.
        survivors: usize,
    },
}

/// A sync that the disk has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    through: Position,
    is_barrier: bool,
}

/// A node, its disk and its timers. Its digest tells apart whatever its future may depend on.
#[derive(Clone, Debug)]
pub struct Site<N: Node> {
    id: NodeId,
    config: <N::Protocol as Protocol>::Config,
    node: Option<N>,
    incarnation: u32,
    journal: Journal<<N::Protocol as Protocol>::Record>,
    /// How many changes it asked for, waiting ones included.
    issued: Position,
    /// Armed ones, in order.
    timers: Vec<<N::Protocol as Protocol>::Timer>,
    /// What waits for the barrier.
    outbox: VecDeque<Effect<N::Protocol>>,
    has_barrier: bool,
    asked: VecDeque<Asked>,
}

impl<N: Node> Site<N> {
    /// A node that has never started.
    pub fn new(id: NodeId, config: <N::Protocol as Protocol>::Config) -> Self {
        Self {
            id,
            config,
            node: None,
            incarnation: 0,
            journal: Journal::default(),
            issued: Position::default(),
            timers: Vec::new(),
            outbox: VecDeque::new(),
            has_barrier: false,
            asked: VecDeque::new(),
        }
    }

    /// Its state; `None` while it is down.
    pub const fn node(&self) -> Option<&N> {
        self.node.as_ref()
    }

    /// What is on its disk, and what is on the way there.
    pub const fn journal(&self) -> &Journal<<N::Protocol as Protocol>::Record> {
        &self.journal
    }

    /// Its armed timers, in order.
    pub fn timers(&self) -> &[<N::Protocol as Protocol>::Timer] {
        &self.timers
    }

    /// Whether its disk has a sync to answer.
    pub fn has_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Lets something happen to it. A node that is down takes no notice of anything but a start.
    pub fn take(
        &mut self,
        input: Input<N::Protocol>,
        surroundings: &Surroundings,
        choices: &Choices,
    ) -> Outside<N::Protocol> {
        let mut outside = Outside::default();
        let call = match input {
            Input::Message(from, message) => Call::Message(from, message),
            Input::Timer(timer) => {
                self.timers.retain(|armed| *armed != timer);
                Call::Timer(timer)
            }
            Input::Operation(id, payload) => Call::Operation { id, payload, is_first: true },
            Input::Synced => {
                let Some(asked) = self.asked.pop_front() else { return outside };
                self.journal.sync(asked.through);
                if asked.is_barrier {
                    self.release(&mut outside);
                }
                Call::Synced(asked.through)
            }
            Input::Crash => {
                self.crash();
                return outside;
            }
            Input::Start { survivors } => {
                self.start(survivors, surroundings, choices, &mut outside);
                return outside;
            }
        };
        let Some(mut node) = self.node.take() else { return outside };
        let is_first = call.is_first_attempt();
        let effects = self.with_context(surroundings, choices, is_first, |_, ctx| {
            invoke(&mut node, call, ctx);
        });
        self.node = Some(node);
        self.settle(effects.1, &mut outside);
        outside
    }

    /// Runs a handler and gives what it returns and its effects.
    fn with_context<T>(
        &mut self,
        surroundings: &Surroundings,
        choices: &Choices,
        is_first_attempt: bool,
        run: impl FnOnce(Start<'_, N::Protocol>, &mut Context<'_, N::Protocol>) -> T,
    ) -> (T, Vec<Effect<N::Protocol>>) {
        let mut effects = Vec::new();
        let mut ctx = Context {
            id: self.id,
            node_count: surroundings.node_count,
            topology: surroundings.topology,
            now: LocalTime::default(),
            true_now: SimTime::ZERO,
            walls: &[],
            has_read_wall: Cell::new(false),
            written: self.issued,
            is_first_attempt,
            bugs: &surroundings.bugs,
            stream: &mut Stream::new(StreamId::new(Domain::Node, self.id.0, 0)),
            randomness: &mut surroundings.randomness.borrow_mut(),
            probes: &mut Probes::default(),
            effects: &mut effects,
            choices: Some(choices),
        };
        let start = Start {
            id: self.id,
            config: &self.config,
            incarnation: self.incarnation,
            journal: &self.journal,
        };
        let result = run(start, &mut ctx);
        self.issued = ctx.written;
        (result, effects)
    }

    fn start(
        &mut self,
        survivors: usize,
        surroundings: &Surroundings,
        choices: &Choices,
        outside: &mut Outside<N::Protocol>,
    ) {
        let survivors = survivors as u64;
        self.journal.crash(Draws { survivors, is_torn: false, survives: None, event: 0 });
        self.journal.rely();
        // Positions go on from what is there, as if what is gone had never been written.
        self.issued = self.journal.written();
        let (node, effects) =
            self.with_context(surroundings, choices, false, |start, ctx| N::on_start(start, ctx));
        self.node = Some(node);
        self.settle(effects, outside);
    }

    fn crash(&mut self) {
        self.node = None;
        self.incarnation += 1;
        self.timers.clear();
        self.outbox.clear();
        self.has_barrier = false;
        self.asked.clear();
    }

    /// Carries effects out in order, or lines them up behind the sync that they must not overtake.
    fn settle(&mut self, effects: Vec<Effect<N::Protocol>>, outside: &mut Outside<N::Protocol>) {
        for effect in effects {
            let waits = match &effect {
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Note(_) => false,
                Effect::Stop => {
                    self.crash();
                    return;
                }
                Effect::Send { .. }
                | Effect::Write(_)
                | Effect::Sync { .. }
                | Effect::Complete { .. } => self.has_barrier,
            };
            if waits {
                self.outbox.push_back(effect);
            } else {
                self.act(effect, outside);
            }
        }
    }

    fn act(&mut self, effect: Effect<N::Protocol>, outside: &mut Outside<N::Protocol>) {
        match effect {
            Effect::Send { to, message } => outside.sent.push((to, message)),
            Effect::SetTimer { timer, deadline: _ } => {
                if let Err(place) = self.timers.binary_search(&timer) {
                    self.timers.insert(place, timer);
                }
            }
            Effect::CancelTimer { timer } => self.timers.retain(|armed| *armed != timer),
            Effect::Write(change) => self.journal.write(change),
            Effect::Sync { in_background } => {
                self.has_barrier = !in_background;
                let through = self.journal.written();
                self.asked.push_back(Asked { through, is_barrier: !in_background });
            }
            Effect::Note(note) => outside.notes.push(note),
            Effect::Complete { operation, ending } => outside.answers.push((operation, ending)),
            Effect::Stop => self.crash(),
        }
    }

    /// What waited for the barrier goes on, up to the next one.
    fn release(&mut self, outside: &mut Outside<N::Protocol>) {
        self.has_barrier = false;
        while !self.has_barrier {
            let Some(effect) = self.outbox.pop_front() else { break };
            self.act(effect, outside);
        }
    }

    /// The digest of everything that its future may depend on. Panics where the protocol's data hold a float.
    pub fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        let fed = self.feed(&mut digest);
        fed.unwrap_or_else(|error| panic!("{error}"));
        digest
    }

    fn feed(&self, digest: &mut Digest) -> Result<(), crate::digest::DigestError> {
        digest.pair(u64::from(self.node.is_some()), u64::from(self.incarnation));
        if let Some(node) = &self.node {
            digest.feed(node)?;
        }
        digest.feed(&self.timers)?;
        digest.feed(self.journal.as_written())?;
        digest.pair(self.journal.durable().0, self.issued.0);
        digest.word(self.journal.unsynced().len() as u64);
        for change in self.journal.unsynced() {
            feed_change(digest, change)?;
        }
        digest.pair(self.outbox.len() as u64, self.asked.len() as u64);
        for effect in &self.outbox {
            feed_effect(digest, effect)?;
        }
        for asked in &self.asked {
            digest.pair(asked.through.0, u64::from(asked.is_barrier));
        }
        Ok(())
    }
}

fn feed_change<R: crate::Data>(
    digest: &mut Digest,
    change: &Change<R>,
) -> Result<(), crate::digest::DigestError> {
    match change {
        Change::Append(record) => digest.feed(&(0_u8, record)),
        Change::Truncate(keep) => digest.feed(&(1_u8, keep)),
        Change::Checkpoint(records) => digest.feed(&(2_u8, records)),
    }
}

fn feed_effect<P: Protocol>(
    digest: &mut Digest,
    effect: &Effect<P>,
) -> Result<(), crate::digest::DigestError> {
    match effect {
        Effect::Send { to, message } => digest.feed(&(0_u8, to, message)),
        Effect::SetTimer { timer, deadline } => digest.feed(&(1_u8, timer, deadline)),
        Effect::CancelTimer { timer } => digest.feed(&(2_u8, timer)),
        Effect::Write(change) => {
            digest.word(3);
            feed_change(digest, change)
        }
        Effect::Sync { in_background } => digest.feed(&(4_u8, in_background)),
        Effect::Note(note) => digest.feed(&(5_u8, note)),
        Effect::Complete { operation, ending } => match ending {
            Ending::Ok(output) => digest.feed(&(6_u8, operation, output)),
            Ending::Fail => digest.feed(&(7_u8, operation)),
            Ending::Unknown => digest.feed(&(8_u8, operation)),
            Ending::Elsewhere(to) => digest.feed(&(9_u8, operation, to)),
            Ending::HandedOver(to) => digest.feed(&(10_u8, operation, to)),
        },
        Effect::Stop => digest.feed(&11_u8),
    }
}
