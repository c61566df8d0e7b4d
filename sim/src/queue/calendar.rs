//! A calendar: the near future as a ring of days of equal length. What is due on a later day goes onto that
//! day's list unsorted; a day is sorted when it comes. (Brown: Calendar queues, 1988, with lists that are sorted late.)

use crate::time::SimTime;

use super::key::{Key, NO_SLOT};
use super::slab::Slab;

/// Days in the shortest ring: one word of the map of days in use.
const DAYS_MIN: usize = 64;
/// Days in the longest ring.
const DAYS_MAX: usize = 1 << 16;
/// The shortest day, as an exponent: the number of a day always has room for one more.
const SHIFT_MIN: u32 = 1;
/// The longest day, as an exponent.
const SHIFT_MAX: u32 = 62;
/// How far keys are moved, each on average, until a day is no longer sorted by insertion.
const MOVES: usize = 8;
/// How many of the keys due first tell how long a day should be: those far away, such as the timers of idle nodes, say
/// nothing of the days to come.
const SAMPLE: usize = 32;
/// A key that is due today is inserted among those of today while they are no more than these.
const TODAY_MAX: usize = 32;
/// The least and the most that should happen on a day, on average over the events: with less the ring turns too
/// often, with more there is much to sort. What happens at one moment counts as one, for no ring takes it apart.
const BUSY: (u64, u64) = (5, 10);

/// A ring of days.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// A day has 2^shift nanoseconds.
    shift: u32,
    /// The number of days, less one.
    mask: u64,
    /// The number of the day whose keys are in `keys`, from the start of the run.
    today: u64,
    /// What is left of today, the last first.
    keys: Vec<Key>,
    /// The lists of the days after today, each by the first slot.
    days: Vec<u32>,
    /// One bit for each day that has a list.
    used: Vec<u64>,
    /// How many keys are on the lists.
    listed: usize,
    pub(super) habits: Habits,
}

/// What the calendar did since it looked at itself for the last time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// Keys of the days that began.
    keys: u64,
    /// For each of them, how many moments of its day had a key.
    company: u64,
    /// Keys that were too far ahead for the ring.
    beyond: u64,
    /// Keys that popped without having been on a day's list.
    pub(super) aside: u64,
}

impl Habits {
    /// How much there is to judge by.
    pub(super) const fn seen(&self) -> u64 {
        self.keys + self.aside
    }
}

/// The size of a ring: the length of a day as an exponent, and how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    shift: u32,
    days: usize,
}

impl Size {
    /// For keys of these times, first due first: nearly two for each of the days to come.
    pub(super) fn fitting(times: &[SimTime]) -> Option<Self> {
        let first = times.first()?;
        let apart = |place: usize| times[place].since(*first).as_nanos();
        // Those due first tell most; where they are all due at once, more are asked.
        let last = times.len() - 1;
        let mut place = SAMPLE.min(last);
        while apart(place) == 0 {
            if place == last {
                return None;
            }
            place = (place * 2).min(last);
        }
        let length = (apart(place) / place as u64).saturating_mul(2).max(1);
        // As many days as have something to hold: not those that lie before the timers of idle nodes.
        let end = first.as_nanos().saturating_add(length.saturating_mul(times.len() as u64));
        let near = times.partition_point(|time| time.as_nanos() <= end);
        Some(Self { shift: length.ilog2().clamp(SHIFT_MIN, SHIFT_MAX), days: Self::days(near * 2) })
    }

    const fn days(wanted: usize) -> usize {
        if wanted <= DAYS_MIN {
            DAYS_MIN
        } else if DAYS_MAX <= wanted {
            DAYS_MAX
        } else {
            wanted.next_power_of_two()
        }
    }
}

impl Calendar {
    /// A calendar in use, whose first day is the one before `first`.
    pub(super) fn new(size: Size, first: SimTime) -> Self {
        Self {
            shift: size.shift,
            mask: size.days as u64 - 1,
            today: (first.as_nanos() >> size.shift).saturating_sub(1),
            keys: Vec::new(),
            days: vec![NO_SLOT; size.days],
            used: vec![0; size.days / 64],
            listed: 0,
            habits: Habits::default(),
        }
    }

    pub(super) const fn size(&self) -> Size {
        Size { shift: self.shift, days: self.days.len() }
    }

    /// How many keys it has.
    pub(super) const fn len(&self) -> usize {
        self.listed + self.keys.len()
    }

    /// Takes in `key`, if it is due on a day of the ring, or today while today is short: the slot behind it in its list.
    #[inline(always)]
    pub(super) fn insert(&mut self, key: Key) -> Option<u32> {
        let day = key.time().as_nanos() >> self.shift;
        if self.mask < day.wrapping_sub(self.today).wrapping_sub(1) {
            return self.insert_today(key, day).then_some(NO_SLOT);
        }
        let place = (day & self.mask) as usize;
        self.used[place / 64] |= 1 << (place % 64);
        self.listed += 1;
        Some(std::mem::replace(&mut self.days[place], key.slot()))
    }

    /// Whether it has taken `key` in, which is not due on a later day of the ring.
    #[inline(never)]
    fn insert_today(&mut self, key: Key, day: u64) -> bool {
        if self.today < day {
            self.habits.beyond += 1;
            return false;
        }
        if TODAY_MAX <= self.keys.len() {
            return false;
        }
        let place = self.keys.partition_point(|own| key < *own);
        self.keys.insert(place, key);
        self.habits.aside += 1;
        true
    }

