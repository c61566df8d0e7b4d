//! Looks for the patterns that break causal consistency.
//!
//! A vector clock of each operation says how many operations of each process come before it. Of the
//! writes of one process to one key that come before a read, only the last matters: the others come
//! before that one.

use crate::cycle::Graph;
use crate::finding::Budget;
use crate::memory::{Memory, Node, Source};

/// A pattern of Bouajjani et al.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    ThinAirRead,
    CyclicCo,
    WriteCoInitRead,
    WriteCoRead,
    CyclicCf,
    CyclicHb,
    WriteHbInitRead,
}

use Pattern::{
    CyclicCf, CyclicCo, CyclicHb, ThinAirRead, WriteCoInitRead, WriteCoRead, WriteHbInitRead,
};

impl Pattern {
    pub(super) const OF_CC: [Self; 4] = [ThinAirRead, CyclicCo, WriteCoInitRead, WriteCoRead];
    pub(super) const OF_CCV: [Self; 5] =
        [ThinAirRead, CyclicCo, WriteCoInitRead, WriteCoRead, CyclicCf];
    pub(super) const OF_CM: [Self; 6] =
        [ThinAirRead, CyclicCo, WriteCoInitRead, WriteCoRead, CyclicHb, WriteHbInitRead];

    pub(super) const fn name(self) -> &'static str {
        match self {
            ThinAirRead => "ThinAirRead",
            CyclicCo => "CyclicCO",
            WriteCoInitRead => "WriteCOInitRead",
            WriteCoRead => "WriteCORead",
            CyclicCf => "CyclicCF",
            CyclicHb => "CyclicHB",
            WriteHbInitRead => "WriteHBInitRead",
        }
    }
}

/// Why one operation comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// Its process did it earlier.
    Process,
    /// The other read what it wrote.
    Read,
    /// Both write one key, and it comes before this read, which saw the other.
    Seen(u32),
}

/// One operation comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) because: Because,
}

/// The budget was spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent;

/// A pattern that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Every operation that it needs.
    pub(super) nodes: Vec<u32>,
    /// From one operation to the next, in the order of a cycle where it is one.
    pub(super) chain: Vec<Step>,
    /// The read that cannot be, and what it contradicts.
    pub(super) conflict: Option<(u32, u32)>,
}

/// The causal order of a memory.
pub(super) struct Search<'m, 'a> {
    memory: &'m Memory<'a>,
    /// Program order, then reads.
    pub(super) steps: Vec<Step>,
    co: Graph,
    /// For each operation, how many of each process come before it or are it; empty if `co` has a
    /// cycle.
    clocks: Vec<u32>,
    /// The writes of each process to each key, by place: `writes[process][key]`.
    writes: Vec<Vec<Vec<u32>>>,
    budget: Budget,
    counted: u64,
    /// What has been found already, since levels share patterns.
    known: Vec<(Pattern, Result<Option<Found>, Spent>)>,
}

impl<'m, 'a> Search<'m, 'a> {
    pub(super) fn new(memory: &'m Memory<'a>, budget: Budget) -> Self {
        let mut steps = Vec::new();
        for process in &memory.processes {
            steps.extend(process.windows(2).map(|pair| Step {
                from: pair[0],
                to: pair[1],
                because: Because::Process,
            }));
        }
        for (to, node) in (0u32..).zip(&memory.nodes) {
            if let Source::Write(from) = node.source {
                steps.push(Step { from, to, because: Because::Read });
            }
        }
        let co = Graph::new(memory.nodes.len(), ends(&steps));
        let mut writes = vec![vec![Vec::new(); memory.keys]; memory.processes.len()];
        for node in memory.nodes.iter().filter(|node| node.is_write()) {
            writes[node.process as usize][node.key as usize].push(node.seat);
        }
        let (clocks, known) = (Vec::new(), Vec::new());
        Self { memory, steps, co, clocks, writes, budget, counted: 0, known }
    }

    /// How many clocks were compared or joined.
    pub(super) fn steps(&self) -> u64 {
        self.counted
    }

    /// The pattern, if it is there. The
    /// patterns of a level are looked for in its order.
    pub(super) fn find(&mut self, pattern: Pattern) -> Result<Option<Found>, Spent> {
        if let Some((_, answer)) = self.known.iter().find(|(known, _)| *known == pattern) {
            return answer.clone();
        }
        let answer = self.look(pattern);
        self.known.push((pattern, answer.clone()));
        answer
    }

