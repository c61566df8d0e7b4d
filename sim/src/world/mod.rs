//! The world: nodes, network, clients and plan, and the loop that moves them from event to event.

mod calls;
mod clients;
mod deeds;
mod effects;
mod setup;
mod triggers;

use std::collections::VecDeque;

use serde::Serialize;

use crate::bug::Bugs;
use crate::client::{Client, ClientSetup, HistoryEntry};
use crate::clock::Clock;
use crate::context::Effect;
use crate::digest::Digest;
use crate::id::{ClientId, NodeId, OperationId};
use crate::journal::{Journal, Position};
use crate::law::Law;
use crate::ledger::{Counters, Ledger, Probes};
use crate::measure::Kind;
use crate::network::Network;
use crate::node::{Node, Protocol};
use crate::plan::MessageAddress;
use crate::queue::{Queue, QueueError};
use crate::random::{Randomness, Stream};
use crate::step::{Arrival, Event, Step};
use crate::time::{LocalTime, SimTime};
use crate::timers::{Chase, Timers};

pub use calls::Impurity;
pub use setup::{Disk, Setup, SetupError};
pub use triggers::facts;

use calls::Call;
use deeds::{Hold, PlanState, Urgent};

/// Events between two checkpoints of the digest at first; doubled whenever [`CHAIN_MAX`] is reached.
const CHAIN_SPACING: u64 = 1_024;
/// Checkpoints of the digest that are kept at most.
const CHAIN_MAX: usize = 4_096;

/// An entry of the event queue.
#[derive(Clone, Debug)]
pub(crate) struct Pending<P: Protocol> {
    /// The event that brought it about.
    cause: u64,
    what: What<P>,
}

#[derive(Clone, Debug)]
pub(crate) enum What<P: Protocol> {
    Start(NodeId),
    Arrive {
        address: MessageAddress,
        is_copy: bool,
        message: P::Message,
    },
    /// The entry of a timer, by its name in [`Timers`].
    Timer {
        node: NodeId,
        entry: u64,
    },
    /// A timer that comes due by force, or that had waited for its node to resume.
    Fire {
        node: NodeId,
        incarnation: u32,
        timer: P::Timer,
    },
    Synced {
        node: NodeId,
        incarnation: u32,
        sync: u64,
        through: Position,
    },
    /// A client's moment: to ask something new, or to ask again, unless it has gone on since.
    Wake {
        client: ClientId,
        asked: u64,
        attempt: u32,
    },
    /// An operation that had waited for its node to resume.
    Ask {
        operation: OperationId,
        node: NodeId,
        attempt: u32,
        payload: P::Operation,
    },
    Item(usize),
}

/// Everything that the world keeps for one node.
#[derive(Clone, Debug)]
struct Slot<N: Node> {
    config: <N::Protocol as Protocol>::Config,
    /// `None` while it is down.
    node: Option<N>,
    incarnation: u32,
    is_paused: bool,
    /// What came while it stood still.
    inbox: VecDeque<Pending<N::Protocol>>,
    clock: Clock,
    journal: Journal<<N::Protocol as Protocol>::Record>,
    /// The last journal position handed out, those that still wait at a barrier included.
    issued: Position,
    /// Effects that wait for the disk, in order.
    outbox: VecDeque<Effect<N::Protocol>>,
    /// The sync that they wait for.
    barrier: Option<u64>,
    syncs: u64,
    last_sync_done: SimTime,
    timers: Timers<<N::Protocol as Protocol>::Timer>,
    stream: Stream,
    disk_stream: Stream,
    /// Whether the ledger has counted that its clock's rate moved a timer.
    drift_was_effective: bool,
}

/// A simulated world of nodes of type `N`. One seed, one story: everything that happens follows from the
/// [`Setup`] and the interventions.
#[derive(Clone, Debug)]
pub struct World<N: Node> {
    now: SimTime,
    queue: Queue<Pending<N::Protocol>>,
    randomness: Randomness,
    nodes: Vec<Slot<N>>,
    network: Network,
    held: Vec<Hold>,
    kept_back: Vec<(usize, Pending<N::Protocol>)>,
    disk: Law,
    setup: ClientSetup<N::Protocol>,
    clients: Vec<Client<N::Protocol>>,
    history: Vec<HistoryEntry<N::Protocol>>,
    plan: PlanState<<N::Protocol as Protocol>::Operation>,
    urgent: VecDeque<Urgent>,
    bugs: Bugs,
    digest: Digest,
    chain: Vec<Digest>,
    chain_spacing: u64,
    /// The number of the next event after which the digest is kept.
    next_checkpoint: u64,
    counters: Counters,
    ledger: Ledger,
    probes: Probes,
    is_tracing: bool,
    /// How a node is copied, where handlers are to be run twice.
    purity: Option<fn(&N) -> N>,
    impurity: Option<Impurity>,
    step: Step<N::Protocol>,
    /// Writes of the current handler that no sync of it has followed so far.
    writes_since_sync: u64,
    /// The handler's effects: a buffer that is reused.
    effects: Vec<Effect<N::Protocol>>,
    /// How many effects of the next handler are carried out before its node crashes, and which item says so.
    crash_inside: Option<(usize, u32)>,
}

