//! Chain replication: servers in a line, where updates enter at the head and everything is answered at the tail.
//!
//! **Sources:** R. van Renesse and F. B. Schneider, *Chain Replication for Supporting High Throughput and Availability*, OSDI 2004,
//! cited as §3; J. Terrace and M. J. Freedman, *Object Storage on CRAQ*, USENIX ATC 2009, for reads at every server, which are in
//! [`crate::craq`].
//!
//! **System model:** the paper's servers are fail-stop, its links FIFO and reliable, and its master never fails. Here links lose,
//! double and reorder, servers and master come back from their disks, and a server that is silent may be alive. Safety needs
//! clocks whose rates differ by less than `suspicion` and `lease` do (below); progress needs the master and every server that is
//! in the chain.
//!
//! # The idea
//!
//! - An *update* goes to the head, which processes it and forwards it to its successor, and so on. When the tail has processed
//!   it, every server has: the tail answers the client. A *query* goes to the tail alone, so that it sees exactly the updates that
//!   every server has.
//! - `Hist` is what a server has processed. A server's `Hist` is a prefix of its predecessor's: the *Update Propagation Invariant*.
//! - `Sent` is what a server has forwarded and the tail has not yet processed. Acknowledgements travel from the tail to the head and
//!   empty it. Hence what a server has processed is what its successor has, and `Sent`: the *Inprocess Requests Invariant*.
//! - When the head fails, the next server is the head. When the tail fails, its predecessor is the tail, and has all that the old
//!   one answered. When a server in the middle fails, its predecessor sends its `Sent` to its successor. A new server is
//!   made the tail when it has what the tail has.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `update.rs` | §2, §3 | `request`, `forward`, `process`, `ack`, `query` |
//! | `reconfiguration.rs` | §3 | `configured`, `new_successor`, `become_tail`, `transfer`, `hand_over` |
//! | `master.rs` | §3 | `silence`, `linked`, `extend`, `handed_over`, `reconfigure` |
//! | `server.rs` | §2 | a server's state, its disk, and the time that things take |
//! | `client.rs` | §2 | where clients send what |
//! | [`hist`] | §2 | `Hist` |
//! | [`configuration`] | | who is in the chain |
//! | [`message`] | | every message and what its fields mean |
//! | [`invariants`] | §2, §3 | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Updates, queries, acknowledgements; failure of head, tail and middle server, with the four messages of the last; extension of
//! the chain at its tail, while it works; the service times of §4.
//!
//! # Ours
//!
//! - A place in `Hist` goes with each update, and what is not acknowledged in time is sent again: together they are the FIFO link.
//! - Each link between two servers has a number, that of the configuration that made it, so that nothing counts that was sent
//!   before a reconfiguration by who is no predecessor any more.
//! - A silent server need not be dead. It answers queries only under a *lease* that it asks the master for again and again and
//!   that counts from when it asked. The master replaces nobody before the lease must have run out: that is what makes a server that
//!   was wrongly suspected as good as stopped. `suspicion` is longer than `lease` by more than clocks may drift.
//! - `Hist` is on disk before an update is forwarded or acknowledged. The paper's servers lose everything; then the last one of a
//!   chain must not fail. Here it may, and the service goes on when it is back.
//! - A tail ceases to be one before a new one begins, and says so to the master only when the new one has all that it told anybody of.
//! - A new tail answers the clients whose updates were acknowledged by nobody. A retry is processed once (client sessions, as in
//!   Ongaro's dissertation, §6.3): it enters the chain, but does not take effect again.
//!
//! # Left out
//!
//! - Many chains, placed on servers by hashing, and the master's balancing of them (§4.3, §5).
//! - Replication of the master (§3 refers to Paxos for it).
//! - Pruning of `Hist`: it grows as long as the run does.

pub mod bugs;
mod client;
pub mod configuration;
pub mod hist;
pub mod invariants;
mod master;
pub mod message;
mod reconfiguration;
mod registration;
mod server;
mod statistics;
mod update;
mod variants;

use serde::Serialize;

use orrery_sim::{Context, Duration, Node, NodeId, OperationId, Position, Protocol, Start};

use crate::kv::{Command, Operation, Output};

pub use client::Client;
pub use configuration::{Configuration, Epoch, Member, Place};
pub use master::Master;
pub use message::Message;
pub use registration::{Parameters, entries, fault_model, is_core, set_up};
pub use server::Server;
pub(crate) use statistics::{STATISTICS, of_run};

/// The master of every chain.
pub const MASTER: NodeId = NodeId(1);

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain;

impl Protocol for Chain {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What a node is and has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// What it is.
    pub kind: Kind,
    /// What it keeps to.
    pub settings: Settings,
}

/// The kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// `n1`.
    Master,
    /// `n2` and the next ones.
    Server,
    /// All others.
    Client,
}

/// What nodes keep to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The chain at the start.
    pub first: Configuration,
    /// How many servers there are, those of the first chain first.
    pub servers: u32,
    /// How long the chain should be.
    pub length: u32,
    /// How often a server says that it is alive.
    pub heartbeat: Duration,
    /// How long a server may answer queries after it asked for a lease.
    pub lease: Duration,
    /// How long the master hears nothing from a server until it replaces it.
    pub suspicion: Duration,
    /// How long a server waits for an acknowledgement until it sends again.
    pub retransmit: Duration,
    /// How long the head takes for an update.
    pub update_service: Duration,
    /// How long every other server takes for an update.
    pub install_service: Duration,
    /// How long a query takes.
    pub query_service: Duration,
    /// CRAQ: whether every server answers queries.
    pub is_apportioned: bool,
}

