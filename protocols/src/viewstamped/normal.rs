//! Normal operation (§4.1).

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::{Command, Operation, Request};
use crate::quorum::reached_by;

use super::message::{Message, Prepare};
use super::numbers::{OpNumber, ViewNumber};
use super::replica::{Note, Replica, Status, Timer, Vr};

/// As the primary.
impl Replica {
    /// Step 2: a client's request goes to the end of the log and to the backups; one that was executed is answered again. Everybody
    /// else says who the primary is.
    pub(super) fn request(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Vr>,
    ) {
        if self.status != Status::Normal {
            return ctx.redirect(id, None);
        }
        if !self.is_primary() {
            return ctx.redirect(id, Some(self.view_number.primary(self.replicas)));
        }
        if let Some(output) = self.state_machine.answer(id) {
            ctx.probe("answer-from-client-table");
            return ctx.complete(id, output.clone());
        }
        let first = self.commit_number.next().0;
        let mut uncommitted = (first..=self.op_number().0).filter_map(|op| self.at(OpNumber(op)));
        if uncommitted.any(|command| command.operation() == Some(id)) {
            return; // Being prepared: the client has asked again.
        }
        self.log.push(Command::Client(Request::new(id, operation, ctx)));
        self.prepare(ctx);
        self.advance_commit_number(ctx);
    }

    /// Step 3: sends the last request to the backups.
    fn prepare(&self, ctx: &mut Context<'_, Vr>) {
        let Some(command) = self.log.last().cloned() else { return };
        let (view_number, op_number) = (self.view_number, self.op_number());
        let commit_number = self.commit_number;
        ctx.broadcast(&Message::Prepare(Prepare {
            view_number,
            command,
            op_number,
            commit_number,
        }));
        ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
    }

    /// Step 5: f backups have it, so that f + 1 replicas do: everything up to there is committed, and executed.
    pub(super) fn on_prepare_ok(
        &mut self,
        from: NodeId,
        view_number: ViewNumber,
        op_number: OpNumber,
        ctx: &mut Context<'_, Vr>,
    ) {
        if !self.is_normal_in(view_number) || !self.is_primary() {
            return;
        }
        let known = self.prepared.entry(from).or_default();
        *known = op_number.max(*known);
        self.advance_commit_number(ctx);
    }

    pub(super) fn advance_commit_number(&mut self, ctx: &mut Context<'_, Vr>) {
        let all = self.prepared.values().copied().chain([self.op_number()]);
        let Some(op) = reached_by(self.quorum(), all).filter(|op| self.commit_number < *op) else {
            return;
        };
        ctx.note(Note::Committed { view: self.view_number, op });
        self.execute(op, ctx);
    }

    /// Step 6: backups learn of commitment with the next Prepare; where there is none, with Commit. What is not committed yet is
    /// prepared again: its message may be lost.
    pub(super) fn heartbeat(&mut self, ctx: &mut Context<'_, Vr>) {
        if self.status != Status::Normal || !self.is_primary() {
            return;
        }
        if self.commit_number < self.op_number() {
            return self.prepare(ctx);
        }
        let (view_number, commit_number) = (self.view_number, self.commit_number);
        ctx.broadcast(&Message::Commit { view_number, commit_number });
        ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
    }
}

/// As a backup.
impl Replica {
    /// Step 4: the request goes into the log, behind all those before it; what is missing is fetched first (§5.2).
    pub(super) fn on_prepare(&mut self, from: NodeId, prepare: Prepare, ctx: &mut Context<'_, Vr>) {
        if !self.follows(from, prepare.view_number, ctx) {
            return;
        }
        if self.op_number().next() < prepare.op_number {
            ctx.probe("gap");
            return Self::get_state(from, prepare.view_number, self.op_number(), ctx);
        }
        if self.op_number() < prepare.op_number {
            self.log.push(prepare.command);
        }
        self.send_prepare_ok(from, ctx);
        self.execute(prepare.commit_number, ctx);
    }

    /// `PrepareOk`: everything up to the end of the log is here.
    pub(super) fn send_prepare_ok(&self, primary: NodeId, ctx: &mut Context<'_, Vr>) {
        let (view_number, op_number) = (self.view_number, self.op_number());
        ctx.send(primary, Message::PrepareOk { view_number, op_number });
    }

    /// Step 7: the primary has committed that much.
    pub(super) fn on_commit(
        &mut self,
        from: NodeId,
        view_number: ViewNumber,
        commit_number: OpNumber,
        ctx: &mut Context<'_, Vr>,
    ) {
        if !self.follows(from, view_number, ctx) {
            return;
        }
        if self.op_number() < commit_number {
            return Self::get_state(from, view_number, self.op_number(), ctx);
        }
        self.execute(commit_number, ctx);
    }

    /// Whether a message of the primary `from` is of our view. A later view has begun without us: we ask for its state (§5.2).
    fn follows(&self, from: NodeId, view_number: ViewNumber, ctx: &mut Context<'_, Vr>) -> bool {
        if self.is_normal_in(view_number) {
            self.restart_view_timer(ctx);
            return true;
        }
        if self.view_number <= view_number {
            ctx.probe("missed-a-view");
            Self::get_state(from, view_number, self.commit_number, ctx);
        }
        false
    }

    /// Whether it works in this view.
    pub(super) fn is_normal_in(&self, view_number: ViewNumber) -> bool {
        self.status == Status::Normal && self.view_number == view_number
    }
}
