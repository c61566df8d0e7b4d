//! Wrong code of planted bugs that is longer than a condition.

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::{Operation, Store};

use super::bugs::R16;
use super::message::{Message, RequestVoteResponse};
use super::numbers::Term;
use super::server::{Raft, Server};

/// R34: tells the client what the operation would give, although nothing but the leader's memory
/// has it.
pub(super) fn answer_at_once(
    state_machine: &Store,
    id: OperationId,
    operation: &Operation,
    ctx: &mut Context<'_, Raft>,
) {
    ctx.complete(id, state_machine.outcome(operation));
}

/// R4: the vote is on the wire before it is on its way to the disk. The term is: it was written when it was first seen.
pub(super) fn answer_before_the_vote(to: NodeId, term: Term, ctx: &mut Context<'_, Raft>) {
    ctx.sync();
    let response = RequestVoteResponse { term, vote_granted: true };
    ctx.send(to, Message::RequestVoteResponse(response));
}

impl Server {
    /// R16: a leader does not look at the term of a response, and takes any for an answer to its round.
    pub(super) fn is_deaf_to(&self, message: &Message, ctx: &Context<'_, Raft>) -> bool {
        let is_response = matches!(message, Message::AppendEntriesResponse(_));
        ctx.bug(&R16) && is_response && self.is_leader()
    }
}
