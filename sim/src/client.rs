//! The engine's clients, and the history of what they asked and got.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::id::{ClientId, NodeId, OperationId, ProcessId};
use crate::law::Law;
use crate::node::Protocol;
use crate::random::Draw;
use crate::time::{Duration, SimTime};

/// The `number`-th operation of a client (from 1), a pure function of what it draws; `None` ends the client's
/// work.
pub type Generator<O> = Arc<dyn Fn(ClientId, u64, &mut Draw<'_>) -> Option<O> + Send + Sync>;

/// What all clients of a run do. A client has one operation open at a time; its calls reach a node and its
/// answers come back without delay, because a client's own latency hides anomalies.
#[derive(Clone)]
pub struct ClientSetup<P: Protocol> {
    /// How many: `c1` to `cN`.
    pub count: u32,
    /// What they ask of their own accord; without it, only what the plan requests.
    pub generator: Option<Generator<P::Operation>>,
    /// How long a client pauses between an answer and its next operation, and before its first.
    pub think: Law,
    /// How long a client waits for an answer before it asks the next entry node the same again.
    pub timeout: Duration,
    /// How long after its invocation an operation is given up: its outcome is unknown.
    pub patience: Duration,
    /// How long a client waits before it goes where it was sent, or on from a node that is down.
    pub retry: Duration,
    /// The nodes that clients ask, in their order. The i-th client begins at the i-th.
    pub entries: Vec<NodeId>,
    /// From this time on, clients ask nothing new of their own accord.
    pub until: SimTime,
}

impl<P: Protocol> Default for ClientSetup<P> {
    fn default() -> Self {
        Self {
            count: 0,
            generator: None,
            think: Law::default(),
            timeout: Duration::from_millis(500),
            patience: Duration::from_secs(2),
            retry: Duration::from_millis(10),
            entries: vec![],
            until: SimTime::MAX,
        }
    }
}

impl<P: Protocol> fmt::Debug for ClientSetup<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSetup")
            .field("count", &self.count)
            .field("think", &self.think)
            .field("timeout", &self.timeout)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// An operation that is waiting for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Open<P: Protocol> {
    pub id: OperationId,
    pub operation: P::Operation,
    pub invoked: SimTime,
    /// How often it was sent to a node, or the client was told where to go.
    pub attempt: u32,
    /// How many of the nodes that it reached have not said that they did nothing.
    pub taken_up: u32,
    /// How many hints it has followed one after the other. Nodes that send it to each other, or to themselves, are believed once
    /// each; after that it asks where it would by its own choice.
    pub hints: usize,
    pub node: NodeId,
}

/// What the plan asked a client to ask.
#[derive(Clone, Debug)]
pub(crate) struct Request<P: Protocol> {
    pub operation: P::Operation,
    pub to: Option<NodeId>,
    /// The event that asked for it.
    pub cause: u64,
}

/// One client.
#[derive(Clone, Debug)]
pub(crate) struct Client<P: Protocol> {
    pub id: ClientId,
    /// Operations asked so far.
    pub asked: u64,
    /// Operations drawn from the generator so far.
    pub drawn: u64,
    /// Operations given up: each makes a new process.
    pub given_up: u32,
    pub open: Option<Open<P>>,
    pub requests: VecDeque<Request<P>>,
    /// The position in the entry list of the node to ask next: where it was sent, or its own choice.
    pub entry: usize,
    /// The position of its own choice. It goes round when nobody answers, wherever hints sent it meanwhile: nodes that were
    /// cut off and send clients to each other do not keep it for ever.
    pub choice: usize,
}

impl<P: Protocol> Client<P> {
    pub(crate) const fn new(id: ClientId) -> Self {
        Self {
            id,
            asked: 0,
            drawn: 0,
            given_up: 0,
            open: None,
            requests: VecDeque::new(),
            entry: id.index(),
            choice: id.index(),
        }
    }

    /// Asks the node at `position` from now on.
    pub(crate) const fn choose(&mut self, position: usize) {
        self.choice = position;
        self.entry = position;
    }

    /// It asks `node`. Should that be in vain, the next attempt goes where it would by its own choice.
    pub(crate) fn asks(&mut self, node: NodeId, entries: &[NodeId]) {
        if entries[self.choice % entries.len()] == node {
            self.choice += 1;
        }
        self.entry = self.choice;
    }

    /// The process under which it acts: unique among `count` clients.
    pub(crate) const fn process(&self, count: u32) -> ProcessId {
        ProcessId(self.id.0 + self.given_up * count)
    }
}

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry<P: Protocol> {
    /// Who acts.
    pub process: ProcessId,
    /// Which operation.
    pub operation: OperationId,
    /// When.
    pub time: SimTime,
    /// The number of the event.
    pub event: u64,
    /// The node that was asked first, or that answered.
    pub node: Option<NodeId>,
    /// What happened.
    pub what: HistoryKind<P>,
}

/// What happened to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryKind<P: Protocol> {
    /// The client asked this.
    Invoke(P::Operation),
    /// It took effect, with this output.
    Ok(P::Output),
    /// It did not take effect and never will.
    Fail,
    /// Its outcome is unknown: it may take effect later, or never.
    Info,
}