    fn look(&mut self, pattern: Pattern) -> Result<Option<Found>, Spent> {
        match pattern {
            ThinAirRead => Ok(self.memory.thin_air().map(|(read, _)| Found {
                nodes: vec![read],
                chain: Vec::new(),
                conflict: None,
            })),
            CyclicCo => {
                if let Some(cycle) = self.co.cycle() {
                    let nodes = self.nodes_of(&cycle, &self.steps);
                    let chain = merged(&cycle, &self.steps);
                    return Ok(Some(Found { nodes, chain, conflict: None }));
                }
                if self.set_clocks() { Ok(None) } else { Err(Spent) }
            }
            WriteCoInitRead => self.spend_reads().map(|()| self.write_before_initial_read()),
            WriteCoRead => self.spend_reads().map(|()| self.overwritten_read()),
            CyclicCf => self.spend_reads().map(|()| self.conflicting_orders()),
            // Both come out of one saturation.
            CyclicHb | WriteHbInitRead => {
                let found = self.saturate()?;
                Ok(found.and_then(|(which, found)| (which == pattern).then_some(found)))
            }
        }
    }

    /// Counts one step per read and process.
    fn spend_reads(&mut self) -> Result<(), Spent> {
        self.counted += self.memory.nodes.len() as u64;
        if self.counted <= self.budget.steps { Ok(()) } else { Err(Spent) }
    }

    fn width(&self) -> usize {
        self.memory.processes.len()
    }

    /// The clocks of `co`, which has no cycle; false if they would not fit.
    fn set_clocks(&mut self) -> bool {
        let (width, nodes) = (self.width(), self.memory.nodes.len());
        let words = (width * nodes) as u64;
        if words > self.budget.configurations.saturating_mul(12) {
            return false;
        }
        self.clocks = vec![0; width * nodes];
        for node in self.co.sorted() {
            let Node { process, seat, .. } = self.memory.nodes[node as usize];
            let at = node as usize * width;
            self.clocks[at + process as usize] = seat + 1;
            for (_, next) in self.co.from(node) {
                let to = next as usize * width;
                for of in 0..width {
                    self.clocks[to + of] = self.clocks[to + of].max(self.clocks[at + of]);
                }
            }
        }
        self.counted += nodes as u64;
        self.counted <= self.budget.steps
    }

    fn clock(&self, node: u32) -> &[u32] {
        &self.clocks[node as usize * self.width()..][..self.width()]
    }

    /// Whether `first` is `second` or comes before it, by this clock of `second`.
    fn is_before(&self, first: u32, clock: &[u32]) -> bool {
        let Node { process, seat, .. } = self.memory.nodes[first as usize];
        clock[process as usize] > seat
    }

    /// The last write of `process` to `key` among the first `count` operations of the process.
    fn last_write(&self, process: usize, key: u32, count: u32) -> Option<u32> {
        let seats = &self.writes[process][key as usize];
        let end = seats.partition_point(|&seat| seat < count);
        let seat = seats[..end].last()?;
        Some(self.memory.processes[process][*seat as usize])
    }

    /// The first write of `process` to `key`.
    fn first_write(&self, process: usize, key: u32) -> Option<u32> {
        let seat = self.writes[process][key as usize].first()?;
        Some(self.memory.processes[process][*seat as usize])
    }

    fn reads(&self) -> impl Iterator<Item = (u32, &Node)> {
        (0u32..).zip(&self.memory.nodes).filter(|(_, node)| !node.is_write())
    }

    fn write_before_initial_read(&self) -> Option<Found> {
        self.reads().filter(|(_, node)| node.source == Source::Initial).find_map(|(read, node)| {
            let write = self.any_write_before(node.key, self.clock(read))?;
            Some(self.between(&[(write, read)], (read, write)))
        })
    }

    fn any_write_before(&self, key: u32, clock: &[u32]) -> Option<u32> {
        (0..self.width())
            .filter_map(|process| self.first_write(process, key))
            .find(|&write| self.is_before(write, clock))
    }

    fn overwritten_read(&self) -> Option<Found> {
        self.reads().find_map(|(read, node)| {
            let Source::Write(seen) = node.source else { return None };
            let clock = self.clock(read);
            let overwriting = (0..self.width())
                .filter_map(|process| self.last_write(process, node.key, clock[process]))
                .find(|&write| write != seen && self.is_before(seen, self.clock(write)))?;
            Some(self.between(&[(seen, overwriting), (overwriting, read)], (read, overwriting)))
        })
    }