impl<N: Node> World<N> {
    /// Moves on by one event, not beyond `until`. Returns what happened; `None` where nothing is left to
    /// happen by then.
    ///
    /// # Errors
    /// Where the queue overflows: some node sends without bound.
    pub fn step(&mut self, until: SimTime) -> Result<Option<&Step<N::Protocol>>, QueueError> {
        let happened = match self.urgent.pop_front() {
            Some(urgent) => {
                self.begin(None);
                self.urgently(urgent)?;
                true
            }
            None => self.next_event(until)?,
        };
        if !happened {
            return Ok(None);
        }
        self.watch();
        if self.next_checkpoint <= self.step.number {
            self.checkpoint_digest();
        }
        Ok(Some(&self.step))
    }

    #[inline]
    fn next_event(&mut self, until: SimTime) -> Result<bool, QueueError> {
        loop {
            if self.queue.peek_time().is_none_or(|time| until < time) {
                return Ok(false);
            }
            let Some((time, order, pending)) = self.queue.pop() else { return Ok(false) };
            if until < time {
                // The first key stood for an entry that was taken out of turn.
                self.queue.push(time, order, pending)?;
                return Ok(false);
            }
            self.now = time;
            if self.dispatch(order, pending)? {
                return Ok(true);
            }
        }
    }

    /// Handles one entry of the queue; whether it was an event and not a leftover.
    #[inline]
    fn dispatch(&mut self, order: u64, pending: Pending<N::Protocol>) -> Result<bool, QueueError> {
        let cause = pending.cause;
        match pending.what {
            What::Arrive { address, is_copy, message } => {
                self.begin(Some(cause));
                self.arrive(address, is_copy, message)?;
            }
            What::Timer { node, entry } => {
                let timers = &mut self.nodes[node.index()].timers;
                match timers.popped(entry, order, self.now) {
                    Chase::Due(timer, set_by) => {
                        self.begin(Some(set_by));
                        self.timer(node, timer)?;
                    }
                    Chase::Later(due, order) => {
                        self.queue.push(due, order, pending)?;
                        return Ok(false);
                    }
                    Chase::Stale => return Ok(false),
                }
            }
            What::Fire { node, incarnation, timer } => {
                if !self.is_current(node, incarnation) {
                    return Ok(false);
                }
                self.begin(Some(cause));
                self.timer(node, timer)?;
            }
            What::Synced { node, incarnation, sync, through } => {
                if !self.is_current(node, incarnation) {
                    return Ok(false);
                }
                self.begin(Some(cause));
                self.synced(node, sync, through)?;
            }
            What::Wake { client, asked, attempt } => {
                return self.wake(client, asked, attempt, cause);
            }
            What::Ask { operation, node, attempt, payload } => {
                self.begin(Some(cause));
                self.ask_node(operation, node, attempt, payload)?;
            }
            What::Item(item) => {
                self.begin(None);
                self.urgently(Urgent::Item(item))?;
            }
            What::Start(node) => {
                self.begin(None);
                self.step.event = Event::Start { node };
                self.digest_event(0, node, &());
                self.start(node)?;
            }
        }
        Ok(true)
    }

    /// Opens the description of the next event.
    #[inline]
    fn begin(&mut self, cause: Option<u64>) {
        self.step.number += 1;
        self.step.time = self.now;
        self.step.cause = cause;
        self.step.handled_by = None;
        self.step.outcomes.clear();
        self.step.notes.clear();
        self.step.ended.clear();
    }

    /// Whether outcomes are to be described: somebody looks, or a trigger watches.
    #[inline]
    const fn is_described(&self) -> bool {
        self.is_tracing || self.plan.is_watching()
    }

