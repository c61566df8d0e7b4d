//! The order of keys: a front and a heap while little is pending, a calendar beside the heap when much is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::SimTime;

use super::calendar::{Calendar, Size};
use super::key::{Key, NO_KEY, NO_SLOT};
use super::slab::Slab;

/// A calendar is opened where so many keys are pending, and closed where a quarter of them are.
const MANY: usize = 32;
/// Keys after which the agenda looks for the first time at what it does; while it is content, it looks
/// half as often each time.
const PERIOD_MIN: u64 = 512;
/// It looks at least this often.
const PERIOD_MAX: u64 = 1 << 16;

/// Keys in order. What it does follows from what it was given, and only its speed depends on how it does it.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// The first key, if it is not in the heap. What is due before all else, as in a quiet system or
    /// at zero latency, never goes through the heap. Not used beside a calendar.
    front: Key,
    heap: BinaryHeap<Reverse<Key>>,
    calendar: Option<Box<Calendar>>,
    /// Keys popped from the heap while there is no calendar.
    seen: u64,
    period: u64,
}

impl Agenda {
    pub(super) const fn new() -> Self {
        let heap = BinaryHeap::new();
        Self { front: NO_KEY, heap, calendar: None, seen: 0, period: PERIOD_MIN }
    }

    /// Takes in `key`: the slot that is behind its own in the list of its day, if there is one.
    #[inline(always)]
    pub(super) fn insert(&mut self, key: Key) -> u32 {
        let Some(calendar) = &mut self.calendar else { return self.insert_quiet(key) };
        calendar.insert(key).unwrap_or_else(|| {
            self.heap.push(Reverse(key));
            NO_SLOT
        })
    }

    /// The same where there is no calendar.
    #[inline(always)]
    fn insert_quiet(&mut self, key: Key) -> u32 {
        if self.front.is_none() {
            if self.heap.peek().is_none_or(|Reverse(top)| key < *top) {
                self.front = key;
            } else {
                self.heap.push(Reverse(key));
            }
        } else {
            let later = key.max(self.front);
            self.front = key.min(self.front);
            self.heap.push(Reverse(later));
        }
        NO_SLOT
    }

    /// Takes the first key, if it is due by `until`.
    #[inline(always)]
    pub(super) fn pop<T>(&mut self, until: SimTime, slab: &mut Slab<T>) -> Option<Key> {
        if let Some(calendar) = &mut self.calendar {
            if let Some(first) = calendar.first_today() {
                let is_first = self.heap.peek().is_none_or(|Reverse(top)| first < *top);
                if is_first && first.time() <= until {
                    calendar.pop_today();
                    return Some(first);
                }
            }
            return self.pop_turning(until, slab);
        }
        self.pop_quiet(until, slab)
    }

    /// Takes the first key where there is no calendar.
    #[inline(always)]
    fn pop_quiet<T>(&mut self, until: SimTime, slab: &mut Slab<T>) -> Option<Key> {
        if self.front.is_none() {
            return self.pop_heap(until, slab);
        }
        if self.front.time() <= until {
            return Some(std::mem::replace(&mut self.front, NO_KEY));
        }
        None
    }

    /// Takes the first key of the heap; there is no calendar and no front.
    #[inline]
    fn pop_heap<T>(&mut self, until: SimTime, slab: &mut Slab<T>) -> Option<Key> {
        self.heap.peek().filter(|Reverse(key)| key.time() <= until)?;
        self.seen += 1;
        if PERIOD_MIN <= self.seen {
            self.seen = 0;
            if MANY <= self.heap.len() {
                self.resize(None, slab);
                return self.pop_turning(until, slab);
            }
        }
        self.heap.pop().map(|Reverse(key)| key)
    }

    /// Takes the first key where it is not simply the next of today.
    #[inline(never)]
    fn pop_turning<T>(&mut self, until: SimTime, slab: &mut Slab<T>) -> Option<Key> {
        loop {
            let top = self.heap.peek().map_or(NO_KEY, |Reverse(top)| *top);
            let Some(calendar) = &mut self.calendar else { return self.pop_quiet(until, slab) };
            // Also on a day that never ends, because it is far too long.
            if self.period <= calendar.habits.seen() {
                self.review(slab);
                continue;
            }
            if let Some(first) = calendar.first_today() {
                if until < first.min(top).time() {
                    return None;
                }
                if first < top {
                    calendar.pop_today();
                    return Some(first);
                }
                calendar.habits.aside += 1;
                return self.heap.pop().map(|Reverse(key)| key);
            }
            if let Some((day, start)) = calendar.next_day()
                && start <= top.time()
            {
                if until < start {
                    return None;
                }
                calendar.begin(day, slab);
                if let Some(first) = calendar.first_today()
                    && first < top
                    && first.time() <= until
                {
                    calendar.pop_today();
                    return Some(first);
                }
                continue;
            }
            if top.is_none() || until < top.time() {
                return None;
            }
            calendar.pass(top.time());
            return self.heap.pop().map(|Reverse(key)| key);
        }
    }

    /// Looks at what the calendar did, and changes or closes it where another one would do better.
    #[cold]
    fn review<T>(&mut self, slab: &mut Slab<T>) {
        let pending = self.len();
        let Some(calendar) = &mut self.calendar else { return };
        let size = calendar.better_size();
        if size == Some(calendar.size()) && MANY / 4 <= pending {
            calendar.habits = super::calendar::Habits::default();
            self.period = (self.period * 2).min(PERIOD_MAX);
            return;
        }
        self.resize(size, slab);
    }

    /// Makes a calendar of `size`, or of one that fits the keys; or none where they are few.
    #[cold]
    fn resize<T>(&mut self, size: Option<Size>, slab: &mut Slab<T>) {
        let mut keys: Vec<Key> = self.heap.drain().map(|Reverse(key)| key).collect();
        if let Some(mut calendar) = self.calendar.take() {
            keys.extend(calendar.drain(slab));
        }
        keys.sort_unstable();
        self.period = PERIOD_MIN.max(keys.len() as u64);
        let times: Vec<SimTime> = keys.iter().map(|key| key.time()).collect();
        let first = times.first().copied().unwrap_or(SimTime::ZERO);
        if MANY / 4 <= keys.len()
            && let Some(size) = size.or_else(|| Size::fitting(&times))
        {
            self.calendar = Some(Box::new(Calendar::new(size, first)));
        }
        for key in keys {
            let next = self.insert(key);
            slab.link(key, next);
        }
    }

    /// The time of the first key.
    pub(super) fn first_time<T>(&self, slab: &Slab<T>) -> Option<SimTime> {
        let top = self.heap.peek().map(|Reverse(key)| key.time());
        let front = Some(self.front).filter(|key| !key.is_none()).map(Key::time);
        let today = self.calendar.as_ref().and_then(|calendar| {
            let first = calendar.first_today().map(Key::time);
            first.or_else(|| calendar.first_of(calendar.next_day()?.0, slab))
        });
        [front, top, today].into_iter().flatten().min()
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        let calendar = self.calendar.as_ref().map_or(0, |calendar| calendar.len());
        self.heap.len() + usize::from(!self.front.is_none()) + calendar
    }

    /// How many keys are in the calendar, of how many.
    #[cfg(test)]
    pub(super) fn in_calendar(&self) -> (usize, usize) {
        (self.calendar.as_ref().map_or(0, |calendar| calendar.len()), self.len())
    }
}
