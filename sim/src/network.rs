//! All links, cuts and holds of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::law::Law;
use crate::link::{Fate, Link, Order};
use crate::random::{Domain, Randomness, Stream, StreamId};
use crate::step::Passage;
use crate::time::SimTime;

/// Up to this many nodes, links are found by a table of n^2 numbers; beyond, by a tree.
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

/// Which links there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// Between all nodes.
    #[default]
    Clique,
    /// Between each node and the next, and between the last and the first.
    Ring,
    /// Between `n1` and every other node.
    Star,
    /// Between each node and its parent: `n1` is the root, and each has up to so many children.
    Tree {
        /// How many.
        arity: u32,
    },
    /// Between neighbours on a grid, filled row by row.
    Grid {
        /// Nodes in a row.
        width: u32,
    },
}

/// Where nodes are, and how long a message travels from place to place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geography {
    /// The places.
    pub places: Vec<String>,
    /// The place of each node, by its position in `places`; `n1` first.
    pub of_node: Vec<u32>,
    /// The law of the latency from place to place, by row and column.
    pub latency: Vec<Vec<Law>>,
}

impl Links {
    /// The laws of the link from `from` to `to`.
    pub fn law(&self, from: NodeId, to: NodeId) -> Link {
        self.overrides.get(&(from, to)).unwrap_or(&self.default).clone()
    }

    /// All laws in force.
    pub fn all(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.default).chain(self.overrides.values())
    }
}

/// The state of one directed link. Made when it is first used: a link that is idle costs nothing.
#[derive(Clone, Debug)]
pub(crate) struct LinkState {
    law: Link,
    /// Whether the only thing that the law decides is how long a message travels.
    is_plain: bool,
    pub stream: Stream,
    /// Messages sent so far.
    pub sent: u64,
    /// When the last message that keeps its place arrives.
    last_arrival: SimTime,
}

impl LinkState {
    fn new(law: Link, stream: Stream) -> Self {
        let is_plain = law.loss.is_never() && law.duplicate.is_never() && law.order == Order::Free;
        Self { law, is_plain, stream, sent: 0, last_arrival: SimTime::ZERO }
    }

    /// Counts one more message: its number.
    #[inline]
    pub(crate) const fn count(&mut self) -> u64 {
        self.sent = self.sent.wrapping_add(1);
        self.sent
    }

    /// What becomes of the message that was counted last, sent at `now`.
    #[inline(always)]
    pub(crate) fn passage(&mut self, now: SimTime, randomness: &mut Randomness) -> Passage {
        if !self.is_plain {
            return self.rough_passage(now, randomness);
        }
        let after = if let Law::Constant(after) = self.law.latency {
            self.stream.skip_group();
            after
        } else {
            self.law.latency.sample(self.stream.delay(randomness))
        };
        Passage::Arrives { at: now.saturating_add(after), copy: None }
    }

    /// [`LinkState::passage`] where a message may be lost, doubled or held up by the one before.
    #[inline(never)]
    fn rough_passage(&mut self, now: SimTime, randomness: &mut Randomness) -> Passage {
        match self.law.fate(self.stream.group(randomness)) {
            Fate::Lost => Passage::Lost,
            Fate::Arrives { after, copy_after } => {
                let at = self.law.in_order(now.saturating_add(after), &mut self.last_arrival);
                // A copy is never first, and on an ordered link it holds up what comes behind it, too.
                let copy = copy_after.map(|after| {
                    let at = now.saturating_add(after).max(at);
                    self.law.in_order(at, &mut self.last_arrival)
                });
                Passage::Arrives { at, copy }
            }
        }
    }
}

/// A cut in force.
#[derive(Clone, Debug)]
struct ActiveCut {
    item: Option<usize>,
    pairs: Vec<(NodeId, NodeId)>,
    /// Whether it ever kept a message from arriving.
    was_effective: bool,
}

/// What lies between the nodes.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    laws: Links,
    nodes: usize,
    states: Vec<LinkState>,
    /// Position in `states` by sender and receiver; empty where nodes are many.
    dense: Vec<u32>,
    sparse: BTreeMap<(NodeId, NodeId), u32>,
    cuts: Vec<ActiveCut>,
    /// One bit per receiver for each sender of whom something is cut off; empty rows are open.
    closed: Vec<Vec<u64>>,
}

