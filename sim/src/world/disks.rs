//! What is done to disks.

use crate::id::NodeId;
use crate::node::Node;
use crate::plan::DiskFault;
use crate::queue::QueueError;
use crate::step::Deed;

use super::World;
use super::deeds::deed;

impl<N: Node> World<N> {
    /// Every disk is whole and answers; whether that changed anything.
    pub(super) const fn calm_disks(&mut self) -> Result<bool, QueueError> {
        Ok(false)
    }

    pub(super) fn do_wipe(&mut self, id: NodeId) -> Deed {
        Deed { changed: false, ..deed("wipe", Some(id)) }
    }

    pub(super) fn do_disk(
        &mut self,
        _item: Option<usize>,
        id: NodeId,
        _fault: DiskFault,
    ) -> Result<Deed, QueueError> {
        Ok(Deed { changed: false, ..deed("disk", Some(id)) })
    }
}
