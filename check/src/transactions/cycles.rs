//! Cycles of transactions, named by their edges (Adya, *Weak Consistency: A Generalized Theory and
//! Optimistic Implementations for Distributed Transactions*, 1999; names as Elle has them).

use super::dependencies::{DEPENDS, Dependencies, Events, order_mask};
use super::graph::{Arc, Components, Graph, Kind, Node};
use super::history::Txn;
use super::lattice::{Isolation, Order};

/// One transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Txn,
    pub(crate) to: Txn,
    pub(crate) kind: Kind,
}

/// A cycle that a level does not allow.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    pub(crate) level: Isolation,
    pub(crate) name: &'static str,
    /// Empty if the budget did not suffice to find one.
    pub(crate) steps: Vec<Step>,
    /// How many transactions are in its strongly connected component.
    pub(crate) component: usize,
    /// Some of them, if no cycle was found.
    pub(crate) members: Vec<Txn>,
}

/// Looks for cycles and counts what it takes.
pub(crate) struct Finder<'a> {
    pub(crate) dependencies: &'a Dependencies,
    /// For each search.
    pub(crate) budget: u64,
    pub(crate) steps: u64,
    /// Whether a search for a single anti-dependency ended for want of budget.
    pub(crate) is_spent: bool,
}

impl Finder<'_> {
    /// The first cycle of these kinds, if there is one.
    pub(crate) fn plain(&mut self, level: Isolation, mask: u8) -> Option<Cycle> {
        let graph = self.dependencies.graph(mask);
        self.in_graph(level, &graph)
    }

    /// A cycle that snapshot isolation or prefix consistency with this order does not allow.
    pub(crate) fn in_events(
        &mut self,
        level: Isolation,
        events: Events,
        order: Order,
    ) -> Option<Cycle> {
        let graph = self.dependencies.events(events, order);
        let components = self.components(&graph)?;
        // The same cycles by their simpler names first.
        let depends = DEPENDS | order_mask(order);
        if events == Events::Snapshot {
            let writes = Kind::WriteWrite.mask() | order_mask(order);
            for mask in [writes, depends] {
                if let Some(cycle) = self.plain(level, mask) {
                    return Some(cycle);
                }
            }
            if let Some(cycle) = self.single_in(level, &components, order) {
                return Some(cycle);
            }
        }
        Some(self.cycle(level, &graph, &components))
    }

    /// A cycle with exactly one anti-dependency.
    pub(crate) fn single(&mut self, level: Isolation, order: Order) -> Option<Cycle> {
        let graph = self.dependencies.events(Events::Snapshot, order);
        let components = self.components(&graph)?;
        self.single_in(level, &components, order)
    }

    /// As [`single`](Self::single), within the components of the graph of events.
    fn single_in(&mut self, level: Isolation, events: &Components, order: Order) -> Option<Cycle> {
        let dependencies = self.dependencies;
        let graph = dependencies.graph(DEPENDS | order_mask(order));
        let first = dependencies.graph(Kind::ReadWrite.mask());
        // The one that reads is on the cycle with its start, the others with their commits.
        let starts = self.starts(events, |txn| dependencies.start(txn));
        let before = self.steps;
        let budget = self.budget.max(2 * (graph.edges() + first.edges()));
        let found = graph.shortest_cycle(&first, events, &starts, budget, &mut self.steps);
        self.is_spent |= found.is_none() && self.steps - before > budget;
        let found = found?;
        Some(self.named(level, &found, 0))
    }

    fn components(&mut self, graph: &Graph) -> Option<Components> {
        self.steps += graph.nodes() as u64;
        let components = graph.components();
        (!components.is_acyclic()).then_some(components)
    }

    /// The first cycle of a graph, if there is one.
    pub(crate) fn in_graph(&mut self, level: Isolation, graph: &Graph) -> Option<Cycle> {
        let components = self.components(graph)?;
        Some(self.cycle(level, graph, &components))
    }

    /// The transactions whose node is in a component with others, from the smallest component.
    fn starts(&self, components: &Components, node: impl Fn(Txn) -> Node) -> Vec<(Txn, u32)> {
        let sizes = components.sizes();
        let component = |txn: Txn| (txn, components.of[node(txn) as usize]);
        let size = |of: u32| sizes[of as usize];
        let all = (0..self.dependencies.txns).map(component);
        let mut starts: Vec<(Txn, u32)> = all.filter(|&(_, of)| size(of) > 1).collect();
        starts.sort_by_key(|&(txn, of)| (size(of), of, txn));
        starts
    }

    fn cycle(&mut self, level: Isolation, graph: &Graph, components: &Components) -> Cycle {
        let starts = self.starts(components, |txn| txn);
        // Enough for one cycle, unless the budget of the whole check is small.
        let budget = self.budget.max(if self.budget < 1_000 { 0 } else { 2 * graph.edges() });
        let found = graph.shortest_cycle(graph, components, &starts, budget, &mut self.steps);
        let members =
            |of: u32| starts.iter().filter(move |start| start.1 == of).map(|start| start.0);
        let Some(arcs) = found else {
            let of = starts.first().map_or(0, |start| start.1);
            let shown: Vec<Txn> = members(of).take(12).collect();
            let component = members(of).count();
            return Cycle { level, name: "cycle", steps: Vec::new(), component, members: shown };
        };
        let on_cycle = arcs.iter().find_map(|arc| self.dependencies.txn(arc.to()));
        let of = on_cycle.map(|txn| components.of[txn as usize]);
        let component = of.map_or(0, |of| members(of).count());
        self.named(level, &arcs, component)
    }

    fn named(&self, level: Isolation, arcs: &[Arc], component: usize) -> Cycle {
        let steps = self.steps_of(arcs);
        let component = component.max(steps.len());
        Cycle { level, name: name(&steps), steps, component, members: Vec::new() }
    }

    /// The edges between transactions that a cycle of arcs means.
    pub(crate) fn steps_of(&self, arcs: &[Arc]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut begun: Option<(Txn, Kind)> = None;
        for arc in arcs {
            if arc.kind() != Kind::Silent {
                begun = self.dependencies.txn(arc.from).map(|from| (from, arc.kind()));
            }
            if let Some(to) = self.dependencies.txn(arc.to())
                && let Some((from, kind)) = begun.take()
            {
                steps.push(Step { from, to, kind });
            }
        }
        steps
    }
}

/// A cycle by its edges.
fn name(steps: &[Step]) -> &'static str {
    let has = |kind: Kind| steps.iter().any(|step| step.kind == kind);
    let is_anti = |step: &Step| step.kind == Kind::ReadWrite;
    let anti = steps.iter().filter(|step| is_anti(step)).count();
    let after = steps.iter().cycle().skip(1);
    let adjacent = steps.iter().zip(after).any(|(a, b)| is_anti(a) && is_anti(b));
    let order = if has(Kind::RealTime) { 2 } else { usize::from(has(Kind::Session)) };
    let names = match anti {
        0 if has(Kind::WriteRead) => ["G1c", "G1c-process", "G1c-realtime"],
        0 => ["G0", "G0-process", "G0-realtime"],
        1 => ["G-single", "G-single-process", "G-single-realtime"],
        _ if adjacent => ["G2-item", "G2-item-process", "G2-item-realtime"],
        _ => ["G-nonadjacent", "G-nonadjacent-process", "G-nonadjacent-realtime"],
    };
    names[order]
}