    /// The writes of `key` that come before `read` by its clock, one per process, without `seen`,
    /// what the read saw, and what comes before that anyway.
    fn seen_past<'s>(
        &'s self,
        read: u32,
        seen: u32,
        clock: &'s [u32],
        past_of_seen: &'s [u32],
    ) -> impl Iterator<Item = u32> + 's {
        let key = self.memory.nodes[read as usize].key;
        (0..self.width())
            .filter_map(move |process| self.last_write(process, key, clock[process]))
            .filter(move |&write| write != seen && !self.is_before(write, past_of_seen))
    }

    fn conflicting_orders(&self) -> Option<Found> {
        let mut steps = self.steps.clone();
        for (read, node) in self.reads() {
            let Source::Write(to) = node.source else { continue };
            for from in self.seen_past(read, to, self.clock(read), self.clock(to)) {
                steps.push(Step { from, to, because: Because::Seen(read) });
            }
        }
        let cycle = Graph::new(self.memory.nodes.len(), ends(&steps)).cycle()?;
        let base = self.steps.len();
        let nodes = self.with_proofs(&cycle, &steps, |_| base);
        Some(Found { nodes, chain: merged(&cycle, &steps), conflict: None })
    }

    /// The nodes of these edges.
    fn nodes_of(&self, edges: &[usize], steps: &[Step]) -> Vec<u32> {
        let mut nodes: Vec<u32> =
            edges.iter().flat_map(|&edge| [steps[edge].from, steps[edge].to]).collect();
        self.add_sources(&mut nodes);
        nodes
    }

    /// The nodes of these edges, and for a write that comes before another because of what a read
    /// saw, those that show that it comes before that read: by steps below `known`.
    fn with_proofs(
        &self,
        edges: &[usize],
        steps: &[Step],
        known: impl Fn(usize) -> usize,
    ) -> Vec<u32> {
        let mut nodes = self.nodes_of(edges, steps);
        let graph = Graph::new(self.memory.nodes.len(), ends(steps));
        let mut proven = vec![false; steps.len()];
        let mut open = edges.to_vec();
        while let Some(edge) = open.pop() {
            let Step { from, because: Because::Seen(read), .. } = steps[edge] else { continue };
            if std::mem::replace(&mut proven[edge], true) {
                continue;
            }
            let path = graph.path(from, read, |other| other < known(edge)).unwrap_or_default();
            nodes.extend(self.nodes_of(&path, steps));
            nodes.push(read);
            open.extend(path);
        }
        self.add_sources(&mut nodes);
        nodes
    }

    /// Shortest causal paths between these pairs.
    fn between(&self, pairs: &[(u32, u32)], conflict: (u32, u32)) -> Found {
        let (mut nodes, mut chain) = (Vec::new(), Vec::new());
        for &(from, to) in pairs {
            let is_open = |edge: usize| self.is_before(self.steps[edge].to, self.clock(to));
            let path = self.co.path(from, to, is_open).unwrap_or_default();
            nodes.extend(self.nodes_of(&path, &self.steps));
            chain.extend(merged(&path, &self.steps));
        }
        self.add_sources(&mut nodes);
        Found { nodes, chain, conflict: Some(conflict) }
    }

    /// Adds what the reads saw, sorts.
    fn add_sources(&self, nodes: &mut Vec<u32>) {
        let seen = nodes.iter().filter_map(|&node| match self.memory.nodes[node as usize].source {
            Source::Write(writer) => Some(writer),
            Source::Own | Source::Initial | Source::Nowhere(_) => None,
        });
        let seen: Vec<u32> = seen.collect();
        nodes.extend(seen);
        nodes.sort_unstable();
        nodes.dedup();
    }

    /// For each process, orders the writes that its reads put in order until nothing new follows.
    fn saturate(&mut self) -> Result<Option<(Pattern, Found)>, Spent> {
        let mut counted = self.counted;
        let mut found = None;
        for process in 0..self.width() {
            let mut own = Saturation::new(self, process, counted);
            let is_done = own.run();
            counted = own.counted;
            if !is_done {
                self.counted = counted;
                return Err(Spent);
            }
            if own.found.is_some() {
                found = own.found;
                break;
            }
        }
        self.counted = counted;
        Ok(found)
    }
}

fn ends(steps: &[Step]) -> Vec<(u32, u32)> {
    steps.iter().map(|step| (step.from, step.to)).collect()
}

/// These steps, those along one process as one.
fn merged(edges: &[usize], steps: &[Step]) -> Vec<Step> {
    let mut chain: Vec<Step> = Vec::new();
    for &edge in edges {
        let step = steps[edge];
        match chain.last_mut() {
            Some(last) if (last.because, step.because) == (Because::Process, Because::Process) => {
                last.to = step.to;
            }
            _ => chain.push(step),
        }
    }
    chain
}

