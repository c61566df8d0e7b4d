//! Single reads and writes of keys: what [sessions](crate::sessions) and
//! [causal memory](crate::causal) are judged on.
//!
//! A value of a key is written once, so that a read tells which write it saw.

use std::collections::BTreeMap;

use crate::finding::WindowOperation;
use crate::history::{History, Operation, ProcessId};
use crate::record::{Record, Value};
use crate::shown::shown;
use crate::vocabulary::{Answer, Vocabulary};

/// What a process asks of the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The value of this key.
    Read {
        /// The key.
        key: String,
    },
    /// To leave this value there.
    Write {
        /// The key.
        key: String,
        /// What to leave there.
        value: Value,
    },
}

impl Access {
    /// A read of `key`.
    pub fn read(key: impl Into<String>) -> Self {
        Self::Read { key: key.into() }
    }

    /// A write of `value` to `key`.
    pub fn write(key: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::Write { key: key.into(), value: value.into() }
    }

    /// The key.
    pub fn key(&self) -> &str {
        match self {
            Self::Read { key } | Self::Write { key, .. } => key,
        }
    }

    /// With the answer, in a few words.
    pub fn describe(&self, reply: Option<&Reply>) -> String {
        match (self, reply) {
            (Self::Read { key }, Some(Reply::Value(value))) => format!("read({key}) -> {value}"),
            (Self::Read { key }, _) => format!("read({key}) -> ?"),
            (Self::Write { key, value }, _) => format!("write({key}, {value})"),
        }
    }
}

/// What the memory answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What a read found.
    Value(Value),
    /// A write is done.
    Written,
}

/// One access with its reply.
pub type MemoryOperation = Operation<Access, Reply>;

/// A history of a memory.
pub type MemoryHistory = History<Access, Reply>;

/// The words of a memory: `read` and `write` (or `r`, `w`, `get`, `put`), with a `key`. A history
/// without keys is about one key, `x`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words;

impl Vocabulary for Words {
    type Input = Access;
    type Output = Reply;

    fn input(&self, record: &Record) -> Result<Access, String> {
        let key = record.key.as_ref().map_or_else(|| "x".to_owned(), ToString::to_string);
        match &*record.function {
            "read" | "r" | "get" => Ok(Access::Read { key }),
            "write" | "w" | "put" => Ok(Access::Write { key, value: record.value.clone() }),
            other => Err(format!("`{other}` is neither `read` nor `write`")),
        }
    }

    fn output(&self, input: &Access, record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Is(match input {
            Access::Read { .. } => Reply::Value(record.value.clone()),
            Access::Write { .. } => Reply::Written,
        }))
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The access is a write: it brought its value itself.
    Own,
    /// It was there from the start.
    Initial,
    /// This access wrote it.
    Write(u32),
    /// Nobody wrote it, or only a write that failed: its index into the operations.
    Nowhere(Option<u32>),
}

/// An access that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Index into the operations.
    pub(crate) operation: u32,
    /// Number of its process.
    pub(crate) process: u32,
    /// Its place in its process, from 0.
    pub(crate) seat: u32,
    /// Number of its key.
    pub(crate) key: u32,
    pub(crate) source: Source,
}

impl Node {
    pub(crate) fn is_write(&self) -> bool {
        self.source == Source::Own
    }
}

/// Some accesses, and which read saw which write.
///
/// Left out are reads without an answer, and writes that failed or of unknown outcome that nobody saw:
/// the rules judged here never speak of a write that no one read and that its process did not follow.
pub(crate) struct Memory<'a> {
    pub(crate) operations: &'a [&'a MemoryOperation],
    pub(crate) nodes: Vec<Node>,
    /// The accesses of each process, in its order.
    pub(crate) processes: Vec<Vec<u32>>,
    /// The reads that saw each write.
    pub(crate) readers: Vec<Vec<u32>>,
    pub(crate) keys: usize,
}

/// Numbers by first appearance.
fn number<T: Ord>(numbers: &mut BTreeMap<T, u32>, of: T) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(of).or_insert(next)
}

