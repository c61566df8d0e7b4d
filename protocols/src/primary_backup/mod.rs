//! Primary-backup: one server does the work and tells the others what came of it, before it tells the client.
//!
//! **Sources:** N. Budhiraja, K. Marzullo, F. B. Schneider and S. Toueg, *The Primary-Backup Approach*, in Mullender (ed.), Distributed
//! Systems, 2nd edition, 1993, cited as BMST with its properties Pb1 to Pb4; as compared with chain replication in R. van Renesse
//! and F. B. Schneider, *Chain Replication for Supporting High Throughput and Availability*, OSDI 2004, cited as vRS. The epochs in
//! the log, and what goes wrong without them, are from Kafka's KIP-101, *Alter Replication Protocol to use Leader Epoch*, 2017.
//!
//! **System model:** BMST's servers stop when they fail, and everybody knows it in time. Here links lose, double and reorder, servers
//! and view service come back from their disks, and who is silent may be alive. Safety of updates needs nothing; that of queries needs
//! clocks whose rates differ by less than `suspicion` and `lease` do. Progress needs the view service and the servers of the view.
//!
//! # The idea
//!
//! - Clients send everything to the *primary*. It orders updates in a log, sends each to all *backups*, and answers the client when
//!   all of them have it on disk. Queries it answers alone. So every backup has every update that a client knows of, and may take over.
//! - The *view service* says who is primary and who are backups: a *view*. Each has a number, its *epoch*, and a server that was not
//!   heard of for too long is left out of the next. What is acknowledged by *all* of a view is known to every server of the next.
//! - A server that is wrongly taken for dead goes on as primary of its old epoch. It does no harm: whoever has entered a later epoch
//!   refuses its updates (*fencing*: the epoch is the token), so that it cannot get the acknowledgements of all. Queries ask nobody, so
//!   they need a *lease*: the view service makes nobody else primary before it must have run out.
//! - A new primary first makes the logs of all its backups equal to its own. What is in it beyond what clients were told of is kept: an
//!   update that nobody answered may take effect.
//!
//! # Where to read what
//!
//! | file | rules |
//! |---|---|
//! | `primary.rs` | `become_primary`, `update`, `query`, `send_updates`, `advance`, `vouch` |
//! | `backup.rs` | `install`, `accept`, `refuse` |
//! | `view.rs` | `View`; the view service: `hear`, `silence`, `consider`, `change` |
//! | `server.rs` | a server's state and disk, how it enters an epoch, the time that things take |
//! | `client.rs` | where clients send what |
//! | `log.rs`, `message.rs` | the log; every message and what its fields mean |
//! | `invariants.rs`, `bugs.rs` | what must hold after every event; each rule's mistake |
//!
//! # Kept, ours, left out
//!
//! **Kept:** one primary that orders updates, sends them to all backups, waits for all of them and then answers (BMST, section 8.3; vRS
//! §4); queries at the primary alone; at most one primary at any time (Pb1); clients that know the primary (Pb2), and requests that others
//! turn away (Pb3); outages of bounded length (Pb4); the service times of vRS §5.1.
//!
//! **Ours:** the view service and its leases, in the place of failure detection by message timing; the log, its epochs and the *committed*
//! index (Kafka's high watermark); a server that comes back is brought up to date and taken in again; client sessions, so that a
//! retry takes effect once.
//!
//! **Left out:** replication of the view service; compaction of logs; the transfer of a state instead of its log; expiry of sessions.

mod backup;
pub mod bugs;
mod client;
pub mod invariants;
pub mod log;
pub mod message;
mod primary;
mod registration;
mod server;
mod statistics;
mod view;

use std::sync::LazyLock;

use serde::Serialize;

use orrery_sim::{Context, Duration, Law, Node, NodeId, OperationId, Protocol, Start};

use crate::kv::{Command, Operation, Output, Store};
use crate::replicated::{Milestone, Replica};

pub use client::Client;
pub use log::{Entry, Index, Log};
pub use message::Message;
pub use registration::Parameters;
pub use server::Server;
pub use view::{Epoch, View, ViewService};

/// Who decides who is primary.
pub const VIEW_SERVICE: NodeId = NodeId(1);

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryBackup;

impl Protocol for PrimaryBackup {
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
    ViewService,
    /// `n2` and the next ones.
    Server,
    /// All others.
    Client,
}

/// What nodes keep to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The view at the start.
    pub first: View,
    /// How many servers there are, those of the first view first.
    pub servers: u32,
    /// How many servers a view should have.
    pub size: u32,
    /// How often a server says that it is alive.
    pub heartbeat: Duration,
    /// How long a primary may answer queries after it asked for a lease.
    pub lease: Duration,
    /// How long the view service, or a primary, hears nothing from a server until it wants it out of the view.
    pub suspicion: Duration,
    /// How long a primary waits for an acknowledgement until it sends again.
    pub retransmit: Duration,
    /// How long the primary takes for an update.
    pub update_service: Law,
    /// How long a backup takes for an update.
    pub install_service: Law,
    /// How long the primary takes for a query.
    pub query_service: Law,
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// Of a server: it takes part in this epoch, and refuses what is of an earlier one. On disk before it says anything in it.
    Entered {
        /// Which.
        epoch: Epoch,
    },
    /// Of a server: an entry at the end of its log. On disk before it is acknowledged.
    Append {
        /// Its place.
        index: Index,
        /// The entry.
        entry: Entry,
    },
    /// Of a server: its log ends before this entry now.
    TruncateFrom {
        /// The first that is gone.
        index: Index,
    },
    /// Of a server: everything up to here is committed. Written without a sync: who has forgotten it learns it again.
    Committed {
        /// The last entry.
        index: Index,
    },
    /// Of the view service: the view. On disk before anybody is told.
    View(View),
}

