//! Calling a node's handlers.

use std::cell::Cell;

use serde::Serialize;

use crate::context::{Context, Effect};
use crate::digest::Digest;
use crate::id::{NodeId, OperationId};
use crate::journal::{DiskError, Position};
use crate::ledger::Probes;
use crate::node::{Node, Protocol, Start};
use crate::queue::QueueError;
use crate::random::{Domain, Stream, StreamId};
use crate::time::LocalTime;

use super::World;

/// What a node is called with.
#[derive(Clone, Debug)]
pub(crate) enum Call<P: Protocol> {
    Message(NodeId, P::Message),
    Timer(P::Timer),
    Operation { id: OperationId, payload: P::Operation, is_first: bool },
    Synced(Position),
    SyncFailed(Position, DiskError),
}

impl<P: Protocol> Call<P> {
    pub(crate) const fn handler(&self) -> &'static str {
        match self {
            Self::Message(..) => "on_message",
            Self::Timer(_) => "on_timer",
            Self::Operation { .. } => "on_operation",
            Self::Synced(_) => "on_synced",
            Self::SyncFailed(..) => "on_sync_failed",
        }
    }

    pub(crate) const fn is_first_attempt(&self) -> bool {
        matches!(self, Self::Operation { is_first: true, .. })
    }
}

/// A handler that gave two answers to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Impurity {
    /// The event at which it showed.
    pub event: u64,
    /// The node.
    pub node: NodeId,
    /// The handler and what it was called with.
    pub handler: String,
    /// What differed.
    pub difference: String,
}

impl<N: Node> World<N> {
    /// Makes every handler run twice, on the node and on a copy: a pure one gives the same effects and the same
    /// state. The first that does not is kept in [`World::impurity`].
    pub fn check_purity(&mut self)
    where
        N: Clone,
    {
        self.purity = Some(N::clone);
    }

    /// The first handler that was caught giving two answers.
    pub const fn impurity(&self) -> Option<&Impurity> {
        self.impurity.as_ref()
    }

    /// Calls a handler of a node that is up, and carries out its effects.
    pub(super) fn call(&mut self, id: NodeId, call: Call<N::Protocol>) -> Result<(), QueueError> {
        self.call_here(id, call)
    }

    /// [`World::call`] in line, for most of what nodes are called with.
    #[inline(always)]
    pub(super) fn call_here(
        &mut self,
        id: NodeId,
        call: Call<N::Protocol>,
    ) -> Result<(), QueueError> {
        match self.purity {
            Some(copy) => self.call_twice(id, call, copy),
            None => self.call_once(id, call),
        }
        self.settle_here(id)
    }

    #[inline(always)]
    fn call_once(&mut self, id: NodeId, call: Call<N::Protocol>) {
        let node_count = self.nodes.len() as u32;
        let slot = &mut self.nodes[id.index()];
        let Some(node) = slot.node.as_mut() else { return };
        let mut ctx = Context {
            id,
            node_count,
            topology: self.network.topology(),
            now: slot.clock.read(self.now),
            true_now: self.now,
            walls: &self.walls,
            has_read_wall: Cell::new(false),
            written: slot.issued,
            is_first_attempt: call.is_first_attempt(),
            bugs: &self.bugs,
            stream: &mut slot.stream,
            randomness: &mut self.randomness,
            probes: &mut self.probes,
            effects: &mut self.effects,
            choices: None,
        };
        invoke(node, call, &mut ctx);
        let has_read_wall = ctx.has_read_wall.get();
        slot.issued = ctx.written;
        self.step.handled_by = Some(id);
        if has_read_wall {
            self.count_wall_read(id);
        }
    }

    /// Calls a handler on the node and on a copy, and compares.
    #[cold]
    fn call_twice(&mut self, id: NodeId, call: Call<N::Protocol>, copy: fn(&N) -> N) {
        let slot = &self.nodes[id.index()];
        let Some(node) = &slot.node else { return };
        let (twin, stream) = (copy(node), slot.stream.clone());
        self.call_once(id, call.clone());
        self.compare_with_twin(id, twin, stream, call);
    }

