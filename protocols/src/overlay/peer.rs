//! A node: whom it knows, what it has heard, and which rule handles what.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Context, Duration, Node, NodeId, OperationId, Protocol, Start};

use super::message::Message;
use super::views::Views;

/// HyParView with Plumtree on it, and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay;

/// What each node is told at its start; [`Parameters`](super::Parameters) says what the fields mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// By then all have joined.
    pub join: Duration,
    /// The greatest size of the active view.
    pub active: u32,
    /// The greatest size of the passive view.
    pub passive: u32,
    /// ARWL.
    pub active_walk: u32,
    /// PRWL.
    pub passive_walk: u32,
    /// ka.
    pub shuffle_active: u32,
    /// kp.
    pub shuffle_passive: u32,
    /// Periods between shuffles.
    pub shuffle: u64,
    /// Between two signs of life.
    pub period: Duration,
    /// So many questions without answer end a link.
    pub patience: u64,
    /// Periods between questions to those who were lost.
    pub reconnect: u64,
    /// How long an announced broadcast may take.
    pub graft_timeout: Duration,
    /// And after a graft.
    pub graft_again: Duration,
    /// So many steps less are worth a graft.
    pub threshold: u32,
}

/// Timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Ask the peers for a sign of life, and look for others where some are missing.
    Period,
    /// An announced broadcast has not come.
    Missing(OperationId),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A broadcast begins here.
    Broadcasts {
        /// Which.
        id: OperationId,
    },
    /// A broadcast was delivered, here.
    Delivered {
        /// Which.
        id: OperationId,
        /// What it says.
        text: String,
        /// Steps from its origin.
        round: u32,
    },
    /// A node entered the active view.
    NeighborUp {
        /// Who.
        peer: NodeId,
    },
    /// A node left the active view.
    NeighborDown {
        /// Who.
        peer: NodeId,
        /// Whether it was silent; otherwise one of both had no room.
        is_lost: bool,
    },
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Tell everybody.
    Broadcast {
        /// What.
        text: String,
    },
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// The broadcast is on its way.
    Sent,
}

impl Protocol for Overlay {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// A broadcast that was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Received {
    pub round: u32,
    pub text: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    pub(super) id: NodeId,
    pub(super) settings: Settings,
    /// Whether it has not been down yet.
    pub(super) is_first_life: bool,
    pub(super) views: Views,
    /// Periods so far.
    pub(super) round: u64,
    /// Whom it has asked to be its peer, and when.
    pub(super) asked: Option<(NodeId, u64)>,
    /// eagerPushPeers: who gets broadcasts as a whole.
    pub(super) eager: BTreeSet<NodeId>,
    /// lazyPushPeers: who gets announcements.
    pub(super) lazy: BTreeSet<NodeId>,
    /// receivedMsgs.
    pub(super) received: BTreeMap<OperationId, Received>,
    /// missing: who announced what has not come, and at how many steps.
    pub(super) missing: BTreeMap<OperationId, Vec<(NodeId, u32)>>,
    /// What was delivered last.
    pub(super) last: String,
}

impl Node for Peer {
    type Protocol = Overlay;

    fn on_start(start: Start<'_, Overlay>, ctx: &mut Context<'_, Overlay>) -> Self {
        let peer = Self {
            id: start.id,
            settings: start.config.clone(),
            is_first_life: start.incarnation == 0,
            views: Views::default(),
            round: 0,
            asked: None,
            eager: BTreeSet::new(),
            lazy: BTreeSet::new(),
            received: BTreeMap::new(),
            missing: BTreeMap::new(),
            last: String::new(),
        };
        peer.await_first_period(start.incarnation == 0, ctx);
        peer
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Overlay>) {
        match message {
            Message::Join => self.on_join(from, ctx),
            Message::ForwardJoin { joiner, ttl } => self.on_forward_join(from, joiner, ttl, ctx),
            Message::Welcome => self.connect(from, ctx),
            Message::Neighbor { is_high } => self.on_neighbor(from, is_high, ctx),
            Message::NeighborReply { is_accepted } => {
                self.on_neighbor_reply(from, is_accepted, ctx);
            }
            Message::Disconnect => self.on_disconnect(from, ctx),
            Message::KeepAlive { round } => self.on_keep_alive(from, round, ctx),
            Message::KeepAliveAck { round } => self.on_keep_alive_ack(from, round),
            Message::Shuffle { origin, nodes, ttl } => {
                self.on_shuffle(from, origin, nodes, ttl, ctx);
            }
            Message::ShuffleReply { nodes, offered } => {
                self.on_shuffle_reply(&nodes, &offered, ctx);
            }
            Message::Gossip { id, round, text } => self.on_gossip(from, id, round, text, ctx),
            Message::IHave { id, round } => self.on_i_have(from, id, round, ctx),
            Message::Graft { id, round } => self.on_graft(from, id, round, ctx),
            Message::Prune => self.on_prune(from),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Overlay>) {
        match timer {
            Timer::Period => self.period(ctx),
            Timer::Missing(id) => self.graft(id, ctx),
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Overlay>,
    ) {
        match operation {
            Operation::Broadcast { text } => self.broadcast(id, text, ctx),
        }
    }

    fn role(&self) -> &'static str {
        if self.views.active.is_empty() { "alone" } else { "member" }
    }
}

impl Peer {
    /// Whom it knows.
    pub const fn views(&self) -> &Views {
        &self.views
    }

    /// Who gets broadcasts as a whole.
    pub const fn eager(&self) -> &BTreeSet<NodeId> {
        &self.eager
    }

    /// Who gets announcements.
    pub const fn lazy(&self) -> &BTreeSet<NodeId> {
        &self.lazy
    }

    /// How many broadcasts were delivered here, in this life.
    pub fn delivered(&self) -> usize {
        self.received.len()
    }

    /// One of these, each as likely.
    pub(super) fn any_of(names: &[NodeId], ctx: &mut Context<'_, Overlay>) -> Option<NodeId> {
        let place = ctx.below(names.len().max(1) as u64) as usize;
        names.get(place).copied()
    }

    /// The active peers but these.
    pub(super) fn peers_but(&self, out: &[NodeId]) -> Vec<NodeId> {
        self.views.active.keys().copied().filter(|peer| !out.contains(peer)).collect()
    }
}
