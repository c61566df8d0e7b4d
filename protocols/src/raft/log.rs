//! Raft's log as a data structure: entries from `i1` on, each with the term in which a leader
//! created it.

use std::sync::Arc;

use serde::Serialize;

use orrery_sim::Sequence;
use orrery_sim::sequence::Iter;

use crate::kv::Command;

use super::configuration::Configuration;
use super::numbers::{Index, Term};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The term in which a leader created it. It never changes, whoever replicates it later.
    pub term: Term,
    /// What it is about.
    pub payload: Payload,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Payload {
    /// For the state machine.
    Command(Command),
    /// For the servers themselves: another configuration (§6).
    Configuration(Arc<Configuration>),
}

/// The log of one server: what a snapshot stands for, and the entries behind it (§7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    /// The last entry that the snapshot stands for (`lastIncludedIndex`); `i0` without one.
    base_index: Index,
    /// Its term (`lastIncludedTerm`).
    base_term: Term,
    /// The entries from the next one on.
    entries: Sequence<Entry>,
}

impl Log {
    /// The log of which a snapshot stands for everything up to `index`, of `term`.
    pub fn behind(index: Index, term: Term) -> Self {
        Self { base_index: index, base_term: term, entries: Sequence::new() }
    }

    /// The last entry that was given up for a snapshot; `i0` without one.
    pub const fn base_index(&self) -> Index {
        self.base_index
    }

    /// How many entries it has, those that a snapshot stands for aside.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The index of the last entry; `i0` where there is none.
    pub fn last_index(&self) -> Index {
        self.base_index.plus(self.entries.len())
    }

    /// The term of the last entry; `t0` where there is none, as in raft.tla.
    pub fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// Where the entry at `index` lies, if it is neither behind a snapshot nor before `i1`.
    fn place(&self, index: Index) -> Option<usize> {
        let place = index.0.checked_sub(self.base_index.0)?.checked_sub(1)?;
        usize::try_from(place).ok()
    }

    /// The entry at `index`, if the log has it.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.place(index)?)
    }

    /// The term of the entry at `index`, if that is known; `t0` before the first entry.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base_index {
            return Some(self.base_term);
        }
        self.get(index).map(|entry| entry.term)
    }

    /// The consistency check of AppendEntries (§5.3): whether the log holds an entry of `term` at
    /// `index`.
    pub fn holds(&self, index: Index, term: Term) -> bool {
        self.term_at(index) == Some(term)
    }

    /// The same for an entry that is committed: of those, a snapshot stands for each that it covers.
    pub fn covers(&self, index: Index, term: Term) -> bool {
        index < self.base_index || self.holds(index, term)
    }

    /// Up to `max` entries from `first` on, which is behind the snapshot.
    pub fn slice(&self, first: Index, max: u32) -> Iter<'_, Entry> {
        let start = self.place(first).unwrap_or(0);
        self.entries.range(start..start.saturating_add(max as usize))
    }

    /// Adds an entry at the end and returns its index.
    pub fn push(&mut self, entry: Entry) -> Index {
        self.entries.push(entry);
        self.last_index()
    }

    /// Deletes the entry at `index` and all that follow it.
    pub fn truncate_from(&mut self, index: Index) {
        self.entries.truncate(self.place(index).unwrap_or(0));
    }

    /// Gives up the entries up to `index`, of `term`: a snapshot stands for them. What follows stays.
    pub fn compact(&mut self, index: Index, term: Term) {
        let kept = self.slice(index.next(), u32::MAX).cloned().collect();
        *self = Self { base_index: index, base_term: term, entries: kept };
    }

    /// Where a leader should try again that found no match at `index` (§5.3, the optimisation):
    /// behind the end of a log that is too short, or at the first entry of the term that is there
    /// instead.
    pub fn retry_from(&self, index: Index) -> Index {
        let Some(conflicting) = self.term_at(index) else { return self.last_index().next() };
        let end = self.place(index).unwrap_or(0);
        let others = self.entries.range(0..end).rposition(|entry| entry.term != conflicting);
        self.base_index.plus(others.map_or(1, |place| place + 2))
    }
}

impl Entry {
    /// What it asks of the state machine: nothing where it is for the servers.
    pub fn command(&self) -> Command {
        match &self.payload {
            Payload::Command(command) => command.clone(),
            Payload::Configuration(_) => Command::NoOp,
        }
    }

    /// An entry for the state machine.
    pub const fn of_command(term: Term, command: Command) -> Self {
        Self { term, payload: Payload::Command(command) }
    }

    /// The configuration in it, if it has one.
    pub const fn configuration(&self) -> Option<&Arc<Configuration>> {
        match &self.payload {
            Payload::Configuration(configuration) => Some(configuration),
            Payload::Command(_) => None,
        }
    }
}

impl FromIterator<Entry> for Log {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log {
        let entry =
            |term: &u64| Entry { term: Term(*term), payload: Payload::Command(Command::NoOp) };
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
    fn a_snapshot_stands_for_the_beginning() {
        let mut log = log(&[1, 1, 2, 2, 3]);
        log.compact(Index(3), Term(2));
        assert_eq!((log.base_index(), log.len(), log.last_index()), (Index(3), 2, Index(5)));
        assert!(log.holds(Index(3), Term(2)) && log.holds(Index(4), Term(2)));
        assert!(!log.holds(Index(2), Term(1)) && log.covers(Index(2), Term(1)));
        assert_eq!(log.get(Index(3)), None);
        assert!(log.slice(Index(4), 9).map(|entry| entry.term).eq([Term(2), Term(3)]));
        assert_eq!((log.retry_from(Index(9)), log.retry_from(Index(4))), (Index(6), Index(4)));
        log.truncate_from(Index(5));
        assert_eq!((log.last_index(), log.last_term()), (Index(4), Term(2)));
        log.truncate_from(Index(4));
        assert_eq!((log.last_index(), log.last_term()), (Index(3), Term(2)));
    }

    #[test]
    fn truncation_drops_the_entry_and_its_followers() {
        let mut log = log(&[1, 1, 2]);
        log.truncate_from(Index(2));
        assert_eq!(log.last_index(), Index(1));
        assert_eq!(
            log.push(Entry { term: Term(4), payload: Payload::Command(Command::NoOp) }),
            Index(2)
        );
        assert_eq!(log.last_term(), Term(4));
        log.truncate_from(Index(9));
        assert_eq!(log.last_index(), Index(2));
    }
}
