//! Updates and queries (§2), and the acknowledgements that empty `Sent` (§3).

use orrery_sim::Context;

use crate::craq;
use crate::kv::{Command, Reply};

use super::bugs::Q8;
use super::configuration::{Member, Place};
use super::message::{Message, Query, Update};
use super::server::Server;
use super::{Chain, Note, Record, Timer, variants};

impl Server {
    /// A client's update reaches the chain: the head processes it, all others pass it on to the head.
    pub(super) fn request(&mut self, update: Update, ctx: &mut Context<'_, Chain>) {
        let Some(configuration) = &self.configuration else { return };
        if !self.is_head() {
            return ctx.send(configuration.head(), Message::Request(update));
        }
        let id = update.request.id;
        let is_known =
            |(_, processed): (Place, &super::hist::Processed)| processed.update.request.id == id;
        if self.hist.behind_place(self.acknowledged).any(is_known) {
            ctx.probe("asked-again");
            return; // In `Sent`: it is on its way to the tail.
        }
        if ctx.bug(&Q8) {
            variants::answer_at_once(&self.store, self.hist.last().next(), &update, ctx);
        }
        self.process(update, ctx);
    }

    /// The predecessor forwards an update. Links are FIFO in the paper; here what overtakes others waits for them.
    pub(super) fn forward(
        &mut self,
        from: Member,
        (place, update): (Place, Update),
        ctx: &mut Context<'_, Chain>,
    ) {
        if self.predecessor() != Some(from) || !(self.is_in_chain() || self.has_joined()) {
            return;
        }
        if place <= self.hist.last() {
            return self.send_ack(ctx); // Sent again: the acknowledgement was lost, perhaps.
        }
        if place != self.hist.last().next() {
            ctx.probe("out-of-order");
        }
        self.early.insert(place, update);
        while let Some(next) = self.early.remove(&self.hist.last().next()) {
            self.process(next, ctx);
        }
    }

    /// Processes an update, and forwards it: `Hist := Hist · r`, `Sent := Sent · r` (§3). It is on disk before anybody is told.
    fn process(&mut self, update: Update, ctx: &mut Context<'_, Chain>) {
        let operation = update.request.id;
        self.write(Record::Processed { update: update.clone() }, ctx);
        self.execute(update);
        let place = self.hist.last();
        self.is_written(place);
        ctx.note(Note::Processed { place, operation });
        self.sync(ctx);
        self.send_forward(place, ctx);
    }

    /// Where the chain ends, an update is done when it is on disk: the client is answered, and the servers in front are told (§2).
    pub(super) fn end_of_chain(&mut self, ctx: &mut Context<'_, Chain>) {
        let from = self.acknowledged;
        if self.durable <= from || !(self.is_tail() || self.has_joined()) {
            return;
        }
        let was_recovering = self.is_recovering;
        self.acknowledge(self.durable, ctx);
        // Clients that were answered before a crash are not answered again: who was not will ask.
        for place in (from.next().0..=self.durable.0).map(Place).filter(|_| !was_recovering) {
            self.reply(place, ctx);
        }
        self.send_ack(ctx);
    }

    /// The tail answers the client.
    fn reply(&self, place: Place, ctx: &mut Context<'_, Chain>) {
        let Some(processed) = self.hist.get(place).filter(|_| self.is_tail()) else {
            return;
        };
        let Some(reply) = processed.reply.clone() else { return };
        let id = processed.update.request.id;
        ctx.note(Note::Replied { place, operation: id });
        ctx.send(processed.update.client, Message::Reply { id, reply });
    }

    /// Sends the update at `place` to the successor, if there is one.
    pub(super) fn send_forward(&self, place: Place, ctx: &mut Context<'_, Chain>) {
        let (Some(successor), Some(processed)) = (self.successor(), self.hist.get(place)) else {
            return;
        };
        let update = processed.update.clone();
        let Member { server, link } = successor;
        ctx.send(server, Message::Forward { link, place, update });
        if place == self.unacknowledged().next() {
            ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
        }
    }

