//! A node's durable log of records, as in the commit papers.

use std::collections::VecDeque;

use serde::Serialize;

use crate::data::Data;

/// A place in the history of one journal: how many operations on it had been issued, this one
/// included. Everything up to a position is durable once [`on_synced`](crate::Node::on_synced) names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position(pub u64);

/// A change to a journal. It takes effect at once for the node and survives a crash once synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<R> {
    /// One more record at the end.
    Append(R),
    /// Only the first `usize` records are kept.
    Truncate(usize),
    /// The journal now consists of these records: a snapshot took the place of what it covers.
    Checkpoint(Vec<R>),
}

impl<R: Data> Change<R> {
    fn apply(self, records: &mut Vec<R>) {
        match self {
            Self::Append(record) => records.push(record),
            Self::Truncate(keep) => records.truncate(keep),
            Self::Checkpoint(replacement) => *records = replacement,
        }
    }
}

/// The journal of one node: what is durable, and the changes that no sync has covered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal<R> {
    durable: Vec<R>,
    /// All changes ever written that are durable.
    synced: Position,
    pending: VecDeque<Change<R>>,
}

impl<R> Default for Journal<R> {
    fn default() -> Self {
        Self { durable: Vec::new(), synced: Position::default(), pending: VecDeque::new() }
    }
}

impl<R: Data> Journal<R> {
    /// The durable records, oldest first. At a start, these are all there are.
    pub fn records(&self) -> &[R] {
        &self.durable
    }

    /// Changes written but not yet durable, oldest first.
    pub fn unsynced(&self) -> impl ExactSizeIterator<Item = &Change<R>> {
        self.pending.iter()
    }

    /// The last durable position.
    pub const fn synced(&self) -> Position {
        self.synced
    }

    /// The last written position.
    pub fn written(&self) -> Position {
        Position(self.synced.0 + self.pending.len() as u64)
    }

    pub(crate) fn write(&mut self, change: Change<R>) {
        self.pending.push_back(change);
    }

    /// Makes everything up to `through` durable; the number of changes that this covered.
    pub(crate) fn sync(&mut self, through: Position) -> u64 {
        let covered = through.0.saturating_sub(self.synced.0).min(self.pending.len() as u64);
        for change in self.pending.drain(..covered as usize) {
            change.apply(&mut self.durable);
        }
        self.synced.0 += covered;
        covered
    }

    /// A crash: of the changes that no sync covered, the first `survivors` reached the disk anyway.
    /// Returns how many were lost.
    pub(crate) fn crash(&mut self, survivors: u64) -> u64 {
        self.sync(Position(self.synced.0 + survivors));
        let lost = self.pending.len() as u64;
        self.pending.clear();
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_what_was_synced_and_a_prefix_of_the_rest() {
        let mut journal = Journal::default();
        for record in 1..=3 {
            journal.write(Change::Append(record));
        }
        assert_eq!(journal.sync(Position(2)), 2);
        assert_eq!(journal.records(), [1, 2]);
        journal.write(Change::Append(4));
        journal.write(Change::Truncate(1));
        let mut other = journal.clone();
        assert_eq!(journal.crash(0), 3);
        assert_eq!(journal.records(), [1, 2]);
        assert_eq!(other.crash(2), 1);
        assert_eq!(other.records(), [1, 2, 3, 4]);
        assert_eq!(other.synced(), other.written());
    }

    #[test]
    fn a_sync_covers_only_what_was_written_when_it_was_asked_for() {
        let mut journal = Journal::default();
        journal.write(Change::Append('a'));
        let asked = journal.written();
        journal.write(Change::Checkpoint(vec!['x', 'y']));
        journal.sync(asked);
        assert_eq!(journal.records(), ['a']);
        journal.sync(journal.written());
        assert_eq!(journal.records(), ['x', 'y']);
        assert_eq!(journal.sync(asked), 0);
    }
}
