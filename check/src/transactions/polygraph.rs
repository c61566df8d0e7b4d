//! Whether the writes that have no known order can be put in one, so that the commits make no cycle: for every
//! two writers of a key either one comes first, with those who read its value before the other.
//!
//! Reachability rules out most choices, then a search with backtracking makes the rest (Papadimitriou, *The
//! Serializability of Concurrent Database Updates*, 1979; Tan et al., *Cobra*, 2020).

use super::dependencies::{Dependencies, Events};
use super::facts::{Facts, INITIAL};
use super::graph::{Graph, Node};
use super::history::{Key, Txn};

/// More nodes than this are not searched.
const MAX_NODES: usize = 4_096;
/// More choices than this are not searched.
const MAX_CHOICES: usize = 50_000;
/// How many choices may be open at once.
const MAX_DEPTH: usize = 96;

/// What the search says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The nodes in an order in which every edge leads forward.
    Order(Vec<Node>),
    /// There is none.
    None,
    /// Too large, or the budget is spent.
    Spent,
}

/// How two writers of a key are ordered in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One node for each transaction.
    Serial,
    /// Starts and commits.
    Events(Events),
}

/// The edges if one writer comes first, or the other.
struct Choice {
    ways: [Vec<(Node, Node)>; 2],
}

/// Who is reachable from whom.
#[derive(Clone)]
struct Reach {
    width: usize,
    bits: Vec<u64>,
}

impl Reach {
    fn has(&self, from: Node, to: Node) -> bool {
        self.bits[from as usize * self.width + to as usize / 64] >> (to % 64) & 1 == 1
    }

    /// The closure of a graph; `None` if it has a cycle.
    fn new(graph: &Graph) -> Option<Self> {
        let components = graph.components();
        if !components.is_acyclic() {
            return None;
        }
        let nodes = graph.nodes();
        let width = nodes.div_ceil(64);
        let mut reach = Self { width, bits: vec![0; nodes * width] };
        for &node in components.order().iter().rev() {
            for arc in graph.arcs(node) {
                reach.include(node, arc.to());
            }
        }
        Some(reach)
    }

    /// Whatever `to` reaches, and `to` itself, is reachable from `node`.
    fn include(&mut self, node: Node, to: Node) {
        let (node, other) = (node as usize * self.width, to as usize * self.width);
        for word in 0..self.width {
            self.bits[node + word] |= self.bits[other + word];
        }
        self.bits[node + to as usize / 64] |= 1 << (to % 64);
    }

    /// Adds an edge and counts the rows that change; whether there is no cycle.
    fn add(&mut self, from: Node, to: Node, steps: &mut u64) -> bool {
        if from == to || self.has(to, from) {
            return false;
        }
        if self.has(from, to) {
            return true;
        }
        let nodes = (self.bits.len() / self.width) as Node;
        for node in 0..nodes {
            if node == from || self.has(node, from) {
                self.include(node, to);
                *steps += 1 + self.width as u64 / 8;
            }
        }
        true
    }
}

/// Looks for an order of what the graph leaves open.
pub(crate) fn solve(
    dependencies: &Dependencies,
    facts: &Facts,
    graph: &Graph,
    form: Form,
    budget: u64,
    steps: &mut u64,
) -> Answer {
    if graph.nodes() > MAX_NODES {
        return Answer::Spent;
    }
    let Some(choices) = choices(dependencies, facts, form) else { return Answer::Spent };
    let Some(reach) = Reach::new(graph) else { return Answer::None };
    let mut solver = Solver { choices, budget: steps.saturating_add(budget), steps };
    let open: Vec<u32> = (0..solver.choices.len() as u32).collect();
    match solver.search(reach, open, 0) {
        Err(()) => Answer::Spent,
        Ok(None) => Answer::None,
        Ok(Some(reach)) => Answer::Order(order(&reach)),
    }
}