/// What one process can tell of the order of writes.
struct Saturation<'s, 'm, 'a> {
    search: &'s Search<'m, 'a>,
    process: usize,
    /// Clocks that differ from those of `co`: where each operation's is in `changed`, plus one.
    slot: Vec<u32>,
    changed: Vec<u32>,
    /// The orders of writes found, in the order of finding; of each, the one before it that leaves
    /// the same write, plus one, and the last that leaves each write, plus one.
    extra: Vec<Step>,
    earlier: Vec<u32>,
    last: Vec<u32>,
    counted: u64,
    found: Option<(Pattern, Found)>,
}

impl<'s, 'm, 'a> Saturation<'s, 'm, 'a> {
    fn new(search: &'s Search<'m, 'a>, process: usize, counted: u64) -> Self {
        let (slot, last) = (vec![0; search.memory.nodes.len()], vec![0; search.memory.nodes.len()]);
        let (changed, extra, earlier, found) = (Vec::new(), Vec::new(), Vec::new(), None);
        Self { search, process, slot, changed, extra, earlier, last, counted, found }
    }

    fn clock(&self, node: u32) -> &[u32] {
        match self.slot[node as usize] {
            0 => self.search.clock(node),
            slot => {
                &self.changed[(slot as usize - 1) * self.search.width()..][..self.search.width()]
            }
        }
    }

    /// False if the budget was spent.
    fn run(&mut self) -> bool {
        let nodes = &self.search.memory.nodes;
        let own = &self.search.memory.processes[self.process];
        let mut open: Vec<u32> =
            own.iter().rev().copied().filter(|&node| !nodes[node as usize].is_write()).collect();
        while let Some(read) = open.pop() {
            self.counted += 1;
            if self.counted > self.search.budget.steps {
                return false;
            }
            let node = nodes[read as usize];
            match node.source {
                Source::Write(seen) => self.order_before(read, seen, &mut open),
                Source::Initial => {
                    if let Some(write) = self.search.any_write_before(node.key, self.clock(read)) {
                        self.found =
                            Some((WriteHbInitRead, self.shown(write, read, Some((read, write)))));
                    }
                }
                Source::Own | Source::Nowhere(_) => {}
            }
            if self.found.is_some() {
                return true;
            }
        }
        true
    }

    /// Everything before `read` that wrote its key comes before what it saw.
    fn order_before(&mut self, read: u32, seen: u32, open: &mut Vec<u32>) {
        let before: Vec<u32> =
            self.search.seen_past(read, seen, self.clock(read), self.clock(seen)).collect();
        for write in before {
            self.extra.push(Step { from: write, to: seen, because: Because::Seen(read) });
            self.earlier.push(self.last[write as usize]);
            self.last[write as usize] = self.extra.len() as u32;
            if self.search.is_before(seen, self.clock(write)) {
                self.found = Some((CyclicHb, self.shown(seen, write, Some((read, write)))));
                return;
            }
            self.join(write, seen, open);
        }
    }

    /// `to` and what follows it come after `from`.
    fn join(&mut self, from: u32, to: u32, open: &mut Vec<u32>) {
        let width = self.search.width();
        let mut work = vec![(from, to)];
        while let Some((from, to)) = work.pop() {
            self.counted += 1;
            let is_news = (0..width).any(|of| self.clock(from)[of] > self.clock(to)[of]);
            if !is_news {
                continue;
            }
            if self.slot[to as usize] == 0 {
                let start = self.changed.len();
                self.changed.extend_from_slice(self.search.clock(to));
                self.slot[to as usize] = (start / width) as u32 + 1;
            }
            for of in 0..width {
                let count = self.clock(from)[of];
                let at = (self.slot[to as usize] as usize - 1) * width + of;
                self.changed[at] = self.changed[at].max(count);
            }
            let node = self.search.memory.nodes[to as usize];
            if node.process as usize == self.process && !node.is_write() {
                open.push(to);
            }
            work.extend(self.search.co.from(to).map(|(_, next)| (to, next)));
            let mut later = self.last[to as usize];
            while later > 0 {
                work.push((to, self.extra[later as usize - 1].to));
                later = self.earlier[later as usize - 1];
            }
        }
    }

    /// What shows that `from` comes before `to`; if `to` comes before `from` by the order found last,
    /// a cycle.
    fn shown(&self, from: u32, to: u32, conflict: Option<(u32, u32)>) -> Found {
        let mut steps = self.search.steps.clone();
        steps.extend(&self.extra);
        let graph = Graph::new(self.search.memory.nodes.len(), ends(&steps));
        let mut edges = graph.path(from, to, |_| true).unwrap_or_default();
        if let Some(last) = steps.iter().rposition(|step| step.from == to && step.to == from) {
            edges.push(last);
        }
        let nodes = self.search.with_proofs(&edges, &steps, |edge| edge);
        Found { nodes, chain: merged(&edges, &steps), conflict }
    }
}
