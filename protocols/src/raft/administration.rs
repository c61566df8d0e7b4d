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
    /// One voter more, once it has caught up with the log (dissertation, §4.2.1).
    AddServer {
        /// Who.
        server: NodeId,
    },
    /// One server more that gets the log and has no say (dissertation, §4.2.1).
    AddLearner {
        /// Who.
        server: NodeId,
    },
    /// One voter or learner less.
    RemoveServer {
        /// Who.
        server: NodeId,
    },
    /// Any other set of voters, by way of a joint configuration where it takes more than one step (§6; dissertation, §4.3).
    ChangeServers {
        /// All who are to vote.
        servers: Vec<NodeId>,
    },
    /// Another leader, without the silence of an election timeout (dissertation, §3.10).
    TransferLeadership {
        /// Who is to lead.
        to: NodeId,
    },
}

impl Administration for Request {
    const NAMES: &'static [&'static str] =
        &["AddServer", "AddLearner", "RemoveServer", "ChangeServers", "TransferLeadership"];
}

impl Request {
    /// Whether it could ever be: among the nodes of the run, and with somebody left to vote.
    fn is_possible(&self, server: &Server, nodes: u32) -> bool {
        let exists = |id: &NodeId| (1..=nodes).contains(&id.0);
        match self {
            Self::AddServer { server } | Self::AddLearner { server } => exists(server),
            Self::RemoveServer { server: gone } => {
                server.configuration().voters().iter().any(|id| id != gone)
            }
            Self::ChangeServers { servers } => !servers.is_empty() && servers.iter().all(exists),
            Self::TransferLeadership { to } => server.configuration().is_voter(*to),
        }
    }
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
            Role::PreCandidate { .. } | Role::Candidate { .. } => return ctx.redirect(id, None),
            Role::Leader(_) => {}
        }
        if !request.is_possible(self, ctx.node_count()) {
            return ctx.fail(id);
        }
        match request {
            Request::AddServer { .. }
            | Request::AddLearner { .. }
            | Request::RemoveServer { .. }
            | Request::ChangeServers { .. } => self.change_membership(id, request, ctx),
            Request::TransferLeadership { to } => self.transfer_leadership(id, *to, ctx),
        }
    }
}
