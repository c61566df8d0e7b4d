//! The event queue: strictly ordered by (time, order), payloads in a slab.

mod agenda;
mod calendar;
mod key;
mod slab;
#[cfg(test)]
mod tests;

use crate::time::SimTime;

use agenda::Agenda;
use key::ORDER_BITS;
use slab::Slab;

pub(crate) use key::{Key, ORDER_MAX};

/// Why an entry does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// More events are pending than a key can tell apart.
    #[error("more than {} events are pending: some node sends without bound", key::NO_SLOT)]
    Full,
    /// More events were ever queued than a key can order.
    #[error("more than {} events were queued in one run", 1_u64 << ORDER_BITS)]
    Worn,
}

/// Entries of type `T`, each due at a time; entries of the same time in the order that they were given.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    agenda: Agenda,
    slab: Slab<T>,
    /// Keys whose entries were taken out of turn.
    taken: usize,
    orders: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { agenda: Agenda::new(), slab: Slab::new(), taken: 0, orders: 0 }
    }
}

impl<T> Queue<T> {
    /// The next number in the order of simultaneous entries. Fixed when something is decided, even if
    /// it is queued later.
    #[inline]
    pub fn next_order(&mut self) -> u64 {
        self.orders = self.orders.wrapping_add(1);
        self.orders
    }

    /// Queues `payload` for `time`, at the place `order` among simultaneous entries.
    ///
    /// # Errors
    /// Where too many entries are pending or were ever queued.
    #[inline(always)]
    pub fn push(&mut self, time: SimTime, order: u64, payload: T) -> Result<(), QueueError> {
        if ORDER_MAX < order {
            return Err(QueueError::Worn);
        }
        let slot = self.slab.reserve()?;
        let next = self.agenda.insert(Key::new(time, order, slot));
        self.slab.put((time, order), (slot, next), payload);
        Ok(())
    }

    /// Takes the first entry: its time, its order and itself.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, u64, T)> {
        loop {
            let key = self.pop_key(SimTime::MAX)?;
            if let Some(entry) = self.pop_entry(key) {
                return Some((key.time(), key.order(), entry));
            }
        }
    }

    /// Takes the first key, if it is due by `until`. Its entry is to be taken next, by
    /// [`Queue::pop_entry`].
    #[inline(always)]
    pub(crate) fn pop_key(&mut self, until: SimTime) -> Option<Key> {
        self.agenda.pop(until, &mut self.slab)
    }

    /// Takes the entry of a key that was popped; `None` where it had been taken out of turn and left its
    /// key behind.
    #[inline]
    fn pop_entry(&mut self, key: Key) -> Option<T> {
        let entry = self.slab.free(key);
        if entry.is_none() {
            self.taken -= 1;
        }
        entry
    }

    /// Where the entry of a key lies that was popped, to be looked at and taken at once. `None` where it had been taken out
    /// of turn and left its key behind.
    #[inline(always)]
    pub(crate) fn release(&mut self, key: Key) -> Option<&mut Option<T>> {
        let place = self.slab.release(key)?;
        if place.is_none() {
            self.taken -= 1;
            return None;
        }
        Some(place)
    }

    /// The time of the first entry.
    pub fn peek_time(&self) -> Option<SimTime> {
        // A key whose entry was taken out of turn may be first; then the true first is not earlier.
        self.agenda.first_time(&self.slab)
    }

    fn sorted(&self) -> Vec<(Key, &T)> {
        let mut entries: Vec<(Key, &T)> = self.slab.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }

    /// All entries with their times, first due first. Costs a sort: for views, not for steps.
    pub fn entries(&self) -> Vec<(SimTime, &T)> {
        self.sorted().into_iter().map(|(key, entry)| (key.time(), entry)).collect()
    }

    /// Takes out of turn the first entry that `wanted` accepts. Costs a sort: for interventions.
    pub fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let (key, _) = self.sorted().into_iter().find(|(_, entry)| wanted(entry))?;
        self.taken += 1;
        self.slab.take(key)
    }

    /// How many entries are pending.
    pub fn len(&self) -> usize {
        self.agenda.len() - self.taken
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there is room for without asking for more: what was ever pending at once.
    pub fn capacity(&self) -> usize {
        self.slab.len()
    }
}
