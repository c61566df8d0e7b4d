//! Reads without log entries: ReadIndex (§8; dissertation, §6.4).
//!
//! A leader knows all that is committed, unless it is a leader no longer: another may have been
//! elected behind its back and have committed more. So before it answers a read, it makes sure of
//! two things:
//!
//! 1. It has committed an entry of its own term. Before that, it may not know yet how much its
//!    predecessors had committed.
//! 2. A majority followed it after the read began. Then no other leader had committed anything by
//!    then.

use orrery_sim::{Context, OperationId};

use crate::kv::Operation;

use super::bugs::R18;
use super::role::{Read, Role};
use super::server::{Raft, Server};

impl Server {
    /// A leader takes a read on.
    pub(super) fn read_index(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Raft>,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.waiting_reads().any(|known| known == id) {
            return; // The client has asked again.
        }
        leadership.parked.push((id, operation));
        self.begin_reads(ctx);
    }

    /// Begins the reads that wait, as soon as an entry of this term is committed: notes what is
    /// committed now as the read index, and asks everybody in a new round of heartbeats. One round
    /// serves them all.
    pub(super) fn begin_reads(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let knows_commits = self.log.holds(self.commit_index, self.current_term);
        if leadership.parked.is_empty() || !knows_commits {
            return;
        }
        leadership.round = leadership.round.next();
        let (read_index, round) = (self.commit_index, leadership.round);
        let parked = leadership.parked.drain(..);
        let begun = parked.map(|(id, operation)| Read { id, operation, read_index, round });
        leadership.reads.extend(begun);
        self.append_entries_to_all(ctx);
        self.serve_reads(ctx);
    }

    /// Answers the reads whose round a quorum has acknowledged, ourselves included, from a state at
    /// least as new as their read index.
    pub(super) fn serve_reads(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &self.role else { return };
        if leadership.reads.is_empty() {
            return;
        }
        let (own, latest) = (ctx.id(), leadership.round);
        let round =
            |id| if id == own { Some(latest) } else { leadership.acknowledged.get(&id).copied() };
        let confirmed = self.reached_by_quorum(round, ctx);
        let Role::Leader(leadership) = &mut self.role else { return };
        let is_ready = |read: &mut Read| {
            let is_confirmed = Some(read.round) <= confirmed || ctx.bug(&R18);
            is_confirmed && read.read_index <= self.last_applied
        };
        let mut ready = vec![];
        while let Some(read) = leadership.reads.pop_front_if(is_ready) {
            ready.push(read);
        }
        for read in ready {
            ctx.complete(read.id, self.state_machine.outcome(&read.operation));
        }
    }
}
