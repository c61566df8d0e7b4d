//! The event queue: strictly ordered by (time, order), payloads in a slab.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// Bits of the slot in a key.
const SLOT_BITS: u32 = 24;
/// Bits of the order in a key.
const ORDER_BITS: u32 = 40;

/// A packed key: time 64 bits, order 40, slot 24. The slot only finds the payload; two keys never agree in
/// time and order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u128);

impl Key {
    #[inline]
    const fn new(time: SimTime, order: u64, slot: u32) -> Self {
        let low = order << SLOT_BITS | slot as u64;
        Self((time.as_nanos() as u128) << 64 | low as u128)
    }

    const fn time(self) -> SimTime {
        SimTime::from_nanos((self.0 >> 64) as u64)
    }

    const fn order(self) -> u64 {
        (self.0 as u64) >> SLOT_BITS
    }

    const fn slot(self) -> usize {
        (self.0 as usize) & ((1 << SLOT_BITS) - 1)
    }
}

/// Why an entry does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// More events are pending than a key can tell apart.
    #[error("more than {} events are pending: some node sends without bound", 1_u32 << SLOT_BITS)]
    Full,
    /// More events were ever queued than a key can order.
    #[error("more than {} events were queued in one run", 1_u64 << ORDER_BITS)]
    Worn,
}

/// Entries of type `T`, each due at a time; entries of the same time in the order that they were given.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Key>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    orders: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), orders: 0 }
    }
}

impl<T> Queue<T> {
    /// The next number in the order of simultaneous entries. Fixed when something is decided, even if
    /// it is queued later.
    #[inline]
    pub fn next_order(&mut self) -> u64 {
        self.orders += 1;
        self.orders
    }

    /// Queues `payload` for `time`, at the place `order` among simultaneous entries.
    ///
    /// # Errors
    /// Where too many entries are pending or were ever queued.
    #[inline]
    pub fn push(&mut self, time: SimTime, order: u64, payload: T) -> Result<(), QueueError> {
        if 1 << ORDER_BITS <= order {
            return Err(QueueError::Worn);
        }
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(payload);
                slot
            }
            None if self.slots.len() < 1 << SLOT_BITS => {
                self.slots.push(Some(payload));
                self.slots.len() as u32 - 1
            }
            None => return Err(QueueError::Full),
        };
        self.heap.push(Reverse(Key::new(time, order, slot)));
        Ok(())
    }

    /// Takes the first entry: its time, its order and itself.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, u64, T)> {
        loop {
            let Reverse(key) = self.heap.pop()?;
            self.free.push(key.slot() as u32);
            // An entry that was taken out of turn leaves its key behind.
            if let Some(payload) = self.slots[key.slot()].take() {
                return Some((key.time(), key.order(), payload));
            }
        }
    }

    /// The time of the first entry.
    pub fn peek_time(&self) -> Option<SimTime> {
        // A key whose entry was taken out of turn may be first; then the true first is not earlier.
        self.heap.peek().map(|Reverse(key)| key.time())
    }

    /// All entries with their times, first due first. Costs a sort: for views, not for steps.
    pub fn entries(&self) -> Vec<(SimTime, &T)> {
        let mut keys: Vec<Key> = self.heap.iter().map(|Reverse(key)| *key).collect();
        keys.sort_unstable();
        let entry = |key: Key| self.slots[key.slot()].as_ref().map(|entry| (key.time(), entry));
        keys.into_iter().filter_map(entry).collect()
    }

    /// Takes out of turn the first entry that `wanted` accepts. Costs a sort: for interventions.
    pub fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let mut keys: Vec<Key> = self.heap.iter().map(|Reverse(key)| *key).collect();
        keys.sort_unstable();
        let is_wanted = |key: &&Key| self.slots[key.slot()].as_ref().is_some_and(&wanted);
        let slot = keys.iter().find(is_wanted)?.slot();
        self.slots[slot].take()
    }

    /// How many entries are pending.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_pops_as_an_ordered_map_does(times in prop::collection::vec((0_u64..20, any::<bool>()), 0..200)) {
            let mut queue = Queue::default();
            let mut model = BTreeMap::new();
            for (time, is_pop) in times {
                if is_pop {
                    let expected = model.pop_first();
                    let popped = queue.pop();
                    prop_assert_eq!(popped.map(|(t, o, p)| ((t, o), p)), expected);
                } else {
                    let (time, order) = (SimTime::from_nanos(time), queue.next_order());
                    queue.push(time, order, order * 3).unwrap();
                    model.insert((time, order), order * 3);
                }
            }
        }
    }

    #[test]
    fn an_entry_can_be_taken_out_of_turn() {
        let mut queue = Queue::default();
        for (time, name) in [(3, 'c'), (1, 'a'), (2, 'b')] {
            let order = queue.next_order();
            queue.push(SimTime::from_nanos(time), order, name).unwrap();
        }
        assert_eq!(queue.take(|name| 'b' <= *name), Some('b'));
        let names: Vec<char> =
            std::iter::from_fn(|| queue.pop().map(|(_, _, name)| name)).collect();
        assert_eq!(names, ['a', 'c']);
        assert!(queue.is_empty());
    }
}
