//! Wrong code of planted bugs that is longer than a condition.

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::{Operation, Store};

use super::message::{Message, RequestVoteResponse};
use super::numbers::Term;
use super::server::Raft;

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
