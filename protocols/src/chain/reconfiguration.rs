//! Failures, and the extension of the chain (§3), as a server sees them: the master says what the chain is.

use orrery_sim::Context;

use crate::craq::Versions;

use super::bugs::{Q9, Q10};
use super::configuration::{Configuration, Member, Place};
use super::message::{Message, Transfer};
use super::server::{Joiner, Server};
use super::{Chain, MASTER, Note, Record, Timer};

impl Server {
    /// The master says what the chain is now.
    pub(super) fn configured(
        &mut self,
        configuration: Configuration,
        successor_has: Option<Place>,
        ctx: &mut Context<'_, Chain>,
    ) {
        if configuration.number <= self.number() {
            return;
        }
        let before = (self.predecessor(), self.successor());
        let joining = configuration.joining;
        let is_same_joining = self.configuration.as_ref().is_some_and(|old| old.joining == joining);
        self.configuration = Some(configuration);
        if self.predecessor() != before.0 {
            self.early.clear();
        }
        let was = self.joiner.take().filter(|_| is_same_joining);
        if self.is_in_chain() {
            self.joiner = joining.filter(|_| self.is_end()).map(|_| Joiner {
                // After a crash it is no more the tail than it was before.
                handed_over_at: (!self.is_tail()).then(|| self.hist.last()),
                ..was.unwrap_or_default()
            });
            if self.predecessor() != before.0 {
                self.report(ctx);
            }
            self.new_successor(before.1, successor_has, ctx);
            let number = self.number();
            ctx.note(Note::TookPlace { number, role: self.role() });
        } else {
            ctx.cancel_timer(Timer::Retransmit);
            self.report(ctx);
        }
    }

    /// What comes behind this server is another one, or nothing, or it has forgotten what does.
    fn new_successor(
        &mut self,
        before: Option<Member>,
        successor_has: Option<Place>,
        ctx: &mut Context<'_, Chain>,
    ) {
        if self.is_end() {
            self.become_tail(ctx);
            if self.joiner.is_some_and(|joiner| joiner.received.is_none()) {
                self.send_transfer(ctx);
            }
            return;
        }
        if self.successor() == before {
            return;
        }
        self.successor_has = successor_has.unwrap_or_default();
        if ctx.bug(&Q10) && before.is_some() {
            self.acknowledged = self.hist.last();
        }
        // Sent minus what the new successor has (§3, message 4 of a middle server's failure).
        let from = self.acknowledged.max(self.successor_has);
        if before.is_some() && from < self.hist.last() {
            ctx.probe("resent");
        }
        self.resend(from, ctx);
    }

    /// The tail failed, or this server is the first one: all that it has processed, every server in front has too. So it is
    /// acknowledged, and clients that wait are answered.
    fn become_tail(&mut self, ctx: &mut Context<'_, Chain>) {
        self.successor_has = Place(0);
        if self.is_tail() && self.acknowledged < self.durable && !self.is_recovering {
            ctx.probe("answered-as-new-tail");
        }
        self.end_of_chain(ctx);
    }

    /// To the server that joins: what `Hist` comes to. Updates that come meanwhile follow.
    pub(super) fn send_transfer(&self, ctx: &mut Context<'_, Chain>) {
        let Some(joining) = self.configuration.as_ref().and_then(|known| known.joining) else {
            return;
        };
        let transfer = Transfer {
            link: joining.link,
            through: self.hist.last(),
            store: self.store.clone(),
            versions: self.versions.as_ref().map(Versions::newest_of_all),
        };
        ctx.send(joining.server, Message::Transfer(Box::new(transfer)));
        ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
    }

    /// The past comes to the server that joins.
    pub(super) fn transfer(&mut self, transfer: Transfer, ctx: &mut Context<'_, Chain>) {
        if self.joining().is_none_or(|joining| joining.link != transfer.link) {
            return;
        }
        if self.hist.link != transfer.link {
            let through = transfer.through;
            self.rewrite(Record::Transferred(transfer.clone()), ctx);
            self.take_over(transfer);
            (self.acknowledged, self.is_recovering) = (through, false);
            self.durable = through;
            ctx.note(Note::Transferred { through });
        }
        self.send_ack(ctx);
    }

    /// Whether nobody of the chain comes behind this server.
    fn is_end(&self) -> bool {
        self.configuration.as_ref().is_some_and(|known| known.tail() == self.id)
    }

    /// As soon as the server that joins has the past, this one ceases to be the tail; as soon as that one has everything that
    /// this one processed as the tail, the master may make it the new tail.
    pub(super) fn hand_over(&mut self, ctx: &mut Context<'_, Chain>) {
        let last = self.hist.last();
        let Some(joiner) = &mut self.joiner else { return };
        let Some(received) = joiner.received else { return };
        let number = self.configuration.as_ref().map(|configuration| configuration.number);
        let at = *joiner.handed_over_at.get_or_insert(last);
        let Some(number) = number else { return };
        if self.handed_over != Some(number) {
            self.handed_over = Some(number);
            self.write(Record::HandedOver { number }, ctx);
            ctx.note(Note::HandedOver { place: at });
        }
        if at <= received || ctx.bug(&Q9) {
            self.sync(ctx);
            ctx.send(MASTER, Message::HandedOver { number });
        }
    }
}
