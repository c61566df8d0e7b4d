//! Finds a short cycle in a directed graph.

/// How many places of a cyclic part a search starts from: the shortest cycle through any of them is
/// taken, which is the shortest of all in small graphs.
const STARTS: usize = 64;

/// The edges leaving each node, in one array.
pub(crate) struct Graph {
    /// Where the edges of each node start in `order`.
    starts: Vec<u32>,
    /// Indexes of edges, by the node that they leave.
    order: Vec<u32>,
    ends: Vec<(u32, u32)>,
}

impl Graph {
    /// A graph of `nodes` nodes with these edges, from and to.
    pub(crate) fn new(nodes: usize, ends: Vec<(u32, u32)>) -> Self {
        let mut starts = vec![0; nodes + 1];
        for &(from, _) in &ends {
            starts[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut free = starts.clone();
        let mut order = vec![0; ends.len()];
        for (edge, &(from, _)) in (0u32..).zip(&ends) {
            order[free[from as usize] as usize] = edge;
            free[from as usize] += 1;
        }
        Self { starts, order, ends }
    }

    fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Edges that leave a node: their indexes and where they lead.
    pub(crate) fn from(&self, node: u32) -> impl Iterator<Item = (usize, u32)> + '_ {
        let range = self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize;
        self.order[range].iter().map(|&edge| (edge as usize, self.ends[edge as usize].1))
    }

    /// The nodes in an order in which no edge goes back, or as many of them as there are before the
    /// first cycle.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        let mut waits_for = vec![0u32; self.nodes()];
        for &(_, to) in &self.ends {
            waits_for[to as usize] += 1;
        }
        let mut sorted: Vec<u32> =
            (0..self.nodes() as u32).filter(|&node| waits_for[node as usize] == 0).collect();
        let mut next = 0;
        while next < sorted.len() {
            let node = sorted[next];
            next += 1;
            for (_, to) in self.from(node) {
                waits_for[to as usize] -= 1;
                if waits_for[to as usize] == 0 {
                    sorted.push(to);
                }
            }
        }
        sorted
    }

    /// The edges of a short cycle, in its order; `None` if there is none.
    pub(crate) fn cycle(&self) -> Option<Vec<usize>> {
        let sorted = self.sorted();
        if sorted.len() == self.nodes() {
            return None;
        }
        let cyclic = self.cyclic(&sorted);
        let mut best: Option<Vec<usize>> = None;
        let starts = (0..self.nodes() as u32).filter(|&node| cyclic[node as usize]);
        for (tried, start) in starts.enumerate() {
            if tried >= STARTS && best.is_some() {
                break;
            }
            let Some(cycle) = self.path(start, start, |edge| cyclic[self.ends[edge].1 as usize])
            else {
                continue;
            };
            if best.as_ref().is_none_or(|best| cycle.len() < best.len()) {
                best = Some(cycle);
            }
        }
        best
    }

    /// Which nodes remain when those that no cycle leads to, `sorted`, and those that lead to none
    /// are left out.
    fn cyclic(&self, sorted: &[u32]) -> Vec<bool> {
        let mut remains = vec![true; self.nodes()];
        for &node in sorted {
            remains[node as usize] = false;
        }
        let back =
            Self::new(self.nodes(), self.ends.iter().map(|&(from, to)| (to, from)).collect());
        for node in back.sorted() {
            remains[node as usize] = false;
        }
        remains
    }

    /// The edges of a shortest path of at least one edge, among the edges that `is_open` lets
    /// through.
    pub(crate) fn path(
        &self,
        from: u32,
        to: u32,
        is_open: impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        let mut came_by: Vec<Option<u32>> = vec![None; self.nodes()];
        let mut queue = vec![from];
        let mut next = 0;
        while next < queue.len() {
            let node = queue[next];
            next += 1;
            for (edge, end) in self.from(node) {
                if came_by[end as usize].is_some() || !is_open(edge) {
                    continue;
                }
                came_by[end as usize] = Some(edge as u32);
                if end == to {
                    return Some(self.walk_back(&came_by, from, to));
                }
                queue.push(end);
            }
        }
        None
    }

    fn walk_back(&self, came_by: &[Option<u32>], from: u32, to: u32) -> Vec<usize> {
        let (mut path, mut node) = (Vec::new(), to);
        loop {
            let edge =
                came_by[node as usize].expect("the walk goes back along the search") as usize;
            path.push(edge);
            node = self.ends[edge].0;
            if node == from {
                path.reverse();
                return path;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_cycle_is_found() {
        // A cycle of three leads into a cycle of two; a tail on both sides.
        let ends = vec![(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (4, 5), (5, 4), (5, 6)];
        let graph = Graph::new(7, ends);
        assert_eq!(graph.cycle(), Some(vec![5, 6]));
        assert_eq!(graph.path(0, 6, |_| true), Some(vec![0, 1, 2, 4, 5, 7]));
        assert_eq!(Graph::new(3, vec![(2, 0), (2, 1), (1, 0)]).cycle(), None);
        assert_eq!(Graph::new(1, vec![(0, 0)]).cycle(), Some(vec![0]));
    }
}
