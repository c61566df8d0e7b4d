//! Recovery (§4.3): a crash takes everything, for there is no disk.

use orrery_sim::{Context, NodeId, Sequence};

use super::bugs::Q16;
use super::crash_vector::{consistent, merge};
use super::message::{Message, RecoveryResponse};
use super::numbers::OpNumber;
use super::replica::{Note, Replica, Status, Timer, Vr};

impl Replica {
    /// Step 1: it knows nothing but that it was here before. The nonce is how often it started, which no answer to an earlier
    /// question carries.
    pub(super) fn recover(&mut self, nonce: u32, ctx: &mut Context<'_, Vr>) {
        self.status = Status::Recovering;
        self.crash_vector.insert(self.id, nonce);
        ctx.note(Note::Recovers { nonce });
        self.ask_for_recovery(ctx);
    }

    /// Asks all others, again and again: they may be between two views.
    pub(super) fn ask_for_recovery(&mut self, ctx: &mut Context<'_, Vr>) {
        if self.status == Status::Recovering {
            ctx.broadcast(&Message::Recovery { nonce: self.nonce() });
            ctx.set_timer(Timer::Recovery, self.settings.recovery_retry);
        }
    }

    fn nonce(&self) -> u32 {
        self.crash_vector.get(&self.id).copied().unwrap_or(0)
    }

    /// Step 2: who works in a view answers; its primary with all that it has.
    pub(super) fn on_recovery(&mut self, from: NodeId, nonce: u32, ctx: &mut Context<'_, Vr>) {
        let known = self.crash_vector.entry(from).or_default();
        *known = nonce.max(*known);
        if self.status != Status::Normal || nonce < *known {
            return;
        }
        // What it said before the crash counts for nothing any more.
        self.prepared.remove(&from);
        let state = self.is_primary().then(|| (self.log.clone(), self.commit_number));
        let (view_number, crash_vector) = (self.view_number, self.crash_vector.clone());
        let response = RecoveryResponse { view_number, nonce, state, crash_vector };
        ctx.send(from, Message::RecoveryResponse(response));
    }

    /// Step 3: f + 1 have answered, and among them the primary of the latest view that any of them is in. Its state is taken over.
    pub(super) fn on_recovery_response(
        &mut self,
        from: NodeId,
        response: RecoveryResponse,
        ctx: &mut Context<'_, Vr>,
    ) {
        if self.status != Status::Recovering || response.nonce != self.nonce() {
            return;
        }
        let known = self.responses.get(&from).map(|known| known.view_number);
        if known <= Some(response.view_number) {
            self.responses.insert(from, response);
        }
        let counted =
            consistent(&self.responses, |response| &response.crash_vector, &self.settings);
        if counted.len() < self.quorum() as usize {
            return;
        }
        let answers = || counted.iter().filter_map(|id| self.responses.get(id));
        let Some(view) = answers().map(|answer| answer.view_number).max() else { return };
        let of_primary =
            answers().find(|answer| answer.view_number == view && answer.state.is_some());
        let state = of_primary.and_then(|answer| answer.state.clone());
        let (log, commit_number) = match state {
            Some(state) => state,
            None if ctx.bug(&Q16) => (Sequence::new(), OpNumber(0)),
            None => return ctx.probe("no-primary-to-recover-from"),
        };
        for response in std::mem::take(&mut self.responses).values() {
            merge(&mut self.crash_vector, &response.crash_vector);
        }
        (self.view_number, self.log) = (view, log);
        ctx.cancel_timer(Timer::Recovery);
        ctx.note(Note::Recovered { view, op: self.op_number() });
        self.become_normal(ctx);
        self.execute(commit_number, ctx);
    }
}
