//! The event queue: strictly ordered by (time, order), payloads in a slab.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// Bits of the slot in a key.
const SLOT_BITS: u32 = 24;
/// Bits of the order in a key.
const ORDER_BITS: u32 = 40;
/// The last order there is. One more bit pattern stands for no key at all.
const ORDER_MAX: u64 = (1 << ORDER_BITS) - 2;

/// A packed key: time 64 bits, order 40, slot 24. The slot only finds the payload; two keys never agree in
/// time and order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

impl Key {
    #[inline]
    const fn new(time: SimTime, order: u64, slot: u32) -> Self {
        let low = order << SLOT_BITS | slot as u64;
        Self((time.as_nanos() as u128) << 64 | low as u128)
    }

    /// Whether it stands for no key: no key has the last order.
    #[inline]
    const fn is_none(self) -> bool {
        self.0 as u64 == NO_KEY.0 as u64
    }

    #[inline]
    pub(crate) const fn time(self) -> SimTime {
        SimTime::from_nanos((self.0 >> 64) as u64)
    }

    #[inline]
    pub(crate) const fn order(self) -> u64 {
        (self.0 as u64) >> SLOT_BITS
    }

    #[inline]
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

/// Where an entry lies.
#[derive(Clone, Debug)]
enum Slot<T> {
    Used(T),
    /// Taken out of turn: its key is still queued.
    Taken,
    /// Free, and the next free one after it.
    Free(u32),
}

/// No slot is free.
const NO_SLOT: u32 = u32::MAX;
/// No key: later than every key there can be.
const NO_KEY: Key = Key(u128::MAX);

/// Entries of type `T`, each due at a time; entries of the same time in the order that they were given.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    /// The first key, if it is not in the heap. What is due before all else, as in a quiet system or
    /// at zero latency, never goes through the heap.
    front: Key,
    heap: BinaryHeap<Reverse<Key>>,
    slots: Vec<Slot<T>>,
    free: u32,
    /// Keys whose entries were taken out of turn.
    taken: usize,
    orders: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            front: NO_KEY,
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: NO_SLOT,
            taken: 0,
            orders: 0,
        }
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
        if self.free == NO_SLOT {
            self.make_slot()?;
        }
        let slot = self.free;
        let place = &mut self.slots[slot as usize];
        if let Slot::Free(next) = place {
            self.free = *next;
        }
        // The only place that takes the payload, so that it is built where it stays.
        *place = Slot::Used(payload);
        self.insert(Key::new(time, order, slot));
        Ok(())
    }

    #[cold]
    fn make_slot(&mut self) -> Result<(), QueueError> {
        if 1 << SLOT_BITS <= self.slots.len() {
            return Err(QueueError::Full);
        }
        self.free = self.slots.len() as u32;
        self.slots.push(Slot::Free(NO_SLOT));
        Ok(())
    }

    #[inline(always)]
    fn insert(&mut self, key: Key) {
        if self.front.is_none() {
            if self.heap.peek().is_none_or(|Reverse(top)| key < *top) {
                self.front = key;
                return;
            }
        } else if key < self.front {
            self.heap.push(Reverse(std::mem::replace(&mut self.front, key)));
            return;
        }
        self.heap.push(Reverse(key));
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
    #[inline]
    pub(crate) fn pop_key(&mut self, until: SimTime) -> Option<Key> {
        if self.front.is_none() {
            self.heap.peek().filter(|Reverse(key)| key.time() <= until)?;
            self.heap.pop().map(|Reverse(key)| key)
        } else if self.front.time() <= until {
            Some(std::mem::replace(&mut self.front, NO_KEY))
        } else {
            None
        }
    }

    /// The entry of a key that was popped and not yet taken.
    #[inline]
    pub(crate) fn entry(&self, key: Key) -> Option<&T> {
        match self.slots.get(key.slot()) {
            Some(Slot::Used(entry)) => Some(entry),
            Some(Slot::Taken | Slot::Free(_)) | None => None,
        }
    }

    /// Takes the entry of a key that was popped; `None` where it had been taken out of turn and left its
    /// key behind.
    #[inline]
    pub(crate) fn pop_entry(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.slot())?;
        let freed = std::mem::replace(slot, Slot::Free(self.free));
        self.free = key.slot() as u32;
        if let Slot::Used(entry) = freed {
            return Some(entry);
        }
        self.taken -= 1;
        None
    }

    /// The time of the first entry.
    pub fn peek_time(&self) -> Option<SimTime> {
        // A key whose entry was taken out of turn may be first; then the true first is not earlier.
        if self.front.is_none() {
            self.heap.peek().map(|Reverse(key)| key.time())
        } else {
            Some(self.front.time())
        }
    }

    fn sorted_keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.heap.iter().map(|Reverse(key)| *key).collect();
        keys.extend(Some(self.front).filter(|key| !key.is_none()));
        keys.sort_unstable();
        keys
    }

    /// All entries with their times, first due first. Costs a sort: for views, not for steps.
    pub fn entries(&self) -> Vec<(SimTime, &T)> {
        let entry = |key: Key| self.entry(key).map(|entry| (key.time(), entry));
        self.sorted_keys().into_iter().filter_map(entry).collect()
    }

    /// Takes out of turn the first entry that `wanted` accepts. Costs a sort: for interventions.
    pub fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let is_wanted = |key: &Key| self.entry(*key).is_some_and(&wanted);
        let slot = self.sorted_keys().into_iter().find(is_wanted)?.slot();
        self.taken += 1;
        match std::mem::replace(&mut self.slots[slot], Slot::Taken) {
            Slot::Used(entry) => Some(entry),
            Slot::Taken | Slot::Free(_) => None,
        }
    }

    /// How many entries are pending.
    pub fn len(&self) -> usize {
        self.heap.len() + usize::from(!self.front.is_none()) - self.taken
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::btree_map::OccupiedEntry;

    use proptest::prelude::*;

    use super::*;

    /// What a test does to a queue.
    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Push(u64),
        Pop,
        PopBy(u64),
        Take(u64),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            3 => (0_u64..20).prop_map(Deed::Push),
            2 => Just(Deed::Pop),
            1 => (0_u64..20).prop_map(Deed::PopBy),
            1 => (0_u64..40).prop_map(Deed::Take),
        ];
        prop::collection::vec(deed, 0..200)
    }

    proptest! {
        #[test]
        fn it_behaves_as_an_ordered_map_does(deeds in deeds()) {
            let mut queue = Queue::default();
            let mut model = BTreeMap::new();
            for deed in deeds {
                match deed {
                    Deed::Push(time) => {
                        let (time, order) = (SimTime::from_nanos(time), queue.next_order());
                        queue.push(time, order, order * 3).unwrap();
                        model.insert((time, order), order * 3);
                    }
                    Deed::Pop => {
                        let popped = queue.pop().map(|(time, order, entry)| ((time, order), entry));
                        prop_assert_eq!(popped, model.pop_first());
                    }
                    Deed::PopBy(until) => {
                        let until = SimTime::from_nanos(until);
                        let first = model.first_entry().filter(|first| first.key().0 <= until);
                        let expected = first.map(OccupiedEntry::remove);
                        let mut popped = None;
                        while popped.is_none()
                            && let Some(key) = queue.pop_key(until)
                        {
                            popped = queue.pop_entry(key);
                        }
                        prop_assert_eq!(popped, expected);
                    }
                    Deed::Take(order) => {
                        let expected = model.iter().find(|(_, entry)| **entry == order * 3);
                        let key = expected.map(|(key, _)| *key);
                        let taken = queue.take(|entry| *entry == order * 3);
                        prop_assert_eq!(taken, key.and_then(|key| model.remove(&key)));
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
                let times = queue.entries().into_iter().map(|(time, entry)| (time, *entry));
                let expected = model.iter().map(|((time, _), entry)| (*time, *entry));
                prop_assert!(times.eq(expected));
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

    #[test]
    fn a_queue_that_is_worn_out_says_so() {
        let mut queue = Queue::default();
        assert_eq!(queue.push(SimTime::ZERO, ORDER_MAX, ()), Ok(()));
        assert_eq!(queue.push(SimTime::ZERO, ORDER_MAX + 1, ()), Err(QueueError::Worn));
        assert!(QueueError::Worn.to_string().contains("1099511627776"));
    }

    #[test]
    fn a_full_queue_says_so() {
        let slots = (0..1 << SLOT_BITS).map(|_| Slot::Taken).collect();
        let mut queue = Queue::<()> { slots, ..Queue::default() };
        assert_eq!(queue.push(SimTime::MAX, 1, ()), Err(QueueError::Full));
        assert!(QueueError::Full.to_string().contains("some node sends without bound"));
    }
}
