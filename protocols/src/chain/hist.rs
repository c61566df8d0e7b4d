//! `Hist`: the updates that a server has processed, in order.

use orrery_sim::Sequence;
use serde::Serialize;

use super::configuration::{Epoch, Place};
use super::message::Update;
use crate::kv::{Execution, Reply};

/// What a server has processed (§2, `Hist`). Older updates may be known by what they come to alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hist {
    /// The link by which it was transferred from a tail; `e0` for a server of the first chain.
    pub link: Epoch,
    /// Updates up to here are known by the state that they made.
    pub base: Place,
    /// Those behind, the oldest first.
    processed: Sequence<Processed>,
}

/// An update that was processed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Processed {
    /// What was asked, by whom.
    pub update: Update,
    /// What came of it.
    pub reply: Option<Reply>,
    /// Whether it changed anything: a repetition does not.
    pub took_effect: bool,
}

impl Hist {
    /// A history that begins behind `base`.
    pub const fn behind(link: Epoch, base: Place) -> Self {
        Self { link, base, processed: Sequence::new() }
    }

    /// The place of the last update.
    pub fn last(&self) -> Place {
        Place(self.base.0 + self.processed.len() as u64)
    }

    /// The update at `place`; `None` behind the end and where only the state is known.
    pub fn get(&self, place: Place) -> Option<&Processed> {
        let index = place.0.checked_sub(self.base.0 + 1)?;
        self.processed.get(usize::try_from(index).ok()?)
    }

    /// The updates behind `place`, with their places.
    pub fn behind_place(&self, place: Place) -> impl Iterator<Item = (Place, &Processed)> {
        let first = place.max(self.base).next().0;
        (first..=self.last().0).filter_map(|number| Some((Place(number), self.get(Place(number))?)))
    }

    /// Adds an update at the end.
    pub(super) fn push(&mut self, update: Update, execution: Execution) {
        let Execution { reply, took_effect } = execution;
        self.processed.push(Processed { update, reply, took_effect });
    }
}
