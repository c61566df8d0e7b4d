//! The world: nodes, network, clients and plan, and the loop that moves them from event to event.

mod byzantine;
pub(crate) mod calls;
mod check;
mod clients;
mod conduct;
mod deeds;
mod disk_faults;
mod disks;
mod disturb;
mod effects;
mod faults;
mod flap;
mod heal;
mod passage;
mod pending;
mod plan_state;
mod setup;
mod shapes;
mod slow;
mod tag;
mod targets;
mod ties;
mod triggers;
mod view;
mod waiting;
mod wires;

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::bug::Bugs;
use crate::client::{Client, ClientSetup, HistoryEntry};
use crate::clock::Clock;
use crate::context::Effect;
use crate::digest::Digest;
use crate::id::NodeId;
use crate::journal::{Journal, Position};
use crate::ledger::{Counters, Ledger, Probes, WriteCount};
use crate::measure::Kind;
use crate::network::Network;
use crate::node::{Node, Protocol};
use crate::plan::MessageAddress;
use crate::queue::{Queue, QueueError};
use crate::random::{Randomness, Stream};
use crate::sequence::Sequence;
use crate::step::{Arrival, Event, Step};
use crate::tie::TiePolicy;
use crate::time::SimTime;
use crate::timers::{Chase, Timers};
use crate::wall::Wall;

pub use calls::Impurity;
pub use disks::DiskCondition;
pub use setup::{DamageBudget, Disk, Setup, SetupError};
pub use triggers::facts;

use byzantine::Byzantine;
use calls::Call;
use disks::DiskState;
use disturb::ActiveDisturbance;
use faults::Fallen;
use flap::Flap;
use pending::{Pending, What};
use plan_state::{PlanState, Urgent};
use slow::Service;
use wires::{Hold, Keeper};

/// Events between two checkpoints of the digest at first; doubled whenever [`CHAIN_MAX`] is reached.
const CHAIN_SPACING: u64 = 1_024;
/// Checkpoints of the digest that are kept at most.
const CHAIN_MAX: usize = 4_096;

/// Everything that the world keeps for one node.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Slot<N: Node> {
    config: <N::Protocol as Protocol>::Config,
    /// `None` while it is down.
    node: Option<N>,
    incarnation: u32,
    /// When it went down last.
    last_crash: Option<SimTime>,
    is_paused: bool,
    /// Whether what comes for it waits in its inbox: it stands still, or it is slow.
    is_held: bool,
    /// What waits for it.
    inbox: VecDeque<Pending<N::Protocol>>,
    /// What makes it slow; absent where nothing ever did.
    service: Option<Box<Service>>,
    clock: Clock,
    journal: Journal<<N::Protocol as Protocol>::Record>,
    /// The last journal position handed out, those that still wait at a barrier included.
    issued: Position,
    /// Effects that wait for the disk, in order.
    outbox: VecDeque<Effect<N::Protocol>>,
    /// The sync that they wait for.
    barrier: Option<u64>,
    disk: DiskState,
    /// What it wrote, counted.
    writes: WriteCount,
    timers: Timers<<N::Protocol as Protocol>::Timer>,
    stream: Stream,
    /// Whether the ledger has counted that its clock's rate moved a timer.
    drift_was_effective: bool,
    /// Whether the ledger has counted that something waited for it to resume.
    pause_was_effective: bool,
}

/// A simulated world of nodes of type `N`. One seed, one story: everything that happens follows from the
/// [`Setup`] and the interventions.
#[derive(Clone, Debug)]
pub struct World<N: Node> {
    now: SimTime,
    queue: Queue<Pending<N::Protocol>>,
    tie: TiePolicy,
    randomness: Randomness,
    nodes: Vec<Slot<N>>,
    /// The nodes' wall clocks, out of the way of what is needed all the time.
    walls: Vec<Wall>,
    network: Network,
    held: Vec<Hold>,
    /// The nodes that deviate from their protocol.
    byzantine: BTreeMap<NodeId, Byzantine<N::Protocol>>,
    disturbances: Vec<ActiveDisturbance>,
    /// Whether any hold or disturbance is in force: what a message on a plain link asks.
    is_tampered: bool,
    flaps: Vec<Flap>,
    /// Flappings so far, over or not.
    flaps_made: u64,
    kept_back: Vec<(Keeper, Pending<N::Protocol>)>,
    /// The laws of all disks.
    disk: Disk,
    setup: ClientSetup<N::Protocol>,
    clients: Vec<Client<N::Protocol>>,
    history: Sequence<HistoryEntry<N::Protocol>>,
    plan: PlanState<<N::Protocol as Protocol>::Operation>,
    urgent: VecDeque<Urgent>,
    bugs: Bugs,
    digest: Digest,
    chain: Vec<Digest>,
    chain_spacing: u64,
    /// The number of the next event after which the digest is kept.
    next_checkpoint: u64,
    /// The number of the next event after which there is something to do: the digest is kept, or the plan strikes.
    next_halt: u64,
    counters: Counters,
    ledger: Ledger,
    probes: Probes,
    is_tracing: bool,
    /// Whether outcomes are described: somebody looks, or a trigger watches.
    is_described: bool,
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
    /// What the node that crashed last was: predicates of the crash ask.
    fallen: Option<Fallen<N>>,
}