impl<'a> Memory<'a> {
    /// Who saw what. `operations` are in the order of their invocations.
    ///
    /// # Errors
    /// Why that cannot be told, in words: two writes of one value to one key.
    pub(crate) fn new(
        operations: &'a [&'a MemoryOperation],
        initial: &Value,
    ) -> Result<Self, String> {
        let mut keys = BTreeMap::new();
        let mut writers: BTreeMap<(u32, &Value), u32> = BTreeMap::new();
        let mut failed: BTreeMap<(u32, &Value), u32> = BTreeMap::new();
        for (index, operation) in (0u32..).zip(operations) {
            let key = number(&mut keys, operation.input.key());
            let Access::Write { value, .. } = &operation.input else { continue };
            if operation.is_failed() {
                failed.insert((key, value), index);
                continue;
            }
            let other = writers.insert((key, value), index);
            if other.is_some() || value == initial {
                return Err(ambiguous(
                    operation,
                    value,
                    other.map(|other| operations[other as usize]),
                ));
            }
        }
        let source = |key: u32, value: &Value| match writers.get(&(key, value)) {
            Some(&writer) => Source::Write(writer),
            None if value == initial => Source::Initial,
            None => Source::Nowhere(failed.get(&(key, value)).copied()),
        };
        let mut is_seen = vec![false; operations.len()];
        let mut sources = vec![None; operations.len()];
        for (index, operation) in operations.iter().enumerate() {
            sources[index] = match (&operation.input, operation.output()) {
                (Access::Write { .. }, Some(_)) => Some(Source::Own),
                (Access::Read { key }, Some(Reply::Value(value))) => {
                    Some(source(keys[&**key], value))
                }
                _ => None,
            };
            if let Some(Source::Write(writer)) = sources[index] {
                is_seen[writer as usize] = true;
            }
        }
        let mut memory = Self {
            operations,
            nodes: Vec::new(),
            processes: Vec::new(),
            readers: Vec::new(),
            keys: keys.len(),
        };
        let mut processes: BTreeMap<ProcessId, u32> = BTreeMap::new();
        let mut node_of = vec![u32::MAX; operations.len()];
        for (index, operation) in operations.iter().enumerate() {
            let unknown_but_seen = is_seen[index].then_some(Source::Own);
            let Some(source) = sources[index].or(unknown_but_seen) else { continue };
            let process = number(&mut processes, operation.process);
            if process as usize == memory.processes.len() {
                memory.processes.push(Vec::new());
            }
            let own = &mut memory.processes[process as usize];
            let node = memory.nodes.len() as u32;
            node_of[index] = node;
            let (seat, key) = (own.len() as u32, keys[operation.input.key()]);
            own.push(node);
            memory.nodes.push(Node { operation: index as u32, process, seat, key, source });
        }
        memory.link(&node_of);
        Ok(memory)
    }

    /// Turns indexes of operations into indexes of nodes.
    fn link(&mut self, node_of: &[u32]) {
        self.readers = vec![Vec::new(); self.nodes.len()];
        for (index, node) in (0u32..).zip(&mut self.nodes) {
            if let Source::Write(writer) = &mut node.source {
                *writer = node_of[*writer as usize];
                self.readers[*writer as usize].push(index);
            }
        }
    }

    pub(crate) fn operation(&self, node: u32) -> &'a MemoryOperation {
        self.operations[self.nodes[node as usize].operation as usize]
    }

    pub(crate) fn key_name(&self, node: u32) -> &'a str {
        self.operation(node).input.key()
    }

    /// The value written or read.
    pub(crate) fn value(&self, node: u32) -> String {
        let operation = self.operation(node);
        match (&operation.input, operation.output()) {
            (Access::Write { value, .. }, _) | (_, Some(Reply::Value(value))) => value.to_string(),
            _ => "?".to_owned(),
        }
    }

    /// Whether the order of the invocations explains every read: then so does every rule that asks for
    /// less than one order for all.
    pub(crate) fn is_explained_in_order(&self) -> bool {
        let mut last = vec![Source::Initial; self.keys];
        (0u32..).zip(&self.nodes).all(|(index, node)| {
            if node.is_write() {
                last[node.key as usize] = Source::Write(index);
                return true;
            }
            last[node.key as usize] == node.source
        })
    }

    /// The first read of a value that nobody wrote.
    pub(crate) fn thin_air(&self) -> Option<(u32, Option<u32>)> {
        (0u32..).zip(&self.nodes).find_map(|(index, node)| match node.source {
            Source::Nowhere(failed) => Some((index, failed)),
            Source::Own | Source::Initial | Source::Write(_) => None,
        })
    }
}

/// The access as it is shown.
pub(crate) fn show(operation: &MemoryOperation) -> WindowOperation {
    shown(operation, operation.input.describe(operation.output()))
}

/// Whether `reader` shows the value that `writer` wrote.
pub(crate) fn reads_from(reader: &MemoryOperation, writer: &MemoryOperation) -> bool {
    let Access::Write { key, value } = &writer.input else { return false };
    let Some(Reply::Value(seen)) = reader.output() else { return false };
    reader.input.key() == key && seen == value
}

fn ambiguous(write: &MemoryOperation, value: &Value, other: Option<&MemoryOperation>) -> String {
    let key = write.input.key();
    let what = match other {
        Some(other) => {
            format!("{} and {} both write {value} to key {key}", show(other), show(write))
        }
        None => format!("{} writes {value}, which key {key} has from the start", show(write)),
    };
    format!(
        "{what}, so that nobody can tell which one a read of {value} saw; the check needs every write \
         of a key to have a value of its own"
    )
}
