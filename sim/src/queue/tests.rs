//! The queue pops as an ordered map does, whatever happens to it.

use std::cmp::Reverse;
use std::collections::btree_map::OccupiedEntry;
use std::collections::{BTreeMap, BinaryHeap};

use proptest::prelude::*;

use super::key::ORDER_MAX;
use super::*;

/// What a test does to a queue.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// So many, so far behind the last that popped, so far apart.
    Push(u8, u64, u64),
    Pop(u8),
    PopBy(u64),
    Take(u64),
    Clone,
}

/// Times from the next nanosecond to hours away: what latencies, timers and plans ask for, all in one run.
fn distance() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => 0_u64..20,
        2 => 0_u64..10_000_000,
        1 => (0_u32..45).prop_map(|bits| 1 << bits),
    ]
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (1_u8..60, distance(), distance()).prop_map(|(n, after, gap)| Deed::Push(n, after, gap)),
        3 => (1_u8..=255).prop_map(Deed::Pop),
        1 => distance().prop_map(Deed::PopBy),
        1 => (0_u64..2_000).prop_map(Deed::Take),
        1 => Just(Deed::Clone),
    ];
    prop::collection::vec(deed, 0..120)
}

/// A queue and the ordered map that it must not differ from.
#[derive(Default)]
struct Pair {
    queue: Queue<u64>,
    model: BTreeMap<(SimTime, u64), u64>,
    now: u64,
}

impl Pair {
    fn push(&mut self, time: u64) {
        let (time, order) = (SimTime::from_nanos(time), self.queue.next_order());
        self.queue.push(time, order, order * 3).unwrap();
        self.model.insert((time, order), order * 3);
    }

    fn pop(&mut self) {
        let popped = self.queue.pop().map(|(time, order, entry)| ((time, order), entry));
        assert_eq!(popped, self.model.pop_first());
        self.now = popped.map_or(self.now, |((time, _), _)| time.as_nanos());
    }

    fn pop_by(&mut self, until: SimTime) {
        let first = self.model.first_entry().filter(|first| first.key().0 <= until);
        let expected = first.map(OccupiedEntry::remove);
        let mut popped = None;
        while popped.is_none()
            && let Some(key) = self.queue.pop_key(until)
        {
            popped = self.queue.pop_entry(key);
        }
        assert_eq!(popped, expected);
    }

    fn take(&mut self, number: u64) {
        // Counted from the oldest that is still pending, so that there mostly is one.
        let oldest = self.model.values().min().copied().unwrap_or(0);
        let wanted = oldest + number * 3;
        let place = self.model.iter().find(|(_, entry)| **entry == wanted);
        let place = place.map(|(place, _)| *place);
        let taken = self.queue.take(|entry| *entry == wanted);
        assert_eq!(taken, place.and_then(|place| self.model.remove(&place)));
    }

