//! Which writes of a key must come before which, by guarantee, and whether that can be.
//!
//! "All earlier reads of the session" and "all its earlier writes" are nodes of their own, so that
//! there are few edges even in long sessions.

use std::collections::BTreeMap;

use crate::cycle::Graph;
use crate::memory::{Access, Memory, Source};
use crate::record::Value;

use super::Versions;
use super::guarantees::{Guarantee, Guarantees};

/// What an edge between nodes stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    /// From a write to a session's earlier operations: this one is among them.
    Into(u32),
    /// From a session's earlier operations to more of them.
    Chain,
    /// From a session's earlier operations to a write, because of this later operation.
    Out(Guarantee, u32),
    /// From a write to another, because of these operations, the first earlier in the session.
    Direct(Guarantee, u32, u32),
    /// The system or the numbers say so.
    Order,
}

/// A write comes before another, or before what was there from the start, which cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Must {
    pub(super) before: u32,
    /// `None`: what was there from the start.
    pub(super) after: Option<u32>,
    /// The guarantee, and its two operations in the order of the session; `None` if the system or the
    /// numbers say so.
    pub(super) because: Option<(Guarantee, u32, u32)>,
}

/// The smallest sets of guarantees that the history violates.
///
/// # Errors
/// Why versions cannot be ordered.
pub(super) fn minimal_violated(
    memory: &Memory<'_>,
    versions: Versions,
) -> Result<Vec<Guarantees>, String> {
    let mut violated: Vec<Guarantees> = Vec::new();
    if contradiction(memory, Guarantees::ALL, versions)?.is_none() {
        return Ok(violated);
    }
    for set in Guarantees::subsets() {
        let is_new = !violated.iter().any(|smaller| set.contains(*smaller));
        if is_new && contradiction(memory, set, versions)?.is_some() {
            violated.push(set);
        }
    }
    Ok(violated)
}

/// Statements of these guarantees that contradict each other: a cycle, or one alone that cannot be.
///
/// # Errors
/// Why versions cannot be ordered.
pub(super) fn contradiction(
    memory: &Memory<'_>,
    set: Guarantees,
    versions: Versions,
) -> Result<Option<Vec<Must>>, String> {
    let mut edges = Edges::new(memory);
    edges.add_order(versions)?;
    for process in &memory.processes {
        edges.add_session(process, set);
    }
    if let Some(impossible) = edges.impossible {
        return Ok(Some(vec![impossible]));
    }
    let graph = Graph::new(edges.nodes as usize, edges.ends.clone());
    Ok(graph.cycle().map(|cycle| edges.musts(&cycle)))
}

/// A session's operations on one key so far.
#[derive(Default)]
struct Past {
    /// The node of its writes, and of those before each of them.
    writes: Option<u32>,
    own: Vec<(u32, Option<u32>)>,
    /// The node of what it read.
    seen: Option<u32>,
    last_read: Option<u32>,
}

struct Edges<'m, 'a> {
    memory: &'m Memory<'a>,
    nodes: u32,
    ends: Vec<(u32, u32)>,
    labels: Vec<Label>,
    impossible: Option<Must>,
}

impl<'m, 'a> Edges<'m, 'a> {
    fn new(memory: &'m Memory<'a>) -> Self {
        let nodes = memory.nodes.len() as u32;
        Self { memory, nodes, ends: Vec::new(), labels: Vec::new(), impossible: None }
    }

    fn add(&mut self, from: u32, to: u32, label: Label) {
        self.ends.push((from, to));
        self.labels.push(label);
    }

    /// A node for `operation`, which speaks of `write`, and all that `before` stands for.
    fn collect(&mut self, before: Option<u32>, write: u32, operation: u32) -> u32 {
        let node = self.nodes;
        self.nodes += 1;
        if let Some(before) = before {
            self.add(before, node, Label::Chain);
        }
        self.add(write, node, Label::Into(operation));
        node
    }

    /// The order of versions that is given, from each to the next.
    fn add_order(&mut self, versions: Versions) -> Result<(), String> {
        let mut known: BTreeMap<(u32, i128), u32> = BTreeMap::new();
        for (write, node) in (0u32..).zip(&self.memory.nodes).filter(|(_, node)| node.is_write()) {
            let operation = self.memory.operation(write);
            let place = match (versions, &operation.input) {
                (Versions::Committed, _) => operation.commit.map(i128::from),
                (Versions::Numbered, Access::Write { value: Value::Int(number), .. }) => {
                    Some(i128::from(*number))
                }
                (Versions::Numbered, _) => {
                    let what = crate::memory::show(operation);
                    return Err(format!("{what} writes no number, so its version is not known"));
                }
            };
            let Some(place) = place else { continue };
            if let Some(other) = known.insert((node.key, place), write) {
                let (a, b) = (self.memory.operation(other), self.memory.operation(write));
                let (a, b) = (crate::memory::show(a), crate::memory::show(b));
                return Err(format!("{a} and {b} have one place in the commit order, {place}"));
            }
        }
        let known: Vec<_> = known.into_iter().collect();
        for pair in known.windows(2) {
            if pair[0].0.0 == pair[1].0.0 {
                self.add(pair[0].1, pair[1].1, Label::Order);
            }
        }
        Ok(())
    }

