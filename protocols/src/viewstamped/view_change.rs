//! View changes (§4.2).

use orrery_sim::{Context, NodeId, Sequence};

use crate::kv::Command;

use super::crash_vector::{consistent, merge};
use super::message::{CrashVector, DoViewChange, Message};
use super::numbers::{OpNumber, ViewNumber};
use super::replica::{Note, Replica, Status, Vr};

impl Replica {
    /// Nothing was heard of the primary for too long, or a view change did not end: the next view, please.
    pub(super) fn timeout(&mut self, ctx: &mut Context<'_, Vr>) {
        if self.status != Status::Recovering {
            self.start_view_change(self.view_number.next(), ctx);
        }
    }

    /// Step 1: from now on it takes part in no earlier view.
    fn start_view_change(&mut self, view: ViewNumber, ctx: &mut Context<'_, Vr>) {
        self.view_number = view;
        self.status = Status::ViewChange;
        self.start_view_changes.clear();
        self.do_view_changes.clear();
        ctx.note(Note::ViewChange { view });
        self.restart_view_timer(ctx);
        let crash_vector = self.crash_vector.clone();
        self.start_view_changes.insert(self.id, crash_vector.clone());
        ctx.broadcast(&Message::StartViewChange { view_number: view, crash_vector });
        self.do_view_change(ctx);
    }

    /// Step 1, at all others: they join.
    pub(super) fn on_start_view_change(
        &mut self,
        from: NodeId,
        view_number: ViewNumber,
        crash_vector: CrashVector,
        ctx: &mut Context<'_, Vr>,
    ) {
        if self.view_number < view_number {
            self.start_view_change(view_number, ctx);
        }
        if self.status != Status::ViewChange || self.view_number != view_number {
            return;
        }
        merge(&mut self.crash_vector, &crash_vector);
        self.start_view_changes.insert(from, crash_vector);
        self.do_view_change(ctx);
    }

    /// Step 2: when f others want the view too, the primary to be is told what is here.
    fn do_view_change(&mut self, ctx: &mut Context<'_, Vr>) {
        let wanting = consistent(&self.start_view_changes, |vector| vector, &self.settings);
        if wanting.len() != self.quorum() as usize {
            return; // Not yet, or told already.
        }
        let change = DoViewChange {
            view_number: self.view_number,
            log: self.log.clone(),
            last_normal: self.last_normal,
            commit_number: self.commit_number,
            crash_vector: self.crash_vector.clone(),
        };
        let primary = self.view_number.primary(self.replicas);
        if primary == self.id {
            self.do_view_changes.insert(self.id, change);
            return self.start_view(ctx);
        }
        ctx.send(primary, Message::DoViewChange(change));
    }

    /// Step 3: the primary to be learns what another replica has.
    pub(super) fn on_do_view_change(
        &mut self,
        from: NodeId,
        change: DoViewChange,
        ctx: &mut Context<'_, Vr>,
    ) {
        if self.view_number < change.view_number {
            self.start_view_change(change.view_number, ctx);
        }
        let is_current = self.view_number == change.view_number && self.is_primary();
        if self.status != Status::ViewChange || !is_current {
            return;
        }
        merge(&mut self.crash_vector, &change.crash_vector);
        self.do_view_changes.insert(from, change);
        self.start_view(ctx);
    }

    /// Step 3: with f + 1 of them, itself included, the view begins with the log of the latest normal view, and the longest of these.
    fn start_view(&mut self, ctx: &mut Context<'_, Vr>) {
        let counted =
            consistent(&self.do_view_changes, |change| &change.crash_vector, &self.settings);
        if counted.len() < self.quorum() as usize || !counted.contains(&self.id) {
            return;
        }
        let told = || counted.iter().filter_map(|id| self.do_view_changes.get(id));
        let best = told().max_by_key(|change| (change.last_normal, change.log.len()));
        let Some(log) = best.map(|change| change.log.clone()) else { return };
        let commit_number = told().map(|change| change.commit_number).max().unwrap_or_default();
        self.log = log;
        self.become_normal(ctx);
        let (view_number, log) = (self.view_number, self.log.clone());
        ctx.broadcast(&Message::StartView { view_number, log, commit_number });
        // Step 4: what was committed and not executed here is executed, and clients are answered.
        self.execute(commit_number, ctx);
        self.advance_commit_number(ctx);
    }

    /// Step 5: the view has begun. What is not committed yet is acknowledged, what is committed is executed.
    pub(super) fn on_start_view(
        &mut self,
        view_number: ViewNumber,
        log: Sequence<Command>,
        commit_number: OpNumber,
        ctx: &mut Context<'_, Vr>,
    ) {
        if view_number < self.view_number || self.is_normal_in(view_number) {
            return;
        }
        self.view_number = view_number;
        self.log = log;
        self.become_normal(ctx);
        if commit_number < self.op_number() {
            self.send_prepare_ok(view_number.primary(self.replicas), ctx);
        }
        self.execute(commit_number, ctx);
    }
}
