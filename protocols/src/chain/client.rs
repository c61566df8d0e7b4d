//! A client's side of the protocol: it sends updates to the head and queries to the tail, and learns who these are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{Context, NodeId, OperationId, Start};

use crate::kv::{self, Operation, Reply};

use super::configuration::Configuration;
use super::message::{Message, Query, Update};
use super::{Chain, MASTER, Settings};

/// The process of a client. The operations that it sends come from the engine's clients, without a network between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The chain, as far as it knows.
    configuration: Configuration,
    /// What was not answered yet.
    pending: BTreeMap<OperationId, kv::Request>,
    /// CRAQ: how many queries it sent, so that they go round the servers.
    queries: u64,
    settings: Settings,
}

impl Client {
    pub(super) fn recover(
        start: &Start<'_, Chain>,
        settings: Settings,
        ctx: &mut Context<'_, Chain>,
    ) -> Self {
        let configuration = settings.first.clone();
        if start.incarnation != 0 {
            ctx.send(MASTER, Message::Locate { number: configuration.number });
        }
        let queries = u64::from(start.id.0);
        Self { configuration, pending: BTreeMap::new(), queries, settings }
    }

    /// An operation begins, or was not answered in time and is asked again.
    pub(super) fn ask(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Chain>,
    ) {
        self.pending.retain(|known, _| known.client != id.client || known.number == id.number);
        let request = kv::Request::new(id, operation, ctx);
        if self.pending.contains_key(&id) || !request.may_open {
            ctx.send(MASTER, Message::Locate { number: self.configuration.number });
        }
        let request = self.pending.entry(id).or_insert(request).clone();
        self.send(request, ctx);
    }

    fn send(&mut self, request: kv::Request, ctx: &mut Context<'_, Chain>) {
        let client = ctx.id();
        let kv::Request { id, operation, .. } = &request;
        if !matches!(**operation, Operation::Get { .. }) {
            let head = self.configuration.head();
            return ctx.send(head, Message::Request(Update { request, client }));
        }
        let query = Query { id: *id, operation: Arc::clone(operation), client };
        let to = self.queried();
        ctx.send(to, Message::Query(query));
    }

    /// Whom it asks: the tail, or in CRAQ one server after the other.
    fn queried(&mut self) -> NodeId {
        if !self.settings.is_apportioned {
            return self.configuration.tail();
        }
        let chain = &self.configuration.chain;
        let turn = self.queries % chain.len() as u64;
        self.queries += 1;
        chain[turn as usize].server
    }

    pub(super) fn on_message(&mut self, message: Message, ctx: &mut Context<'_, Chain>) {
        match message {
            Message::Reply { id, reply } => self.reply(id, reply, ctx),
            Message::Configured { configuration, .. } => self.configured(configuration, ctx),
            Message::Request(_)
            | Message::Forward { .. }
            | Message::Ack { .. }
            | Message::Query(_)
            | Message::VersionQuery { .. }
            | Message::VersionReply { .. }
            | Message::Alive { .. }
            | Message::Lease { .. }
            | Message::Locate { .. }
            | Message::Transfer(_)
            | Message::HandedOver { .. } => {}
        }
    }

    fn reply(&mut self, id: OperationId, reply: Reply, ctx: &mut Context<'_, Chain>) {
        if self.pending.remove(&id).is_none() {
            return;
        }
        reply.tell(id, ctx);
    }

    /// Whatever waits may have been lost with a server: it is sent once more. A retry takes effect once.
    fn configured(&mut self, configuration: Configuration, ctx: &mut Context<'_, Chain>) {
        if configuration.number <= self.configuration.number {
            return;
        }
        let was = (self.configuration.head(), self.configuration.tail());
        self.configuration = configuration;
        if was == (self.configuration.head(), self.configuration.tail()) {
            return;
        }
        let waiting: Vec<kv::Request> = self.pending.values().cloned().collect();
        for request in waiting {
            self.send(request, ctx);
        }
    }
}
