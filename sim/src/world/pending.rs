//! What is queued.

use crate::id::{ClientId, NodeId, OperationId};
use crate::journal::{DiskError, Position};
use crate::node::Protocol;
use crate::plan::MessageAddress;

/// An entry of the event queue.
#[derive(Clone, Debug)]
pub(super) struct Pending<P: Protocol> {
    /// The event that brought it about.
    pub cause: u64,
    pub what: What<P>,
}

impl<P: Protocol> Pending<P> {
    /// The address of the message, if it is one, and whether it is a copy.
    pub(super) const fn name(&self) -> Option<(MessageAddress, bool)> {
        match &self.what {
            What::Arrive { address, is_copy, .. } | What::Damaged { address, is_copy, .. } => {
                Some((*address, *is_copy))
            }
            What::Start(_)
            | What::Timer { .. }
            | What::Fire { .. }
            | What::Synced { .. }
            | What::SyncFailed { .. }
            | What::Served { .. }
            | What::Wake { .. }
            | What::Ask { .. }
            | What::Flap(_)
            | What::Item(_) => None,
        }
    }

    /// The message, if it is one.
    pub(super) fn message(&self) -> Option<(MessageAddress, &P::Message)> {
        match &self.what {
            What::Arrive { address, message, .. } | What::Damaged { address, message, .. } => {
                Some((*address, message))
            }
            What::Start(_)
            | What::Timer { .. }
            | What::Fire { .. }
            | What::Synced { .. }
            | What::SyncFailed { .. }
            | What::Served { .. }
            | What::Wake { .. }
            | What::Ask { .. }
            | What::Flap(_)
            | What::Item(_) => None,
        }
    }
}

/// What is to happen.
#[derive(Clone, Debug)]
pub(super) enum What<P: Protocol> {
    Start(NodeId),
    Arrive {
        address: MessageAddress,
        is_copy: bool,
        message: P::Message,
    },
    /// A message that the receiver's checksum will discard.
    Damaged {
        address: MessageAddress,
        is_copy: bool,
        message: P::Message,
    },
    /// The entry of a timer, by its name in `Timers`.
    Timer {
        node: NodeId,
        entry: u64,
    },
    /// A timer that comes due by force, or that had waited for its node.
    Fire {
        node: NodeId,
        incarnation: u32,
        timer: P::Timer,
    },
    Synced {
        node: NodeId,
        incarnation: u32,
        sync: u64,
        through: Position,
    },
    /// A failed sync that had waited for its node to resume.
    SyncFailed {
        node: NodeId,
        incarnation: u32,
        sync: u64,
        through: Position,
        error: DiskError,
    },
    /// A slow node is through with the first event in its inbox.
    Served {
        node: NodeId,
        /// Which entry of that node this is: it is stale if there is a later one.
        entry: u64,
    },
    /// A client's moment: to ask something new, or to ask again, unless it has gone on since.
    Wake {
        client: ClientId,
        asked: u64,
        attempt: u32,
    },
    /// An operation that had waited for its node.
    Ask {
        operation: OperationId,
        node: NodeId,
        attempt: u32,
        /// Whether no node before it can have taken it up.
        is_first: bool,
        payload: P::Operation,
    },
    Item(usize),
    /// A flapping of that number comes or goes.
    Flap(u64),
}
