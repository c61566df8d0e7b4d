//! What a server does with a primary's updates.

use orrery_sim::{Context, NodeId};

use super::bugs::Q14;
use super::log::Index;
use super::message::{Message, Update};
use super::server::Server;
use super::{Note, PrimaryBackup, Record};

impl Server {
    /// An update of a primary. One of an earlier epoch is refused, whoever sends it and whatever he takes himself for: that is the
    /// fence. One of a later epoch is a backup's way into that.
    pub(super) fn install(
        &mut self,
        from: NodeId,
        update: Update,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        if update.epoch < self.epoch && !ctx.bug(&Q14) {
            ctx.probe("fenced");
            ctx.note(Note::Fenced { epoch: update.epoch, primary: from });
            return self.refuse(from, self.committed.next(), ctx);
        }
        if self.epoch < update.epoch {
            self.enter(update.epoch, ctx);
            self.step_down(ctx);
        }
        if self.log.holds(update.prev, update.prev_epoch) {
            self.accept(from, update, ctx);
        } else {
            self.refuse(from, self.retry_from(update.prev), ctx);
        }
    }

    /// Where a primary should go on that found no match at `index`: behind the end of a log that is too short; else behind what is
    /// known to be committed, which is the same everywhere.
    fn retry_from(&self, index: Index) -> Index {
        let last = self.log.last();
        if last < index { last.next() } else { self.committed.next() }
    }

    fn refuse(&self, to: NodeId, retry_from: Index, ctx: &mut Context<'_, PrimaryBackup>) {
        ctx.send(to, Message::Refuse { epoch: self.epoch, retry_from });
    }

    /// Makes its log equal to the primary's up to the end of the update, and says so once that is on disk. Only what conflicts is
    /// deleted: what follows may be newer than this message.
    fn accept(&mut self, from: NodeId, update: Update, ctx: &mut Context<'_, PrimaryBackup>) {
        let mut index = update.prev;
        let mut has_written = false;
        for entry in update.entries {
            index = index.next();
            if self.log.holds(index, entry.epoch) {
                continue;
            }
            if index <= self.log.last() {
                ctx.probe("log-conflict");
                self.truncate_from(index, ctx);
            }
            self.log.push(entry.clone());
            ctx.append(Record::Append { index, entry });
            has_written = true;
        }
        if has_written {
            ctx.sync();
        }
        ctx.send(from, Message::Ack { epoch: update.epoch, matched: index });
        let committed = update.committed.min(index);
        if self.committed < committed {
            self.commit(committed, ctx);
        }
    }
}
