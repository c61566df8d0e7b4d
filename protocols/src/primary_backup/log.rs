//! The log: updates in the order that primaries gave them.

use serde::Serialize;

use orrery_sim::Sequence;

use crate::kv::{Command, Request};
use crate::number::number;

use super::view::Epoch;

number! {
    /// A place in the log, from `i1`. An index also counts the entries up to it: `i0` is before the first.
    Index, "i"
}

impl Index {
    /// So many places later.
    #[must_use]
    pub const fn plus(self, places: usize) -> Self {
        Self(self.0 + places as u64)
    }

    /// The place before; `i0` has none and stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// One place of the log. Of the same place and epoch there is one entry only: a primary puts one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The epoch of the primary that put it there.
    pub epoch: Epoch,
    /// What the client wants, under its session's number.
    pub request: Request,
}

impl Entry {
    /// What it asks of the store.
    pub fn command(&self) -> Command {
        Command::Client(self.request.clone())
    }
}

/// All entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    entries: Sequence<Entry>,
}

impl Log {
    /// The place of the last entry; `i0` where there is none.
    pub fn last(&self) -> Index {
        Index(self.entries.len() as u64)
    }

    /// The entry at `index`.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(usize::try_from(index.0.checked_sub(1)?).ok()?)
    }

    /// The epoch of the entry at `index`; of what is before the first, `e0`.
    pub fn epoch_at(&self, index: Index) -> Option<Epoch> {
        if index == Index(0) {
            return Some(Epoch(0));
        }
        self.get(index).map(|entry| entry.epoch)
    }

    /// Whether the entry at `index` is of `epoch`. Two logs that hold the same there are equal up to there.
    pub fn holds(&self, index: Index, epoch: Epoch) -> bool {
        self.epoch_at(index) == Some(epoch)
    }

    /// The entries from `first` on.
    pub fn from(&self, first: Index) -> impl ExactSizeIterator<Item = &Entry> {
        let end = self.entries.len();
        let start = usize::try_from(first.previous().0).unwrap_or(end);
        self.entries.range(start.min(end)..end)
    }

    /// Adds an entry at the end and returns its place.
    pub fn push(&mut self, entry: Entry) -> Index {
        self.entries.push(entry);
        self.last()
    }

    /// Deletes the entry at `index` and all behind it; their epochs.
    pub fn truncate_from(&mut self, index: Index) -> Vec<Epoch> {
        let gone = self.from(index).map(|entry| entry.epoch).collect();
        self.entries.truncate(usize::try_from(index.previous().0).unwrap_or(usize::MAX));
        gone
    }
}