    fn add_session(&mut self, process: &[u32], set: Guarantees) {
        let mut pasts: BTreeMap<u32, Past> = BTreeMap::new();
        for &operation in process {
            let node = self.memory.nodes[operation as usize];
            let past = pasts.entry(node.key).or_default();
            match node.source {
                Source::Own => self.add_write(operation, past, set),
                Source::Initial => self.add_read(operation, None, past, set),
                Source::Write(write) => self.add_read(operation, Some(write), past, set),
                Source::Nowhere(_) => {}
            }
        }
    }

    fn add_write(&mut self, write: u32, past: &mut Past, set: Guarantees) {
        if set.has(Guarantee::WritesFollowReads)
            && let Some(seen) = past.seen
        {
            self.add(seen, write, Label::Out(Guarantee::WritesFollowReads, write));
        }
        if set.has(Guarantee::MonotonicWrites)
            && let Some(&(last, _)) = past.own.last()
        {
            self.add(last, write, Label::Direct(Guarantee::MonotonicWrites, last, write));
        }
        past.own.push((write, past.writes));
        if set.has(Guarantee::ReadYourWrites) {
            past.writes = Some(self.collect(past.writes, write, write));
        }
    }

    fn add_read(&mut self, read: u32, saw: Option<u32>, past: &mut Past, set: Guarantees) {
        if set.has(Guarantee::ReadYourWrites) {
            self.add_own_writes(read, saw, past);
        }
        if set.has(Guarantee::MonotonicReads) {
            if let Some(last) = past.last_read {
                self.add_reads(last, read, saw);
            }
            past.last_read = Some(read);
        }
        if set.has(Guarantee::WritesFollowReads)
            && let Some(write) = saw
        {
            past.seen = Some(self.collect(past.seen, write, read));
        }
    }

    /// The session's own writes come before what it reads now.
    fn add_own_writes(&mut self, read: u32, saw: Option<u32>, past: &Past) {
        let because = Guarantee::ReadYourWrites;
        let (Some(write), Some(&(last, _))) = (saw, past.own.last()) else {
            if let Some(&(last, _)) = past.own.last() {
                let because = Some((because, last, read));
                self.impossible.get_or_insert(Must { before: last, after: None, because });
            }
            return;
        };
        if write == last {
            let before = past.own.last().and_then(|&(_, before)| before);
            if let Some(before) = before {
                self.add(before, write, Label::Out(because, read));
            }
            return;
        }
        let Ok(own) = past.own.binary_search_by_key(&write, |&(own, _)| own) else {
            let all = past.writes.expect("there are own writes");
            self.add(all, write, Label::Out(because, read));
            return;
        };
        if let Some(before) = past.own[own].1 {
            self.add(before, write, Label::Out(because, read));
        }
        for &(later, _) in &past.own[own + 1..] {
            self.add(later, write, Label::Direct(because, later, read));
        }
    }

    /// What the session read before comes before what it reads now.
    fn add_reads(&mut self, last: u32, read: u32, saw: Option<u32>) {
        let Source::Write(earlier) = self.memory.nodes[last as usize].source else { return };
        let because = (Guarantee::MonotonicReads, last, read);
        match saw {
            None => {
                let because = Some(because);
                self.impossible.get_or_insert(Must { before: earlier, after: None, because });
            }
            Some(write) if write != earlier => {
                self.add(earlier, write, Label::Direct(because.0, last, read));
            }
            Some(_) => {}
        }
    }

    /// What a cycle says of writes, nodes that are none left out, steps of the given order as one.
    fn musts(&self, cycle: &[usize]) -> Vec<Must> {
        // The given order alone has no cycle, so that some edge starts a statement of a guarantee.
        let starts =
            |edge: &usize| matches!(self.labels[*edge], Label::Into(_) | Label::Direct(..));
        let start = cycle.iter().position(starts).expect("a guarantee says something");
        let mut musts: Vec<Must> = Vec::new();
        let (mut before, mut first) = (0, 0);
        for &edge in cycle[start..].iter().chain(&cycle[..start]) {
            let (from, to) = self.ends[edge];
            let because = match self.labels[edge] {
                Label::Into(operation) => {
                    (before, first) = (from, operation);
                    continue;
                }
                Label::Chain => continue,
                Label::Out(guarantee, last) => Some((guarantee, first, last)),
                Label::Direct(guarantee, first, last) => {
                    before = from;
                    Some((guarantee, first, last))
                }
                Label::Order => {
                    before = from;
                    None
                }
            };
            match musts.last_mut() {
                Some(Must { after, because: None, .. }) if because.is_none() => *after = Some(to),
                _ => musts.push(Must { before, after: Some(to), because }),
            }
        }
        musts
    }
}