    fn agree(&self) {
        assert_eq!(self.queue.len(), self.model.len());
        assert_eq!(self.queue.is_empty(), self.model.is_empty());
        let times = self.queue.entries().into_iter().map(|(time, entry)| (time, *entry));
        let expected = self.model.iter().map(|((time, _), entry)| (*time, *entry));
        assert!(times.eq(expected));
        // Exact unless the first was taken out of turn.
        let first = self.model.keys().next().map(|(time, _)| *time);
        assert!(first.is_none() || self.queue.peek_time() <= first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn it_behaves_as_an_ordered_map_does(deeds in deeds()) {
        let mut pair = Pair::default();
        for deed in deeds {
            match deed {
                Deed::Push(count, after, gap) => {
                    for place in 0..u64::from(count) {
                        pair.push(pair.now.saturating_add(after).saturating_add(place * gap));
                    }
                }
                Deed::Pop(count) => (0..count).for_each(|_| pair.pop()),
                Deed::PopBy(after) => pair.pop_by(SimTime::from_nanos(pair.now + after)),
                Deed::Take(number) => pair.take(number),
                Deed::Clone => pair.queue = pair.queue.clone(),
            }
            pair.agree();
        }
        while !pair.model.is_empty() {
            pair.pop();
        }
        pair.agree();
    }
}

/// A run long enough for a calendar to be opened, resized and closed, beside the heap that the engine had first.
fn long_run(pending: u64, distance: impl Fn(u64) -> u64) -> Queue<u64> {
    let (mut queue, mut heap) = (Queue::default(), BinaryHeap::new());
    let mut random = 1_u64;
    let mut draw = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random >> 11
    };
    let mut push = |queue: &mut Queue<u64>, heap: &mut BinaryHeap<_>, now: u64| {
        let time = SimTime::from_nanos(now + distance(draw()));
        let order = queue.next_order();
        queue.push(time, order, order).unwrap();
        heap.push(Reverse((time, order)));
    };
    (0..pending).for_each(|_| push(&mut queue, &mut heap, 0));
    for _ in 0..pending * 20 {
        let Reverse(expected) = heap.pop().unwrap();
        let popped = queue.pop().unwrap();
        assert_eq!((popped.0, popped.1), expected);
        push(&mut queue, &mut heap, expected.0.as_nanos());
    }
    let busiest = queue.clone();
    while let Some(Reverse((time, order))) = heap.pop() {
        assert_eq!(queue.pop(), Some((time, order, order)));
    }
    assert!(queue.is_empty());
    busiest
}

#[test]
fn it_pops_as_a_heap_does_whatever_the_distances() {
    for pending in [1, 7, 40, 3_000] {
        long_run(pending, |random| 1_000_000 + random % 9_000_000);
        long_run(pending, |_| 5_000_000);
        long_run(pending, |random| random % 3);
        long_run(pending, |random| 1 << (random % 40));
        // A storm of near ones, and few that are far away.
        long_run(pending, |random| if random % 50 == 0 { 1 << 40 } else { random % 1_000 });
        // Times of different lengths, all in step: timers of one period.
        long_run(pending, |random| (1 + random % 4) * 1_000_000);
    }
}

#[test]
fn a_queue_with_much_in_it_opens_a_calendar_that_fits() {
    let spread = long_run(3_000, |random| 1_000_000 + random % 99_000_000);
    let (in_calendar, pending) = spread.agenda.in_calendar();
    assert_eq!(pending, 3_000);
    assert!(pending * 9 / 10 < in_calendar, "{in_calendar} of {pending}");
    assert_eq!(long_run(7, |random| random % 100).agenda.in_calendar().0, 0);
}

#[test]
fn slots_are_used_again() {
    let queue = long_run(40, |random| random % 1_000);
    assert_eq!(queue.capacity(), 40);
}

#[test]
fn an_entry_can_be_taken_out_of_turn() {
    let mut queue = Queue::default();
    for (time, name) in [(3, 'c'), (1, 'a'), (2, 'b')] {
        let order = queue.next_order();
        queue.push(SimTime::from_nanos(time), order, name).unwrap();
    }
    assert_eq!(queue.take(|name| 'b' <= *name), Some('b'));
    let names: Vec<char> = std::iter::from_fn(|| queue.pop().map(|(_, _, name)| name)).collect();
    assert_eq!(names, ['a', 'c']);
    assert!(queue.is_empty());
}

#[test]
fn the_end_of_time_is_a_time() {
    let mut pair = Pair::default();
    for before in 0..2_000 {
        pair.push(u64::MAX - before / 2);
    }
    (0..1_000).for_each(|_| pair.pop());
    pair.push(u64::MAX);
    pair.agree();
    (0..=1_001).for_each(|_| pair.pop());
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
    let mut queue = Queue::<()>::default();
    queue.slab.limit = 3;
    for order in 1..=3 {
        queue.push(SimTime::MAX, order, ()).unwrap();
    }
    assert_eq!(queue.push(SimTime::MAX, 4, ()), Err(QueueError::Full));
    queue.pop();
    assert_eq!(queue.push(SimTime::MAX, 4, ()), Ok(()));
    assert!(QueueError::Full.to_string().contains("some node sends without bound"));
}
