//! What the nodes of a chain send.

use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{LocalTime, NodeId, OperationId};

use crate::craq::Versions;
use crate::kv::{self, Operation, Store};

use super::configuration::{Configuration, Epoch, Place};

/// A message: first those of clients and servers, in the order of a run without faults, then those of the master.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From a client to the head: change something.
    Request(Update),
    /// From a server to its successor: an update for the end of your `Hist`.
    Forward {
        /// The link from the sender to the receiver.
        link: Epoch,
        /// The update's place. Links of the paper are FIFO; here the places put things in order again.
        place: Place,
        /// The update.
        update: Update,
    },
    /// From the tail to its predecessor, and on to the head.
    Ack {
        /// The link from the receiver to the sender.
        link: Epoch,
        /// The end of the sender's `Hist`.
        received: Place,
        /// The tail has processed everything up to here.
        through: Place,
    },
    /// To a client: this came of it.
    Reply {
        /// What it had asked.
        id: OperationId,
        /// What came of it.
        reply: kv::Reply,
    },
    /// From a client to the tail, in CRAQ to any server: how are things?
    Query(Query),
    /// CRAQ: from a server to the tail: which version of this key is committed?
    VersionQuery {
        /// For this query.
        id: OperationId,
        /// Which key.
        key: String,
    },
    /// CRAQ: the tail's answer.
    VersionReply {
        /// For this query.
        id: OperationId,
        /// Which key.
        key: String,
        /// The place of the update that made the version; `p0` for a key that was never written.
        version: Place,
    },
    /// From a server to the master: I am here.
    Alive {
        /// The latest configuration that the sender has, `e0` after a crash.
        number: Epoch,
        /// What the sender's clock shows: its lease counts from here.
        sent: LocalTime,
        /// The end of its `Hist`, if it is in the chain or has joined; `p0` if not.
        received: Place,
    },
    /// From the master to a server that is alive: you are not replaced before your lease has run out.
    Lease {
        /// The configuration in which it may be used.
        number: Epoch,
        /// What `Alive` said.
        sent: LocalTime,
    },
    /// From the master: the chain is this now.
    Configured {
        /// The chain.
        configuration: Configuration,
        /// To a server that gets a new successor: what that one has (§3, message 3 of a middle server's failure).
        successor_has: Option<Place>,
    },
    /// From a client to the master: nobody answers. Which configuration is there?
    Locate {
        /// The latest that the client has.
        number: Epoch,
    },
    /// From the tail to a server that joins: the updates of the past.
    Transfer(Box<Transfer>),
    /// From the tail to the master: I am not the tail any more. The server that joins has all that I ever told anybody of.
    HandedOver {
        /// The configuration whose tail the sender was.
        number: Epoch,
    },
}

/// A client's update on its way through the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    /// What the client wants, under its session's number.
    pub request: kv::Request,
    /// Whom the tail answers.
    pub client: NodeId,
}

/// A client's query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Query {
    /// Which.
    pub id: OperationId,
    /// What the client wants to know.
    pub operation: Arc<Operation>,
    /// Whom to answer.
    pub client: NodeId,
}

/// `Hist` in its short form: what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transfer {
    /// The link from the sender to the receiver.
    pub link: Epoch,
    /// The state after this update.
    pub through: Place,
    /// The state.
    pub store: Store,
    /// CRAQ: which update made the version of each key.
    pub versions: Option<Versions>,
}
