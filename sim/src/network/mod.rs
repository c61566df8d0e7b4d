//! All links of a run, and what lies between the nodes.

mod barrier;
mod geography;
mod state;
mod table;
mod topology;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::NodeId;
use crate::link::Link;
use crate::random::{Domain, Stream, StreamId};

pub(crate) use barrier::{Barrier, Barriers};
pub use geography::Geography;
pub(crate) use state::{Extra, LinkState};
use table::Table;
pub use topology::Topology;

/// Up to this many nodes, links are found by a table of n^2 numbers; beyond, by a table of the links in use.
const DENSE_NODES: usize = 256;
/// A link that was never used.
const UNUSED: u32 = u32::MAX;

/// The laws of all links: one for all, and those that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// What holds for every link that is not named below.
    pub default: Link,
    /// Directed links with laws of their own.
    pub overrides: BTreeMap<(NodeId, NodeId), Link>,
    /// Which links there are at all.
    pub topology: Topology,
    /// Where the nodes are: it decides the latency of links that have no laws of their own.
    pub geography: Option<Arc<Geography>>,
}

impl Links {
    /// The laws of the link from `from` to `to`.
    pub fn law(&self, from: NodeId, to: NodeId) -> Link {
        match (self.overrides.get(&(from, to)), &self.geography) {
            (Some(law), _) => law.clone(),
            (None, None) => self.default.clone(),
            (None, Some(geography)) => {
                Link { latency: geography.law(from, to).clone(), ..self.default.clone() }
            }
        }
    }

    /// Whether these are laws at all, and places for all nodes.
    ///
    /// # Errors
    /// What is wrong with them, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        self.topology.check()?;
        self.geography.as_ref().map_or(Ok(()), |geography| geography.check())?;
        self.all().try_for_each(Link::check)
    }

    /// All laws in force.
    pub fn all(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.default).chain(self.overrides.values())
    }
}

/// What lies between the nodes.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    laws: Links,
    nodes: usize,
    states: Vec<LinkState>,
    /// Position in `states` by sender and receiver; empty where nodes are many.
    dense: Vec<u32>,
    sparse: Table,
    pub barriers: Barriers,
}

impl Network {
    pub(crate) fn new(laws: Links, nodes: usize) -> Self {
        let is_dense = nodes <= DENSE_NODES;
        let dense = if is_dense { vec![UNUSED; nodes * nodes] } else { vec![] };
        Self {
            laws,
            nodes,
            states: vec![],
            dense,
            sparse: Table::new(!is_dense),
            barriers: Barriers::default(),
        }
    }

    /// The state of the link from `from` to `to`, made on first use.
    #[inline(always)]
    pub(crate) fn link(&mut self, from: NodeId, to: NodeId) -> &mut LinkState {
        let place = match self.dense.get(self.cell(from, to)) {
            Some(place) => *place,
            None => self.sparse.get(from, to).unwrap_or(UNUSED),
        };
        let place = if place == UNUSED { self.connect(from, to) } else { place };
        &mut self.states[place as usize]
    }

    /// The place of a link in the dense table, if there is one.
    #[inline]
    const fn cell(&self, from: NodeId, to: NodeId) -> usize {
        from.index().wrapping_mul(self.nodes).wrapping_add(to.index())
    }

    #[cold]
    fn connect(&mut self, from: NodeId, to: NodeId) -> u32 {
        let law = self.laws.law(from, to);
        let exists = self.laws.topology.links(from, to, self.nodes as u32);
        let stream = Stream::new(StreamId::new(Domain::Link, from.0, to.0));
        let place = self.states.len() as u32;
        self.states.push(LinkState::new(law, exists, stream));
        let cell = self.cell(from, to);
        match self.dense.get_mut(cell) {
            Some(own) => *own = place,
            None => self.sparse.insert(from, to, place),
        }
        place
    }

    /// About how many bytes a copy takes.
    pub(crate) const fn bytes(&self) -> usize {
        size_of_val(self.dense.as_slice())
            + size_of_val(self.states.as_slice())
            + self.sparse.bytes()
    }

    /// Which links there are.
    #[inline]
    pub(crate) const fn topology(&self) -> Topology {
        self.laws.topology
    }

    /// From now on no link loses, damages or doubles; whether one did.
    pub(crate) fn calm(&mut self) -> bool {
        let mut changed = self.laws.default.calm();
        for law in self.laws.overrides.values_mut() {
            changed |= law.calm();
        }
        for state in &mut self.states {
            changed |= state.calm();
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_and_sparse_tables_agree() {
        for nodes in [5, DENSE_NODES + 5] {
            let mut network = Network::new(Links::default(), nodes);
            network.link(NodeId(1), NodeId(5)).sent = 7;
            network.link(NodeId(5), NodeId(1)).sent = 8;
            assert_eq!(network.link(NodeId(1), NodeId(5)).sent, 7);
            assert_eq!(network.states.len(), 2);
        }
    }
}
