//! What a replicated log carries for the store.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{ClientId, Context, OperationId, Protocol};

use super::Operation;

/// A client's operation on its way through a log.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Which of which client: a retry carries the same, so that the store knows it again.
    pub id: OperationId,
    /// What the client asks. Shared: a request is copied into messages, journals and logs.
    pub operation: Arc<Operation>,
    /// Whether it opens a session for its client after one that expired. Only a first attempt may: a retry may be of an operation
    /// that took effect in the session that is gone.
    pub may_open: bool,
}

impl Request {
    /// What a node that was asked `operation` puts into its log.
    pub fn new<P: Protocol>(id: OperationId, operation: Operation, ctx: &Context<'_, P>) -> Self {
        Self { id, operation: Arc::new(operation), may_open: ctx.is_first_attempt() }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let retry = if self.may_open { "" } else { " (retry)" };
        write!(f, "{} {:?}{retry}", self.id, self.operation)
    }
}

/// What one place of a log asks of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Command {
    /// Nothing: it fills a place.
    NoOp,
    /// A client's operation.
    Client(Request),
    /// The end of a client's session, unless it was used since. A decision like any other: whoever executes the same log ends the
    /// same sessions at the same place, whatever its own clock says.
    ExpireSession {
        /// Whose.
        client: ClientId,
        /// The number of the last operation that was executed in it when the decision was proposed.
        through: u64,
    },
}

impl Command {
    /// The client's operation behind it, if there is one.
    pub const fn operation(&self) -> Option<OperationId> {
        match self {
            Self::Client(request) => Some(request.id),
            Self::NoOp | Self::ExpireSession { .. } => None,
        }
    }
}
