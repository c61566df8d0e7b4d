//! Which transaction comes before which, and why, as a graph.
//!
//! The nodes are the transactions, then moments of time, then hubs. A transaction leads to the
//! moment at which it ended, moments lead to later ones, and the last one before a transaction
//! began leads to it: so the real-time order of n transactions takes 3n edges. A hub does the same for the
//! readers of a version and the many who may have overwritten it.

use std::collections::BTreeMap;

use super::facts::{Chain, Facts, INITIAL, ReadFrom};
use super::graph::{Arc, Graph, Kind, Node};
use super::history::{Status, Transactions, Txn};
use super::lattice::Order;

/// Edges that a history shows, of all kinds.
pub(crate) struct Dependencies {
    pub(crate) arcs: Vec<Arc>,
    /// How many transactions there are; node n is transaction n.
    pub(crate) txns: Node,
    /// Where hubs begin; moments are before.
    hubs: Node,
    pub(crate) nodes: Node,
}

/// A set of kinds.
pub(crate) const DEPENDS: u8 = Kind::WriteWrite.mask() | Kind::WriteRead.mask();

/// The kinds of an order.
pub(crate) const fn order_mask(order: Order) -> u8 {
    match order {
        Order::None => 0,
        Order::Session => Kind::Session.mask(),
        Order::RealTime => Kind::Session.mask() | Kind::RealTime.mask(),
    }
}

/// How the start and the commit of a transaction are tied to those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// Whoever overwrites has seen what it overwrites.
    Snapshot,
    /// Whoever overwrites only commits later.
    Prefix,
}

impl Dependencies {
    pub(crate) fn new(history: &Transactions, facts: &Facts) -> Self {
        let txns = history.txns.len() as Node;
        let mut all = Self { arcs: Vec::new(), txns, hubs: txns, nodes: txns };
        all.arcs.reserve(facts.reads.len() * 2 + history.txns.len() * 4);
        all.sessions(history, facts);
        if history.has_invocations {
            all.real_time(history, facts);
        }
        all.hubs = all.nodes;
        for chain in &facts.chains {
            all.chain(chain);
        }
        all.reads(facts);
        all
    }

    fn add(&mut self, from: Node, to: Node, kind: Kind) {
        if from != to {
            self.arcs.push(Arc::new(from, to, kind));
        }
    }

    fn sessions(&mut self, history: &Transactions, facts: &Facts) {
        let mut last: BTreeMap<u64, Txn> = BTreeMap::new();
        for txn in facts.committed() {
            if let Some(before) = last.insert(history.txn(txn).process, txn) {
                self.add(before, txn, Kind::Session);
            }
        }
    }

    fn real_time(&mut self, history: &Transactions, facts: &Facts) {
        let ended = |txn: Txn| {
            let transaction = history.txn(txn);
            let returned = transaction.returned.filter(|_| transaction.status == Status::Ok)?;
            Some((returned.time, txn))
        };
        let mut ended: Vec<(u64, Txn)> = facts.committed().filter_map(ended).collect();
        ended.sort_unstable();
        let mut ended = ended.into_iter().peekable();
        let mut moment = None;
        // In the order of their invocations.
        for txn in facts.committed() {
            let began = history.txn(txn).invoked.map_or(0, |invoked| invoked.time);
            if ended.peek().is_some_and(|(time, _)| *time < began) {
                let next = self.nodes;
                self.nodes += 1;
                if let Some(before) = moment.replace(next) {
                    self.add(before, next, Kind::Silent);
                }
                while let Some((_, earlier)) = ended.next_if(|(time, _)| *time < began) {
                    self.add(earlier, next, Kind::RealTime);
                }
            }
            if let Some(moment) = moment {
                self.add(moment, txn, Kind::Silent);
            }
        }
    }

    fn chain(&mut self, chain: &Chain) {
        if !chain.is_known {
            return;
        }
        for pair in chain.writers.windows(2) {
            self.add(pair[0], pair[1], Kind::WriteWrite);
        }
        if let Some(&last) = chain.writers.last() {
            for &loose in &chain.loose {
                self.add(last, loose, Kind::WriteWrite);
            }
        }
    }

    fn reads(&mut self, facts: &Facts) {
        let mut last_readers: Vec<(u32, Txn)> = Vec::new();
        for read in &facts.reads {
            if read.from != INITIAL {
                self.add(read.from, read.txn, Kind::WriteRead);
            }
            let chain = &facts.chains[read.key as usize];
            if !chain.is_known {
                self.unplaced(facts, read, &mut last_readers);
                continue;
            }
            match chain.writers.get(read.seen as usize) {
                Some(&next) => self.add(read.txn, next, Kind::ReadWrite),
                None if chain.loose.is_empty() => {}
                None => last_readers.push((read.key, read.txn)),
            }
        }
        last_readers.sort_unstable();
        last_readers.dedup();
        for readers in last_readers.chunk_by(|a, b| a.0 == b.0) {
            self.overwritten(readers, &facts.chains[readers[0].0 as usize].loose);
        }
    }

