//! Something for each slot from some slot on: what acceptors have accepted, what replicas have learned. What is before a
//! snapshot is dropped.

use serde::Serialize;

use orrery_sim::Sequence;

use super::numbers::Slot;

/// A map from slots that has a first slot, and few holes behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slots<T> {
    first: Slot,
    items: Sequence<Option<T>>,
}

impl<T> Slots<T> {
    /// One without anything, which begins at `first`.
    pub const fn new(first: Slot) -> Self {
        Self { first, items: Sequence::new() }
    }

    /// The first slot that it may have something for: what was before is forgotten.
    pub const fn first(&self) -> Slot {
        self.first
    }

    /// The slot behind the last that it has something for.
    pub fn end(&self) -> Slot {
        self.first.plus(self.items.len())
    }

    /// What it has for `slot`.
    pub fn get(&self, slot: Slot) -> Option<&T> {
        let place = slot.0.checked_sub(self.first.0)?;
        self.items.get(usize::try_from(place).ok()?)?.as_ref()
    }

    /// All that it has from `slot` on, in order.
    pub fn range(&self, slot: Slot) -> impl Iterator<Item = (Slot, &T)> {
        let start = slot.since(self.first);
        let items = self.items.range(start..self.items.len()).enumerate();
        let first = self.first;
        items.filter_map(move |(place, item)| Some((first.plus(start + place), item.as_ref()?)))
    }
}

impl<T: Clone> Slots<T> {
    /// Puts something there, unless that is before the first slot.
    pub fn set(&mut self, slot: Slot, item: T) {
        if slot < self.first {
            return;
        }
        let place = slot.since(self.first);
        while self.items.len() <= place {
            self.items.push(None);
        }
        if let Some(there) = self.items.get_mut(place) {
            *there = Some(item);
        }
    }

    /// What is there, to be changed; where there is nothing, what `make` gives. `None` before the first slot.
    pub fn entry(&mut self, slot: Slot, make: impl FnOnce() -> T) -> Option<&mut T> {
        if self.get(slot).is_none() {
            self.set(slot, make());
        }
        self.items.get_mut(usize::try_from(slot.0.checked_sub(self.first.0)?).ok()?)?.as_mut()
    }

    /// Forgets all before `slot`.
    pub fn forget_before(&mut self, slot: Slot) {
        if slot <= self.first {
            return;
        }
        let start = slot.since(self.first);
        self.items = self.items.range(start..self.items.len()).cloned().collect();
        self.first = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_holes_and_forgets_its_beginning() {
        let mut slots = Slots::new(Slot::FIRST);
        slots.set(Slot(3), 'c');
        slots.set(Slot(1), 'a');
        assert_eq!((slots.get(Slot(1)), slots.get(Slot(2))), (Some(&'a'), None));
        assert_eq!(slots.end(), Slot(4));
        slots.forget_before(Slot(2));
        assert_eq!((slots.get(Slot(1)), slots.get(Slot(3))), (None, Some(&'c')));
        slots.set(Slot(1), 'z');
        assert!(slots.range(Slot::FIRST).eq([(Slot(3), &'c')]));
        slots.forget_before(Slot(9));
        assert_eq!((slots.first(), slots.end()), (Slot(9), Slot(9)));
        assert_eq!(slots.entry(Slot(10), || 'x').copied(), Some('x'));
        assert!(slots.range(Slot(10)).eq([(Slot(10), &'x')]));
    }
}
