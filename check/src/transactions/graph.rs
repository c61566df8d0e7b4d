//! A directed graph with kinds of edges, its strongly connected components and its short cycles.

use std::collections::VecDeque;

/// The index of a node.
pub(crate) type Node = u32;

/// Why one comes before the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// It wrote the version before the other's.
    WriteWrite,
    /// The other read what it wrote.
    WriteRead,
    /// It read the version that the other overwrote.
    ReadWrite,
    /// The other came later in its session.
    Session,
    /// The other began after it had ended.
    RealTime,
    /// A third one read from the other, though it had seen this one.
    Inferred,
    /// No step of its own: a part of one.
    Silent,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::WriteWrite,
        Self::WriteRead,
        Self::ReadWrite,
        Self::Session,
        Self::RealTime,
        Self::Inferred,
        Self::Silent,
    ];

    /// As a set of one.
    pub(crate) const fn mask(self) -> u8 {
        1 << self as u8
    }
}

/// An edge: from, to, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arc {
    pub(crate) from: Node,
    packed: u32,
}

impl Arc {
    pub(crate) fn new(from: Node, to: Node, kind: Kind) -> Self {
        debug_assert!(to < 1 << 29, "more nodes than a history can have");
        Self { from, packed: to << 3 | kind as u32 }
    }

    pub(crate) fn to(self) -> Node {
        self.packed >> 3
    }

    pub(crate) fn kind(self) -> Kind {
        kind(self.packed)
    }
}

fn kind(packed: u32) -> Kind {
    Kind::ALL[(packed & 7) as usize]
}

