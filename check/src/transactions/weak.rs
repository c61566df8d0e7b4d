//! Read committed, read atomic and causal consistency by one axiom (Biswas & Enea, *On the Complexity of
//! Checking Transactional Consistency*, 2019): if t3 reads x from t1, t2 writes x too, and t3 has
//! seen t2, then t2 comes before t1. What "has seen" means makes the level. The history keeps it if these
//! edges, sessions and reads make no cycle.

use std::collections::BTreeMap;

use super::dependencies::Dependencies;
use super::facts::{Facts, INITIAL, ReadFrom, written};
use super::graph::{Arc, Graph, Kind, Node};
use super::history::{Family, Key, Transactions, Txn};

/// Somebody read `x` from `from` (or as it was at first) though it had seen `seen`, which writes `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) seen: Txn,
    pub(crate) read: ReadFrom,
}

/// What follows from the axiom.
#[derive(Default)]
pub(crate) struct Inferred {
    /// From the one that was seen to the one that was read.
    pub(crate) arcs: Vec<Arc>,
    /// Somebody read the initial value though it had seen a write.
    pub(crate) missed: Option<Missed>,
}

impl Inferred {
    fn add(&mut self, seen: Txn, read: ReadFrom) {
        if read.from == INITIAL {
            self.missed.get_or_insert(Missed { seen, read });
        } else if seen != read.from && seen != read.txn {
            self.arcs.push(Arc::new(seen, read.from, Kind::Inferred));
        }
    }
}

/// The keys that each committed transaction writes to.
pub(crate) struct Written {
    starts: Vec<u32>,
    keys: Vec<Key>,
}

impl Written {
    pub(crate) fn new(history: &Transactions, facts: &Facts) -> Self {
        let (mut starts, mut keys) = (Vec::with_capacity(history.txns.len() + 1), Vec::new());
        for txn in history.all() {
            starts.push(keys.len() as u32);
            if facts.is_committed[txn as usize] {
                keys.extend(written(history, txn));
            }
        }
        starts.push(keys.len() as u32);
        Self { starts, keys }
    }

    /// In ascending order.
    pub(crate) fn of(&self, txn: Txn) -> &[Key] {
        &self.keys[self.starts[txn as usize] as usize..self.starts[txn as usize + 1] as usize]
    }
}

/// Read committed (`by_step`: seen is what an earlier step has read) or read atomic (seen is what any
/// step has read and, if sessions count, what came before in the session).
pub(crate) fn direct(
    history: &Transactions,
    facts: &Facts,
    written: &Written,
    by_step: bool,
    sessions_count: bool,
) -> Inferred {
    let mut inferred = Inferred::default();
    let mut last: BTreeMap<(u64, Key), Txn> = BTreeMap::new();
    let starts = facts.read_starts(history.txns.len());
    for txn in facts.committed() {
        let reads = &facts.reads[starts[txn as usize] as usize..starts[txn as usize + 1] as usize];
        let mut sources: Vec<(Txn, u32)> = Vec::with_capacity(reads.len());
        for read in reads {
            let shown = facts.shown_by(history.family, read).iter();
            sources.extend(shown.map(|&seen| (seen, read.step)));
        }
        sources.sort_unstable();
        sources.dedup_by_key(|source| source.0);
        within(reads, &sources, written, by_step, &mut inferred);
        if !sessions_count || by_step {
            continue;
        }
        let process = history.txn(txn).process;
        for read in reads {
            if let Some(&seen) = last.get(&(process, read.key)) {
                inferred.add(seen, *read);
            }
        }
        for &key in written.of(txn) {
            last.insert((process, key), txn);
        }
    }
    inferred
}

/// What the reads of one transaction say of those it has seen, each with the first step that shows it.
fn within(
    reads: &[ReadFrom],
    sources: &[(Txn, u32)],
    written: &Written,
    by_step: bool,
    inferred: &mut Inferred,
) {
    let mut by_key = reads.to_vec();
    by_key.sort_by_key(|read| (read.key, read.step));
    for &(seen, step) in sources {
        let keys = written.of(seen);
        let applies = |read: &ReadFrom| read.from != seen && (!by_step || read.step > step);
        if keys.len() <= by_key.len() {
            for &key in keys {
                let start = by_key.partition_point(|read| read.key < key);
                let of_key = by_key[start..].iter().take_while(|read| read.key == key);
                of_key.filter(|read| applies(read)).for_each(|read| inferred.add(seen, *read));
            }
        } else {
            for read in by_key.iter().filter(|read| keys.binary_search(&read.key).is_ok()) {
                if applies(read) {
                    inferred.add(seen, *read);
                }
            }
        }
    }
}

