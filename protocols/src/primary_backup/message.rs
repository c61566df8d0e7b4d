//! What nodes send.

use serde::Serialize;

use orrery_sim::{LocalTime, NodeId, OperationId};

use crate::kv::{Reply, Request};

use super::log::{Entry, Index};
use super::view::{Epoch, View};

/// A message: first those of clients and servers, in the order of a run without faults, then those of the view service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From a client to the primary: an update or a query.
    Request(Request),
    /// From the primary to a backup: this is behind what you have.
    Update(Update),
    /// To the primary: this is on disk.
    Ack {
        /// The epoch of the update.
        epoch: Epoch,
        /// The sender's log is the primary's up to here.
        matched: Index,
    },
    /// To the primary: the update does not fit.
    Refuse {
        /// The epoch of the sender. If it is a later one, the receiver is primary no longer.
        epoch: Epoch,
        /// The first entry that the sender lacks, or may have of an earlier epoch.
        retry_from: Index,
    },
    /// To a client: this came of it.
    Reply {
        /// What it had asked.
        id: OperationId,
        /// What came of it.
        reply: Reply,
    },
    /// To a client that asked a server which is not primary: this one is, as far as the sender knows.
    Elsewhere(View),
    /// From a server to the view service: I am here.
    Alive(Alive),
    /// The answer: you are not replaced as primary before your lease has run out, if you are the primary of this view.
    Lease {
        /// The view.
        view: View,
        /// What `Alive` said.
        sent: LocalTime,
        /// Servers that are alive and in no view, where the view lacks servers.
        spares: Vec<NodeId>,
    },
    /// From the view service to everybody: this is the view from now on.
    View(View),
    /// From a client to the view service: nobody answers. Which view is there?
    Locate {
        /// The epoch of the latest that the client has.
        epoch: Epoch,
    },
}

/// Entries for a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Update {
    /// The epoch of the primary: the token by which old ones are fenced off.
    pub epoch: Epoch,
    /// The place before the entries.
    pub prev: Index,
    /// The epoch of the entry there.
    pub prev_epoch: Epoch,
    /// What follows. None where a new primary only wants to know how far the backup's log is its own.
    pub entries: Vec<Entry>,
    /// The primary knows everything up to here to be committed.
    pub committed: Index,
}

/// What a server tells the view service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alive {
    /// The epoch that it is in.
    pub epoch: Epoch,
    /// What its clock shows: its lease counts from here.
    pub sent: LocalTime,
    /// Whether it acts as the primary of that epoch. One that is and does not has crashed since.
    pub is_primary: bool,
    /// As a primary: backups that have not acknowledged anything for too long.
    pub suspects: Vec<NodeId>,
    /// As a primary: servers in no view that have all that is committed, and without whose acknowledgement nothing more will be.
    pub vouched: Vec<NodeId>,
}
