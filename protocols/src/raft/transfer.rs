//! Leadership transfer (dissertation, §3.10): a leader hands over, without the silence of an election timeout.
//!
//! 1. The leader takes no more writes. Those that come wait.
//! 2. It brings the target's log up to date, by AppendEntries as always.
//! 3. It sends the target `TimeoutNow`. The target stands for election at once, and tells voters that its leader sent it, so that they
//!    vote although they have just heard that leader. The higher term deposes the leader.
//! 4. If nothing came of it within an election timeout, the leader takes writes again.
//!
//! Giving up takes nothing back: `TimeoutNow` may be on its way, and the target may still be elected behind the leader's back. From the
//! moment that it leaves, no lease of this leader is worth anything (see `lease.rs`).

use serde::Serialize;

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::{Command, Operation, Output, Request};

use super::log::Payload;
use super::message::{Message, TimeoutNow};
use super::role::Role;
use super::server::{Note, Raft, Server, Timer};

/// A transfer under way, as the leader that began it sees it. It outlives the leadership, until the administrator has an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transfer {
    /// The administrator's request.
    pub id: OperationId,
    /// Who is to lead.
    pub to: NodeId,
    /// Whether `TimeoutNow` was sent: from then on, the target may be elected at any time.
    pub is_sent: bool,
    /// Writes that wait for the end of it: nothing was done with them.
    pub held: Vec<Request>,
}

/// As the leader that hands over.
impl Server {
    /// Begins.
    pub(super) fn transfer_leadership(
        &mut self,
        id: OperationId,
        to: NodeId,
        ctx: &mut Context<'_, Raft>,
    ) {
        if to == ctx.id() {
            return ctx.complete(id, Output::Done);
        }
        match &self.transfer {
            Some(transfer) if transfer.id == id => return, // The administrator asks again.
            Some(_) => return ctx.fail(id),
            None if !self.other_voters(ctx).contains(&to) => return ctx.fail(id),
            None => {}
        }
        self.transfer = Some(Transfer { id, to, is_sent: false, held: vec![] });
        ctx.note(Note::TransferBegun { to });
        ctx.set_timer(Timer::Transfer, self.settings.election_timeout.max);
        self.append_entries_to_all(ctx);
        self.continue_transfer(ctx);
    }

    /// Tells the target to stand, once its log has all of ours.
    pub(super) fn continue_transfer(&mut self, ctx: &mut Context<'_, Raft>) {
        let (Some(transfer), Role::Leader(leadership)) = (&mut self.transfer, &mut self.role)
        else {
            return;
        };
        let has_all = leadership.match_index.get(&transfer.to) == Some(&self.log.last_index());
        if transfer.is_sent || !has_all {
            return;
        }
        transfer.is_sent = true;
        leadership.lease.is_void = true;
        ctx.send(transfer.to, Message::TimeoutNow(TimeoutNow { term: self.current_term }));
    }

    /// Whether writes wait. They are kept as first attempts or not, as they came.
    pub(super) fn holds_back(
        &mut self,
        id: OperationId,
        operation: &Operation,
        ctx: &Context<'_, Raft>,
    ) -> bool {
        let Some(transfer) = &mut self.transfer else { return false };
        if transfer.held.iter().all(|request| request.id != id) {
            transfer.held.push(Request::new(id, operation.clone(), ctx));
        }
        true
    }

    /// An election timeout has passed: the leader takes writes again, and whether the target will yet lead, nobody knows.
    pub(super) fn abandon_transfer(&mut self, ctx: &mut Context<'_, Raft>) {
        let Some(transfer) = self.transfer.take() else { return };
        ctx.note(Note::TransferAbandoned { to: transfer.to });
        transfer.answer_in_vain(ctx);
        for request in transfer.held {
            if let Role::Leader(leadership) = &mut self.role
                && leadership.asked.insert(request.id)
            {
                self.append_own(Payload::Command(Command::Client(request)), ctx);
            }
        }
        if self.is_leader() {
            self.append_entries_to_all(ctx);
        }
    }

    /// The leader was deposed: the writes that waited go elsewhere.
    pub(super) fn release_held(&mut self, leader: Option<NodeId>, ctx: &mut Context<'_, Raft>) {
        let Some(transfer) = &mut self.transfer else { return };
        for request in transfer.held.drain(..) {
            ctx.redirect(request.id, leader);
        }
    }

    /// A new leader is heard: the one that was meant, or another.
    pub(super) fn conclude_transfer(&mut self, leader: NodeId, ctx: &mut Context<'_, Raft>) {
        let Some(transfer) = self.transfer.take() else { return };
        ctx.cancel_timer(Timer::Transfer);
        if transfer.to == leader {
            ctx.complete(transfer.id, Output::Done);
        } else {
            transfer.answer_in_vain(ctx);
        }
    }
}

impl Transfer {
    /// The target does not lead. Once `TimeoutNow` was sent, it still may.
    fn answer_in_vain(&self, ctx: &mut Context<'_, Raft>) {
        if self.is_sent {
            ctx.give_up(self.id);
        } else {
            ctx.fail(self.id);
        }
    }
}

/// As the target.
impl Server {
    /// Stands for election at once, if the order is of the current term: it has all that its leader has.
    pub(super) fn handle_timeout_now(&mut self, request: &TimeoutNow, ctx: &mut Context<'_, Raft>) {
        if request.term == self.current_term && !self.is_leader() && self.may_stand(ctx) {
            self.stand_for_election(true, ctx);
        }
    }
}
