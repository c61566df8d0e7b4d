//! What is done to links: clogs, disturbances, cuts that come and go.

use crate::node::Node;
use crate::plan::{Cut, Disturbance, Flapping};
use crate::queue::QueueError;
use crate::step::Deed;

use super::World;
use super::deeds::deed;

impl<N: Node> World<N> {
    pub(super) fn do_flap(
        &mut self,
        _item: Option<usize>,
        _flapping: &Flapping,
    ) -> Result<Option<Deed>, QueueError> {
        Ok(Some(Deed { changed: false, ..deed("flap", None) }))
    }

    pub(super) fn do_clog(&mut self, _item: Option<usize>, _cut: &Cut) -> Option<Deed> {
        Some(Deed { changed: false, ..deed("clog", None) })
    }

    pub(super) fn do_disturb(
        &mut self,
        _item: Option<usize>,
        _disturbance: &Disturbance,
    ) -> Option<Deed> {
        Some(Deed { changed: false, ..deed("disturb", None) })
    }

    pub(super) fn do_calm(&mut self) -> Result<Deed, QueueError> {
        // Both, whichever changes something.
        let changed = self.calm_disks()? | self.calm_nodes();
        Ok(Deed { changed, ..deed("calm", None) })
    }
}
