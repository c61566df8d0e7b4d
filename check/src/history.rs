//! What the clients of a system did and saw: invocations, and how each of them returned.
//!
//! The four kinds of entry carry the whole meaning:
//!
//! - *invoke*: a process asks for an operation. A process has at most one operation open.
//! - *ok*: the operation took effect exactly once between its invocation and this entry.
//! - *fail*: the operation certainly did not happen and never will.
//! - *info*: nobody knows. It may take effect at any time after its invocation, or never. The
//!   process ends here: whoever goes on does so under a new process id.
//!
//! An operation still open when the history ends is like one that ended in *info*.
//!
//! Intervals are closed: of two entries at the same time, an invocation counts as earlier than a
//! return, so that operations of different processes that touch in one instant are concurrent.
//! The operations of one process never are: they keep their order even at equal times.

mod builder;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use builder::HistoryBuilder;

/// A client thread of control: it has at most one operation open. Prints as `p3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(pub u64);

/// Links an invocation to its return; unique within a history. Prints as `o7`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

impl fmt::Debug for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "o{}", self.0)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<u64> for ProcessId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

/// What an entry says about its operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind<I, O> {
    /// The process asks for this.
    Invoke(I),
    /// It happened, with this result.
    Ok(O),
    /// It certainly did not happen.
    Fail,
    /// It may happen at any time from its invocation on, or never.
    Info,
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<I, O> {
    /// Who acts.
    pub process: ProcessId,
    /// Which operation is invoked, or returns.
    pub operation: OperationId,
    /// When, in nanoseconds since the start of the run. Never less than the entry before.
    pub time: u64,
    /// What happens.
    pub kind: EntryKind<I, O>,
    /// The node that was asked or that answered, where known.
    pub node: Option<u32>,
    /// The number of the event in a recording that this entry came from, where there is one.
    pub event: Option<u64>,
    /// Where the system itself put the operation in its commit order, where it says so: a revision,
    /// a log index. Of an operation, the last entry that says it counts.
    pub commit: Option<u64>,
}

impl<I, O> Entry<I, O> {
    /// An entry without a link to a node or to a recording; `time` is in nanoseconds.
    pub fn new(
        process: impl Into<ProcessId>,
        operation: OperationId,
        time: u64,
        kind: EntryKind<I, O>,
    ) -> Self {
        Self {
            process: process.into(),
            operation,
            time,
            kind,
            node: None,
            event: None,
            commit: None,
        }
    }

    /// The same entry, at this node.
    pub fn on_node(self, node: u32) -> Self {
        Self { node: Some(node), ..self }
    }

    /// The same entry, caused by this event of a recording.
    pub fn at_event(self, event: u64) -> Self {
        Self { event: Some(event), ..self }
    }

    /// The same entry, with the operation's place in the system's own commit order.
    pub fn committed_at(self, commit: u64) -> Self {
        Self { commit: Some(commit), ..self }
    }
}

/// Where in the history, and where in the run, an operation was invoked or returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Nanoseconds since the start of the run.
    pub time: u64,
    /// The entry's index in the history, from 0.
    pub position: usize,
    /// The node that was asked or that answered, where known.
    pub node: Option<u32>,
    /// The number of the event in a recording, where there is one.
    pub event: Option<u64>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome<O> {
    /// It happened, with this result.
    Ok(O),
    /// It certainly did not happen.
    Fail,
    /// The client gave up: it may happen at any time from its invocation on, or never.
    Info,
    /// It was still open when the history ended; judged like `Info`.
    Open,
}

/// An invocation together with its return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation<I, O> {
    /// Unique within the history.
    pub id: OperationId,
    /// Who asked.
    pub process: ProcessId,
    /// What was asked.
    pub input: I,
    /// How it ended.
    pub outcome: Outcome<O>,
    /// When it was invoked.
    pub invoked: Moment,
    /// When it returned; for `Info`, when the client gave up; `None` only for `Open`.
    pub returned: Option<Moment>,
    /// Where the system itself put it in its commit order, where that is known.
    pub commit: Option<u64>,
}

impl<I, O> Operation<I, O> {
    /// The result, if the operation is known to have happened.
    pub fn output(&self) -> Option<&O> {
        match &self.outcome {
            Outcome::Ok(output) => Some(output),
            Outcome::Fail | Outcome::Info | Outcome::Open => None,
        }
    }