    /// Starts a node from its journal, and carries out the effects.
    pub(super) fn start(&mut self, id: NodeId) -> Result<(), QueueError> {
        let slot = &mut self.nodes[id.index()];
        slot.stream = Stream::new(StreamId::new(Domain::Node, id.0, slot.incarnation));
        let now = slot.clock.read(self.now);
        let node = self.construct(id, now);
        if self.purity.is_some() {
            let (first, probes) = (std::mem::take(&mut self.effects), self.probes.clone());
            let slot = &mut self.nodes[id.index()];
            slot.stream = Stream::new(StreamId::new(Domain::Node, id.0, slot.incarnation));
            let second = self.construct(id, now);
            let again = std::mem::replace(&mut self.effects, first);
            self.probes = probes;
            self.report_difference(id, || "on_start".into(), (&second, &again), &node);
        }
        let slot = &mut self.nodes[id.index()];
        let writes = self.effects.iter().filter(|effect| matches!(effect, Effect::Write(_)));
        slot.issued.0 += writes.count() as u64;
        slot.node = Some(node);
        self.step.handled_by = Some(id);
        self.settle(id)
    }

    fn construct(&mut self, id: NodeId, now: LocalTime) -> N {
        let node_count = self.nodes.len() as u32;
        let slot = &mut self.nodes[id.index()];
        let mut ctx = Context {
            id,
            node_count,
            topology: self.network.topology(),
            now,
            true_now: self.now,
            walls: &self.walls,
            has_read_wall: Cell::new(false),
            written: slot.issued,
            is_first_attempt: false,
            bugs: &self.bugs,
            stream: &mut slot.stream,
            randomness: &mut self.randomness,
            probes: &mut self.probes,
            effects: &mut self.effects,
            choices: None,
        };
        let start = Start {
            id,
            config: &slot.config,
            incarnation: slot.incarnation,
            journal: &slot.journal,
        };
        let node = N::on_start(start, &mut ctx);
        if ctx.has_read_wall.get() {
            self.count_wall_read(id);
        }
        node
    }

    /// Runs the same call on the copy and compares.
    fn compare_with_twin(
        &mut self,
        id: NodeId,
        mut twin: N,
        mut stream: Stream,
        call: Call<N::Protocol>,
    ) {
        let writes = self.effects.iter().filter(|effect| matches!(effect, Effect::Write(_)));
        let writes = writes.count() as u64;
        let slot = &self.nodes[id.index()];
        let now = slot.clock.read(self.now);
        let mut effects = Vec::new();
        let mut probes = Probes::default();
        let described = format!("{}({call:?})", call.handler());
        let mut ctx = Context {
            id,
            node_count: self.nodes.len() as u32,
            topology: self.network.topology(),
            now,
            true_now: self.now,
            walls: &self.walls,
            has_read_wall: Cell::new(false),
            written: Position(slot.issued.0 - writes),
            is_first_attempt: call.is_first_attempt(),
            bugs: &self.bugs,
            stream: &mut stream,
            randomness: &mut self.randomness,
            probes: &mut probes,
            effects: &mut effects,
            choices: None,
        };
        invoke(&mut twin, call, &mut ctx);
        if let Some(node) = self.nodes[id.index()].node.take() {
            self.report_difference(id, || described, (&twin, &effects), &node);
            self.nodes[id.index()].node = Some(node);
        }
    }

    /// Keeps the first difference between a node with the effects in the buffer and its twin.
    fn report_difference(
        &mut self,
        node: NodeId,
        handler: impl FnOnce() -> String,
        (twin, twins_effects): (&N, &[Effect<N::Protocol>]),
        original: &N,
    ) {
        let place = self.effects.iter().zip(twins_effects).position(|(a, b)| a != b);
        let difference = match place {
            Some(i) => format!("{:?} against {:?}", self.effects[i], twins_effects[i]),
            None if self.effects.len() != twins_effects.len() => {
                format!("{} effects against {}", self.effects.len(), twins_effects.len())
            }
            None if Digest::of(original) != Digest::of(twin) => String::from("the node's state"),
            None => return,
        };
        if self.impurity.is_none() {
            let event = self.step.number;
            self.impurity = Some(Impurity { event, node, handler: handler(), difference });
        }
    }
}

#[inline(always)]
pub(crate) fn invoke<N: Node>(
    node: &mut N,
    call: Call<N::Protocol>,
    ctx: &mut Context<'_, N::Protocol>,
) {
    match call {
        Call::Message(from, message) => node.on_message(from, message, ctx),
        Call::Timer(timer) => node.on_timer(timer, ctx),
        Call::Operation { id, payload, .. } => node.on_operation(id, payload, ctx),
        Call::Synced(through) => node.on_synced(through, ctx),
        Call::SyncFailed(through, error) => node.on_sync_failed(through, error, ctx),
    }
}
