//! Reads: without log entries by `ReadIndex` (§8; dissertation, §6.4), by a lease (`lease.rs`), on followers (`follower_reads.rs`);
//! or through the log, as writes.
//!
//! A leader knows all that is committed, unless it is a leader no longer: another may have been
//! elected behind its back and have committed more. So before it answers a read, it makes sure of
//! two things:
//!
//! 1. It has committed an entry of its own term. Before that, it may not know yet how much its
//!    predecessors had committed.
//! 2. A majority followed it after the read began. Then no other leader had committed anything by
//!    then.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::Operation;

use super::bugs::{R17, R18, R19};
use super::message::{Message, ReadIndexResponse};
use super::numbers::{Index, Round};
use super::role::{Read, Reader, Role};
use super::server::{Raft, Server};

/// How a server makes sure that what it reads is not of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// It asks a majority (dissertation, §6.4).
    ReadIndex,
    /// It trusts a lease while it has one, and asks a majority otherwise (dissertation, §6.4.1).
    Lease,
    /// It puts the read into the log, as it does writes.
    Log,
}

impl Server {
    /// Whether an operation needs no entry of the log.
    pub(super) fn reads_without_log(&self, operation: &Operation) -> bool {
        matches!(operation, Operation::Get { .. }) && self.settings.reads != Reads::Log
    }

    /// A leader takes a read on.
    pub(super) fn read_index(
        &mut self,
        id: OperationId,
        reader: Reader,
        ctx: &mut Context<'_, Raft>,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.waiting_reads().any(|known| known == (id, &reader)) {
            return; // The client has asked again.
        }
        leadership.parked.push((id, reader));
        self.begin_reads(ctx);
    }

    /// Begins the reads that wait, as soon as an entry of this term is committed: notes what is
    /// committed now as the read index, and asks everybody in a new round of heartbeats. One round
    /// serves them all. Under a lease nobody needs to be asked.
    pub(super) fn begin_reads(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let knows_commits = self.log.holds(self.commit_index, self.current_term) || ctx.bug(&R17);
        if leadership.parked.is_empty() || !knows_commits {
            return;
        }
        let parked: Vec<(OperationId, Reader)> = leadership.parked.drain(..).collect();
        let read_index = self.commit_index;
        if self.has_lease(ctx) {
            ctx.probe("lease-read");
            for (id, reader) in parked {
                self.finish_read(id, reader, read_index, ctx);
            }
            return;
        }
        self.begin_round(ctx);
        let Role::Leader(leadership) = &mut self.role else { return };
        let round = leadership.round;
        let begun = parked.into_iter().map(|(id, reader)| Read { id, reader, read_index, round });
        leadership.reads.extend(begun);
        self.append_entries_to_all(ctx);
        self.serve_reads(ctx);
    }

    /// A follower answered a round: it followed us after that had begun.
    pub(super) fn acknowledge(&mut self, from: NodeId, round: Round, ctx: &Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let round = if ctx.bug(&R19) { leadership.round } else { round };
        let acknowledged = leadership.acknowledged.entry(from).or_default();
        *acknowledged = round.max(*acknowledged);
        if self.settings.check_quorum {
            leadership.contact.heard.insert(from, ctx.now());
        }
        self.renew_lease(ctx);
    }

    /// The latest round that a quorum has answered, ourselves included.
    pub(super) fn confirmed_round(&self, ctx: &Context<'_, Raft>) -> Option<Round> {
        let Role::Leader(leadership) = &self.role else { return None };
        let (own, latest) = (ctx.id(), leadership.round);
        let round =
            |id| if id == own { Some(latest) } else { leadership.acknowledged.get(&id).copied() };
        self.reached_by_quorum(round, ctx)
    }

    /// Answers the reads whose round a quorum has acknowledged, ourselves included, from a state at
    /// least as new as their read index.
    pub(super) fn serve_reads(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &self.role else { return };
        if leadership.reads.is_empty() {
            return;
        }
        let confirmed = self.confirmed_round(ctx);
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
            self.finish_read(read.id, read.reader, read.read_index, ctx);
        }
    }

    /// A client gets its answer; a follower learns how far it must have applied to answer its own.
    fn finish_read(
        &self,
        id: OperationId,
        reader: Reader,
        read_index: Index,
        ctx: &mut Context<'_, Raft>,
    ) {
        match reader {
            Reader::Client(operation) => ctx.complete(id, self.state_machine.outcome(&operation)),
            Reader::Follower(follower) => {
                let response = ReadIndexResponse { term: self.current_term, read: id, read_index };
                ctx.send(follower, Message::ReadIndexResponse(response));
            }
        }
    }
}