    /// `Sent` is what comes behind this place.
    fn unacknowledged(&self) -> Place {
        self.acknowledged.max(self.successor_has)
    }

    /// Tells the predecessor how far the tail is.
    pub(super) fn send_ack(&mut self, ctx: &mut Context<'_, Chain>) {
        let Some(predecessor) = self.predecessor() else { return };
        self.sync(ctx);
        let (received, through) = (self.hist.last(), self.acknowledged);
        let Member { server, link } = predecessor;
        ctx.send(server, Message::Ack { link, received, through });
    }

    /// The successor acknowledges: what the tail has processed is taken out of `Sent`, and the predecessor is told (§3).
    pub(super) fn ack(
        &mut self,
        from: Member,
        (received, through): (Place, Place),
        ctx: &mut Context<'_, Chain>,
    ) {
        if self.successor() != Some(from) {
            return;
        }
        if let Some(joiner) = &mut self.joiner {
            joiner.received = joiner.received.max(Some(received));
            self.hand_over(ctx);
        }
        if self.is_tail() || through.min(self.hist.last()) <= self.acknowledged {
            return;
        }
        self.acknowledge(through.min(self.hist.last()), ctx);
        self.send_ack(ctx);
    }

    /// The tail has processed everything up to `through`.
    fn acknowledge(&mut self, through: Place, ctx: &mut Context<'_, Chain>) {
        if self.is_recovering {
            self.is_recovering = false;
            ctx.note(Note::Recovered { through: self.hist.base });
        }
        for (place, processed) in self.hist.behind_place(self.acknowledged) {
            if through < place {
                break;
            }
            let command = Command::Client(processed.update.request.clone());
            let took_effect = processed.took_effect;
            ctx.note(Note::Stable { place, command, took_effect });
        }
        craq::clean(self, through, ctx);
        self.acknowledged = through;
        if self.joiner.is_none() {
            if through == self.hist.last() {
                ctx.cancel_timer(Timer::Retransmit);
            } else {
                ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
            }
        }
    }

    /// Nothing was heard of what is in `Sent` for some time: it may be lost.
    pub(super) fn retransmit(&mut self, ctx: &mut Context<'_, Chain>) {
        let from = match self.joiner {
            Some(joiner) => {
                self.hand_over(ctx);
                let Some(received) = joiner.received else { return self.send_transfer(ctx) };
                received
            }
            None => self.unacknowledged(),
        };
        self.resend(from, ctx);
    }

    /// Sends everything behind `from` to the successor.
    pub(super) fn resend(&self, from: Place, ctx: &mut Context<'_, Chain>) {
        let places: Vec<Place> = self.hist.behind_place(from).map(|(place, _)| place).collect();
        for place in places {
            self.send_forward(place, ctx);
        }
        if self.joiner.is_some() {
            ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
        }
    }

    /// A query: the tail alone answers, for its state is that of the updates that every server has. All others pass it on.
    pub(super) fn query(&mut self, query: Query, ctx: &mut Context<'_, Chain>) {
        if self.versions.is_some() {
            return craq::query(self, query, ctx);
        }
        let Some(configuration) = &self.configuration else { return };
        if configuration.tail() != self.id {
            return ctx.send(configuration.tail(), Message::Query(query));
        }
        if self.is_tail() && self.has_lease(ctx) {
            self.answer(&query, ctx);
        }
    }

    /// Answers a query from the state of the moment.
    pub(crate) fn answer(&self, query: &Query, ctx: &mut Context<'_, Chain>) {
        let place = self.hist.last();
        ctx.note(Note::Answered { operation: query.id, place, number: self.number() });
        let reply = Reply::Output(self.store.outcome(&query.operation));
        ctx.send(query.client, Message::Reply { id: query.id, reply });
    }
}
