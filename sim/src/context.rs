//! What a node may know and do, and the ordered effects that it leaves behind.

use std::cell::Cell;

use crate::alone::Choices;
use crate::bug::{Bug, Bugs};
use crate::id::{NodeId, OperationId};
use crate::journal::{Change, Position};
use crate::law::Law;
use crate::ledger::Probes;
use crate::network::Topology;
use crate::node::Protocol;
use crate::random::{Draw, Randomness, Stream};
use crate::time::{Duration, DurationRange, Interval, LocalTime, SimTime, WallTime};
use crate::wall::Wall;

/// One thing that a handler did. Effects are data and ordered: an effect never overtakes an earlier one of
/// the same node, and a crash may fall between two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<P: Protocol> {
    /// Put a message on the wire.
    Send {
        /// The receiver.
        to: NodeId,
        /// What it will get.
        message: P::Message,
    },
    /// Set a timer, or move it if it is set.
    SetTimer {
        /// Which one.
        timer: P::Timer,
        /// The reading of the node's clock at which it is due.
        deadline: LocalTime,
    },
    /// Forget a timer.
    CancelTimer {
        /// Which one.
        timer: P::Timer,
    },
    /// Write to the journal; durable once synced.
    Write(Change<P::Record>),
    /// Force what was written to disk.
    Sync {
        /// Without it, later sends, completions and writes wait until the disk answers.
        in_background: bool,
    },
    /// Report a milestone.
    Note(P::Note),
    /// Answer a client.
    Complete {
        /// Which operation.
        operation: OperationId,
        /// How it ended.
        ending: Ending<P::Output>,
    },
    /// Stop, as in a crash.
    Stop,
}

/// How a node answered an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending<O> {
    /// It took effect, with this output.
    Ok(O),
    /// It did not take effect and never will.
    Fail,
    /// It may or may not have taken effect, now or later.
    Unknown,
    /// Not here, and nothing was done: the client asks the named node next, or the next one in its list.
    Elsewhere(Option<NodeId>),
    /// Not here any more, though it may yet take effect: the client asks the named node next, or the next one in its list.
    HandedOver(Option<NodeId>),
}

/// The only door between a node and the world.
#[derive(Debug)]
pub struct Context<'a, P: Protocol> {
    pub(crate) id: NodeId,
    pub(crate) node_count: u32,
    pub(crate) topology: Topology,
    pub(crate) now: LocalTime,
    pub(crate) true_now: SimTime,
    pub(crate) walls: &'a [Wall],
    /// Whether the handler looked at the wall clock.
    pub(crate) has_read_wall: Cell<bool>,
    pub(crate) written: Position,
    pub(crate) is_first_attempt: bool,
    pub(crate) bugs: &'a Bugs,
    pub(crate) stream: &'a mut Stream,
    pub(crate) randomness: &'a mut Randomness,
    pub(crate) probes: &'a mut Probes,
    pub(crate) effects: &'a mut Vec<Effect<P>>,
    /// What is drawn, where nothing is drawn at random; `None` in a world.
    pub(crate) choices: Option<&'a Choices>,
}

