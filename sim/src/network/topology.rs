//! Which links there are.

use serde::{Deserialize, Serialize};

use crate::id::NodeId;

/// Which links there are. All of them go both ways, and every node reaches itself.
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

impl Topology {
    /// Whether there is a link from `from` to `to` among `count` nodes. Both must be among them.
    pub fn links(self, from: NodeId, to: NodeId, count: u32) -> bool {
        let (low, high) = (from.0.min(to.0), from.0.max(to.0));
        if low == high {
            return true;
        }
        match self {
            Self::Clique => true,
            Self::Ring => high - low == 1 || (low == 1 && high == count),
            Self::Star => low == 1,
            Self::Tree { arity } => parent(high, arity) == Some(low),
            Self::Grid { width } => is_beside(low, high, width),
        }
    }

    /// The nodes that `id` has links with, but for itself, in order. Costs as much as there are.
    pub fn neighbours(self, id: NodeId, count: u32) -> impl Iterator<Item = NodeId> {
        let Ends { before, others, after } = self.ends(id.0, count);
        let others = others.filter(move |other| *other != id.0);
        // On the rim of a ring or a grid, some of these are no nodes.
        let all = before.into_iter().chain(others).chain(after);
        all.filter(move |other| *other <= count).map(NodeId)
    }

    /// Neighbours as numbers; some of them may be no nodes.
    fn ends(self, id: u32, count: u32) -> Ends {
        #[expect(clippy::reversed_empty_ranges, reason = "no others")]
        let none = Ends { before: vec![], others: 1..=0, after: vec![] };
        match self {
            Self::Clique => Ends { others: 1..=count, ..none },
            Self::Star if id == 1 => Ends { others: 2..=count, ..none },
            Self::Star => Ends { before: vec![1], ..none },
            Self::Ring => {
                let mut both = vec![
                    if id == 1 { count } else { id - 1 },
                    if id == count { 1 } else { id + 1 },
                ];
                both.retain(|other| *other != id);
                both.sort_unstable();
                both.dedup();
                Ends { before: both, ..none }
            }
            Self::Tree { arity } => {
                let first = (u64::from(id) - 1) * u64::from(arity) + 2;
                let last = (first + u64::from(arity)).saturating_sub(1).min(u64::from(count));
                let first = u32::try_from(first).unwrap_or(u32::MAX);
                let before = parent(id, arity).into_iter().collect();
                Ends { before, others: first..=last as u32, ..none }
            }
            Self::Grid { width } => {
                let near = |other: &u32| is_beside(id.min(*other), id.max(*other), width);
                let before = [id.saturating_sub(width), id - 1];
                let after = [id + 1, id.saturating_add(width)];
                let (mut before, mut after) = (before.to_vec(), after.to_vec());
                before.dedup();
                after.dedup();
                before.retain(|other| 0 < *other && near(other));
                after.retain(near);
                Ends { before, after, ..none }
            }
        }
    }

    /// Whether it is a topology at all.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(self) -> Result<(), String> {
        match self {
            Self::Tree { arity: 0 } => {
                Err(String::from("a tree needs at least one child for each node"))
            }
            Self::Grid { width: 0 } => Err(String::from("a grid needs at least one node in a row")),
            Self::Clique | Self::Ring | Self::Star | Self::Tree { .. } | Self::Grid { .. } => {
                Ok(())
            }
        }
    }
}

/// Neighbours of a node: some before, a run of them, some after.
struct Ends {
    before: Vec<u32>,
    others: std::ops::RangeInclusive<u32>,
    after: Vec<u32>,
}

/// The parent of a node in a tree; the root has none.
const fn parent(id: u32, arity: u32) -> Option<u32> {
    if id < 2 || arity == 0 {
        return None;
    }
    Some((id - 2) / arity + 1)
}

/// Whether two different nodes are beside or below each other on a grid.
const fn is_beside(low: u32, high: u32, width: u32) -> bool {
    if width == 0 {
        return false;
    }
    let is_in_one_row = (low - 1) / width == (high - 1) / width;
    high - low == width || (high - low == 1 && is_in_one_row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours(topology: Topology, id: u32, count: u32) -> Vec<u32> {
        topology.neighbours(NodeId(id), count).map(|id| id.0).collect()
    }

    #[test]
    fn each_shape_has_its_links() {
        assert_eq!(neighbours(Topology::Clique, 2, 4), [1, 3, 4]);
        assert_eq!(neighbours(Topology::Ring, 1, 5), [2, 5]);
        assert_eq!(neighbours(Topology::Ring, 5, 5), [1, 4]);
        assert_eq!(neighbours(Topology::Ring, 3, 5), [2, 4]);
        assert_eq!(neighbours(Topology::Ring, 1, 2), [2]);
        assert!(neighbours(Topology::Ring, 1, 1).is_empty());
        assert_eq!(neighbours(Topology::Star, 1, 4), [2, 3, 4]);
        assert_eq!(neighbours(Topology::Star, 3, 4), [1]);
        let tree = Topology::Tree { arity: 2 };
        assert_eq!(neighbours(tree, 1, 6), [2, 3]);
        assert_eq!(neighbours(tree, 3, 6), [1, 6]);
        assert_eq!(neighbours(tree, 6, 6), [3]);
        let grid = Topology::Grid { width: 3 };
        assert_eq!(neighbours(grid, 5, 8), [2, 4, 6, 8]);
        assert_eq!(neighbours(grid, 3, 8), [2, 6]);
        assert_eq!(neighbours(grid, 4, 8), [1, 5, 7]);
        assert_eq!(neighbours(Topology::Grid { width: 1 }, 2, 3), [1, 3]);
    }

    #[test]
    fn neighbours_are_those_that_have_links() {
        let shapes = [
            Topology::Clique,
            Topology::Ring,
            Topology::Star,
            Topology::Tree { arity: 1 },
            Topology::Tree { arity: 3 },
            Topology::Tree { arity: u32::MAX },
            Topology::Grid { width: 1 },
            Topology::Grid { width: 4 },
            Topology::Grid { width: u32::MAX },
        ];
        for (shape, count) in shapes.into_iter().flat_map(|shape| (1..14).map(move |n| (shape, n)))
        {
            for id in NodeId::all(count) {
                let linked = NodeId::all(count).filter(|to| *to != id);
                let linked = linked.filter(|to| shape.links(id, *to, count));
                let own: Vec<NodeId> = shape.neighbours(id, count).collect();
                assert_eq!(own, linked.collect::<Vec<_>>(), "{shape:?}, {id} of {count}");
            }
        }
    }

    #[test]
    fn shapes_without_size_are_refused() {
        assert!(Topology::Tree { arity: 0 }.check().is_err());
        assert!(Topology::Grid { width: 0 }.check().is_err());
        assert_eq!(Topology::Grid { width: 1 }.check(), Ok(()));
    }
}
