//! Raft's log as a data structure: entries from `i1` on, each with the term in which a leader
//! created it.

use serde::Serialize;

use orrery_sim::Sequence;
use orrery_sim::sequence::Iter;

use crate::kv::Command;

use super::numbers::{Index, Term};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The term in which a leader created it. It never changes, whoever replicates it later.
    pub term: Term,
    /// What the state machine is to do.
    pub command: Command,
}

/// The log of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    entries: Sequence<Entry>,
}

impl Log {
    /// The index of the last entry; `i0` where there is none.
    pub fn last_index(&self) -> Index {
        Index(self.entries.len() as u64)
    }

    /// The term of the last entry; `t0` where there is none, as in raft.tla.
    pub fn last_term(&self) -> Term {
        self.entries.last().map_or(Term(0), |entry| entry.term)
    }

    /// The entry at `index`, if the log goes that far.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(usize::try_from(index.0.checked_sub(1)?).ok()?)
    }

    /// The term of the entry at `index`, if the log goes that far; `t0` before the first entry.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == Index(0) { Some(Term(0)) } else { self.get(index).map(|entry| entry.term) }
    }

    /// The consistency check of AppendEntries (§5.3): whether the log holds an entry of `term` at
    /// `index`.
    pub fn holds(&self, index: Index, term: Term) -> bool {
        self.term_at(index) == Some(term)
    }

    /// Up to `max` entries from `first` on.
    pub fn slice(&self, first: Index, max: u32) -> Iter<'_, Entry> {
        let start = first.previous().0 as usize;
        self.entries.range(start..start.saturating_add(max as usize))
    }

    /// Adds an entry at the end and returns its index.
    pub fn push(&mut self, entry: Entry) -> Index {
        self.entries.push(entry);
        self.last_index()
    }

    /// Deletes the entry at `index` and all that follow it.
    pub fn truncate_from(&mut self, index: Index) {
        self.entries.truncate(index.previous().0 as usize);
    }

    /// Where a leader should try again that found no match at `index` (§5.3, the optimisation):
    /// behind the end of a log that is too short, or at the first entry of the term that is there
    /// instead.
    pub fn retry_from(&self, index: Index) -> Index {
        let Some(conflicting) = self.term_at(index) else { return self.last_index().next() };
        let end = index.previous().0 as usize;
        let others = self.entries.range(0..end).rposition(|entry| entry.term != conflicting);
        Index(others.map_or(1, |place| place as u64 + 2))
    }
}

impl FromIterator<Entry> for Log {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log {
        let entry = |term: &u64| Entry { term: Term(*term), command: Command::NoOp };
        terms.iter().map(entry).collect()
    }

    #[test]
    fn an_empty_log_ends_before_its_first_entry() {
        let log = log(&[]);
        assert_eq!((log.last_index(), log.last_term()), (Index(0), Term(0)));
        assert!(log.holds(Index(0), Term(0)) && !log.holds(Index(1), Term(0)));
        assert_eq!(log.retry_from(Index(5)), Index(1));
        assert!(log.slice(Index(1), 10).is_empty());
    }

    #[test]
    fn slices_stop_at_the_end_and_at_the_maximum() {
        let log = log(&[1, 1, 2, 3]);
        assert_eq!(log.slice(Index(3), 10).len(), 2);
        assert!(log.slice(Index(2), 1).map(|entry| entry.term).eq([Term(1)]));
        assert!([5, 9].into_iter().all(|first| log.slice(Index(first), 10).is_empty()));
    }

    #[test]
    fn a_refusal_names_the_first_entry_of_the_conflicting_term() {
        let log = log(&[1, 1, 2, 2, 2, 3]);
        assert_eq!(log.retry_from(Index(9)), Index(7), "too short");
        assert_eq!(log.retry_from(Index(6)), Index(6));
        assert_eq!(log.retry_from(Index(5)), Index(3));
        assert_eq!(log.retry_from(Index(2)), Index(1));
    }

    #[test]
    fn truncation_drops_the_entry_and_its_followers() {
        let mut log = log(&[1, 1, 2]);
        log.truncate_from(Index(2));
        assert_eq!(log.last_index(), Index(1));
        assert_eq!(log.push(Entry { term: Term(4), command: Command::NoOp }), Index(2));
        assert_eq!(log.last_term(), Term(4));
        log.truncate_from(Index(9));
        assert_eq!(log.last_index(), Index(2));
    }
}