impl<P: Protocol> Context<'_, P> {
    /// Who this node is.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// How many nodes the run has, this one included.
    pub const fn node_count(&self) -> u32 {
        self.node_count
    }

    /// All nodes of the run but this one, in order.
    pub fn others(&self) -> impl Iterator<Item = NodeId> + use<P> {
        let own = self.id;
        NodeId::all(self.node_count).filter(move |id| *id != own)
    }

    /// The nodes that the topology gives this node a link with, in order; in a clique, all others.
    pub fn neighbours(&self) -> impl Iterator<Item = NodeId> + use<P> {
        self.topology.neighbours(self.id, self.node_count)
    }

    /// What this node's own clock shows: monotonic, with an offset and a rate of its own.
    pub fn now(&self) -> LocalTime {
        if let Some(choices) = self.choices {
            choices.read_clock();
        }
        self.now
    }

    /// What this node's wall clock shows: it may jump, also back, and corrections may set it.
    pub fn wall_clock(&self) -> WallTime {
        if let Some(choices) = self.choices {
            choices.read_clock();
            return WallTime::default();
        }
        self.has_read_wall.set(true);
        self.walls[self.id.index()].read(self.true_now, self.randomness)
    }

    /// Between which two readings true time lies, as far as this node's wall clock was set no farther off and drifts no
    /// faster than [it believes](crate::WallClock). A jump, or a faster drift, breaks that promise, and the node cannot know.
    pub fn wall_interval(&self) -> Interval {
        if let Some(choices) = self.choices {
            choices.read_clock();
            return Interval { earliest: WallTime::default(), latest: WallTime::default() };
        }
        self.has_read_wall.set(true);
        self.walls[self.id.index()].interval(self.true_now, self.randomness)
    }

    /// Sends `message` to `to`. It may be lost, duplicated, delayed and overtaken.
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Sends `message` to every other node, in the order of their ids.
    pub fn broadcast(&mut self, message: &P::Message) {
        for to in self.others() {
            self.send(to, message.clone());
        }
    }

    /// Sets `timer` to come due `after` from now by this node's clock; moves it if it is set.
    pub fn set_timer(&mut self, timer: P::Timer, after: Duration) {
        self.effects.push(Effect::SetTimer { timer, deadline: self.now + after });
    }

    /// Sets `timer` to come due at a random moment of the half-open `range` from now.
    pub fn set_timer_between(&mut self, timer: P::Timer, range: DurationRange) {
        let after = match self.choices {
            Some(_) => range.min,
            None => self.words().between(range),
        };
        self.set_timer(timer, after);
    }

    /// Forgets `timer`, if it is set.
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// A uniform number below `bound`. Panics where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        match self.choices {
            Some(choices) => choices.below(bound),
            None => self.words().below(bound),
        }
    }

    /// A duration that `law` gives: one draw of 64 bits from this node's stream, whichever the law is.
    pub fn draw(&mut self, law: &Law) -> Duration {
        if let Some(choices) = self.choices {
            choices.read_clock();
            return Duration::ZERO;
        }
        let bits = self.words().bits();
        law.sample(bits)
    }

    /// Appends `record` to the journal. Returns its position; it is durable once
    /// [`on_synced`](crate::Node::on_synced) names that or a later one.
    pub fn append(&mut self, record: P::Record) -> Position {
        self.write(Change::Append(record))
    }

    /// Drops all records of the journal but the first `keep`.
    pub fn truncate(&mut self, keep: usize) -> Position {
        self.write(Change::Truncate(keep))
    }

    /// Replaces the whole journal by `records`, atomically.
    pub fn checkpoint(&mut self, records: Vec<P::Record>) -> Position {
        self.write(Change::Checkpoint(records))
    }

    /// Forces what was written so far to disk. Later sends, completions and writes of this node wait
    /// until the disk answers, and are lost in a crash before that.
    pub fn sync(&mut self) {
        self.effects.push(Effect::Sync { in_background: false });
    }

    /// Forces what was written so far to disk without making anything wait;
    /// [`on_synced`](crate::Node::on_synced) tells when it is there.
    pub fn sync_in_background(&mut self) {
        self.effects.push(Effect::Sync { in_background: true });
    }

    /// Reports a milestone to monitors, goals and people.
    pub fn note(&mut self, note: P::Note) {
        self.effects.push(Effect::Note(note));
    }

    /// Answers an operation: it took effect, with this output.
    pub fn complete(&mut self, operation: OperationId, output: P::Output) {
        self.effects.push(Effect::Complete { operation, ending: Ending::Ok(output) });
    }

    /// Answers an operation: it did not take effect and never will.
    pub fn fail(&mut self, operation: OperationId) {
        self.effects.push(Effect::Complete { operation, ending: Ending::Fail });
    }

    /// Answers an operation: it may or may not take effect.
    pub fn give_up(&mut self, operation: OperationId) {
        self.effects.push(Effect::Complete { operation, ending: Ending::Unknown });
    }

    /// Whether no node can have taken up the operation that this handler is called with: none was asked before, or each that was
    /// did nothing and [said so](Context::redirect). A retry after silence may be of an operation that took effect.
    pub const fn is_first_attempt(&self) -> bool {
        self.is_first_attempt
    }

    /// Sends the client with its operation to another node, or to the next one in its list. This node did nothing with it.
    pub fn redirect(&mut self, operation: OperationId, to: Option<NodeId>) {
        self.effects.push(Effect::Complete { operation, ending: Ending::Elsewhere(to) });
    }

    /// Sends the client with its operation to another node, or to the next one in its list, although this node had taken it up and
    /// it may still take effect: so does a leader that is deposed.
    pub fn hand_over(&mut self, operation: OperationId, to: Option<NodeId>) {
        self.effects.push(Effect::Complete { operation, ending: Ending::HandedOver(to) });
    }

    /// Stops this node, as a crash here would: later effects of the handler, and those that wait for the disk, are lost. It is
    /// down until it is restarted.
    pub fn stop(&mut self) {
        self.effects.push(Effect::Stop);
    }

    /// Whether this run has `bug` planted.
    #[inline]
    pub fn bug(&self, bug: &Bug) -> bool {
        self.bugs.has(bug)
    }

    /// Counts that the run came by here. A sweep reports probes that no run reached.
    pub fn probe(&mut self, name: &'static str) {
        self.probes.hit(name);
    }

    fn words(&mut self) -> Draw<'_> {
        Draw::new(self.stream, self.randomness)
    }

    fn write(&mut self, change: Change<P::Record>) -> Position {
        self.effects.push(Effect::Write(change));
        self.written.0 += 1;
        self.written
    }
}
