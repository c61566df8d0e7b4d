//! The directed pairs that a shape of cut closes, among the nodes `n1` to `n{count}`. What a shape leaves open is drawn.

use crate::id::NodeId;
use crate::random::Draw;

pub(super) type Pairs = Vec<(NodeId, NodeId)>;

/// From each of the first to each of the second.
pub(super) fn one_way(from: &[NodeId], to: &[NodeId]) -> Pairs {
    let pairs = from.iter().flat_map(|from| to.iter().map(|to| (*from, *to)));
    pairs.filter(|(from, to)| from != to).collect()
}

/// Both ways between each of the first and each of the second.
pub(super) fn between(left: &[NodeId], right: &[NodeId]) -> Pairs {
    let mut pairs = [one_way(left, right), one_way(right, left)].concat();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Both ways between one node and all others.
pub(super) fn isolate(alone: NodeId, count: u32) -> Pairs {
    let others: Vec<NodeId> = NodeId::all(count).filter(|id| *id != alone).collect();
    between(&[alone], &others)
}

/// Both ways between nodes of different groups. Nodes in no group form one more.
pub(super) fn groups(groups: &[Vec<NodeId>], count: u32) -> Pairs {
    let group_of = |id: NodeId| groups.iter().position(|group| group.contains(&id));
    let group: Vec<_> = NodeId::all(count).map(group_of).collect();
    let pairs = NodeId::all(count).flat_map(|from| NodeId::all(count).map(move |to| (from, to)));
    pairs.filter(|(from, to)| group[from.index()] != group[to.index()]).collect()
}

/// Both ways between two halves; the second is the larger where the number of nodes is odd.
pub(super) fn halves(count: u32, draw: &mut Draw<'_>) -> Pairs {
    let nodes = shuffled(NodeId::all(count), draw);
    let (left, right) = nodes.split_at(nodes.len() / 2);
    between(left, right)
}

/// Both ways between fewer than half of the nodes, and the rest. Two nodes have no minority.
pub(super) fn minority(count: u32, draw: &mut Draw<'_>) -> Pairs {
    let most = u64::from(count.saturating_sub(1) / 2);
    if most == 0 {
        return vec![];
    }
    let size = 1 + draw.below(most) as usize;
    let nodes = shuffled(NodeId::all(count), draw);
    let (left, right) = nodes.split_at(size);
    between(left, right)
}

/// Two halves that only `bridge` reaches.
pub(super) fn bridge(bridge: NodeId, count: u32, draw: &mut Draw<'_>) -> Pairs {
    let nodes = shuffled(NodeId::all(count).filter(|id| *id != bridge), draw);
    let (left, right) = nodes.split_at(nodes.len() / 2);
    between(left, right)
}

/// Each node reaches only its two neighbours on a ring.
pub(super) fn ring(count: u32, draw: &mut Draw<'_>) -> Pairs {
    let nodes = shuffled(NodeId::all(count), draw);
    let mut place = vec![0; nodes.len()];
    for (index, id) in nodes.iter().enumerate() {
        place[id.index()] = index;
    }
    let is_far = |from: NodeId, to: NodeId| {
        let apart = place[from.index()].abs_diff(place[to.index()]);
        1 < apart && apart + 1 < nodes.len()
    };
    let pairs = NodeId::all(count).flat_map(|from| NodeId::all(count).map(move |to| (from, to)));
    pairs.filter(|(from, to)| is_far(*from, *to)).collect()
}

/// The nodes in an order that is drawn; every order is equally likely.
fn shuffled(nodes: impl Iterator<Item = NodeId>, draw: &mut Draw<'_>) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = nodes.collect();
    for place in (1..nodes.len()).rev() {
        nodes.swap(place, draw.below(place as u64 + 1) as usize);
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Domain, Randomness, StreamId};

    fn draws() -> impl Iterator<Item = Draw<'static>> {
        let randomness = Randomness::new(5);
        (0..200).map(move |round| randomness.at(StreamId::new(Domain::Fault, 1, 0), round))
    }

    fn ids<const N: usize>(ids: [u32; N]) -> [NodeId; N] {
        ids.map(NodeId)
    }

    fn plain(pairs: &Pairs) -> Vec<(u32, u32)> {
        pairs.iter().map(|(from, to)| (from.0, to.0)).collect()
    }

    /// Whom each node still reaches, in order of the nodes.
    fn reached(pairs: &Pairs, count: u32) -> Vec<Vec<u32>> {
        let reach = |from: NodeId| {
            let open = NodeId::all(count).filter(|to| from != *to && !pairs.contains(&(from, *to)));
            open.map(|to| to.0).collect()
        };
        NodeId::all(count).map(reach).collect()
    }

    #[test]
    fn shapes_without_draws_close_exactly_their_pairs() {
        assert_eq!(plain(&one_way(&ids([1, 2]), &ids([2, 3]))), [(1, 2), (1, 3), (2, 3)]);
        assert_eq!(
            plain(&between(&ids([1]), &ids([2, 3]))),
            [(1, 2), (1, 3), (2, 1), (3, 1)],
            "2 and 3 reach each other"
        );
        assert_eq!(plain(&isolate(NodeId(2), 3)), [(1, 2), (2, 1), (2, 3), (3, 2)]);
        let rest = groups(&[ids([1]).to_vec(), ids([2]).to_vec()], 4);
        assert_eq!(reached(&rest, 4), [vec![], vec![], vec![4], vec![3]]);
    }

    #[test]
    fn halves_are_two_cliques_of_half_the_nodes() {
        let mut seen = std::collections::BTreeSet::new();
        for mut draw in draws() {
            let pairs = halves(5, &mut draw);
            let reached = reached(&pairs, 5);
            let mut sizes: Vec<usize> = reached.iter().map(|own| own.len() + 1).collect();
            sizes.sort_unstable();
            assert_eq!(sizes, [2, 2, 3, 3, 3]);
            assert_eq!(pairs.len(), 12);
            seen.insert(plain(&pairs));
        }
        assert_eq!(seen.len(), 10, "every choice of two of five");
    }

    #[test]
    fn a_minority_is_less_than_half() {
        let mut sizes = std::collections::BTreeSet::new();
        for mut draw in draws() {
            let pairs = minority(5, &mut draw);
            let groups: Vec<usize> = reached(&pairs, 5).iter().map(|own| own.len() + 1).collect();
            let small = *groups.iter().min().unwrap();
            assert_eq!(groups.iter().filter(|size| **size == small).count(), small);
            sizes.insert(small);
            assert_eq!(pairs.len(), 2 * small * (5 - small));
        }
        assert!(sizes.iter().copied().eq([1, 2]), "{sizes:?}");
        assert!(draws().all(|mut draw| minority(2, &mut draw).is_empty()));
        assert!(draws().all(|mut draw| minority(4, &mut draw).len() == 6), "one of four");
    }

    #[test]
    fn only_the_bridge_reaches_both_halves() {
        for mut draw in draws() {
            let reached = reached(&bridge(NodeId(2), 5, &mut draw), 5);
            assert_eq!(reached[1], [1, 3, 4, 5]);
            for own in [0, 2, 3, 4].map(|place| &reached[place]) {
                assert!(own.len() == 2 && own.contains(&2), "{own:?}");
            }
        }
    }

    #[test]
    fn on_a_ring_each_reaches_its_two_neighbours_and_all_are_connected() {
        let mut seen = std::collections::BTreeSet::new();
        for mut draw in draws() {
            let pairs = ring(5, &mut draw);
            let reached = reached(&pairs, 5);
            assert!(reached.iter().all(|own| own.len() == 2), "{reached:?}");
            let (mut before, mut at, mut length) = (0, 1, 1);
            loop {
                let next = reached[at as usize - 1].iter().find(|to| **to != before).unwrap();
                (before, at, length) = (at, *next, length + 1);
                if at == 1 {
                    break;
                }
            }
            assert_eq!(length, 6, "one ring and not two: {reached:?}");
            seen.insert(plain(&pairs));
        }
        assert_eq!(seen.len(), 12, "every order of five on a ring");
        assert!(draws().all(|mut draw| ring(3, &mut draw).is_empty()));
    }

    #[test]
    fn one_node_has_nobody_to_be_cut_off_from() {
        for mut draw in draws() {
            assert!(halves(1, &mut draw).is_empty() && ring(1, &mut draw).is_empty());
            assert!(bridge(NodeId(1), 1, &mut draw).is_empty() && isolate(NodeId(1), 1).is_empty());
        }
    }
}
