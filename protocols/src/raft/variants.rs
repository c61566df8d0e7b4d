//! Wrong code of planted bugs that is longer than a condition.

use orrery_sim::{Context, OperationId};

use crate::kv::{Operation, Store};

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