    /// A read of a key whose writes have no known order: whoever read the initial value comes before all
    /// writers, whoever read another version before those that have read and overwritten it.
    fn unplaced(&mut self, facts: &Facts, read: &ReadFrom, first_readers: &mut Vec<(u32, Txn)>) {
        if read.from == INITIAL {
            first_readers.push((read.key, read.txn));
            return;
        }
        let version = (read.key, read.from);
        let start = facts.updates.partition_point(|&(key, from, _)| (key, from) < version);
        let updates = facts.updates[start..].iter();
        for &(.., by) in updates.take_while(|&&(key, from, _)| (key, from) == version) {
            self.add(read.txn, by, Kind::ReadWrite);
        }
    }

    /// Every reader comes before every one of the writers but itself.
    fn overwritten(&mut self, readers: &[(u32, Txn)], writers: &[Txn]) {
        if readers.len() * writers.len() <= 4 * (readers.len() + writers.len()) {
            for &(_, reader) in readers {
                for &writer in writers {
                    self.add(reader, writer, Kind::ReadWrite);
                }
            }
            return;
        }
        // A hub for all writers from here on, and one for all up to here.
        let count = writers.len() as Node;
        let (on, up) = (self.nodes, self.nodes + count);
        self.nodes += 2 * count;
        for (index, &writer) in (0..).zip(writers) {
            self.add(on + index, writer, Kind::Silent);
            self.add(up + index, writer, Kind::Silent);
            if index + 1 < count {
                self.add(on + index, on + index + 1, Kind::Silent);
                self.add(up + index + 1, up + index, Kind::Silent);
            }
        }
        for &(_, reader) in readers {
            match writers.binary_search(&reader) {
                Err(_) => self.add(reader, on, Kind::ReadWrite),
                Ok(own) => {
                    let own = own as Node;
                    if own > 0 {
                        self.add(reader, up + own - 1, Kind::ReadWrite);
                    }
                    if own + 1 < count {
                        self.add(reader, on + own + 1, Kind::ReadWrite);
                    }
                }
            }
        }
    }

    /// The graph of these kinds.
    pub(crate) fn graph(&self, mask: u8) -> Graph {
        self.graph_with(mask, &[])
    }

    /// The graph of these kinds, with more edges.
    pub(crate) fn graph_with(&self, mask: u8, more: &[Arc]) -> Graph {
        let arcs = self.arcs.iter().chain(more);
        Graph::new(self.nodes as usize, arcs, mask | Kind::Silent.mask() | Kind::Inferred.mask())
    }

    /// The graph of starts and commits: node n is the commit of transaction n, and its start
    /// is at [`start`](Self::start).
    pub(crate) fn events(&self, events: Events, order: Order) -> Graph {
        self.events_with(events, order, &[])
    }

    /// The graph of starts and commits, with more edges between transactions.
    pub(crate) fn events_with(&self, events: Events, order: Order, more: &[Arc]) -> Graph {
        let mask = DEPENDS | Kind::ReadWrite.mask() | Kind::Silent.mask() | order_mask(order);
        let is_hub = |node: Node| node >= self.hubs && node < self.nodes;
        let start = |node: Node| if node < self.txns { self.start(node) } else { node };
        let mut arcs = Vec::with_capacity(self.arcs.len() + self.txns as usize);
        let all = self.arcs.iter().chain(more);
        for arc in all.filter(|arc| arc.kind().mask() & mask != 0) {
            let (from, to) = (arc.from, arc.to());
            let (from, to) = match arc.kind() {
                Kind::ReadWrite => (start(from), to),
                Kind::WriteWrite if events == Events::Prefix => (from, to),
                Kind::Silent if is_hub(from) => (from, to),
                Kind::WriteWrite
                | Kind::WriteRead
                | Kind::Session
                | Kind::RealTime
                | Kind::Inferred
                | Kind::Silent => (from, start(to)),
            };
            arcs.push(Arc::new(from, to, arc.kind()));
        }
        arcs.extend((0..self.txns).map(|txn| Arc::new(self.start(txn), txn, Kind::Silent)));
        Graph::new((self.nodes + self.txns) as usize, arcs.iter(), mask)
    }

    /// The node of the start of a transaction in the graph of [`events`](Self::events).
    pub(crate) fn start(&self, txn: Txn) -> Node {
        self.nodes + txn
    }

    /// The transaction of a node, of its start too.
    pub(crate) fn txn(&self, node: Node) -> Option<Txn> {
        if node < self.txns { Some(node) } else { node.checked_sub(self.nodes) }
    }
}
