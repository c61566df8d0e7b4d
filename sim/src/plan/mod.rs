//! The plan of a run: faults and interventions as data, timed, relative or triggered. The engine only
//! executes plans.

mod action;
mod disturbance;
mod reach;

use std::ops::Range;

use serde::Serialize;

use crate::id::NodeId;
use crate::predicate::Predicate;
use crate::time::{Duration, SimTime};

pub use action::{Action, Behaviour, DiskFault};
pub use disturbance::{Disturbance, LinkFault, MessageFilter};
pub use reach::{Cut, Flapping};

/// What is to happen in a run, in the order in which it was written. `O` is the protocol's operation, or the
/// text of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<O> {
    /// The items. Their places are their addresses: an item that is switched off keeps its place.
    pub items: Vec<Item<O>>,
    /// What its drawn items must spare.
    pub crash_limit: Option<CrashLimit>,
    /// The places at which items draw that stand elsewhere now, because others before them were taken out; items beyond the
    /// end of the list draw at their own.
    pub places: Vec<u32>,
}

impl<O> Plan<O> {
    /// The place at which the item at `place` draws.
    pub fn address(&self, place: usize) -> u32 {
        self.places.get(place).copied().unwrap_or(place as u32)
    }
}

/// How many nodes the crashes of some items may take away at one time. Where a node that was down is as good as down until it has
/// got back what the crash took from it, only the run itself shows how many that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashLimit {
    /// The places of the items.
    pub items: Range<usize>,
    /// While a node recovers ([`Node::is_recovering`](crate::Node::is_recovering)) and so many do or are down, these items crash none.
    pub nodes: u32,
}

impl<O> Default for Plan<O> {
    fn default() -> Self {
        Self { items: Vec::new(), crash_limit: None, places: Vec::new() }
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

impl<O> Item<O> {
    /// The event right behind which it happens, if that is its trigger.
    pub const fn behind(&self) -> Option<u64> {
        match self.trigger {
            Trigger::Behind(event) => Some(event),
            Trigger::At(_) | Trigger::After { .. } | Trigger::When(_) => None,
        }
    }
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
    /// Right behind the event of that number: what a person did there, kept as data. Behind event 0, before
    /// everything else.
    Behind(u64),
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
