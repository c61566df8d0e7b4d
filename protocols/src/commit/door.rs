//! The way from a node's rules to the world: its disk, its messages, its timers.

use std::collections::VecDeque;

use serde::Serialize;

use orrery_sim::{Bug, Context, Duration, DurationRange, NodeId, OperationId, Position};

use crate::bank::Output;

use super::{Commit, Message, Note, Outcome, Record, Settings, Timer};

/// Something that becomes true when the disk says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Word {
    /// A milestone.
    Note(Note),
    /// What one agent of this node says to another: no message is sent for it.
    Own(Message),
}

/// What is written and what is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Desk {
    written: Position,
    forced: Position,
    durable: Position,
    waiting: VecDeque<(Position, Word)>,
    /// Records since the last checkpoint.
    pub(super) records: u64,
}

impl Desk {
    pub(super) const fn new(written: Position, records: u64) -> Self {
        let waiting = VecDeque::new();
        Self { written, forced: written, durable: written, waiting, records }
    }

    pub(super) fn synced(&mut self, through: Position) {
        self.durable = self.durable.max(through);
    }

    /// What is true by now and was not told yet.
    pub(super) fn next_word(&mut self) -> Option<Word> {
        let durable = self.durable;
        self.waiting.pop_front_if(|(at, _)| *at <= durable).map(|(_, word)| word)
    }
}

/// What a rule may do.
pub(super) struct Door<'a, 'b> {
    pub(super) settings: &'a Settings,
    pub(super) desk: &'a mut Desk,
    pub(super) ctx: &'a mut Context<'b, Commit>,
}

impl Door<'_, '_> {
    pub(super) const fn id(&self) -> NodeId {
        self.ctx.id()
    }

    pub(super) fn bug(&self, bug: &Bug) -> bool {
        self.ctx.bug(bug)
    }

    /// Writes a record, lazily: it is not on disk yet, and nothing waits for it.
    pub(super) fn write(&mut self, record: Record) {
        self.desk.written = self.ctx.append(record);
        self.desk.records += 1;
    }

    /// Forces what was written. What is sent from now on waits until it is on disk.
    pub(super) fn force(&mut self) {
        if self.desk.forced < self.desk.written {
            self.ctx.sync();
            self.desk.forced = self.desk.written;
        }
    }

    /// Replaces the journal.
    pub(super) fn checkpoint(&mut self, records: Vec<Record>) {
        self.desk.records = records.len() as u64;
        self.desk.written = self.ctx.checkpoint(records);
    }

    pub(super) fn note(&mut self, note: Note) {
        self.ctx.note(note);
    }

    /// Notes a milestone once everything forced so far is on disk.
    pub(super) fn note_when_durable(&mut self, note: Note) {
        self.say(Word::Note(note));
    }

    fn say(&mut self, word: Word) {
        self.desk.waiting.push_back((self.desk.forced, word));
    }

    /// Sends a message. To an agent of this very node it is none.
    pub(super) fn send(&mut self, to: NodeId, message: Message) {
        if to == self.ctx.id() {
            self.say(Word::Own(message));
        } else {
            self.ctx.send(to, message);
        }
    }

    pub(super) fn send_all<'c>(
        &mut self,
        to: impl IntoIterator<Item = &'c NodeId>,
        message: &Message,
    ) {
        for id in to {
            self.send(*id, message.clone());
        }
    }

    pub(super) fn set_timer(&mut self, timer: Timer, after: Duration) {
        self.ctx.set_timer(timer, after);
    }

    pub(super) fn set_timer_between(&mut self, timer: Timer, range: DurationRange) {
        self.ctx.set_timer_between(timer, range);
    }

    pub(super) fn cancel_timer(&mut self, timer: Timer) {
        self.ctx.cancel_timer(timer);
    }

    /// Tells the client what came of its transaction.
    pub(super) fn answer(&mut self, operation: OperationId, outcome: Outcome, output: Output) {
        match outcome {
            Outcome::Commit => self.ctx.complete(operation, output),
            Outcome::Abort => self.ctx.fail(operation),
        }
    }
}
