//! Damage to records: what of a journal cannot be read, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a place of a journal cannot be read. Records have checksums: whoever reads the place notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// A crash fell inside its write: it is there in part.
    Torn,
    /// A crash overtook it, and yet a later record reached the disk.
    Missing,
    /// It rotted on the disk.
    Corrupt,
    /// Of a record and the place where it was written by mistake: the one is not where it belongs, the other is overwritten.
    Misdirected,
}

impl Damage {
    /// Its name in stories.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Torn => "torn",
            Self::Missing => "missing",
            Self::Corrupt => "corrupt",
            Self::Misdirected => "misdirected",
        }
    }

    /// Whether a crash made it; the plan did otherwise.
    pub const fn is_of_crash(self) -> bool {
        match self {
            Self::Torn | Self::Missing => true,
            Self::Corrupt | Self::Misdirected => false,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place of a journal that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The place, counted from 0.
    pub place: usize,
    /// Why.
    pub damage: Damage,
    /// Whether the node may rely on the record: a sync covered it, or the node read it at an earlier start.
    pub was_durable: bool,
}

/// Why a sync failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskError {
    /// The disk has no room for another record (`ENOSPC`).
    Full,
    /// The disk could not write (`EIO`).
    Failed,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no room",
            Self::Failed => "write error",
        })
    }
}

/// Damage over records that are still there, so that it can be taken away again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Overlays(BTreeMap<usize, Overlay>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Overlay {
    damage: Damage,
    /// The event that did it: one fault may damage several places.
    event: u64,
    /// Whether a starting node has come by it.
    was_read: bool,
}

impl Overlays {
    /// The first damaged place.
    pub(super) fn first(&self) -> Option<usize> {
        self.0.first_key_value().map(|(place, _)| *place)
    }

    pub(super) fn at(&self, place: usize) -> Option<Damage> {
        self.0.get(&place).map(|overlay| overlay.damage)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Damage)> {
        self.0.iter().map(|(place, overlay)| (*place, overlay.damage))
    }

    pub(super) fn insert(&mut self, place: usize, damage: Damage, event: u64) {
        let of_crash = self.at(place).filter(|before| before.is_of_crash());
        let damage = of_crash.unwrap_or(damage);
        self.0.insert(place, Overlay { damage, event, was_read: false });
    }

    /// Forgets the damage from `place` on.
    pub(super) fn truncate(&mut self, place: usize) {
        self.0.split_off(&place);
    }

    /// Forgets what the plan did. What a crash left in part was never written as a whole, and no repair brings it back.
    pub(super) fn mend(&mut self) {
        self.0.retain(|_, overlay| overlay.damage.is_of_crash());
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// A node comes by all of it: the faults that nobody had come by before, each once.
    pub(super) fn read(&mut self) -> Vec<Damage> {
        let mut faults: Vec<(u64, Damage)> = Vec::new();
        for overlay in self.0.values_mut().filter(|overlay| !overlay.was_read) {
            overlay.was_read = true;
            let fault = (overlay.event, overlay.damage);
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        faults.into_iter().map(|(_, damage)| damage).collect()
    }
}