/// What nodes wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// A server: time to say that it is alive.
    Heartbeat,
    /// A primary: what it sent was not acknowledged for too long.
    Retransmit,
    /// A server: the work in front is done.
    Service,
    /// The view service: a server was silent for too long.
    Silence(NodeId),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// The view service decided on a view.
    ViewChanged {
        /// Its epoch.
        epoch: Epoch,
        /// Who is primary.
        primary: NodeId,
        /// Who are backups.
        backups: Vec<NodeId>,
    },
    /// A server takes part in an epoch.
    Entered {
        /// Which.
        epoch: Epoch,
    },
    /// A primary and all its backups have the same log: it works from now on.
    Serving {
        /// In this epoch.
        epoch: Epoch,
        /// With these backups.
        backups: Vec<NodeId>,
    },
    /// A primary has brought a server up to date that stood by: from now on it waits for that one's acknowledgements too.
    Vouched {
        /// Which.
        server: NodeId,
    },
    /// A primary has the acknowledgements of all for everything up to here.
    Committed {
        /// The last entry.
        index: Index,
        /// The epoch of that entry.
        epoch: Epoch,
        /// Who acknowledged.
        by: Vec<NodeId>,
    },
    /// A server executed an entry that it knows to be committed.
    Executed {
        /// Its place.
        index: Index,
        /// What it was.
        command: Command,
        /// Whether it changed anything: a repetition does not.
        took_effect: bool,
    },
    /// A server executed again, after a crash, what it knows to be committed.
    Recovered {
        /// The last entry.
        through: Index,
    },
    /// A server deleted entries from the end of its log.
    Truncated {
        /// The place of the first.
        from: Index,
        /// Their epochs, in order.
        epochs: Vec<Epoch>,
    },
    /// A server refused an update of an earlier epoch.
    Fenced {
        /// Of this one.
        epoch: Epoch,
        /// Who sent it.
        primary: NodeId,
    },
    /// A primary answered a query.
    Answered {
        /// Which.
        operation: OperationId,
        /// In this epoch.
        epoch: Epoch,
    },
    /// A primary was asked a query and has no lease: the query waits.
    NoLease {
        /// Which.
        operation: OperationId,
    },
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::large_enum_variant, reason = "few nodes in a run, and no queue of them")]
pub enum Party {
    /// `n1`.
    ViewService(ViewService),
    /// `n2` and the next ones.
    Server(Server),
    /// All others.
    Client(Client),
}

impl Party {
    /// The server that it is.
    pub const fn server(&self) -> Option<&Server> {
        match self {
            Self::Server(server) => Some(server),
            Self::ViewService(_) | Self::Client(_) => None,
        }
    }

    /// The view service that it is.
    pub const fn view_service(&self) -> Option<&ViewService> {
        match self {
            Self::ViewService(service) => Some(service),
            Self::Server(_) | Self::Client(_) => None,
        }
    }
}

impl Node for Party {
    type Protocol = PrimaryBackup;

    fn on_start(start: Start<'_, PrimaryBackup>, ctx: &mut Context<'_, PrimaryBackup>) -> Self {
        match start.config.kind {
            Kind::ViewService => Self::ViewService(ViewService::recover(&start, ctx)),
            Kind::Server => Self::Server(Server::recover(&start, ctx)),
            Kind::Client => Self::Client(Client::recover(&start, ctx)),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, PrimaryBackup>) {
        match self {
            Self::ViewService(service) => service.on_message(from, message, ctx),
            Self::Server(server) => server.on_message(from, message, ctx),
            Self::Client(client) => client.on_message(message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, PrimaryBackup>) {
        match (self, timer) {
            (Self::ViewService(service), Timer::Silence(server)) => service.silence(server, ctx),
            (Self::Server(server), timer) => server.on_timer(timer, ctx),
            (Self::ViewService(_) | Self::Client(_), _) => {}
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        match self {
            Self::Client(client) => client.ask(id, operation, ctx),
            Self::ViewService(_) | Self::Server(_) => ctx.redirect(id, None),
        }
    }

    fn on_synced(&mut self, through: orrery_sim::Position, ctx: &mut Context<'_, PrimaryBackup>) {
        match self {
            Self::Server(server) => server.own_entries_are_durable(through, ctx),
            Self::ViewService(_) | Self::Client(_) => {}
        }
    }

    fn role(&self) -> &'static str {
        match self {
            Self::ViewService(_) => "view service",
            Self::Server(server) => server.role(),
            Self::Client(_) => "client",
        }
    }

    fn epoch(&self) -> u64 {
        match self {
            Self::ViewService(service) => service.view().epoch.0,
            Self::Server(server) => server.epoch().0,
            Self::Client(_) => 0,
        }
    }
}

impl Replica for Party {
    fn store(&self) -> &Store {
        /// What who is no server has executed.
        static NOTHING: LazyLock<Store> = LazyLock::new(Store::default);
        self.server().map_or(&NOTHING, Server::store)
    }

    fn executed(&self) -> u64 {
        self.server().map_or(0, |server| server.executed().0)
    }

    fn milestone(note: &Note) -> Option<Milestone<'_>> {
        match note {
            Note::Executed { index, command, took_effect } => {
                Some(Milestone::Executed { position: index.0, command, took_effect: *took_effect })
            }
            Note::Recovered { through } => Some(Milestone::Installed { position: through.0 }),
            Note::ViewChanged { .. }
            | Note::Entered { .. }
            | Note::Serving { .. }
            | Note::Vouched { .. }
            | Note::Committed { .. }
            | Note::Truncated { .. }
            | Note::Fenced { .. }
            | Note::Answered { .. }
            | Note::NoLease { .. } => None,
        }
    }
}