/// How many of the transactions of each session have been seen.
type Clock = Vec<u32>;

/// Reads and sessions as a graph, for lists with a node for each version: whoever reads a list has seen all
/// who appended to it.
pub(crate) struct Past {
    pub(crate) graph: Graph,
    /// Of each key, the node of its first version; versions are nodes only of lists.
    versions: Vec<Node>,
}

impl Past {
    pub(crate) fn new(history: &Transactions, facts: &Facts, dependencies: &Dependencies) -> Self {
        if history.family != Family::Lists {
            let graph = dependencies.graph(Kind::WriteRead.mask() | Kind::Session.mask());
            return Self { graph, versions: Vec::new() };
        }
        let is_session = |arc: &&Arc| arc.kind() == Kind::Session;
        let mut arcs: Vec<Arc> = dependencies.arcs.iter().filter(is_session).copied().collect();
        let mut next = dependencies.nodes;
        let mut versions = Vec::with_capacity(facts.chains.len());
        for chain in &facts.chains {
            versions.push(next);
            for (index, &writer) in chain.writers.iter().enumerate() {
                arcs.push(Arc::new(writer, next, Kind::WriteRead));
                if index > 0 {
                    arcs.push(Arc::new(next - 1, next, Kind::Silent));
                }
                next += 1;
            }
        }
        for read in facts.reads.iter().filter(|read| read.seen > 0) {
            let version = versions[read.key as usize] + read.seen - 1;
            arcs.push(Arc::new(version, read.txn, Kind::Silent));
        }
        Self { graph: Graph::new(next as usize, arcs.iter(), u8::MAX), versions }
    }

    /// The node that a read shows: a version, or who wrote it.
    fn source(&self, read: &ReadFrom) -> Option<Node> {
        match self.versions.get(read.key as usize) {
            Some(_) if read.seen == 0 => None,
            Some(first) => Some(first + read.seen - 1),
            None => (read.from != INITIAL).then_some(read.from),
        }
    }
}

/// Causal consistency: seen is all from which a path of reads and sessions leads here. There is no cycle in
/// `past`. `None` if it would take too many entries of clocks.
pub(crate) fn causal(
    history: &Transactions,
    facts: &Facts,
    written: &Written,
    past: &Past,
    budget: u64,
) -> Option<Inferred> {
    let sessions = Sessions::new(history, facts);
    let nodes = past.graph.nodes();
    if sessions.count as u64 * nodes as u64 > budget.saturating_mul(64) {
        return None;
    }
    let writers = Writers::new(facts, written, &sessions);
    let starts = facts.read_starts(history.txns.len());
    // How often the clock of a node is still needed.
    let mut needed = vec![0u32; nodes];
    for read in &facts.reads {
        for node in past.source(read).into_iter().chain((read.from != INITIAL).then_some(read.from))
        {
            needed[node as usize] += 1;
        }
    }
    for (chain, &first) in facts.chains.iter().zip(&past.versions) {
        for (node, &writer) in (first..).zip(&chain.writers) {
            needed[writer as usize] += 1;
            needed[node as usize] += 1;
        }
    }
    let mut clocks = Clocks { needed, saved: vec![Vec::new(); nodes], free: Vec::new() };
    let mut inferred = Inferred::default();
    let mut current: Vec<Clock> = vec![Vec::new(); sessions.count];
    let mut chain_of: Vec<(Node, Txn)> = Vec::new();
    for (chain, &first) in facts.chains.iter().zip(&past.versions) {
        let nodes = chain.writers.iter().map(|&writer| (first, writer));
        chain_of.extend(nodes);
    }
    let first_version = past.versions.first().copied().unwrap_or(Node::MAX);
    for node in past.graph.components().order() {
        if node >= first_version {
            let (first, writer) = chain_of[(node - first_version) as usize];
            let before = (node > first).then(|| node - 1);
            clocks.version(node, before, writer);
            continue;
        }
        let txn = node;
        if txn as usize >= history.txns.len() || !facts.is_committed[txn as usize] {
            continue;
        }
        let (session, index) = sessions.of[txn as usize];
        let mut clock = std::mem::take(&mut current[session as usize]);
        clock.resize(sessions.count, 0);
        let reads = &facts.reads[starts[txn as usize] as usize..starts[txn as usize + 1] as usize];
        for source in reads.iter().filter_map(|read| past.source(read)) {
            join(&mut clock, &clocks.saved[source as usize]);
        }
        for read in reads {
            let source =
                if read.from == INITIAL { &[][..] } else { &clocks.saved[read.from as usize] };
            writers.seen(read.key, &clock, source, |seen| inferred.add(seen, *read));
        }
        for read in reads {
            past.source(read).into_iter().for_each(|node| clocks.release(node));
            if read.from != INITIAL {
                clocks.release(read.from);
            }
        }
        clock[session as usize] = index + 1;
        clocks.save(txn, &clock);
        if index + 1 < sessions.lengths[session as usize] {
            current[session as usize] = clock;
        } else {
            clocks.free.push(clock);
        }
    }
    Some(inferred)
}