/// The edges by node.
pub(crate) struct Graph {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

/// The strongly connected components; a component comes after those it leads to.
pub(crate) struct Components {
    /// The component of each node.
    pub(crate) of: Vec<u32>,
    pub(crate) count: u32,
}

impl Graph {
    /// Those of the edges whose kind is in `mask`; edges to the same node are left out.
    pub(crate) fn new<'a>(
        nodes: usize,
        arcs: impl Iterator<Item = &'a Arc> + Clone,
        mask: u8,
    ) -> Self {
        let counts = |arc: &&Arc| arc.kind().mask() & mask != 0 && arc.from != arc.to();
        let mut starts = vec![0; nodes + 1];
        for arc in arcs.clone().filter(counts) {
            starts[arc.from as usize + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next: Vec<u32> = starts[..nodes].to_vec();
        let mut targets = vec![0; starts[nodes] as usize];
        for arc in arcs.filter(counts) {
            let at = &mut next[arc.from as usize];
            targets[*at as usize] = arc.packed;
            *at += 1;
        }
        Self { starts, targets }
    }

    pub(crate) fn edges(&self) -> u64 {
        self.targets.len() as u64
    }

    pub(crate) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    fn out(&self, node: Node) -> &[u32] {
        &self.targets[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// The edges out of a node.
    pub(crate) fn arcs(&self, node: Node) -> impl Iterator<Item = Arc> {
        self.out(node).iter().map(move |&packed| Arc { from: node, packed })
    }

    /// Tarjan's algorithm, without recursion.
    pub(crate) fn components(&self) -> Components {
        const NEW: u32 = 0;
        let nodes = self.nodes();
        // Number of the visit, from 1; the lowest reachable one.
        let (mut visit, mut low) = (vec![NEW; nodes], vec![0u32; nodes]);
        let mut of = vec![u32::MAX; nodes];
        let (mut visits, mut count) = (0, 0);
        let mut open: Vec<Node> = Vec::new();
        let mut path: Vec<(Node, u32)> = Vec::new();
        for root in 0..nodes as Node {
            if visit[root as usize] != NEW {
                continue;
            }
            path.push((root, self.starts[root as usize]));
            visits += 1;
            (visit[root as usize], low[root as usize]) = (visits, visits);
            open.push(root);
            while let Some((node, next)) = path.last_mut() {
                let node = *node as usize;
                if *next < self.starts[node + 1] {
                    let to = self.targets[*next as usize] >> 3;
                    *next += 1;
                    if visit[to as usize] == NEW {
                        visits += 1;
                        (visit[to as usize], low[to as usize]) = (visits, visits);
                        open.push(to);
                        path.push((to, self.starts[to as usize]));
                    } else if of[to as usize] == u32::MAX {
                        low[node] = low[node].min(visit[to as usize]);
                    }
                    continue;
                }
                path.pop();
                if let Some((parent, _)) = path.last() {
                    let parent = *parent as usize;
                    low[parent] = low[parent].min(low[node]);
                }
                if low[node] == visit[node] {
                    while let Some(member) = open.pop() {
                        of[member as usize] = count;
                        if member as usize == node {
                            break;
                        }
                    }
                    count += 1;
                }
            }
        }
        Components { of, count }
    }

    /// A shortest cycle that leaves `start` by an edge of `first` and goes on by edges of this graph in
    /// `component`; silent edges cost nothing. `None` if there is none shorter than `bound`,
    /// or if the budget is spent.
    fn cycle_through(
        &self,
        first: &Self,
        search: &mut Search<'_>,
        (start, component): (Node, u32),
        bound: u32,
    ) -> Option<Vec<Arc>> {
        search.round += 1;
        search.queue.clear();
        search.queue.push_back((start, 0));
        let mut closing: Option<(u32, Arc)> = None;
        while let Some((node, distance)) = search.queue.pop_front() {
            if closing.is_some_and(|(shortest, _)| distance >= shortest) {
                break;
            }
            let is_first = node == start;
            for &packed in if is_first { first.out(node) } else { self.out(node) } {
                *search.steps += 1;
                if *search.steps > search.budget {
                    return None;
                }
                let arc = Arc { from: node, packed };
                let to = arc.to() as usize;
                let is_silent = arc.kind() == Kind::Silent;
                let reached = distance + u32::from(!is_silent);
                if reached >= bound || (arc.to() != start && search.components.of[to] != component)
                {
                    continue;
                }
                if arc.to() == start {
                    if closing.is_none_or(|(shortest, _)| reached < shortest) {
                        closing = Some((reached, arc));
                    }
                    continue;
                }
                let is_known = search.seen[to].0 == search.round;
                if is_known && search.seen[to].1 <= reached {
                    continue;
                }
                search.seen[to] = (search.round, reached);
                search.by[to] = arc;
                if is_silent {
                    search.queue.push_front((arc.to(), reached));
                } else {
                    search.queue.push_back((arc.to(), reached));
                }
            }
        }
        closing.map(|(_, arc)| search.path(start, arc))
    }

    /// A shortest cycle that leaves one of the `starts` by an edge of `first` and stays in the component
    /// named with it, as far as the budget reaches; the edges looked at are counted in `steps`.
    pub(crate) fn shortest_cycle(
        &self,
        first: &Self,
        components: &Components,
        starts: &[(Node, u32)],
        budget: u64,
        steps: &mut u64,
    ) -> Option<Vec<Arc>> {
        let nodes = self.nodes();
        let budget = steps.saturating_add(budget);
        let nowhere = Arc { from: 0, packed: 0 };
        let mut search = Search {
            components,
            budget,
            steps,
            round: 0,
            seen: vec![(0, 0); nodes],
            by: vec![nowhere; nodes],
            queue: VecDeque::new(),
        };
        let mut best: Option<Vec<Arc>> = None;
        for &start in starts {
            let bound = best.as_deref().map_or(u32::MAX, |best| length(best) as u32);
            if bound <= 2 || *search.steps > search.budget {
                break;
            }
            if let Some(cycle) = self.cycle_through(first, &mut search, start, bound) {
                best = Some(cycle);
            }
        }
        best
    }

    /// A shortest path; counts the edges it looks at. `None` if there is none or the budget is spent.
    pub(crate) fn path(
        &self,
        from: Node,
        to: Node,
        within: impl Fn(Node) -> bool,
        budget: u64,
        steps: &mut u64,
    ) -> Option<Vec<Arc>> {
        let budget = steps.saturating_add(budget);
        let mut by: std::collections::BTreeMap<Node, Arc> = std::collections::BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for arc in self.arcs(node) {
                *steps += 1;
                if *steps > budget {
                    return None;
                }
                if arc.to() == from || !within(arc.to()) || by.contains_key(&arc.to()) {
                    continue;
                }
                by.insert(arc.to(), arc);
                if arc.to() == to {
                    let mut path = vec![arc];
                    while let Some(first) = path.last().filter(|arc| arc.from != from) {
                        path.push(by[&first.from]);
                    }
                    path.reverse();
                    return Some(path);
                }
                if arc.kind() == Kind::Silent {
                    queue.push_front(arc.to());
                } else {
                    queue.push_back(arc.to());
                }
            }
        }
        None
    }
}

/// How many edges a cycle has, silent ones apart.
pub(crate) fn length(cycle: &[Arc]) -> usize {
    cycle.iter().filter(|arc| arc.kind() != Kind::Silent).count()
}

struct Search<'a> {
    components: &'a Components,
    budget: u64,
    steps: &'a mut u64,
    /// Which search it is; what an earlier one saw does not count.
    round: u32,
    /// In which search a node was seen last, and how far from the start.
    seen: Vec<(u32, u32)>,
    by: Vec<Arc>,
    queue: VecDeque<(Node, u32)>,
}

impl Search<'_> {
    fn path(&self, start: Node, last: Arc) -> Vec<Arc> {
        let mut path = vec![last];
        while let Some(arc) = path.last().filter(|arc| arc.from != start) {
            path.push(self.by[arc.from as usize]);
        }
        path.reverse();
        path
    }
}

impl Components {
    /// Whether no component has two nodes: there is no cycle.
    pub(crate) fn is_acyclic(&self) -> bool {
        self.count as usize == self.of.len()
    }