    /// The end of the interval in which it took effect, if it is known to have happened.
    pub fn completed(&self) -> Option<Moment> {
        self.output().and(self.returned)
    }

    /// Whether it certainly did not happen.
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Fail)
    }
}

/// Why a sequence of entries cannot be a history.
///
/// `position` is the index of the refused entry, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// Entries are in the order of their times.
    #[error("entry {position}: time {time} is before {previous}, the time of the entry before it")]
    TimeGoesBack {
        /// The refused entry.
        position: usize,
        /// Its time in nanoseconds.
        time: u64,
        /// The time of the entry before it, in nanoseconds.
        previous: u64,
    },
    /// A process has one operation open at a time.
    #[error("entry {position}: {process} invokes {operation} while its {open} is still open")]
    InvokeWhileOpen {
        /// The refused entry.
        position: usize,
        /// Who invokes.
        process: ProcessId,
        /// What is invoked.
        operation: OperationId,
        /// What has not returned yet.
        open: OperationId,
    },
    /// An operation id names one operation.
    #[error("entry {position}: {operation} was invoked before; every invocation needs its own id")]
    OperationReused {
        /// The refused entry.
        position: usize,
        /// The id that was used before.
        operation: OperationId,
    },
    /// A return needs an open operation of the same process and id.
    #[error("entry {position}: {operation} returns to {process}, which has not invoked it")]
    ReturnWithoutInvoke {
        /// The refused entry.
        position: usize,
        /// Who would receive the return.
        process: ProcessId,
        /// What returns.
        operation: OperationId,
    },
    /// An operation returns once.
    #[error("entry {position}: {operation} of {process} has already returned")]
    ReturnTwice {
        /// The refused entry.
        position: usize,
        /// Whose operation it is.
        process: ProcessId,
        /// What returns again.
        operation: OperationId,
    },
    /// A process ends with an unknown outcome; its client goes on under a new id.
    #[error(
        "entry {position}: {process} ended with the unknown outcome of {ended}; \
             what its client does next needs a new process id"
    )]
    ProcessAfterInfo {
        /// The refused entry.
        position: usize,
        /// Who acts after its end.
        process: ProcessId,
        /// The operation whose outcome is unknown.
        ended: OperationId,
    },
}

/// A well-formed history. Its operations are in the order of their invocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<I, O> {
    operations: Vec<Operation<I, O>>,
    index: BTreeMap<OperationId, usize>,
}

impl<I, O> History<I, O> {
    /// Builds a history from entries in the order of their times.
    ///
    /// # Errors
    /// The first entry that cannot follow those before it.
    pub fn from_entries(
        entries: impl IntoIterator<Item = Entry<I, O>>,
    ) -> Result<Self, HistoryError> {
        let mut builder = HistoryBuilder::new();
        for entry in entries {
            builder.push(entry)?;
        }
        Ok(builder.finish())
    }

    /// All operations, in the order of their invocations.
    pub fn operations(&self) -> &[Operation<I, O>] {
        &self.operations
    }

    /// The operation with this id.
    pub fn operation(&self, id: OperationId) -> Option<&Operation<I, O>> {
        self.index.get(&id).map(|&index| &self.operations[index])
    }

    /// The entries this history was made of, in order, with payloads borrowed.
    pub fn entries(&self) -> Vec<Entry<&I, &O>> {
        let mut entries = Vec::with_capacity(2 * self.operations.len());
        for operation in &self.operations {
            entries.push((operation.invoked, operation, EntryKind::Invoke(&operation.input)));
            let kind = match &operation.outcome {
                Outcome::Ok(output) => EntryKind::Ok(output),
                Outcome::Fail => EntryKind::Fail,
                Outcome::Info => EntryKind::Info,
                Outcome::Open => continue,
            };
            entries.extend(operation.returned.map(|moment| (moment, operation, kind)));
        }
        entries.sort_by_key(|(moment, ..)| moment.position);
        let entry = |(at, operation, kind): (Moment, &Operation<I, O>, _)| Entry {
            process: operation.process,
            operation: operation.id,
            time: at.time,
            kind,
            node: at.node,
            event: at.event,
            commit: operation.commit,
        };
        entries.into_iter().map(entry).collect()
    }

    /// How many operations were invoked.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing was ever invoked. Such a history proves nothing: checkers answer *unknown*.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}
