//! Keeping copies (§4.5) and hints (§4.6).

use orrery_sim::{Context, NodeId, OperationId};

use super::bugs::Q5;
use super::message::Message;
use super::server::{Dynamo, Server, Timer};
use super::store::{Record, Siblings};

impl Server {
    /// Somebody reads: from this node as an owner, or from what it keeps for one.
    pub(super) fn on_read(
        &self,
        from: NodeId,
        id: OperationId,
        key: &str,
        owner: NodeId,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let siblings = if owner == self.id { self.store.get(key) } else { self.store.hinted(key) };
        ctx.send(from, Message::ReadReply { id, owner, siblings });
    }

    /// Somebody writes: to this node as an owner, or for one that does not answer.
    pub(super) fn on_write(
        &mut self,
        from: NodeId,
        id: OperationId,
        key: String,
        siblings: &Siblings,
        owner: NodeId,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        if owner == self.id {
            self.merge(&key, siblings, ctx);
        } else {
            self.keep_hint(owner, key, siblings, ctx);
        }
        ctx.sync();
        ctx.send(from, Message::WriteReply { id, owner });
    }

    fn keep_hint(
        &mut self,
        owner: NodeId,
        key: String,
        siblings: &Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let known = self.store.hints.get(&(owner, key.clone()));
        let since = known.map_or(ctx.now(), |hint| hint.since);
        let mut all = known.map(|hint| hint.siblings.clone()).unwrap_or_default();
        all.merge(siblings);
        self.record(Record::Hinted { owner, key, siblings: all, since }, ctx);
    }

    /// Takes over versions that are new here. Whether there were any.
    pub(super) fn merge(
        &mut self,
        key: &str,
        siblings: &Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) -> bool {
        let before = self.store.get(key);
        let mut after = before.clone();
        after.merge(siblings);
        if after == before {
            return false;
        }
        self.set(key, after, ctx);
        true
    }

    /// A reader has found that others know more.
    pub(super) fn on_repair(
        &mut self,
        key: &str,
        siblings: Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        if ctx.bug(&Q5) {
            self.set(key, siblings, ctx);
        } else {
            self.merge(key, &siblings, ctx);
        }
        ctx.sync();
    }

    /// Tries to hand over what is kept for others; what is older than a hint may be is dropped.
    pub(super) fn hand_off(&mut self, ctx: &mut Context<'_, Dynamo>) {
        ctx.set_timer(Timer::Handoff, self.settings.handoff);
        for ((owner, key), hint) in self.store.hints.clone() {
            if self.settings.hint_life < ctx.now().since(hint.since) {
                ctx.probe("hint-expired");
                self.drop_hint(owner, key, ctx);
            } else {
                ctx.send(owner, Message::Handoff { key, siblings: hint.siblings });
            }
        }
    }

    fn drop_hint(&mut self, owner: NodeId, key: String, ctx: &mut Context<'_, Dynamo>) {
        let since = ctx.now();
        let siblings = Siblings::default();
        self.record(Record::Hinted { owner, key, siblings, since }, ctx);
    }

    /// Gets what somebody kept for it.
    pub(super) fn on_handoff(
        &mut self,
        from: NodeId,
        key: String,
        siblings: Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        self.merge(&key, &siblings, ctx);
        ctx.sync();
        ctx.send(from, Message::HandoffReply { key, siblings });
    }

    /// The owner has it. What came since is still to be handed over.
    pub(super) fn on_handoff_reply(
        &mut self,
        from: NodeId,
        key: String,
        siblings: &Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let hint = self.store.hints.get(&(from, key.clone()));
        if hint.is_some_and(|hint| hint.siblings == *siblings) {
            ctx.probe("handed-over");
            self.drop_hint(from, key, ctx);
        }
    }
}
