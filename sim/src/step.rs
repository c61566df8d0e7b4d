//! One step of a run: what happened, why, and what came of it.

use crate::context::{Effect, Ending};
use crate::id::{ClientId, NodeId, OperationId};
use crate::journal::{DiskError, Position};
use crate::measure::Kind;
use crate::node::Protocol;
use crate::plan::MessageAddress;
use crate::time::SimTime;

/// One event of a run and its consequences. Payloads and outcomes are kept only while the world
/// [traces](crate::World::set_tracing); notes always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<P: Protocol> {
    /// The event's number, from 1.
    pub number: u64,
    /// When.
    pub time: SimTime,
    /// The number of the event that brought it about; `None` for the start and for the plan's own times.
    pub cause: Option<u64>,
    /// What happened.
    pub event: Event<P>,
    /// The node whose handler ran, if one did.
    pub handled_by: Option<NodeId>,
    /// What the handler did and what waited for this event, in order. Kept while tracing.
    pub outcomes: Vec<Outcome<P>>,
    /// The milestones that it reported.
    pub notes: Vec<P::Note>,
    /// Operations that ended in this step, in order.
    pub ended: Vec<OperationId>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<P: Protocol> {
    /// A node started for the first time.
    Start {
        /// Which.
        node: NodeId,
    },
    /// A message came to its end.
    Arrive {
        /// Its address.
        message: MessageAddress,
        /// Its kind.
        kind: Kind,
        /// Whether it is a copy that the link or the plan made.
        is_copy: bool,
        /// What became of it.
        arrival: Arrival,
        /// What it said. Kept while tracing.
        payload: Option<P::Message>,
    },
    /// A timer came due.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which.
        timer: P::Timer,
        /// Whether the node stands still or is slow, so that the timer waits.
        is_waiting: bool,
    },
    /// The disk answered a sync.
    Synced {
        /// Whose.
        node: NodeId,
        /// Everything up to here is durable.
        through: Position,
        /// Whether the node stands still or is slow, so that the answer waits.
        is_waiting: bool,
    },
    /// A sync failed: nothing that only it would have covered is durable.
    SyncFailed {
        /// Whose.
        node: NodeId,
        /// Up to where it would have covered.
        through: Position,
        /// Why.
        error: DiskError,
        /// Whether the node stands still, so that the news waits.
        is_waiting: bool,
    },
    /// A client asked a node.
    Ask {
        /// Which operation.
        operation: OperationId,
        /// Whom.
        node: NodeId,
        /// 1 for the invocation, more for retries.
        attempt: u32,
        /// What became of it.
        arrival: Arrival,
        /// What it asked. Kept while tracing.
        payload: Option<P::Operation>,
    },
    /// A client gave an operation up.
    GiveUp {
        /// Which operation.
        operation: OperationId,
    },
    /// The plan, or a person, did something.
    Deed(Deed),
}

impl<P: Protocol> Event<P> {
    /// The node where it happened, if at one.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::Start { node }
            | Self::Timer { node, .. }
            | Self::Synced { node, .. }
            | Self::SyncFailed { node, .. }
            | Self::Ask { node, .. } => Some(*node),
            Self::Arrive { message, .. } => Some(message.to),
            Self::GiveUp { .. } => None,
            Self::Deed(deed) => deed.node,
        }
    }
}

/// What became of something that reached a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrival {
    /// The node handled it.
    Handled,
    /// The node stands still or is slow: it waits in its inbox.
    Waits,
    /// The node is down: it is lost.
    Down,
    /// The way is cut: it is lost.
    CutOff,
    /// The way is clogged: it waits there, and arrives once more when the clog is healed.
    Clogged,
    /// It was damaged on its way: the receiver's checksum discards it.
    Damaged,
}

/// An action that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The place in the plan; `None` for a person's intervention, and where a node stopped itself.
    pub item: Option<usize>,
    /// What was done: the action's word.
    pub word: &'static str,
    /// To which node, once roles were resolved.
    pub node: Option<NodeId>,
    /// To which client.
    pub client: Option<ClientId>,
    /// Which directed links were closed or opened.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// Which message.
    pub message: Option<MessageAddress>,
    /// Anything else worth telling, in words.
    pub detail: String,
    /// Whether it changed anything at once.
    pub changed: bool,
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<P: Protocol> {
    /// A message went out.
    Sent {
        /// Its address.
        message: MessageAddress,
        /// Its kind.
        kind: Kind,
        /// What it says.
        payload: P::Message,
        /// What the link decided.
        passage: Passage,
    },
    /// A byzantine node says something else than the truth: what comes next is what it says.
    Forged {
        /// The address of the message.
        message: MessageAddress,
        /// What its protocol would have said.
        truth: P::Message,
    },
    /// A byzantine node kept a message to itself.
    Withheld {
        /// The address that it would have had: no other message has it.
        message: MessageAddress,
        /// Its kind.
        kind: Kind,
        /// What it would have said.
        payload: P::Message,
    },
    /// A byzantine node repeats itself: what comes next is what it says again.
    Replayed {
        /// The address of the repetition.
        message: MessageAddress,
        /// The message that is repeated.
        first: MessageAddress,
    },
    /// A timer was set or moved.
    TimerSet {
        /// Which.
        timer: P::Timer,
        /// When it is due; `None` where its clock stands still.
        due: Option<SimTime>,
    },
    /// An effect that needs no more than itself to be told: a write, a sync, a cancelled timer, a note.
    Done(Effect<P>),
    /// An operation was answered.
    Completed {
        /// Which.
        operation: OperationId,
        /// How.
        ending: Ending<P::Output>,
        /// Whether somebody was still waiting for the answer.
        was_awaited: bool,
    },
    /// The effect waits until the disk answers an earlier sync.
    Waits(Effect<P>),
    /// The node crashed before it came to this effect.
    LostInCrash(Effect<P>),
}

/// What a link decided about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It will arrive at this time, and once more if doubled.
    Arrives {
        /// When.
        at: SimTime,
        /// When the copy does.
        copy: Option<SimTime>,
    },
    /// It will arrive, and once more if doubled, but the link damaged it: what arrives is what the protocol makes of
    /// that, or nothing that passes the receiver's checksum.
    Damaged {
        /// When.
        at: SimTime,
        /// When the copy does.
        copy: Option<SimTime>,
    },
    /// It is lost.
    Lost,
    /// It is lost: too much waits to be put on the wire before it.
    QueueFull,
    /// It is lost: the topology has no such link.
    NoLink,
    /// It is kept back until the plan releases it.
    Held,
}

impl Passage {
    /// Whether it ends at the sender: nothing of it will arrive.
    pub const fn is_lost(&self) -> bool {
        match self {
            Self::Lost | Self::QueueFull | Self::NoLink => true,
            Self::Arrives { .. } | Self::Damaged { .. } | Self::Held => false,
        }
    }

    /// When it will arrive, for the first time; `None` where it does not, or not before the plan says so.
    pub const fn arrival(&self) -> Option<SimTime> {
        match self {
            Self::Arrives { at, .. } | Self::Damaged { at, .. } => Some(*at),
            Self::Lost | Self::QueueFull | Self::NoLink | Self::Held => None,
        }
    }
}
