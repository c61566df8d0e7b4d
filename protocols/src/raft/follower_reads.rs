//! Reads on followers (dissertation, §6.4): the leader says how far is enough, the follower answers.
//!
//! A follower asks the leader for a read index. The leader treats that as a read of its own: it makes sure that it still leads,
//! and names what it had committed when it was asked. Once the follower has applied that much, its state is as new as the
//! leader's was after the client had asked, which is all that linearizability demands.

use serde::Serialize;

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::Operation;

use super::message::{Message, ReadIndex, ReadIndexResponse};
use super::numbers::Index;
use super::role::{Reader, Role};
use super::server::{Raft, Server};

/// A read that a follower has taken on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FollowerRead {
    /// Who asks.
    pub id: OperationId,
    /// What.
    pub operation: Operation,
    /// How far this server must have applied; `None` until the leader has said so.
    pub read_index: Option<Index>,
}

/// As a follower.
impl Server {
    /// The leader to ask, if this server answers `operation` itself.
    pub(super) fn leader_to_ask(&self, operation: &Operation) -> Option<NodeId> {
        let Role::Follower { leader } = &self.role else { return None };
        leader.filter(|_| self.settings.follower_reads && self.reads_without_log(operation))
    }

    /// Takes a read on and asks the leader. If the client asks again, so does the follower.
    pub(super) fn follower_read(
        &mut self,
        id: OperationId,
        operation: Operation,
        leader: NodeId,
        ctx: &mut Context<'_, Raft>,
    ) {
        if self.own_reads.iter().all(|read| read.id != id) {
            self.own_reads.push(FollowerRead { id, operation, read_index: None });
        }
        let request = ReadIndex { term: self.current_term, read: id };
        ctx.send(leader, Message::ReadIndex(request));
    }

    /// The leader has answered. An answer to an earlier question about the same read will do: the client had asked before that.
    pub(super) fn handle_read_index_response(
        &mut self,
        response: &ReadIndexResponse,
        ctx: &mut Context<'_, Raft>,
    ) {
        if let Some(read) = self.own_reads.iter_mut().find(|read| read.id == response.read) {
            read.read_index.get_or_insert(response.read_index);
        }
        self.serve_own_reads(ctx);
    }

    /// Answers the reads for which enough is applied.
    pub(super) fn serve_own_reads(&mut self, ctx: &mut Context<'_, Raft>) {
        let applied = self.last_applied;
        let is_ready = |read: &mut FollowerRead| read.read_index.is_some_and(|i| i <= applied);
        for read in self.own_reads.extract_if(.., is_ready) {
            ctx.probe("follower-read");
            ctx.complete(read.id, self.state_machine.outcome(&read.operation));
        }
    }

    /// The leader is gone, or another: clients ask again, elsewhere.
    pub(super) fn give_up_own_reads(&mut self, ctx: &mut Context<'_, Raft>) {
        for read in self.own_reads.drain(..) {
            ctx.redirect(read.id, None);
        }
    }
}

/// As the leader.
impl Server {
    /// Takes the question on as a read of its own. Who leads no more is silent: the client will ask again.
    pub(super) fn handle_read_index_request(
        &mut self,
        from: NodeId,
        request: &ReadIndex,
        ctx: &mut Context<'_, Raft>,
    ) {
        self.read_index(request.read, Reader::Follower(from), ctx);
    }
}