fn join(clock: &mut [u32], other: &[u32]) {
    for (own, other) in clock.iter_mut().zip(other) {
        *own = (*own).max(*other);
    }
}

/// The clocks of nodes that somebody still needs.
struct Clocks {
    needed: Vec<u32>,
    saved: Vec<Clock>,
    free: Vec<Clock>,
}

impl Clocks {
    fn save(&mut self, node: Node, clock: &Clock) {
        if self.needed[node as usize] > 0 {
            let mut copy = self.free.pop().unwrap_or_default();
            copy.clone_from(clock);
            self.saved[node as usize] = copy;
        }
    }

    fn release(&mut self, node: Node) {
        let needed = &mut self.needed[node as usize];
        *needed -= 1;
        if *needed == 0 {
            self.free.push(std::mem::take(&mut self.saved[node as usize]));
        }
    }

    /// A version has seen what the one before has, and its writer.
    fn version(&mut self, node: Node, before: Option<Node>, writer: Txn) {
        let mut clock = self.free.pop().unwrap_or_default();
        clock.clone_from(&self.saved[writer as usize]);
        if let Some(before) = before {
            join(&mut clock, &self.saved[before as usize]);
            self.release(before);
        }
        self.release(writer);
        self.saved[node as usize] = clock;
    }
}

/// The committed transactions by session.
struct Sessions {
    count: usize,
    /// Of each transaction: its session, and how many of it come before.
    of: Vec<(u32, u32)>,
    lengths: Vec<u32>,
}

impl Sessions {
    fn new(history: &Transactions, facts: &Facts) -> Self {
        let mut numbers: BTreeMap<u64, u32> = BTreeMap::new();
        let mut of = vec![(u32::MAX, 0); history.txns.len()];
        let mut lengths = Vec::new();
        for txn in facts.committed() {
            let next = numbers.len() as u32;
            let session = *numbers.entry(history.txn(txn).process).or_insert(next);
            if session == next && session as usize == lengths.len() {
                lengths.push(0);
            }
            of[txn as usize] = (session, lengths[session as usize]);
            lengths[session as usize] += 1;
        }
        Self { count: numbers.len(), of, lengths }
    }
}

/// The writers of each key by session, in the order of the session.
struct Writers {
    /// Where the sessions of each key begin in `runs`.
    keys: Vec<u32>,
    /// A session, and where its writers end in `all`.
    runs: Vec<(u32, u32)>,
    /// Index in the session, and the transaction.
    all: Vec<(u32, Txn)>,
}

impl Writers {
    fn new(facts: &Facts, written: &Written, sessions: &Sessions) -> Self {
        let mut all: Vec<(Key, u32, u32, Txn)> = Vec::with_capacity(written.keys.len());
        for txn in facts.committed() {
            let (session, index) = sessions.of[txn as usize];
            all.extend(written.of(txn).iter().map(|&key| (key, session, index, txn)));
        }
        all.sort_unstable();
        let (mut keys, mut runs) = (vec![0; facts.chains.len() + 1], Vec::new());
        for run in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let end = runs.last().map_or(0, |run: &(u32, u32)| run.1) + run.len() as u32;
            runs.push((run[0].1, end));
            keys[run[0].0 as usize + 1] = runs.len() as u32;
        }
        for index in 1..keys.len() {
            keys[index] = keys[index].max(keys[index - 1]);
        }
        let all = all.into_iter().map(|(_, _, index, txn)| (index, txn)).collect();
        Self { keys, runs, all }
    }

    /// The last writer of the key in each session that `clock` has seen, unless `source` has seen it
    /// too.
    fn seen(&self, key: Key, clock: &[u32], source: &[u32], mut each: impl FnMut(Txn)) {
        let (start, end) = (self.keys[key as usize] as usize, self.keys[key as usize + 1] as usize);
        let mut begin = start.checked_sub(1).map_or(0, |before| self.runs[before].1);
        for &(session, stop) in &self.runs[start..end] {
            let run = &self.all[begin as usize..stop as usize];
            begin = stop;
            let visible = clock[session as usize];
            if visible <= run[0].0 {
                continue;
            }
            let last = run.partition_point(|writer| writer.0 < visible);
            let (index, txn) = run[last - 1];
            if source.get(session as usize).is_none_or(|&seen| seen <= index) {
                each(txn);
            }
        }
    }
}
