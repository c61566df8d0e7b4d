//! What is done to messages and timers: hold and release, drop, duplicate, deliver, fire.

use crate::id::NodeId;
use crate::measure::Kind;
use crate::node::Node;
use crate::plan::{MessageAddress, MessageFilter};
use crate::queue::QueueError;
use crate::step::Deed;
use crate::time::Duration;

use super::deeds::deed;
use super::disturb::Filter;
use super::{Pending, What, World};

/// A hold in force.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub item: Option<usize>,
    pub filter: Filter,
    pub was_effective: bool,
}

/// What keeps a message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// A hold, by the plan's item, before it went over its link.
    Hold(Option<usize>),
    /// A clog, at the end of its link.
    Clog,
}

impl<N: Node> World<N> {
    pub(super) fn do_hold(&mut self, item: Option<usize>, filter: &MessageFilter) -> Option<Deed> {
        let detail = filter.kind.clone().unwrap_or_else(|| String::from("all messages"));
        let filter = self.filter(filter)?;
        let (node, pairs) = (filter.from.or(filter.to), filter.pairs());
        self.held.push(Hold { item, filter, was_effective: false });
        self.note_tampering();
        Some(Deed { pairs, changed: true, detail, ..deed("hold", node) })
    }

    /// The place of an item that an action names, if it names one; an error where there is none of that name.
    pub(super) fn item(&self, name: Option<&str>) -> Result<Option<usize>, ()> {
        name.map(|name| self.plan.place(name).ok_or(())).transpose()
    }

    pub(super) fn do_release(&mut self, name: Option<&str>) -> Result<Deed, QueueError> {
        let Ok(item) = self.item(name) else {
            return Ok(Deed { changed: false, ..deed("release", None) });
        };
        let released = self.release(item)?;
        let detail = format!("{released} messages");
        Ok(Deed { detail, changed: 0 < released, ..deed("release", None) })
    }

    /// Ends the holds of `item`, or all; how many messages they kept back, which arrive now.
    pub(super) fn release(&mut self, item: Option<usize>) -> Result<usize, QueueError> {
        self.held.retain(|hold| item.is_some() && hold.item != item);
        self.note_tampering();
        let kept = std::mem::take(&mut self.kept_back);
        let is_released = |keeper: Keeper| match keeper {
            Keeper::Hold(own) => item.is_none() || own == item,
            Keeper::Clog => false,
        };
        let (released, kept): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|(keeper, _)| is_released(*keeper));
        self.kept_back = kept;
        let count = released.len();
        for (_, pending) in released {
            let order = self.order(self.now, &pending.what);
            self.queue.push(self.now, order, pending)?;
        }
        Ok(count)
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
            let order = self.order(self.now, &pending.what);
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
            let due = due.saturating_add(by);
            let order = self.order(due, &pending.what);
            self.queue.push(due, order, pending)?;
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