/// Every node before those it reaches: it reaches more than each of them.
fn order(reach: &Reach) -> Vec<Node> {
    let nodes = (reach.bits.len() / reach.width) as Node;
    let row = |node: Node| &reach.bits[node as usize * reach.width..][..reach.width];
    let reached = |node: &Node| row(*node).iter().map(|word| word.count_ones()).sum::<u32>();
    let mut order: Vec<Node> = (0..nodes).collect();
    order.sort_by_key(|node| std::cmp::Reverse(reached(node)));
    order
}

fn choices(dependencies: &Dependencies, facts: &Facts, form: Form) -> Option<Vec<Choice>> {
    let mut readers: std::collections::BTreeMap<(Key, Txn), Vec<Txn>> =
        std::collections::BTreeMap::new();
    for read in facts.reads.iter().filter(|read| read.from != INITIAL) {
        if !facts.chains[read.key as usize].is_known {
            readers.entry((read.key, read.from)).or_default().push(read.txn);
        }
    }
    let mut choices = Vec::new();
    for (key, chain) in (0..).zip(&facts.chains) {
        let loose = &chain.loose;
        if choices.len() + loose.len() * loose.len() / 2 > MAX_CHOICES {
            return None;
        }
        let readers_of = |txn: Txn| readers.get(&(key, txn)).map_or(&[][..], Vec::as_slice);
        for (index, &a) in loose.iter().enumerate() {
            for &b in &loose[index + 1..] {
                let way = |first: Txn, second: Txn| {
                    let start = |txn: Txn| match form {
                        Form::Serial => txn,
                        Form::Events(_) => dependencies.start(txn),
                    };
                    let write = match form {
                        Form::Serial | Form::Events(Events::Prefix) => second,
                        Form::Events(Events::Snapshot) => dependencies.start(second),
                    };
                    let reads = readers_of(first).iter().filter(|&&reader| reader != second);
                    let mut way: Vec<(Node, Node)> =
                        reads.map(|&reader| (start(reader), second)).collect();
                    way.push((first, write));
                    way
                };
                choices.push(Choice { ways: [way(a, b), way(b, a)] });
            }
        }
    }
    Some(choices)
}

struct Solver<'a> {
    choices: Vec<Choice>,
    budget: u64,
    steps: &'a mut u64,
}

impl Solver<'_> {
    /// The closure of a graph without a cycle in which every choice is made; `Err` if the budget is spent.
    fn search(
        &mut self,
        mut reach: Reach,
        mut open: Vec<u32>,
        depth: usize,
    ) -> Result<Option<Reach>, ()> {
        if !self.prune(&mut reach, &mut open)? {
            return Ok(None);
        }
        let Some(&choice) = open.first() else { return Ok(Some(reach)) };
        if depth == MAX_DEPTH {
            return Err(());
        }
        for way in 0..2 {
            let mut next = reach.clone();
            if self.take(&mut next, choice, way)
                && let Some(found) = self.search(next, open[1..].to_vec(), depth + 1)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Makes every choice that reachability leaves no choice in; whether one way remains for each.
    fn prune(&mut self, reach: &mut Reach, open: &mut Vec<u32>) -> Result<bool, ()> {
        loop {
            let before = open.len();
            let mut rest = Vec::with_capacity(before);
            for &choice in &*open {
                *self.steps += 1;
                if *self.steps > self.budget {
                    return Err(());
                }
                let can = [self.can(reach, choice, 0), self.can(reach, choice, 1)];
                let way = match can {
                    [false, false] => return Ok(false),
                    [true, true] => {
                        rest.push(choice);
                        continue;
                    }
                    [first, _] => usize::from(!first),
                };
                if !self.take(reach, choice, way) {
                    return Ok(false);
                }
            }
            *open = rest;
            if open.len() == before {
                return Ok(true);
            }
        }
    }

    fn can(&self, reach: &Reach, choice: u32, way: usize) -> bool {
        let edges = &self.choices[choice as usize].ways[way];
        edges.iter().all(|&(from, to)| from != to && !reach.has(to, from))
    }

    fn take(&mut self, reach: &mut Reach, choice: u32, way: usize) -> bool {
        let edges = &self.choices[choice as usize].ways[way];
        edges.iter().all(|&(from, to)| reach.add(from, to, self.steps))
    }
}
