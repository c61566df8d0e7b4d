//! The timers of one node. Each keeps one entry in the event queue, which chases the deadline: re-arming a
//! timer for later leaves nothing behind.

use crate::time::{LocalTime, SimTime};

/// One timer that is or was armed.
#[derive(Clone, Debug)]
struct Armed<T> {
    timer: T,
    /// When it is due by the node's clock; `None` while it is not armed.
    deadline: Option<LocalTime>,
    /// The same in true time; `None` where the clock will never get there.
    due: Option<SimTime>,
    /// Its place among simultaneous events, fixed when it was armed.
    order: u64,
    /// The number of the event that armed it.
    set_by: u64,
    /// The entry of the queue that stands for it: when it pops and its name.
    entry: Option<(SimTime, u64)>,
}

/// The timers of one node.
#[derive(Clone, Debug)]
pub(crate) struct Timers<T> {
    armed: Vec<Armed<T>>,
    /// Entries ever named: a name is never used twice, also across crashes.
    entries: u64,
}

/// What an entry of the queue turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chase<T> {
    /// The timer is due now; the event of that number had armed it.
    Due(T, u64),
    /// The timer was moved: the entry belongs at this time and order.
    Later(SimTime, u64),
    /// The timer was cancelled, or another entry stands for it.
    Stale,
}

/// A queue entry to be made: time, order, name.
pub(crate) type Entry = (SimTime, u64, u64);

impl<T: Copy + Ord> Timers<T> {
    pub(crate) const fn new() -> Self {
        Self { armed: Vec::new(), entries: 0 }
    }

    /// Arms or moves `timer`. Returns the queue entry to be made, if the one there is does not serve.
    #[inline(always)]
    pub(crate) fn set(
        &mut self,
        timer: T,
        deadline: LocalTime,
        due: Option<SimTime>,
        order: u64,
        set_by: u64,
    ) -> Option<Entry> {
        let Some(armed) = self.armed.iter_mut().find(|armed| armed.timer == timer) else {
            let armed = Armed { timer, deadline: Some(deadline), due, order, set_by, entry: None };
            return self.add(armed);
        };
        (armed.deadline, armed.due) = (Some(deadline), due);
        (armed.order, armed.set_by) = (order, set_by);
        Self::entry(armed, &mut self.entries)
    }

    #[cold]
    fn add(&mut self, mut armed: Armed<T>) -> Option<Entry> {
        let entry = Self::entry(&mut armed, &mut self.entries);
        self.armed.push(armed);
        entry
    }

    #[inline]
    fn entry(armed: &mut Armed<T>, entries: &mut u64) -> Option<Entry> {
        let due = armed.due?;
        if armed.entry.is_some_and(|(time, _)| time <= due) {
            return None;
        }
        *entries += 1;
        armed.entry = Some((due, *entries));
        Some((due, armed.order, *entries))
    }

    /// Disarms `timer`. Its queue entry stays and will be stale, or serve when it is armed again.
    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(armed) = self.armed.iter_mut().find(|armed| armed.timer == timer) {
            (armed.deadline, armed.due) = (None, None);
        }
    }

    /// The entry `name` with `order` popped at `now`: what it means.
    #[inline]
    pub(crate) fn popped(&mut self, name: u64, order: u64, now: SimTime) -> Chase<T> {
        let entry = self.armed.iter_mut().find(|armed| armed.entry.is_some_and(|(_, n)| n == name));
        let Some(armed) = entry else { return Chase::Stale };
        match armed.due {
            Some(due) if due <= now && armed.order == order => {
                (armed.deadline, armed.due, armed.entry) = (None, None, None);
                Chase::Due(armed.timer, armed.set_by)
            }
            Some(due) => {
                armed.entry = Some((due, name));
                Chase::Later(due, armed.order)
            }
            None => {
                armed.entry = None;
                Chase::Stale
            }
        }
    }

    /// Disarms an armed timer, because it comes due now by force; whether it was armed.
    pub(crate) fn fire(&mut self, timer: T) -> bool {
        let is_armed = self.armed().any(|(armed, _, _)| armed == timer);
        self.cancel(timer);
        is_armed
    }

    /// The clock changed: finds all due times anew. Returns the queue entries to be made, and how many
    /// timers moved.
    pub(crate) fn remap(
        &mut self,
        when: impl Fn(LocalTime) -> Option<SimTime>,
    ) -> (Vec<Entry>, u64) {
        let (mut made, mut moved) = (Vec::new(), 0);
        for armed in &mut self.armed {
            if let Some(deadline) = armed.deadline {
                let due = when(deadline);
                moved += u64::from(due != armed.due);
                armed.due = due;
                made.extend(Self::entry(armed, &mut self.entries));
            }
        }
        (made, moved)
    }

    /// A crash: forgets all timers.
    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// The armed timers with their deadlines and true due times, in the order of first arming.
    pub(crate) fn armed(&self) -> impl Iterator<Item = (T, LocalTime, Option<SimTime>)> {
        self.armed.iter().filter_map(|a| a.deadline.map(|deadline| (a.timer, deadline, a.due)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    fn set(timers: &mut Timers<char>, timer: char, due: u64, order: u64) -> Option<Entry> {
        timers.set(timer, LocalTime::from_nanos(due.cast_signed()), Some(at(due)), order, 0)
    }

    #[test]
    fn moving_a_timer_later_makes_no_new_entry() {
        let mut timers = Timers::new();
        assert_eq!(set(&mut timers, 'e', 10, 1), Some((at(10), 1, 1)));
        assert_eq!(set(&mut timers, 'e', 30, 2), None);
        assert_eq!(timers.popped(1, 1, at(10)), Chase::Later(at(30), 2));
        assert_eq!(timers.popped(1, 2, at(30)), Chase::Due('e', 0));
        assert_eq!(timers.popped(1, 2, at(30)), Chase::Stale);
    }

    #[test]
    fn moving_a_timer_earlier_leaves_one_stale_entry() {
        let mut timers = Timers::new();
        set(&mut timers, 'e', 30, 1);
        assert_eq!(set(&mut timers, 'e', 10, 2), Some((at(10), 2, 2)));
        assert_eq!(timers.popped(2, 2, at(10)), Chase::Due('e', 0));
        assert_eq!(timers.popped(1, 1, at(30)), Chase::Stale);
    }

    #[test]
    fn a_cancelled_timer_never_fires_and_may_be_armed_again() {
        let mut timers = Timers::new();
        set(&mut timers, 'e', 10, 1);
        timers.cancel('e');
        assert_eq!(set(&mut timers, 'e', 20, 2), None);
        assert_eq!(timers.popped(1, 1, at(10)), Chase::Later(at(20), 2));
        timers.cancel('e');
        assert_eq!(timers.popped(1, 2, at(20)), Chase::Stale);
        assert_eq!(timers.armed().count(), 0);
    }

    #[test]
    fn the_place_among_simultaneous_events_is_that_of_the_arming() {
        let mut timers = Timers::new();
        set(&mut timers, 'e', 10, 1);
        set(&mut timers, 'e', 10, 5);
        assert_eq!(timers.popped(1, 1, at(10)), Chase::Later(at(10), 5));
        assert_eq!(timers.popped(1, 5, at(10)), Chase::Due('e', 0));
    }
}