impl Network {
    pub(crate) fn new(laws: Links, nodes: usize) -> Self {
        let dense = if nodes <= DENSE_NODES { vec![UNUSED; nodes * nodes] } else { vec![] };
        Self {
            laws,
            nodes,
            states: vec![],
            dense,
            sparse: BTreeMap::new(),
            cuts: vec![],
            closed: vec![],
        }
    }

    /// The state of the link from `from` to `to`, made on first use.
    #[inline(always)]
    pub(crate) fn link(&mut self, from: NodeId, to: NodeId) -> &mut LinkState {
        let place = match self.dense.get(self.cell(from, to)) {
            Some(place) => *place,
            None => self.sparse.get(&(from, to)).copied().unwrap_or(UNUSED),
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
        let stream = Stream::new(StreamId::new(Domain::Link, from.0, to.0));
        let place = self.states.len() as u32;
        self.states.push(LinkState::new(law, stream));
        let cell = self.cell(from, to);
        match self.dense.get_mut(cell) {
            Some(own) => *own = place,
            None => {
                self.sparse.insert((from, to), place);
            }
        }
        place
    }

    /// Whether a message from `from` reaches `to` now.
    #[inline]
    pub(crate) fn is_open(&self, from: NodeId, to: NodeId) -> bool {
        match self.closed.get(from.index()) {
            None => true,
            Some(row) => {
                let word = row.get(to.index() / 64).copied().unwrap_or(0);
                word >> (to.index() % 64) & 1 == 0
            }
        }
    }

    /// Closes `pairs` until the cut of `item` is healed.
    pub(crate) fn cut(&mut self, item: Option<usize>, pairs: Vec<(NodeId, NodeId)>) {
        self.cuts.push(ActiveCut { item, pairs, was_effective: false });
        self.refresh();
    }

    /// Ends the cut of `item`, or all; whether there was one.
    pub(crate) fn heal(&mut self, item: Option<usize>) -> bool {
        let before = self.cuts.len();
        self.cuts.retain(|cut| item.is_some() && cut.item != item);
        self.refresh();
        self.cuts.len() < before
    }

    /// Notes that a message from `from` to `to` was cut off; how many cuts this made effective.
    pub(crate) fn note_cut_off(&mut self, from: NodeId, to: NodeId) -> u64 {
        let mut newly = 0;
        for cut in &mut self.cuts {
            if !cut.was_effective && cut.pairs.contains(&(from, to)) {
                cut.was_effective = true;
                newly += 1;
            }
        }
        newly
    }

    /// All directed pairs that are closed now, in order.
    pub(crate) fn closed_pairs(&self) -> Vec<(NodeId, NodeId)> {
        let pairs = self.cuts.iter().flat_map(|cut| cut.pairs.iter().copied());
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    fn refresh(&mut self) {
        self.closed.clear();
        for cut in &self.cuts {
            for (from, to) in &cut.pairs {
                if self.closed.len() <= from.index() {
                    self.closed.resize(from.index() + 1, vec![]);
                }
                let row = &mut self.closed[from.index()];
                if row.len() <= to.index() / 64 {
                    row.resize(to.index() / 64 + 1, 0);
                }
                row[to.index() / 64] |= 1 << (to.index() % 64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_cuts_heal_one_by_one() {
        let [a, b, c] = [NodeId(1), NodeId(2), NodeId(3)];
        let mut network = Network::new(Links::default(), 3);
        network.cut(Some(0), vec![(a, b), (b, a)]);
        network.cut(Some(1), vec![(a, b), (a, c)]);
        assert!(!network.is_open(a, b) && !network.is_open(b, a) && network.is_open(c, a));
        assert!(network.heal(Some(0)));
        assert!(!network.is_open(a, b) && network.is_open(b, a) && !network.is_open(a, c));
        assert_eq!(network.note_cut_off(a, c), 1);
        assert_eq!(network.note_cut_off(a, b), 0);
        assert!(!network.heal(Some(0)));
        assert!(network.heal(None) && network.is_open(a, b));
    }

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
