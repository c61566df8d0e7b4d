//! A client's side of the protocol: it sends everything to the primary, and learns who that is (Pb2).

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, OperationId, Start};

use crate::kv::{Operation, Reply, Request};

use super::message::Message;
use super::view::View;
use super::{PrimaryBackup, VIEW_SERVICE};

/// The process of a client. The operations that it sends come from the engine's clients, without a network between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The view, as far as it knows: its primary is `Dest` of BMST.
    view: View,
    /// What was not answered yet.
    pending: BTreeMap<OperationId, Request>,
}

impl Client {
    pub(super) fn recover(
        start: &Start<'_, PrimaryBackup>,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) -> Self {
        let view = start.config.settings.first.clone();
        if start.incarnation != 0 {
            ctx.send(VIEW_SERVICE, Message::Locate { epoch: view.epoch });
        }
        Self { view, pending: BTreeMap::new() }
    }

    /// An operation begins, or was not answered in time and is asked again.
    pub(super) fn ask(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        self.pending.retain(|known, _| known.client != id.client || known.number == id.number);
        let request = Request::new(id, operation, ctx);
        if self.pending.contains_key(&id) || !request.may_open {
            ctx.send(VIEW_SERVICE, Message::Locate { epoch: self.view.epoch });
        }
        let request = self.pending.entry(id).or_insert(request).clone();
        ctx.send(self.view.primary, Message::Request(request));
    }

    pub(super) fn on_message(&mut self, message: Message, ctx: &mut Context<'_, PrimaryBackup>) {
        match message {
            Message::Reply { id, reply } => self.reply(id, reply, ctx),
            Message::View(view) | Message::Elsewhere(view) => self.learn(view, ctx),
            Message::Request(_)
            | Message::Update(_)
            | Message::Ack { .. }
            | Message::Refuse { .. }
            | Message::Alive(_)
            | Message::Lease { .. }
            | Message::Locate { .. } => {}
        }
    }

    fn reply(&mut self, id: OperationId, reply: Reply, ctx: &mut Context<'_, PrimaryBackup>) {
        if self.pending.remove(&id).is_none() {
            return;
        }
        reply.tell(id, ctx);
    }

    /// Whatever waits may have been lost with a primary: the next one gets it. A retry takes effect once.
    fn learn(&mut self, view: View, ctx: &mut Context<'_, PrimaryBackup>) {
        if view.epoch <= self.view.epoch {
            return;
        }
        let is_new = view.primary != self.view.primary;
        self.view = view;
        if !is_new {
            return;
        }
        for request in self.pending.values() {
            ctx.send(self.view.primary, Message::Request(request.clone()));
        }
    }
}
