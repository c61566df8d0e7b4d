//! The states that were seen, by their fingerprints.

use crate::fingerprint::Fingerprint;

/// Which of the states it is, in the order in which they were found.
pub(crate) type Id = u32;

/// An open-addressing table from fingerprints to ids, with linear probing. A lookup of a state that is known reads one line of
/// memory in most cases; ids lie apart, since only new states and stored graphs need them.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    fingerprints: Vec<Option<Fingerprint>>,
    ids: Vec<Id>,
    used: usize,
}

/// Where in the table a state is, until the next one is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// What a table begins with; a power of two, as all its sizes are.
const SMALLEST: usize = 1 << 10;

impl Table {
    pub(crate) fn new() -> Self {
        Self { fingerprints: vec![None; SMALLEST], ids: vec![0; SMALLEST], used: 0 }
    }

    /// How many states it holds.
    pub(crate) const fn len(&self) -> usize {
        self.used
    }

    /// Where the state with `fingerprint` is for which `is_same` says yes, or `None` after having put it in with the id
    /// [`len`](Self::len). Ids are in another line of memory, so `is_same` asks for one only where it needs it.
    #[inline]
    pub(crate) fn find_or_insert(
        &mut self,
        fingerprint: Fingerprint,
        mut is_same: impl FnMut(&Self, Slot) -> bool,
    ) -> Option<Slot> {
        let mask = self.fingerprints.len() - 1;
        let mut slot = fingerprint.word() as usize & mask;
        while let Some(other) = self.fingerprints[slot] {
            if other == fingerprint && is_same(self, Slot(slot)) {
                return Some(Slot(slot));
            }
            slot = (slot + 1) & mask;
        }
        self.fingerprints[slot] = Some(fingerprint);
        self.ids[slot] = self.used as Id;
        self.used += 1;
        // Three quarters: beyond that, probing costs more than the memory is worth.
        if self.used > self.fingerprints.len() / 4 * 3 {
            self.grow();
        }
        None
    }

    /// Which state is there.
    #[inline]
    pub(crate) fn id(&self, slot: Slot) -> Id {
        self.ids[slot.0]
    }

    /// The id of the state with `fingerprint` for which `is_same` says yes.
    pub(crate) fn find(
        &self,
        fingerprint: Fingerprint,
        mut is_same: impl FnMut(Id) -> bool,
    ) -> Option<Id> {
        let mask = self.fingerprints.len() - 1;
        let mut slot = fingerprint.word() as usize & mask;
        while let Some(other) = self.fingerprints[slot] {
            if other == fingerprint && is_same(self.ids[slot]) {
                return Some(self.ids[slot]);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.fingerprints.len() * 2;
        let old = std::mem::replace(&mut self.fingerprints, vec![None; size]);
        let old_ids = std::mem::replace(&mut self.ids, vec![0; size]);
        let mask = size - 1;
        for (fingerprint, id) in old.into_iter().zip(old_ids) {
            let Some(fingerprint) = fingerprint else { continue };
            let mut slot = fingerprint.word() as usize & mask;
            while self.fingerprints[slot].is_some() {
                slot = (slot + 1) & mask;
            }
            self.fingerprints[slot] = Some(fingerprint);
            self.ids[slot] = id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::fingerprint::Fingerprint;

    #[test]
    fn everything_is_found_again_after_growing() {
        let mut table = Table::new();
        for number in 0..10_000_u32 {
            assert_eq!(table.find_or_insert(Fingerprint::of(&number), |_, _| true), None);
        }
        assert_eq!(table.len(), 10_000);
        for number in 0..10_000_u32 {
            let slot = table.find_or_insert(Fingerprint::of(&number), |_, _| true);
            assert_eq!(slot.map(|slot| table.id(slot)), Some(number));
            assert_eq!(table.find(Fingerprint::of(&number), |_| true), Some(number));
        }
        assert_eq!(table.find(Fingerprint::of(&10_000_u32), |_| true), None);
    }

    #[test]
    fn two_states_of_one_fingerprint_are_kept_apart_where_states_are_compared() {
        let mut table = Table::new();
        let fingerprint = Fingerprint::of(&0);
        assert_eq!(table.find_or_insert(fingerprint, |_, _| false), None);
        assert_eq!(table.find_or_insert(fingerprint, |_, _| false), None);
        assert_eq!(table.find(fingerprint, |id| id == 1), Some(1));
    }
}