    /// The first key of what is left of today.
    #[inline(always)]
    pub(super) fn first_today(&self) -> Option<Key> {
        self.keys.last().copied()
    }

    /// Takes that key.
    #[inline(always)]
    pub(super) fn pop_today(&mut self) {
        self.keys.pop();
    }

    /// The next day on which something is due, and when it begins.
    #[inline(always)]
    pub(super) fn next_day(&self) -> Option<(u64, SimTime)> {
        if self.listed == 0 {
            return None;
        }
        let tomorrow = self.today + 1;
        let start = (tomorrow & self.mask) as usize;
        let (mut word, mut bits) = (start / 64, self.used[start / 64] & (u64::MAX << (start % 64)));
        while bits == 0 {
            word = if word + 1 == self.used.len() { 0 } else { word + 1 };
            bits = self.used[word];
        }
        let place = (word * 64) as u64 + u64::from(bits.trailing_zeros());
        let day = tomorrow + (place.wrapping_sub(tomorrow) & self.mask);
        Some((day, SimTime::from_nanos(day << self.shift)))
    }

    /// Begins `day`, which is the next one with a list.
    #[inline]
    pub(super) fn begin<T>(&mut self, day: u64, slab: &Slab<T>) {
        let place = (day & self.mask) as usize;
        self.today = day;
        self.used[place / 64] &= !(1 << (place % 64));
        let next = std::mem::replace(&mut self.days[place], NO_SLOT);
        self.fetch(next, slab);
        let count = self.keys.len();
        self.listed -= count;
        self.habits.keys += count as u64;
        // Few keys are no crowd, at whatever moments.
        let moments = if count as u64 <= BUSY.1 { count as u64 } else { moments(&self.keys) };
        self.habits.company += count as u64 * moments;
    }

    /// Puts the list from `next` on into `keys`, the last first. A list begins with what was queued last, so that timers of
    /// one moment come in their order.
    #[inline(always)]
    fn fetch<T>(&mut self, mut next: u32, slab: &Slab<T>) {
        let keys = &mut self.keys;
        let mut moves = 0;
        while next != NO_SLOT {
            let (key, behind) = slab.follow(next);
            next = behind;
            keys.push(key);
            if keys.len() < moves / MOVES {
                return self.fetch_many(next, slab);
            }
            moves += sink(keys, key);
        }
    }

    /// The same for the rest of a list that is in no order.
    #[cold]
    fn fetch_many<T>(&mut self, mut next: u32, slab: &Slab<T>) {
        while next != NO_SLOT {
            let (key, behind) = slab.follow(next);
            next = behind;
            self.keys.push(key);
        }
        self.keys.sort_unstable_by(|one, other| other.cmp(one));
    }

    /// Time went on to `time` without a day of the ring: no list is that early.
    #[inline]
    pub(super) fn pass(&mut self, time: SimTime) {
        self.habits.aside += 1;
        self.today = self.today.max(time.as_nanos() >> self.shift);
    }

    /// The size that it should have, by what it did; `None` where that says nothing.
    pub(super) fn better_size(&self) -> Option<Size> {
        // What waits far beyond the ring needs no days.
        let pending = self.len();
        let Habits { keys, company, beyond, aside } = self.habits;
        if keys < aside {
            return None;
        }
        let (low, high) = BUSY;
        let (mut shift, mut days) = (self.shift, self.days.len());
        let busy = company / keys.max(1);
        if busy < low {
            shift = (shift + 1).min(SHIFT_MAX);
        } else if high < busy {
            // The same stretch of time in shorter days.
            let finer = (busy / high).ilog2().max(1).min(shift - SHIFT_MIN);
            shift -= finer;
            days = (days << finer.min(8)).min(pending * 2);
        }
        if keys < beyond * 8 && days < pending * 2 {
            days *= 2;
        } else if pending * 8 < days {
            days /= 2;
        }
        Some(Size { shift, days: Size::days(days) })
    }

    /// Takes all keys out, in no order.
    pub(super) fn drain<T>(&mut self, slab: &Slab<T>) -> Vec<Key> {
        let mut keys = std::mem::take(&mut self.keys);
        for head in &mut self.days {
            let mut next = std::mem::replace(head, NO_SLOT);
            while next != NO_SLOT {
                let (key, behind) = slab.follow(next);
                keys.push(key);
                next = behind;
            }
        }
        self.used.fill(0);
        self.listed = 0;
        keys
    }

    /// The first time on the list of `day`.
    pub(super) fn first_of<T>(&self, day: u64, slab: &Slab<T>) -> Option<SimTime> {
        let (mut next, mut first) = (self.days[(day & self.mask) as usize], None);
        while next != NO_SLOT {
            let (key, behind) = slab.follow(next);
            first = first.into_iter().chain([key.time()]).min();
            next = behind;
        }
        first
    }
}

/// Moves `key`, the last of keys that are sorted otherwise, to its place: over how many others.
#[inline(always)]
fn sink(keys: &mut [Key], key: Key) -> usize {
    let mut others = keys.iter_mut().rev();
    let Some(mut hole) = others.next() else { return 0 };
    let mut moves = 0;
    for own in others {
        if key < *own {
            break;
        }
        *hole = *own;
        hole = own;
        moves += 1;
    }
    *hole = key;
    moves
}

/// How many different times sorted keys have.
#[inline(always)]
fn moments(keys: &[Key]) -> u64 {
    let changes = keys.array_windows().filter(|[late, early]| late.time() != early.time());
    1 + changes.count() as u64
}