    #[inline]
    fn arrive(
        &mut self,
        message: MessageAddress,
        is_copy: bool,
        payload: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let kind = Kind::of(&payload);
        let (from, to) = (message.from, message.to);
        let arrival = if self.network.is_open(from, to) {
            self.reachable(to)
        } else {
            self.ledger.tally_mut(crate::ledger::Family::Partition).effective +=
                self.network.note_cut_off(from, to);
            Arrival::CutOff
        };
        let shown = self.is_described().then(|| payload.clone());
        self.step.event = Event::Arrive { message, kind, is_copy, arrival, payload: shown };
        self.digest_event(1 | (arrival as u64) << 8 | u64::from(from.0) << 16, to, &payload);
        match arrival {
            Arrival::Handled => {
                self.foresee_crash();
                self.counters.kind_mut(kind).delivered += 1;
                self.call(to, Call::Message(from, payload))?;
            }
            Arrival::Waits => {
                let what = What::Arrive { address: message, is_copy, message: payload };
                self.wait(to, what);
            }
            Arrival::Down | Arrival::CutOff => self.counters.lost += 1,
        }
        Ok(())
    }

    fn timer(
        &mut self,
        node: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
    ) -> Result<(), QueueError> {
        let is_waiting = self.nodes[node.index()].is_paused;
        self.step.event = Event::Timer { node, timer, is_waiting };
        self.digest_event(2 | u64::from(is_waiting) << 8, node, &timer);
        if is_waiting {
            let incarnation = self.nodes[node.index()].incarnation;
            self.wait(node, What::Fire { node, incarnation, timer });
            return Ok(());
        }
        self.counters.timers += 1;
        self.foresee_crash();
        self.call(node, Call::Timer(timer))
    }

    fn synced(&mut self, node: NodeId, sync: u64, through: Position) -> Result<(), QueueError> {
        let is_waiting = self.nodes[node.index()].is_paused;
        self.step.event = Event::Synced { node, through, is_waiting };
        self.digest_event(3 | u64::from(is_waiting) << 8, node, &through);
        let slot = &mut self.nodes[node.index()];
        // What is on disk is on disk, whether or not the node is awake to hear of it.
        let covered = slot.journal.sync(through);
        self.counters.forced_writes += u64::from(0 < covered);
        if is_waiting {
            let incarnation = slot.incarnation;
            self.wait(node, What::Synced { node, incarnation, sync, through });
            return Ok(());
        }
        self.foresee_crash();
        self.release_barrier(node, sync)?;
        self.call(node, Call::Synced(through))
    }

    /// Keeps something for a node that stands still.
    fn wait(&mut self, node: NodeId, what: What<N::Protocol>) {
        let cause = self.step.number;
        self.nodes[node.index()].inbox.push_back(Pending { cause, what });
    }

    fn reachable(&self, node: NodeId) -> Arrival {
        let slot = &self.nodes[node.index()];
        match (&slot.node, slot.is_paused) {
            (None, _) => Arrival::Down,
            (Some(_), true) => Arrival::Waits,
            (Some(_), false) => Arrival::Handled,
        }
    }

    fn is_current(&self, node: NodeId, incarnation: u32) -> bool {
        let slot = &self.nodes[node.index()];
        slot.node.is_some() && slot.incarnation == incarnation
    }

    /// Queues `what` for `time`.
    #[inline]
    fn push(&mut self, time: SimTime, what: What<N::Protocol>) -> Result<(), QueueError> {
        let order = self.queue.next_order();
        self.queue.push(time, order, Pending { cause: self.step.number, what })
    }

    /// Feeds an event: time, what kind, where, payload.
    #[inline]
    fn digest_event<T: Serialize>(&mut self, tag: u64, node: NodeId, payload: &T) {
        self.digest.pair(self.now.as_nanos(), tag << 32 | u64::from(node.0));
        self.digest_data(payload);
    }

    #[inline]
    pub(super) fn digest_data<T: Serialize>(&mut self, data: &T) {
        if let Err(error) = self.digest.feed(data) {
            panic!("{error}");
        }
    }

    #[cold]
    fn checkpoint_digest(&mut self) {
        self.chain.push(self.digest());
        if self.chain.len() == CHAIN_MAX {
            let mut place = 0;
            self.chain.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.chain_spacing *= 2;
        }
        self.next_checkpoint += self.chain_spacing;
    }
}

/// What can be seen of a world between two events.
impl<N: Node> World<N> {
    /// The time of the run.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// When the next entry of the queue is due; it may turn out to be no event.
    pub fn next_time(&self) -> Option<SimTime> {
        if self.urgent.is_empty() { self.queue.peek_time() } else { Some(self.now) }
    }

    /// The last event. Before the first, a placeholder with the number 0.
    pub const fn last(&self) -> &Step<N::Protocol> {
        &self.step
    }

