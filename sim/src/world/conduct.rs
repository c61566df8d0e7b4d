//! How nodes carry themselves: slow ones and byzantine ones.

use crate::id::NodeId;
use crate::law::Law;
use crate::node::Node;
use crate::plan::Behaviour;
use crate::step::Deed;

use super::World;
use super::deeds::deed;

impl<N: Node> World<N> {
    pub(super) fn do_slow(&mut self, id: NodeId, _service: &Law) -> Deed {
        Deed { changed: false, ..deed("slow", Some(id)) }
    }

    pub(super) fn do_byzantine(&mut self, id: NodeId, _behaviour: Behaviour) -> Deed {
        Deed { changed: false, ..deed("byzantine", Some(id)) }
    }

    pub(super) fn do_clock_jump(&mut self, id: NodeId, _by: i64) -> Deed {
        Deed { changed: false, ..deed("jump", Some(id)) }
    }
}
