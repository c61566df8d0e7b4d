//! The plan of a run: faults and interventions as data, timed, relative or triggered. The engine only
//! executes plans.

use serde::Serialize;

use crate::id::{ClientId, NodeId};
use crate::ledger::Family;
use crate::predicate::Predicate;
use crate::time::{Duration, SimTime};

/// What is to happen in a run, in the order in which it was written. `O` is the protocol's operation, or the
/// text of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<O> {
    /// The items. Their places are their addresses: an item that is switched off keeps its place.
    pub items: Vec<Item<O>>,
}

impl<O> Default for Plan<O> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

/// One entry of a plan: when, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<O> {
    /// What other items and narration call it.
    pub name: Option<String>,
    /// When it happens.
    pub trigger: Trigger,
    /// How long a trigger, or an action that finds nobody to act on, waits before it counts as
    /// planned only. Without it: to the end of the run.
    pub within: Option<Duration>,
    /// What happens.
    pub action: Action<O>,
}

/// When an item happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a plan has few items, and a box burdens who reads it"
)]
pub enum Trigger {
    /// At a time of the run.
    At(SimTime),
    /// So long after the item of that name happened.
    After {
        /// The name of another item.
        item: String,
        /// How much later.
        delay: Duration,
    },
    /// When the predicate holds for its n-th time.
    When(Predicate),
}

/// Which node an action means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This one.
    Node(NodeId),
    /// At the moment of the action: the live node of that role with the highest epoch (lowest id on a
    /// tie).
    Role(String),
    /// The node that the item of that name acted on.
    Item(String),
}

/// A message by its address: the `number`-th that `from` sent to `to`, from 1. Written `n1>n2#17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MessageAddress {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// Its number on that link.
    pub number: u64,
}

impl std::fmt::Display for MessageAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}>{}#{}", self.from, self.to, self.number)
    }
}

impl std::str::FromStr for MessageAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('>').and_then(|(from, rest)| {
            let (to, number) = rest.split_once('#')?;
            let number = number.parse().ok().filter(|number| 0 < *number)?;
            Some(Self { from: from.parse().ok()?, to: to.parse().ok()?, number })
        });
        parsed.ok_or_else(|| {
            format!("`{text}` is no message: write `n1>n2#17`, the 17th from n1 to n2")
        })
    }
}

/// Which directed links a cut closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Both ways between nodes of different groups. Nodes in no group form one more.
    Groups(Vec<Vec<Target>>),
    /// From each of the first to each of the second, one way.
    OneWay(Vec<Target>, Vec<Target>),
    /// Both ways between one node and all others.
    Isolate(Target),
}

/// Which messages a hold keeps back. Absent parts match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldFilter {
    /// Sent by this node.
    pub from: Option<Target>,
    /// Sent to this node.
    pub to: Option<Target>,
    /// Of this kind.
    pub kind: Option<String>,
}

/// What may be done to a run: the interventions of the debugger and the items of a plan are one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<O> {
    /// The node stops; its memory, timers and unsynced writes are lost, messages on the wire are not.
    Crash {
        /// Which node.
        node: Target,
        /// Inside the triggering event, after so many of its effects.
        after_effects: Option<u32>,
    },
    /// The node starts again from what its disk kept.
    Restart(Target),
    /// The node stands still; its clock runs on, and what comes for it waits.
    Pause(Target),
    /// The node goes on; what waited is handled now, in order.
    Resume(Target),
    /// Messages on these links do not arrive.
    Cut(Cut),
    /// The cut made by the item of that name ends; without a name, all cuts end.
    Heal(Option<String>),
    /// Messages sent from now on that match are kept back.
    Hold(HoldFilter),
    /// What the item of that name keeps back arrives now; without a name, everything kept back.
    Release(Option<String>),
    /// A message on the wire or kept back is lost.
    Drop(MessageAddress),
    /// A message on the wire arrives once more, now.
    Duplicate(MessageAddress),
    /// A message on the wire or kept back arrives now.
    Deliver(MessageAddress),
    /// An armed timer comes due now.
    Fire {
        /// Whose.
        node: Target,
        /// The name of the timer's kind.
        timer: String,
    },
    /// A client asks this as soon as it has no other operation open.
    Request {
        /// Who asks.
        client: ClientId,
        /// What it asks.
        operation: O,
        /// Whom it asks first; the next entry node in its list where absent.
        to: Option<Target>,
    },
    /// The node's clock runs at another rate from now on.
    ClockRate {
        /// Whose.
        node: Target,
        /// Parts per billion faster than true time; -10^9 stands still.
        ppb: i64,
    },
}

impl<O> Action<O> {
    /// The family of faults that it belongs to; a request is none, nor is the end of a fault but a restart.
    pub const fn family(&self) -> Option<Family> {
        match self {
            Self::Crash { .. } => Some(Family::Crash),
            Self::Restart(_) => Some(Family::Restart),
            Self::Pause(_) => Some(Family::Pause),
            Self::Cut(_) => Some(Family::Partition),
            Self::Hold(_) => Some(Family::Hold),
            Self::Drop(_) | Self::Duplicate(_) | Self::Deliver(_) | Self::Fire { .. } => {
                Some(Family::Intervention)
            }
            Self::ClockRate { .. } => Some(Family::Clock),
            Self::Resume(_) | Self::Heal(_) | Self::Release(_) | Self::Request { .. } => None,
        }
    }

    /// Its word in plans and stories.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::Restart(_) => "restart",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Cut(_) => "cut",
            Self::Heal(_) => "heal",
            Self::Hold(_) => "hold",
            Self::Release(_) => "release",
            Self::Drop(_) => "drop",
            Self::Duplicate(_) => "duplicate",
            Self::Deliver(_) => "deliver",
            Self::Fire { .. } => "fire",
            Self::Request { .. } => "request",
            Self::ClockRate { .. } => "clock",
        }
    }

    /// The same action with its operation read by `read`.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn try_map<T, E>(self, read: impl FnOnce(O) -> Result<T, E>) -> Result<Action<T>, E> {
        Ok(match self {
            Self::Crash { node, after_effects } => Action::Crash { node, after_effects },
            Self::Restart(node) => Action::Restart(node),
            Self::Pause(node) => Action::Pause(node),
            Self::Resume(node) => Action::Resume(node),
            Self::Cut(cut) => Action::Cut(cut),
            Self::Heal(name) => Action::Heal(name),
            Self::Hold(filter) => Action::Hold(filter),
            Self::Release(name) => Action::Release(name),
            Self::Drop(message) => Action::Drop(message),
            Self::Duplicate(message) => Action::Duplicate(message),
            Self::Deliver(message) => Action::Deliver(message),
            Self::Fire { node, timer } => Action::Fire { node, timer },
            Self::Request { client, operation, to } => {
                Action::Request { client, operation: read(operation)?, to }
            }
            Self::ClockRate { node, ppb } => Action::ClockRate { node, ppb },
        })
    }
}
