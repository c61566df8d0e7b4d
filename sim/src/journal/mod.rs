//! A node's durable log of records, as in the commit papers.

mod crash;
mod damage;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde::Serialize;

use crate::data::Data;
use crate::sequence::{Iter, Sequence};

pub(crate) use crash::Draws;
pub use damage::{Damage, Damaged, DiskError};

use damage::Overlays;

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

/// The journal of one node: what is on its disk, and the changes that have not reached it yet.
///
/// The records stay as they were written, whatever happens to the disk: damage lies over them and can be taken away
/// again. Records have checksums, so that damage is noticed by whoever reads the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal<R> {
    /// What was written, damaged or not.
    records: Sequence<R>,
    damage: Overlays,
    /// So many of the first records may be relied upon: a sync covered them, or a starting node read them.
    vouched: usize,
    /// All changes up to here are on the disk.
    durable: Position,
    /// All changes up to here are on the disk by its own word.
    synced: Position,
    /// The changes behind `durable`.
    pending: VecDeque<Change<R>>,
}

impl<R> Default for Journal<R> {
    fn default() -> Self {
        Self {
            records: Sequence::new(),
            damage: Overlays::default(),
            vouched: 0,
            durable: Position::default(),
            synced: Position::default(),
            pending: VecDeque::new(),
        }
    }
}

impl<R: Data> Journal<R> {
    /// The durable records, oldest first, up to the first that cannot be read. At a start these are all there are,
    /// unless the protocol [handles damage](crate::Node::recovers_from).
    pub fn records(&self) -> Iter<'_, R> {
        self.records.range(0..self.damage.first().unwrap_or(self.records.len()))
    }

    /// The durable records place by place, oldest first: the record, or why it cannot be read.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Result<&R, Damage>> {
        self.entries_from(0)
    }

    /// The same from the place `first` on, which costs nothing for those before.
    pub fn entries_from(&self, first: usize) -> impl ExactSizeIterator<Item = Result<&R, Damage>> {
        let last = self.records.len();
        (first.min(last)..last).map(|place| match self.damage.at(place) {
            None => Ok(&self.records[place]),
            Some(damage) => Err(damage),
        })
    }

    /// The durable records as they were written, damaged or not: what people see, and no node.
    pub const fn as_written(&self) -> &Sequence<R> {
        &self.records
    }

    /// The places that cannot be read, in order.
    pub fn damage(&self) -> impl Iterator<Item = Damaged> {
        self.damage.iter().map(|(place, damage)| Damaged {
            place,
            damage,
            was_durable: place < self.vouched,
        })
    }

    /// Changes that have not reached the disk, oldest first.
    pub fn unsynced(&self) -> impl ExactSizeIterator<Item = &Change<R>> {
        self.pending.iter()
    }

    /// The last position that the disk said to be durable. It is, unless the disk lied.
    pub const fn synced(&self) -> Position {
        self.synced
    }

    /// The last position that is durable.
    pub const fn durable(&self) -> Position {
        self.durable
    }

    /// The last written position.
    pub fn written(&self) -> Position {
        Position(self.durable.0 + self.pending.len() as u64)
    }

    pub(crate) fn write(&mut self, change: Change<R>) {
        self.pending.push_back(change);
    }

    /// Makes everything up to `through` durable; the number of changes that this covered and no earlier answer did.
    pub(crate) fn sync(&mut self, through: Position) -> u64 {
        let covered = self.promise(through);
        let reaches = through.0.saturating_sub(self.durable.0).min(self.pending.len() as u64);
        if 0 < reaches {
            self.reach_disk(reaches as usize);
            self.vouched = self.records.len();
        }
        covered
    }

    /// Says that everything up to `through` is durable, which is a lie; the number of changes that this covered and no
    /// earlier answer did.
    pub(crate) fn promise(&mut self, through: Position) -> u64 {
        let covered = through.0.min(self.written().0).saturating_sub(self.synced.0);
        self.synced.0 += covered;
        covered
    }

    /// How many records there would be if everything up to `through` were durable.
    pub(crate) fn len_at(&self, through: Position) -> usize {
        let count = through.0.saturating_sub(self.durable.0) as usize;
        self.pending.iter().take(count).fold(self.records.len(), |len, change| match change {
            Change::Append(_) => len + 1,
            Change::Truncate(keep) => len.min(*keep),
            Change::Checkpoint(records) => records.len(),
        })
    }

    /// Damages the record at `place`, of those that are there.
    pub(crate) fn harm(&mut self, place: usize, damage: Damage, event: u64) {
        self.damage.insert(place, damage, event);
    }

    /// Takes the damage away that the plan did; whether there was any.
    pub(crate) fn mend(&mut self) -> bool {
        let was_damaged = self.damage.iter().any(|(_, damage)| !damage.is_of_crash());
        self.damage.mend();
        was_damaged
    }

    /// A starting node comes by all damage: the faults that no start had come by, each once.
    pub(crate) fn read(&mut self) -> Vec<Damage> {
        self.damage.read()
    }

    /// Drops the records from the first damaged one on, if nobody may rely on any of them, as logs do with what a
    /// crash left half-written at their end. How many that were.
    pub(crate) fn cut_torn_end(&mut self) -> usize {
        let Some(first) = self.damage.first().filter(|first| self.vouched <= *first) else {
            return 0;
        };
        let cut = self.records.len() - first;
        self.records.truncate(first);
        self.damage.clear();
        cut
    }

    /// A node starts from the records: from now on it relies on them.
    pub(crate) fn rely(&mut self) {
        self.vouched = self.records.len();
    }

    /// The first `count` changes reach the disk.
    fn reach_disk(&mut self, count: usize) {
        for change in self.pending.drain(..count) {
            match change {
                Change::Append(record) => self.records.push(record),
                Change::Truncate(keep) => {
                    self.records.truncate(keep);
                    self.damage.truncate(keep);
                    self.vouched = self.vouched.min(keep);
                }
                Change::Checkpoint(replacement) => {
                    self.records = replacement.into();
                    self.damage.clear();
                    self.vouched = self.records.len();
                }
            }
        }
        self.durable.0 += count as u64;
    }
}