impl Settings {
    /// All servers, in the chain or not.
    pub fn servers(&self) -> impl Iterator<Item = NodeId> + use<> {
        (2..=self.servers + 1).map(NodeId)
    }
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// Of a server: an update was processed, behind those before.
    Processed {
        /// The update.
        update: message::Update,
    },
    /// Of a server: it got the past from a tail.
    Transferred(message::Transfer),
    /// Of a server: it has ceased to be the tail of this configuration.
    HandedOver {
        /// Which.
        number: Epoch,
    },
    /// Of the master: the chain.
    Configured(Configuration),
}

/// What nodes wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// A server: time to say that it is alive.
    Heartbeat,
    /// A server: what it sent was not acknowledged for too long.
    Retransmit,
    /// A server: the work in front is done.
    Service,
    /// The master: a server was silent for too long.
    Silence(NodeId),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A server processed an update.
    Processed {
        /// Its place in `Hist`.
        place: Place,
        /// Whose it is.
        operation: OperationId,
    },
    /// A server knows that the tail has processed an update, or is the tail and did.
    Stable {
        /// Its place in `Hist`.
        place: Place,
        /// What it was.
        command: Command,
        /// Whether it changed anything: a repetition does not.
        took_effect: bool,
    },
    /// A server that crashed knows again how far the tail is. What it had known before it notes once more, behind this place.
    Recovered {
        /// Up to here it has the state alone.
        through: Place,
    },
    /// A client was told what came of its update.
    Replied {
        /// The update's place in `Hist`.
        place: Place,
        /// Whose it is.
        operation: OperationId,
    },
    /// A query was answered from a server's state of the moment.
    Answered {
        /// Which.
        operation: OperationId,
        /// The end of the server's `Hist`.
        place: Place,
        /// The server's configuration.
        number: Epoch,
    },
    /// CRAQ: a query was answered with a version of one key.
    AnsweredVersion {
        /// Which query.
        operation: OperationId,
        /// The place of the update that made the version; `p0` where the key was never written.
        version: Place,
        /// Whether the tail was asked which version it should be.
        was_asked: bool,
    },
    /// The master took a server out of the chain.
    Failed {
        /// Which.
        server: NodeId,
        /// What it was: head, middle or tail.
        role: &'static str,
    },
    /// The master decided what the chain is.
    Configured {
        /// The number of the configuration.
        number: Epoch,
        /// From head to tail.
        chain: Vec<NodeId>,
        /// Who is being made the next tail.
        joining: Option<NodeId>,
    },
    /// A server knows its place in the chain.
    TookPlace {
        /// In this configuration.
        number: Epoch,
        /// What it is: head, middle or tail.
        role: &'static str,
    },
    /// A server that joins has the past.
    Transferred {
        /// Up to here.
        through: Place,
    },
    /// A tail ceased to be one, for a server that joins.
    HandedOver {
        /// What it processed last as the tail.
        place: Place,
    },
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::large_enum_variant, reason = "few nodes in a run, and no queue of them")]
pub enum Station {
    /// `n1`.
    Master(Master),
    /// `n2` and the next ones.
    Server(Server),
    /// All others.
    Client(Client),
}

impl Station {
    /// The server that it is.
    pub const fn server(&self) -> Option<&Server> {
        match self {
            Self::Server(server) => Some(server),
            Self::Master(_) | Self::Client(_) => None,
        }
    }

    /// The master that it is.
    pub const fn master(&self) -> Option<&Master> {
        match self {
            Self::Master(master) => Some(master),
            Self::Server(_) | Self::Client(_) => None,
        }
    }
}

impl Node for Station {
    type Protocol = Chain;

    fn on_start(start: Start<'_, Chain>, ctx: &mut Context<'_, Chain>) -> Self {
        let settings = start.config.settings.clone();
        match start.config.kind {
            Kind::Master => Self::Master(Master::recover(&start, settings, ctx)),
            Kind::Client => Self::Client(Client::recover(&start, settings, ctx)),
            Kind::Server => {
                let mut server = Server::recover(&start, settings);
                server.heartbeat(ctx);
                Self::Server(server)
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Chain>) {
        match self {
            Self::Master(master) => master.on_message(from, &message, ctx),
            Self::Server(server) => server.on_message(from, message, ctx),
            Self::Client(client) => client.on_message(message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Chain>) {
        match (self, timer) {
            (Self::Master(master), Timer::Silence(server)) => master.silence(server, ctx),
            (Self::Server(server), timer) => server.on_timer(timer, ctx),
            (Self::Master(_) | Self::Client(_), _) => {}
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Chain>,
    ) {
        match self {
            Self::Client(client) => client.ask(id, operation, ctx),
            Self::Master(_) | Self::Server(_) => ctx.redirect(id, None),
        }
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, Chain>) {
        match self {
            Self::Server(server) => server.on_synced(through, ctx),
            Self::Master(_) | Self::Client(_) => {}
        }
    }

    fn role(&self) -> &'static str {
        match self {
            Self::Master(_) => "master",
            Self::Server(server) => server.role(),
            Self::Client(_) => "client",
        }
    }

    fn epoch(&self) -> u64 {
        match self {
            Self::Master(master) => master.configuration().number.0,
            Self::Server(server) => server.number().0,
            Self::Client(_) => 0,
        }
    }
}
