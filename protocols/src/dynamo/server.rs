//! A node: what it keeps, what it coordinates, and which rule handles what.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{
    Context, Digest, Duration, LocalTime, Node, NodeId, OperationId, Protocol, Start,
};

use super::message::Message;
use super::ring;
use super::store::{Name, Record, Siblings, Store};

/// The store, and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamo;

/// What each node is told at its start; [`Parameters`](super::Parameters) says what the fields mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// N.
    pub n: u32,
    /// R.
    pub r: u32,
    /// W.
    pub w: u32,
    /// Whether hints count.
    pub sloppy: bool,
    /// How long an owner may take to answer.
    pub timeout: Duration,
    /// Between two tries to hand hints over.
    pub handoff: Duration,
    /// How long a hint is kept.
    pub hint_life: Duration,
    /// Between two comparisons with others.
    pub anti_entropy: Duration,
    /// Whether readers repair.
    pub read_repair: bool,
    /// How long a tombstone is kept at least.
    pub grace: Duration,
}

/// Timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Too few have answered.
    Quorum(OperationId),
    /// Hints may be handed over.
    Handoff,
    /// Keys may be compared.
    AntiEntropy,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A read begins.
    Reads {
        /// Which.
        id: OperationId,
        /// Of which key.
        key: String,
    },
    /// A read is done.
    Read {
        /// Which.
        id: OperationId,
        /// Of which key.
        key: String,
        /// The versions that it found.
        found: Vec<Name>,
    },
    /// A version was made.
    Wrote {
        /// Its name.
        name: Name,
        /// Of which key.
        key: String,
        /// What its writer had seen, and overwrites.
        over: Vec<Name>,
    },
    /// A write has its quorum.
    Acknowledged {
        /// The name of its version.
        name: Name,
        /// Of which key.
        key: String,
    },
    /// Tombstones were removed.
    Collected {
        /// Of which key.
        key: String,
        /// Which.
        names: Vec<Name>,
    },
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// All versions of a key.
    Get {
        /// Which.
        key: String,
    },
    /// Reads, and overwrites what was read.
    Put {
        /// Which key.
        key: String,
        /// The value.
        value: String,
    },
    /// Overwrites nothing.
    Add {
        /// Which key.
        key: String,
        /// The value.
        value: String,
    },
    /// Reads, and deletes what was read.
    Delete {
        /// Which key.
        key: String,
    },
}

impl Operation {
    /// The key that it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::Get { key }
            | Self::Put { key, .. }
            | Self::Add { key, .. }
            | Self::Delete { key } => key,
        }
    }
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// The values of all versions, in order; tombstones are left out.
    Values(Vec<String>),
    /// It is done.
    Written,
}

impl Protocol for Dynamo {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Phase {
    /// These have answered, for these owners.
    Reading(BTreeMap<NodeId, Siblings>),
    /// These owners have it.
    Writing { siblings: Siblings, name: Name, acks: BTreeSet<NodeId> },
}

/// An operation that this node coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Pending {
    pub operation: Operation,
    pub phase: Phase,
    /// Whether others were asked to stand in.
    pub has_stand_ins: bool,
}

/// Tombstones that may be removed some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Grave {
    pub siblings: Siblings,
    pub since: LocalTime,
    /// Owners that are known to have the same.
    pub confirmed: BTreeSet<NodeId>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    pub(super) id: NodeId,
    pub(super) nodes: u32,
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) pending: BTreeMap<OperationId, Pending>,
    pub(super) graves: BTreeMap<String, Grave>,
    /// Whom it compared its keys with last, and the hash that it sent.
    pub(super) compared: Option<(NodeId, Digest)>,
}

impl Node for Server {
    type Protocol = Dynamo;

    fn on_start(start: Start<'_, Dynamo>, ctx: &mut Context<'_, Dynamo>) -> Self {
        let mut server = Self {
            id: start.id,
            nodes: ctx.node_count(),
            settings: start.config.clone(),
            store: Store::replay(start.journal.records().cloned()),
            pending: BTreeMap::new(),
            graves: BTreeMap::new(),
            compared: None,
        };
        for key in server.store.keys.keys().cloned().collect::<Vec<_>>() {
            server.look_for_tombstones(&key, ctx.now());
        }
        ctx.set_timer(Timer::Handoff, server.settings.handoff);
        let phase = ctx.below(server.settings.anti_entropy.as_nanos());
        ctx.set_timer(Timer::AntiEntropy, Duration::from_nanos(phase));
        server
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Dynamo>) {
        match message {
            Message::Read { id, key, owner } => self.on_read(from, id, &key, owner, ctx),
            Message::ReadReply { id, owner, siblings } => {
                self.on_read_reply(from, id, owner, siblings, ctx);
            }
            Message::Write { id, key, siblings, owner } => {
                self.on_write(from, id, key, &siblings, owner, ctx);
            }
            Message::WriteReply { id, owner } => self.on_write_reply(from, id, owner, ctx),
            Message::Repair { key, siblings } => self.on_repair(&key, siblings, ctx),
            Message::Handoff { key, siblings } => self.on_handoff(from, key, siblings, ctx),
            Message::HandoffReply { key, siblings } => {
                self.on_handoff_reply(from, key, &siblings, ctx);
            }
            Message::Root { root } => self.on_root(from, root, ctx),
            Message::Same { root } => self.on_same(from, root, ctx),
            Message::Leaves { leaves } => self.on_leaves(from, &leaves, ctx),
            Message::Keys { parts, keys, is_answer } => {
                self.on_keys(from, parts, keys, is_answer, ctx);
            }
            Message::Collect { key, siblings } => self.on_collect(&key, &siblings, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Dynamo>) {
        match timer {
            Timer::Quorum(id) => self.stand_in(id, ctx),
            Timer::Handoff => self.hand_off(ctx),
            Timer::AntiEntropy => self.compare(ctx),
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        self.coordinate(id, operation, ctx);
    }

    fn role(&self) -> &'static str {
        "node"
    }
}

impl Server {
    /// The owners of a key.
    pub(super) fn owners(&self, key: &str) -> Vec<NodeId> {
        ring::owners(key, self.settings.n, self.nodes)
    }

    /// Writes a record, and takes it over. The caller syncs before anybody hears of it.
    pub(super) fn record(&mut self, record: Record, ctx: &mut Context<'_, Dynamo>) {
        ctx.append(record.clone());
        self.store.apply(record);
    }

    /// The versions of a key become these.
    pub(super) fn set(&mut self, key: &str, siblings: Siblings, ctx: &mut Context<'_, Dynamo>) {
        self.record(Record::Stored { key: key.into(), siblings }, ctx);
        self.look_for_tombstones(key, ctx.now());
    }

    /// What it keeps.
    pub const fn store(&self) -> &Store {
        &self.store
    }
}
