//! Where the payloads lie: slots that are used again, the last freed one first, because it is still in the cache.

use crate::time::SimTime;

use super::QueueError;
use super::key::{Key, NO_SLOT, SLOT_BITS};

/// One slot. It knows its own key, so that a list of slots is a list of keys.
#[derive(Clone, Debug)]
struct Slot<T> {
    time: SimTime,
    /// The order, and the next slot of the list in which this one is.
    link: u64,
    /// `None` where it is free, or was taken out of turn.
    payload: Option<T>,
}

/// Payloads in slots.
#[derive(Clone, Debug)]
pub(super) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The first of the list of free slots.
    free: u32,
    /// How many slots there may be.
    pub(super) limit: u32,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: NO_SLOT, limit: NO_SLOT }
    }

    /// The slot that takes the next payload.
    ///
    /// # Errors
    /// Where no slot is left.
    #[inline(always)]
    pub(super) fn reserve(&mut self) -> Result<u32, QueueError> {
        if self.free == NO_SLOT {
            self.grow()?;
        }
        Ok(self.free)
    }

    /// Puts `payload` into the slot `own`, which was reserved, at the head of the list that begins with `next`.
    #[inline(always)]
    pub(super) fn put(
        &mut self,
        (time, order): (SimTime, u64),
        (own, next): (u32, u32),
        payload: T,
    ) {
        let slot = &mut self.slots[own as usize];
        self.free = slot.link as u32 & NO_SLOT;
        slot.time = time;
        slot.link = order << SLOT_BITS | u64::from(next);
        // The only place that takes the payload, so that it is built where it stays.
        slot.payload = Some(payload);
    }

    #[cold]
    fn grow(&mut self) -> Result<(), QueueError> {
        if self.limit as usize <= self.slots.len() {
            return Err(QueueError::Full);
        }
        self.free = self.slots.len() as u32;
        self.slots.push(Slot { time: SimTime::ZERO, link: u64::from(NO_SLOT), payload: None });
        Ok(())
    }

    /// Frees the slot of `key` and returns what lay there.
    #[inline]
    pub(super) fn free(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.slot() as usize)?;
        slot.link = u64::from(self.free);
        self.free = key.slot();
        slot.payload.take()
    }

    /// Frees the slot of `key`: what lies there is to be taken, or it stays until the slot is used again.
    #[inline(always)]
    pub(super) fn release(&mut self, key: Key) -> Option<&mut Option<T>> {
        let slot = self.slots.get_mut(key.slot() as usize)?;
        slot.link = u64::from(self.free);
        self.free = key.slot();
        Some(&mut slot.payload)
    }

    /// Takes the payload of `key` and leaves the slot to be freed when its turn comes.
    pub(super) fn take(&mut self, key: Key) -> Option<T> {
        self.slots.get_mut(key.slot() as usize)?.payload.take()
    }

    /// Puts `key` at the head of the list that begins with `next`.
    #[inline(always)]
    pub(super) fn link(&mut self, key: Key, next: u32) {
        self.slots[key.slot() as usize].link = key.order() << SLOT_BITS | u64::from(next);
    }

    /// The key in `slot`, and the slot behind it in its list.
    #[inline(always)]
    pub(super) fn follow(&self, slot: u32) -> (Key, u32) {
        let Slot { time, link, .. } = &self.slots[slot as usize];
        (Key::new(*time, *link >> SLOT_BITS, slot), *link as u32 & NO_SLOT)
    }

    /// All that has a payload, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        let slots = (0..).zip(&self.slots);
        slots.filter_map(|(own, slot)| {
            let payload = slot.payload.as_ref()?;
            Some((Key::new(slot.time, slot.link >> SLOT_BITS, own), payload))
        })
    }

    /// How many slots there are, used or free.
    pub(super) const fn len(&self) -> usize {
        self.slots.len()
    }
}