    /// How many events happened.
    pub const fn events(&self) -> u64 {
        self.step.number
    }

    /// How many nodes there are, up or down.
    pub fn node_count(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// The state of a node; `None` while it is down.
    pub fn node(&self, id: NodeId) -> Option<&N> {
        self.nodes[id.index()].node.as_ref()
    }

    /// The nodes that are up, in order.
    pub fn up(&self) -> impl Iterator<Item = (NodeId, &N)> {
        let slots = self.nodes.iter().enumerate();
        slots.filter_map(|(i, slot)| slot.node.as_ref().map(|node| (NodeId::from_index(i), node)))
    }

    /// Whether a node stands still.
    pub fn is_paused(&self, id: NodeId) -> bool {
        self.nodes[id.index()].is_paused
    }

    /// How often a node has started before.
    pub fn incarnation(&self, id: NodeId) -> u32 {
        self.nodes[id.index()].incarnation
    }

    /// A node's journal.
    pub fn journal(&self, id: NodeId) -> &Journal<<N::Protocol as Protocol>::Record> {
        &self.nodes[id.index()].journal
    }

    /// A node's configuration.
    pub fn config(&self, id: NodeId) -> &<N::Protocol as Protocol>::Config {
        &self.nodes[id.index()].config
    }

    /// What a node's clock shows.
    pub fn clock(&self, id: NodeId) -> LocalTime {
        self.nodes[id.index()].clock.read(self.now)
    }

    /// A node's armed timers, each with the true time at which it is due.
    pub fn timers(
        &self,
        id: NodeId,
    ) -> impl Iterator<Item = (<N::Protocol as Protocol>::Timer, Option<SimTime>)> {
        self.nodes[id.index()].timers.armed().map(|(timer, _, due)| (timer, due))
    }

    /// The effects of a node that wait for its disk, in order.
    pub fn waiting_for_disk(&self, id: NodeId) -> impl Iterator<Item = &Effect<N::Protocol>> {
        self.nodes[id.index()].outbox.iter()
    }

    /// The messages on the wire with the time of their arrival, first due first. Costs a sort.
    pub fn in_flight(&self) -> Vec<(SimTime, MessageAddress, &<N::Protocol as Protocol>::Message)> {
        let arrival = |(time, pending): (SimTime, &'_ Pending<N::Protocol>)| match &pending.what {
            What::Arrive { address, .. } => Some((time, *address)),
            _ => None,
        };
        let entries = self.queue.entries();
        let messages = entries.into_iter().filter_map(|(time, pending)| {
            let (time, address) = arrival((time, pending))?;
            match &pending.what {
                What::Arrive { message, .. } => Some((time, address, message)),
                _ => None,
            }
        });
        messages.collect()
    }

    /// The messages that a hold keeps back, in the order in which they were sent.
    pub fn kept_back(
        &self,
    ) -> impl Iterator<Item = (MessageAddress, &<N::Protocol as Protocol>::Message)> {
        self.kept_back.iter().filter_map(|(_, pending)| match &pending.what {
            What::Arrive { address, message, .. } => Some((*address, message)),
            _ => None,
        })
    }

    /// The directed pairs between which nothing arrives, in order.
    pub fn closed_pairs(&self) -> Vec<(NodeId, NodeId)> {
        self.network.closed_pairs()
    }

    /// What the clients asked and got so far.
    pub fn history(&self) -> &[HistoryEntry<N::Protocol>] {
        &self.history
    }

    /// Messages, writes, timers and operations, counted.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The faults, counted.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The probes, counted.
    pub const fn probes(&self) -> &Probes {
        &self.probes
    }

    /// The items of the plan that have not been carried out: their time or trigger never came, or they
    /// found nobody to act on.
    pub fn undone_items(&self) -> Vec<usize> {
        self.plan.undone().collect()
    }

    /// The planted bugs of this run.
    pub const fn bugs(&self) -> &Bugs {
        &self.bugs
    }

    /// The digest of the run so far, its length included.
    pub fn digest(&self) -> Digest {
        let mut digest = self.digest;
        digest.word(self.step.number);
        digest
    }

    /// The digests at every so many events, and how many: two runs that differ do so first between
    /// the last checkpoint that agrees and the next.
    pub fn digest_chain(&self) -> (&[Digest], u64) {
        (&self.chain, self.chain_spacing)
    }

    /// Switches the description of payloads and outcomes in [`Step`] on or off. Off costs nothing.
    pub fn set_tracing(&mut self, is_on: bool) {
        self.is_tracing = is_on;
    }
}
