//! What a crash leaves of the changes that no sync covered.

use crate::data::Data;
use crate::sequence::Sequence;

use super::damage::Damage;
use super::{Change, Journal};

/// What was drawn for a crash.
pub(crate) struct Draws<'a> {
    /// So many of the changes that no sync covered reached the disk: the first ones.
    pub survivors: u64,
    /// Whether the write behind the last that survives is there in part.
    pub is_torn: bool,
    /// Where any of them may have reached the disk: whether the next one did.
    pub survives: Option<&'a mut dyn FnMut() -> bool>,
    /// The number of the event, to tell this crash's damage from another's.
    pub event: u64,
}

/// What a crash did to a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Changes that are as if they had never been written.
    pub lost: u64,
    /// Records that are missing although a later one is there.
    pub missing: u64,
    /// Whether the last record is there in part.
    pub is_torn: bool,
    /// Whether something is gone that the disk had said to be durable.
    pub broke_word: bool,
}

impl<R: Data> Journal<R> {
    /// A crash. What survives is on the disk from now on, and nothing waits any more.
    ///
    /// Only appends are torn and reordered. Truncations and checkpoints are changes of a file's metadata, which file
    /// systems make atomic and keep in order: whatever is before one that survived has survived, and none
    /// survives behind an append that did not.
    pub(crate) fn crash(&mut self, draws: Draws<'_>) -> Losses {
        let (promised, before) = (self.synced, self.durable.0);
        let fates = self.fates(draws.survivors as usize, draws.survives);
        let first_gone = fates.iter().position(|survives| !survives).unwrap_or(fates.len());
        let mut losses = Losses::default();
        for survives in fates {
            self.reach_disk(1);
            if !survives {
                losses.missing += 1;
                self.damage.insert(self.records.len() - 1, Damage::Missing, draws.event);
            }
        }
        if draws.is_torn && matches!(self.pending.front(), Some(Change::Append(_))) {
            losses.is_torn = true;
            self.reach_disk(1);
            self.damage.insert(self.records.len() - 1, Damage::Torn, draws.event);
        }
        losses.broke_word = before + (first_gone as u64) < promised.0;
        losses.lost = self.pending.len() as u64;
        self.pending.clear();
        self.synced = self.durable;
        losses
    }

    /// Which of the first changes survive, up to the last that does.
    fn fates(&self, survivors: usize, survives: Option<&mut dyn FnMut() -> bool>) -> Vec<bool> {
        let mut fates = vec![true; survivors.min(self.pending.len())];
        let Some(survives) = survives else { return fates };
        let is_append = |change: &&Change<R>| matches!(change, Change::Append(_));
        // The run of appends that the crash met.
        let behind = self.pending.iter().skip(fates.len()).take_while(is_append).count();
        let ahead = self.pending.iter().take(fates.len()).rev().take_while(is_append).count();
        fates.truncate(fates.len() - ahead);
        fates.extend((0..ahead + behind).map(|_| survives()));
        while fates.last() == Some(&false) {
            fates.pop();
        }
        fates
    }

    /// The disk is lost, and another takes its place; how many records were on it. Nothing may be waiting for the disk.
    pub(crate) fn wipe(&mut self) -> usize {
        let lost = self.records.len();
        self.records = Sequence::new();
        self.damage.clear();
        self.vouched = 0;
        self.synced = self.durable;
        lost
    }
}
