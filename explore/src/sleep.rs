//! What sleeps: sets of actions that need not be taken, because another order of the same actions is.

use std::hash::Hash;

use crate::fingerprint::Fingerprint;
use crate::table::{Id, Table};

/// Numbers for things: the same number for the same thing.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    table: Table,
    things: Vec<T>,
}

impl<T: Hash + Eq> Interner<T> {
    pub(crate) fn new() -> Self {
        Self { table: Table::new(), things: Vec::new() }
    }

    /// The number of what `key` is, which `make` makes where it is new.
    pub(crate) fn number<K>(&mut self, key: &K, make: impl FnOnce(&K) -> T) -> Id
    where
        K: Hash + PartialEq<T> + ?Sized,
    {
        let things = &self.things;
        let known = self.table.find_or_insert(Fingerprint::of(key), |table, slot| {
            *key == things[table.id(slot) as usize]
        });
        if let Some(slot) = known {
            return self.table.id(slot);
        }
        self.things.push(make(key));
        self.things.len() as Id - 1
    }

    pub(crate) fn thing(&self, id: Id) -> &T {
        &self.things[id as usize]
    }
}

/// Numbers for sets of actions, which are few compared with the states. The empty set is 0.
#[derive(Debug)]
pub(crate) struct Sets {
    sets: Interner<Vec<Id>>,
}

/// The set without actions.
pub(crate) const EMPTY: Id = 0;

impl Sets {
    pub(crate) fn new() -> Self {
        let mut sets = Interner::new();
        sets.number(&Vec::new(), Vec::clone);
        Self { sets }
    }

    /// The number of the set of these actions, which it puts in order.
    pub(crate) fn number(&mut self, actions: &mut Vec<Id>) -> Id {
        actions.sort_unstable();
        self.sets.number(actions, Vec::clone)
    }

    /// The actions of a set, in order.
    pub(crate) fn actions(&self, set: Id) -> &[Id] {
        self.sets.thing(set)
    }

    /// What both have.
    pub(crate) fn intersection(&mut self, first: Id, second: Id) -> Id {
        if first == second || first == EMPTY {
            return first;
        }
        let other = self.actions(second);
        let mut common: Vec<_> = self
            .actions(first)
            .iter()
            .copied()
            .filter(|action| other.binary_search(action).is_ok())
            .collect();
        self.number(&mut common)
    }
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, Sets};

    #[test]
    fn equal_sets_have_one_number() {
        let mut sets = Sets::new();
        let both = sets.number(&mut vec![3, 1]);
        assert_eq!(sets.number(&mut vec![1, 3]), both);
        assert_eq!(sets.number(&mut vec![]), EMPTY);
        let other = sets.number(&mut vec![2, 3]);
        let common = sets.intersection(both, other);
        assert_eq!(sets.actions(common), [3]);
        assert_eq!(sets.intersection(common, EMPTY), EMPTY);
    }
}
