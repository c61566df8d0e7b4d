//! State transfer (§5.2): a replica that has missed something, and not lost its memory.

use orrery_sim::{Context, NodeId};

use super::message::{Message, NewState};
use super::numbers::{OpNumber, ViewNumber};
use super::replica::{Replica, Vr};

impl Replica {
    /// Asks for what comes behind `op_number` in that view. The paper takes what is not committed out of the log now, where the view is a
    /// later one. Here it stays until the answer is there: a view change that comes first may need it.
    pub(super) fn get_state(
        from: NodeId,
        view_number: ViewNumber,
        op_number: OpNumber,
        ctx: &mut Context<'_, Vr>,
    ) {
        ctx.send(from, Message::GetState { view_number, op_number });
    }

    /// Who works in that view sends what the other lacks.
    pub(super) fn on_get_state(
        &self,
        from: NodeId,
        view_number: ViewNumber,
        after: OpNumber,
        ctx: &mut Context<'_, Vr>,
    ) {
        if !self.is_normal_in(view_number) {
            return;
        }
        let behind = (after.next().0..=self.op_number().0).map(OpNumber);
        let log = behind.filter_map(|op| self.at(op).cloned()).collect();
        let commit_number = self.commit_number;
        ctx.send(from, Message::NewState(NewState { view_number, after, log, commit_number }));
    }

    /// What comes behind `after` is this. In a later view it takes the place of what is there; in the same one it is added.
    pub(super) fn on_new_state(&mut self, state: NewState, ctx: &mut Context<'_, Vr>) {
        let NewState { view_number, after, log, commit_number } = state;
        let is_same = self.is_normal_in(view_number);
        if view_number < self.view_number || self.op_number() < after {
            return;
        }
        if is_same {
            let known = (self.op_number().0 - after.0) as usize;
            for command in log.into_iter().skip(known) {
                self.log.push(command);
            }
        } else {
            if after < self.commit_number {
                return; // It has executed more since it asked, and asks again.
            }
            self.log.truncate(after.0 as usize);
            for command in log {
                self.log.push(command);
            }
            self.view_number = view_number;
            self.become_normal(ctx);
        }
        if commit_number < self.op_number() {
            self.send_prepare_ok(view_number.primary(self.replicas), ctx);
        }
        self.execute(commit_number, ctx);
    }
}