    /// How many nodes each component has.
    pub(crate) fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.count as usize];
        for &component in &self.of {
            sizes[component as usize] += 1;
        }
        sizes
    }

    /// The nodes in an order in which every edge leads forward, if there is no cycle.
    pub(crate) fn order(&self) -> Vec<Node> {
        let mut order = vec![0; self.of.len()];
        for (node, &component) in (0..).zip(&self.of) {
            order[(self.count - 1 - component) as usize] = node;
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: usize, edges: &[(Node, Node)]) -> Graph {
        let arcs: Vec<Arc> = edges.iter().map(|&(a, b)| Arc::new(a, b, Kind::WriteRead)).collect();
        Graph::new(nodes, arcs.iter(), u8::MAX)
    }

    #[test]
    fn components_come_after_those_they_lead_to() {
        let graph = graph(6, &[(0, 1), (1, 2), (2, 1), (2, 3), (4, 3), (5, 0)]);
        let components = graph.components();
        assert_eq!(components.count, 5);
        assert_eq!(components.of[1], components.of[2]);
        assert!(components.of[3] < components.of[2] && components.of[1] < components.of[0]);
        assert!(!components.is_acyclic());
    }

    #[test]
    fn the_shortest_cycle_is_found() {
        let graph = graph(6, &[(0, 1), (1, 2), (2, 3), (3, 0), (2, 0), (4, 5), (5, 4)]);
        let components = graph.components();
        let mut steps = 0;
        let starts = |nodes: std::ops::Range<Node>| -> Vec<(Node, u32)> {
            nodes.map(|node| (node, components.of[node as usize])).collect()
        };
        let cycle = |nodes, steps: &mut u64| {
            let starts = starts(nodes);
            let cycle = graph.shortest_cycle(&graph, &components, &starts, 1_000, steps)?;
            Some(cycle.iter().map(|arc| arc.from).collect::<Vec<_>>())
        };
        assert_eq!(cycle(0..4, &mut steps), Some(vec![0, 1, 2]));
        assert_eq!(cycle(0..6, &mut steps), Some(vec![4, 5]));
        let mut spent = 0;
        assert_eq!(graph.shortest_cycle(&graph, &components, &starts(0..4), 1, &mut spent), None);
    }

    #[test]
    fn an_order_leads_forward() {
        let graph = graph(4, &[(3, 1), (1, 0), (3, 2), (2, 0)]);
        let order = graph.components().order();
        let place = |node| order.iter().position(|&other| other == node).unwrap();
        assert!(place(3) < place(1) && place(1) < place(0) && place(2) < place(0));
    }
}
