//! What is done to messages and timers: heal, hold and release, drop, duplicate, deliver, fire.

use crate::id::NodeId;
use crate::measure::Kind;
use crate::node::Node;
use crate::plan::{MessageAddress, MessageFilter, Target};
use crate::queue::QueueError;
use crate::step::Deed;
use crate::time::Duration;

use super::deeds::deed;
use super::{Pending, What, World};

/// A hold in force.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub item: Option<usize>,
    from: Option<NodeId>,
    to: Option<NodeId>,
    kind: Option<String>,
    pub was_effective: bool,
}

impl Hold {
    pub(super) fn matches(&self, from: NodeId, to: NodeId, kind: Kind) -> bool {
        self.from.is_none_or(|own| own == from)
            && self.to.is_none_or(|own| own == to)
            && self.kind.as_deref().is_none_or(|own| own == kind.name)
    }
}

impl<N: Node> World<N> {
    pub(super) fn do_heal(&mut self, name: Option<&str>) -> Deed {
        let Ok(item) = self.item(name) else {
            return Deed { changed: false, ..deed("heal", None) };
        };
        let before = self.network.closed_pairs();
        let changed = self.network.heal(item);
        let after = self.network.closed_pairs();
        let pairs = before.into_iter().filter(|pair| !after.contains(pair)).collect();
        Deed { pairs, changed, ..deed("heal", None) }
    }

    pub(super) fn do_hold(&mut self, item: Option<usize>, filter: &MessageFilter) -> Option<Deed> {
        let side = |target: &Option<Target>| match target {
            None => Some(None),
            Some(target) => self.resolve(target).map(Some),
        };
        let (from, to) = (side(&filter.from)?, side(&filter.to)?);
        let kind = filter.kind.clone();
        let detail = kind.clone().unwrap_or_else(|| String::from("all messages"));
        self.held.push(Hold { item, from, to, kind, was_effective: false });
        let ends = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        Some(Deed { pairs: ends.collect(), changed: true, detail, ..deed("hold", from.or(to)) })
    }

    /// The place of an item that an action names, if it names one; an error where there is none of that name.
    fn item(&self, name: Option<&str>) -> Result<Option<usize>, ()> {
        name.map(|name| self.plan.place(name).ok_or(())).transpose()
    }

    pub(super) fn do_release(&mut self, name: Option<&str>) -> Result<Deed, QueueError> {
        let Ok(item) = self.item(name) else {
            return Ok(Deed { changed: false, ..deed("release", None) });
        };
        self.held.retain(|hold| item.is_some() && hold.item != item);
        let kept = std::mem::take(&mut self.kept_back);
        let (released, kept): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|(place, _)| item.is_none_or(|item| item == *place));
        self.kept_back = kept;
        let detail = format!("{} messages", released.len());
        let changed = !released.is_empty();
        for (_, pending) in released {
            let order = self.queue.next_order();
            self.queue.push(self.now, order, pending)?;
        }
        Ok(Deed { detail, changed, ..deed("release", None) })
    }

    /// Takes a message off the wire, or from those kept back.
    fn take_message(&mut self, address: MessageAddress) -> Option<Pending<N::Protocol>> {
        let is_it = |pending: &Pending<N::Protocol>| {
            pending.message().is_some_and(|(own, _)| own == address)
        };
        if let Some(place) = self.kept_back.iter().position(|(_, pending)| is_it(pending)) {
            return Some(self.kept_back.remove(place).1);
        }
        self.queue.take(is_it)
    }

    pub(super) fn do_drop(&mut self, address: MessageAddress) -> Deed {
        let changed = self.take_message(address).is_some();
        self.counters.lost += u64::from(changed);
        Deed { changed, message: Some(address), ..deed("drop", Some(address.to)) }
    }

    pub(super) fn do_deliver(&mut self, address: MessageAddress) -> Result<Deed, QueueError> {
        let taken = self.take_message(address);
        let changed = taken.is_some();
        if let Some(pending) = taken {
            let order = self.queue.next_order();
            self.queue.push(self.now, order, pending)?;
        }
        Ok(Deed { changed, message: Some(address), ..deed("deliver", Some(address.to)) })
    }

    /// Puts a message back on the wire, to arrive `by` later than it would have. One that is kept back stays so.
    pub(super) fn do_delay(
        &mut self,
        address: MessageAddress,
        by: Duration,
    ) -> Result<Deed, QueueError> {
        let entries = self.queue.entries();
        let is_it = |pending: &Pending<N::Protocol>| {
            pending.message().is_some_and(|(own, _)| own == address)
        };
        let due = entries.into_iter().find(|(_, pending)| is_it(pending)).map(|(due, _)| due);
        let taken = due.and_then(|due| Some((due, self.queue.take(is_it)?)));
        let changed = taken.is_some();
        if let Some((due, pending)) = taken {
            let order = self.queue.next_order();
            self.queue.push(due.saturating_add(by), order, pending)?;
        }
        let detail = format!("by {by}");
        Ok(Deed { detail, changed, message: Some(address), ..deed("delay", Some(address.to)) })
    }

    pub(super) fn do_duplicate(&mut self, address: MessageAddress) -> Result<Deed, QueueError> {
        let queued = self.queue.entries().into_iter().filter_map(|(_, pending)| pending.message());
        let mut found = self.kept_back().chain(queued).filter(|(own, _)| *own == address);
        let message = found.next().map(|(_, message)| message.clone());
        drop(found);
        let changed = message.is_some();
        if let Some(message) = message {
            self.push(self.now, What::Arrive { address, is_copy: true, message })?;
        }
        Ok(Deed { changed, message: Some(address), ..deed("duplicate", Some(address.to)) })
    }

    pub(super) fn do_fire(&mut self, id: NodeId, name: &str) -> Result<Deed, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let armed = slot.timers.armed().find(|(timer, _, _)| Kind::of(timer).name == name);
        let timer = armed.map(|(timer, _, _)| timer);
        let changed = timer.is_some_and(|timer| slot.timers.fire(timer));
        let incarnation = slot.incarnation;
        if let Some(timer) = timer {
            self.push(self.now, What::Fire { node: id, incarnation, timer })?;
        }
        let detail = String::from(name);
        Ok(Deed { detail, changed, ..deed("fire", Some(id)) })
    }
}
