//! What has become of the plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::id::NodeId;
use crate::journal::DiskError;
use crate::plan::{Action, CrashLimit, Item, Plan, Target, Trigger};
use crate::predicate::Occurrences;
use crate::time::SimTime;

/// What has become of the plan.
#[derive(Clone, Debug)]
pub(super) struct PlanState<O> {
    items: Arc<Vec<Item<O>>>,
    pub crash_limit: Option<CrashLimit>,
    /// Where items draw that stand elsewhere than they did.
    places: Vec<u32>,
    /// Per item: that it was carried out.
    done: Vec<Option<Done>>,
    /// Items whose trigger has not fired.
    watching: Vec<Watch>,
    /// Items that strike behind an event that has not happened: that event and their place, in order.
    behind: BTreeSet<(u64, usize)>,
    /// Items whose time has come but who find nobody to act on, and until when they wait.
    pub waiting: Vec<(usize, SimTime)>,
}

/// A trigger that has not fired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub item: usize,
    /// How often its predicate has matched.
    pub occurrences: Occurrences,
    /// After this time it is no longer watched for.
    pub until: SimTime,
}

/// That an item was carried out.
#[derive(Clone, Copy, Debug)]
struct Done {
    /// On which node.
    node: Option<NodeId>,
}

/// What happens before the next entry of the queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Urgent {
    /// An item whose trigger fired.
    Item(usize),
    /// A crash that happened inside that event.
    CrashedInside { item: usize, node: NodeId, after: u32, event: u64 },
    /// A node stopped itself inside that event, because of this error if it was a failed sync.
    Stopped { node: NodeId, event: u64, error: Option<DiskError> },
    /// A node that resumed handles what waited for it, one event after the other.
    CatchUp(NodeId),
}

impl<O> PlanState<O> {
    pub(super) fn new(plan: Plan<O>) -> Self {
        let items = Arc::new(plan.items);
        let watched =
            items.iter().enumerate().filter(|(_, item)| matches!(item.trigger, Trigger::When(_)));
        let watching = watched.map(|(place, item)| Watch {
            item: place,
            occurrences: Occurrences::default(),
            until: item.within.map_or(SimTime::MAX, |within| SimTime::ZERO.saturating_add(within)),
        });
        let behind =
            items.iter().enumerate().filter_map(|(place, item)| Some((item.behind()?, place)));
        Self {
            watching: watching.collect(),
            behind: behind.collect(),
            done: vec![None; items.len()],
            items,
            crash_limit: plan.crash_limit,
            places: plan.places,
            waiting: vec![],
        }
    }

    /// Adds `item` at the end.
    pub(super) fn add(&mut self, item: Item<O>)
    where
        O: Clone,
    {
        let place = self.items.len();
        self.behind.extend(item.behind().map(|event| (event, place)));
        Arc::make_mut(&mut self.items).push(item);
        self.done.push(None);
    }

    /// The next event behind which something strikes.
    pub(super) fn next_behind(&self) -> Option<u64> {
        self.behind.first().map(|(event, _)| *event)
    }

    /// Takes the first of the items that strike behind `event`.
    pub(super) fn take_behind(&mut self, event: u64) -> Option<usize> {
        if self.next_behind()? == event {
            self.behind.pop_first().map(|(_, place)| place)
        } else {
            None
        }
    }

    /// Whether the item at `place` strikes behind `event`.
    pub(super) fn is_behind(&self, place: usize, event: u64) -> bool {
        self.items[place].behind() == Some(event)
    }

    /// Whether any trigger is still watched for.
    #[inline]
    pub(super) const fn is_watching(&self) -> bool {
        !self.watching.is_empty()
    }

    /// Whether a trigger is watched for, or an item waits for somebody to act on.
    #[inline]
    pub(super) const fn is_expecting(&self) -> bool {
        !self.watching.is_empty() || !self.waiting.is_empty()
    }

    /// The place at which the item at `place` draws.
    pub(super) fn address(&self, place: usize) -> u32 {
        self.places.get(place).copied().unwrap_or(place as u32)
    }

    pub(super) fn items(&self) -> Arc<Vec<Item<O>>> {
        Arc::clone(&self.items)
    }

    pub(super) const fn watching_mut(&mut self) -> &mut Vec<Watch> {
        &mut self.watching
    }

    pub(super) fn undone(&self) -> impl Iterator<Item = usize> {
        (0..self.items.len()).filter(|place| self.done[*place].is_none())
    }

    /// The items that have a time of their own.
    pub(super) fn timed(&self) -> impl Iterator<Item = (usize, SimTime)> {
        self.items.iter().enumerate().filter_map(|(place, item)| match item.trigger {
            Trigger::At(time) => Some((place, time)),
            Trigger::After { .. } | Trigger::When(_) | Trigger::Behind(_) => None,
        })
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.items.iter().position(|item| item.name.as_deref() == Some(name))
    }

    /// Notes that the item at `place` was carried out, on `node`.
    pub(super) fn finish(&mut self, place: usize, node: Option<NodeId>) {
        self.done[place] = Some(Done { node });
    }

    /// The node that the item of that name acted on.
    pub(super) fn node_of(&self, name: &str) -> Option<NodeId> {
        self.done[self.place(name)?]?.node
    }
}

/// The nodes and the plan items that an action names outright.
pub(super) fn names<O>(action: &Action<O>) -> (Vec<NodeId>, Vec<&str>) {
    let ends = action.message().into_iter().flat_map(|message| [message.from, message.to]);
    let (mut nodes, mut items): (Vec<NodeId>, Vec<&str>) =
        (ends.collect(), action.ended_item().into_iter().collect());
    for target in action.targets() {
        match target {
            Target::Node(id) => nodes.push(*id),
            Target::Item(name) => items.push(name.as_str()),
            Target::Role(_) => {}
        }
    }
    (nodes, items)
}
