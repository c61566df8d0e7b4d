//! What an administrator may ask of a leader.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::{Administered, Administration};

use super::role::Role;
use super::server::{Raft, Server};

/// A client's operation or an administrator's.
pub type Operation = Administered<Request>;

/// An administrator's request. It is answered with `Done` once it is so, and fails where it cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// Another leader, without the silence of an election timeout (dissertation, §3.10).
    TransferLeadership {
        /// Who is to lead.
        to: NodeId,
    },
}

impl Administration for Request {
    const NAMES: &'static [&'static str] = &["TransferLeadership"];
}

impl Server {
    /// A leader does what an administrator asks; everybody else says where the leader is.
    pub(super) fn administer(
        &mut self,
        id: OperationId,
        request: &Request,
        ctx: &mut Context<'_, Raft>,
    ) {
        match &self.role {
            Role::Follower { leader } => return ctx.redirect(id, *leader),
            Role::Candidate { .. } => return ctx.redirect(id, None),
            Role::Leader(_) => {}
        }
        match request {
            Request::TransferLeadership { .. } => ctx.fail(id),
        }
    }
}