impl<N: Node> World<N> {
    /// Moves on by one event, not beyond `until`. Returns what happened; `None` where nothing is left to
    /// happen by then.
    ///
    /// # Errors
    /// Where the queue overflows: some node sends without bound.
    #[inline]
    pub fn step(&mut self, until: SimTime) -> Result<Option<&Step<N::Protocol>>, QueueError> {
        let happened =
            (!self.urgent.is_empty() && self.next_urgent()?) || self.next_event(until)?;
        if !happened {
            return Ok(None);
        }
        if self.plan.is_expecting() {
            self.watch();
        }
        if self.next_halt <= self.step.number {
            self.halt();
        }
        Ok(Some(&self.step))
    }

    #[cold]
    fn next_urgent(&mut self) -> Result<bool, QueueError> {
        while let Some(urgent) = self.urgent.pop_front() {
            match urgent {
                Urgent::CatchUp(node) => {
                    if self.catch_up(node)? {
                        return Ok(true);
                    }
                }
                Urgent::Item(_) | Urgent::CrashedInside { .. } | Urgent::Stopped { .. } => {
                    self.begin(None);
                    self.urgently(urgent)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes entries of the queue until one is an event. Messages are most of what happens in most runs,
    /// so they have a way of their own.
    #[inline]
    fn next_event(&mut self, until: SimTime) -> Result<bool, QueueError> {
        loop {
            let Some(key) = self.queue.pop_key(until) else { return Ok(false) };
            self.now = key.time();
            // Looked at before it is taken, so that a message is moved by itself and only once.
            let Some(place) = self.queue.release(key) else { continue };
            match place {
                Some(Pending { what: What::Arrive { .. }, .. }) => {
                    if let Some(pending) = place.take()
                        && let What::Arrive { address, is_copy, message } = pending.what
                    {
                        self.begin(Some(pending.cause));
                        self.arrive(address, is_copy, message)?;
                        return Ok(true);
                    }
                }
                Some(Pending { what: What::Timer { node, entry }, cause }) => {
                    let (node, entry, cause) = (*node, *entry, *cause);
                    *place = None;
                    if self.chase(node, entry, key.order(), cause)? {
                        return Ok(true);
                    }
                }
                Some(_) | None => {
                    if let Some(pending) = place.take()
                        && self.dispatch(key.order(), pending)?
                    {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Handles an entry of the queue; whether it was an event and not a leftover.
    #[inline(never)]
    fn dispatch(&mut self, order: u64, pending: Pending<N::Protocol>) -> Result<bool, QueueError> {
        let cause = pending.cause;
        match pending.what {
            What::Arrive { address, is_copy, message } => {
                self.begin(Some(cause));
                self.arrive(address, is_copy, message)?;
            }
            What::Damaged { address, is_copy, message } => {
                self.begin(Some(cause));
                self.arrive_damaged(address, is_copy, message)?;
            }
            What::Flap(number) => return self.flap(number, cause),
            What::Timer { node, entry } => return self.chase(node, entry, order, cause),
            What::Fire { node, incarnation, timer } => {
                if !self.is_current(node, incarnation) {
                    return Ok(false);
                }
                self.begin(Some(cause));
                self.timer(node, timer)?;
            }
            What::Synced { node, incarnation, sync, through } => {
                if !self.is_current(node, incarnation)
                    || !self.disk_answers(node, cause, (sync, through))?
                {
                    return Ok(false);
                }
                self.begin(Some(cause));
                self.synced(node, sync, through)?;
            }
            What::SyncFailed { node, incarnation, sync, through, error } => {
                if !self.is_current(node, incarnation) {
                    return Ok(false);
                }
                self.begin(Some(cause));
                self.sync_failed(node, sync, through, error)?;
            }
            What::Served { node, entry } => return self.served(node, entry),
            What::Wake { client, asked, attempt } => {
                return self.wake(client, asked, attempt, cause);
            }
            What::Ask { operation, node, attempt, is_first, payload } => {
                self.begin(Some(cause));
                self.ask_late(operation, node, (attempt, is_first), payload)?;
            }
            What::Item(item) => {
                self.begin(None);
                self.urgently(Urgent::Item(item))?;
            }
            What::Start(node) => {
                self.begin(None);
                self.step.event = Event::Start { node };
                self.digest_event(tag::START, node, &());
                self.start(node)?;
            }
        }
        Ok(true)
    }

    /// Handles the entry of a timer; whether it was due and no leftover.
    #[inline(never)]
    fn chase(
        &mut self,
        node: NodeId,
        entry: u64,
        order: u64,
        cause: u64,
    ) -> Result<bool, QueueError> {
        match self.nodes[node.index()].timers.popped(entry, order, self.now) {
            Chase::Due(timer, set_by) => {
                self.begin(Some(set_by));
                self.timer_here(node, timer)?;
                Ok(true)
            }
            Chase::Later(due, order) => {
                let what = What::Timer { node, entry };
                self.queue.push(due, order, Pending { cause, what })?;
                Ok(false)
            }
            Chase::Stale => Ok(false),
        }
    }

    /// Opens the description of the next event.
    #[inline]
    fn begin(&mut self, cause: Option<u64>) {
        self.step.number = self.step.number.wrapping_add(1);
        self.step.time = self.now;
        self.step.cause = cause;
        self.step.handled_by = None;
        let Step { outcomes, notes, ended, .. } = &self.step;
        if !(outcomes.is_empty() && notes.is_empty() && ended.is_empty()) {
            self.forget_last();
        }
    }

    #[inline(never)]
    fn forget_last(&mut self) {
        self.step.outcomes.clear();
        self.step.notes.clear();
        self.step.ended.clear();
    }

    #[inline(always)]
    fn arrive(
        &mut self,
        message: MessageAddress,
        is_copy: bool,
        payload: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let (from, to) = (message.from, message.to);
        let is_open = self.network.barriers.is_open(from, to);
        if is_open && self.reachable(to) == Arrival::Handled {
            // What is said of it is known here but for its name.
            return self.arrive_as(Arrival::Handled, message, is_copy, payload);
        }
        let arrival = if is_open { self.reachable(to) } else { self.stopped(from, to) };
        self.arrive_late(arrival, message, is_copy, payload)
    }

    /// [`World::arrive_as`], out of line.
    #[inline(never)]
    fn arrive_late(
        &mut self,
        arrival: Arrival,
        message: MessageAddress,
        is_copy: bool,
        payload: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        self.arrive_as(arrival, message, is_copy, payload)
    }

    #[inline(always)]
    fn arrive_as(
        &mut self,
        arrival: Arrival,
        message: MessageAddress,
        is_copy: bool,
        payload: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let kind = Kind::of(&payload);
        let (from, to) = (message.from, message.to);
        let shown = if self.is_described { Some(payload.clone()) } else { None };
        self.step.event = Event::Arrive { message, kind, is_copy, arrival, payload: shown };
        // What it says was fed when it was sent, and its address says which one it is.
        self.digest.pair(
            self.now.as_nanos() ^ message.number.rotate_right(tag::NUMBER),
            tag::arrival(arrival, is_copy) | tag::link(from, to),
        );
        if arrival == Arrival::Handled {
            self.foresee_crash();
            self.counters.kind_mut(kind).count_delivered();
            return self.call_here(to, Call::Message(from, payload));
        }
        self.unhandled(arrival, What::Arrive { address: message, is_copy, message: payload })?;
        Ok(())
    }

    #[inline]
    fn reachable(&self, node: NodeId) -> Arrival {
        let slot = &self.nodes[node.index()];
        match (&slot.node, slot.is_held) {
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
    fn push(&mut self, time: SimTime, what: What<N::Protocol>) -> Result<(), QueueError> {
        let order = self.order(time, &what);
        self.queue.push(time, order, Pending { cause: self.step.number, what })
    }

    /// Feeds an event: time, what kind, where, payload.
    fn digest_event<T: Serialize>(&mut self, tag: u64, node: NodeId, payload: &T) {
        self.digest.pair(self.now.as_nanos(), tag | tag::at(node));
        self.digest_data(payload);
    }

    #[inline]
    pub(super) fn digest_data<T: Serialize>(&mut self, data: &T) {
        if let Err(error) = self.digest.feed(data) {
            panic!("{error}");
        }
    }

    /// Does what is to be done after the last event.
    #[cold]
    fn halt(&mut self) {
        if self.next_checkpoint <= self.step.number {
            self.checkpoint_digest();
        }
        self.strike_behind();
        self.next_halt = self
            .plan
            .next_behind()
            .map_or(self.next_checkpoint, |event| event.min(self.next_checkpoint));
    }

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
