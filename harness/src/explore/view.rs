//! What a property sees of a state.

use orrery_sim::context::Ending;
use orrery_sim::{Journal, Node, NodeId, Protocol};

use super::NodesState;

/// What a property sees of a state.
pub struct View<'a, N: Node> {
    pub(super) state: &'a NodesState<N>,
}

impl<'a, N: Node> View<'a, N> {
    /// The nodes that are up, in order.
    pub fn up(&self) -> impl Iterator<Item = (NodeId, &'a N)> + use<'a, N> {
        let sites = self.state.sites.iter().enumerate();
        sites.filter_map(|(number, placed)| Some((NodeId(number as u32 + 1), placed.site.node()?)))
    }

    /// A node, if it is up.
    pub fn node(&self, id: NodeId) -> Option<&'a N> {
        self.state.site(id).node()
    }

    /// What is on a node's disk, and what is on the way there.
    pub fn journal(&self, id: NodeId) -> &'a Journal<<N::Protocol as Protocol>::Record> {
        self.state.site(id).journal()
    }

    /// The answer to the operation of this number, from 0, as they were given to [`Nodes`](super::Nodes).
    pub fn answer(
        &self,
        operation: usize,
    ) -> Option<&'a Ending<<N::Protocol as Protocol>::Output>> {
        self.state.answers[operation].as_ref().map(|answer| &answer.ending)
    }

    /// The messages on the wire: from whom, to whom, and what they say.
    pub fn wire(
        &self,
    ) -> impl Iterator<Item = (NodeId, NodeId, &'a <N::Protocol as Protocol>::Message)> + use<'a, N>
    {
        self.state.wire.iter().map(|letter| (letter.from, letter.to, &*letter.message))
    }
}
