//! A server: its state and its disk, how it enters an epoch, and the time that things take.

use std::collections::VecDeque;

use serde::Serialize;

use orrery_sim::{Context, Duration, LocalTime, NodeId, Position, Start};

use crate::kv::{Operation, Request, Store};

use super::bugs::Q15;
use super::log::{Index, Log};
use super::message::{Alive, Message, Update};
use super::primary::Primary;
use super::view::{Epoch, View};
use super::{Note, PrimaryBackup, Record, Settings, Timer, VIEW_SERVICE};

/// What a server has to do, in the order in which it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Work {
    /// A client's request.
    Serve { client: NodeId, request: Request },
    /// A primary's update.
    Install { from: NodeId, update: Update },
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    // On disk before anybody is told.
    /// The epoch that it takes part in: it refuses what is of an earlier one.
    pub(super) epoch: Epoch,
    /// The updates.
    pub(super) log: Log,

    // On disk sooner or later.
    /// It knows everything up to here to be committed: Kafka's high watermark.
    pub(super) committed: Index,

    // In memory.
    /// It has executed everything up to here.
    pub(super) executed: Index,
    /// What that came to.
    pub(super) store: Store,
    /// The latest view that it knows. Of a later epoch it may know nothing but the number, from the primary.
    pub(super) view: View,
    /// What it is busy with as the primary of its epoch; nothing, as a backup.
    pub(super) primary: Option<Primary>,
    /// As the primary: until when it may answer queries.
    pub(super) lease_until: Option<LocalTime>,
    /// What it has to do; the first is being done.
    work: VecDeque<Work>,
    pub(super) settings: Settings,
}

impl Server {
    /// What the journal's records add up to. A server that was primary is not any more, unless it enters a new epoch as one: it
    /// has forgotten whom it had vouched for.
    pub(super) fn recover(
        start: &Start<'_, PrimaryBackup>,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) -> Self {
        let settings = start.config.settings.clone();
        let mut server = Self {
            epoch: settings.first.epoch,
            log: Log::default(),
            committed: Index(0),
            executed: Index(0),
            store: Store::default(),
            view: settings.first.clone(),
            primary: None,
            lease_until: None,
            work: VecDeque::new(),
            settings,
        };
        for record in start.journal.records() {
            server.replay(record);
        }
        if ctx.bug(&Q15) && server.committed < server.log.last() {
            server.truncate_from(server.committed.next(), ctx);
            ctx.sync();
        }
        server.recover_state(ctx);
        ctx.set_timer(Timer::Heartbeat, server.settings.heartbeat);
        if start.incarnation != 0 {
            server.say_alive(ctx);
        } else if server.view.primary == start.id {
            server.begin_as_primary(ctx);
        }
        server
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Entered { epoch } => self.epoch = *epoch,
            Record::Append { index, entry } => {
                let place = self.log.push(entry.clone());
                assert_eq!(place, *index, "the journal has the log's entries in their order");
            }
            Record::TruncateFrom { index } => {
                self.log.truncate_from(*index);
            }
            Record::Committed { index } => self.committed = *index,
            Record::View(_) => {}
        }
    }

    /// Executes once more what it knows to be committed.
    fn recover_state(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        let through = self.committed.min(self.log.last());
        while self.executed < through {
            self.executed = self.executed.next();
            let Some(entry) = self.log.get(self.executed) else { break };
            self.store.execute(&entry.command());
        }
        if self.executed != Index(0) {
            ctx.note(Note::Recovered { through: self.executed });
        }
    }

    pub(super) fn on_message(
        &mut self,
        from: NodeId,
        message: Message,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        match message {
            Message::Request(request) => self.take_on(Work::Serve { client: from, request }, ctx),
            Message::Update(update) => self.take_on(Work::Install { from, update }, ctx),
            Message::Ack { epoch, matched } => self.on_ack(from, epoch, matched, ctx),
            Message::Refuse { epoch, retry_from } => self.on_refuse(from, epoch, retry_from, ctx),
            Message::Lease { view, sent, spares } => self.on_lease(view, sent, &spares, ctx),
            Message::View(view) => self.learn(view, ctx),
            Message::Reply { .. }
            | Message::Elsewhere(_)
            | Message::Alive(_)
            | Message::Locate { .. } => {}
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, PrimaryBackup>) {
        match timer {
            Timer::Heartbeat => {
                self.say_alive(ctx);
                ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
            }
            Timer::Retransmit => self.retransmit(ctx),
            Timer::Service => {
                self.finish_first(ctx);
                self.work_on(ctx);
            }
            Timer::Silence(_) => {}
        }
    }

    pub(super) const fn role(&self) -> &'static str {
        if self.primary.is_some() { "primary" } else { "backup" }
    }
}

/// The time that things take: one after the other, in the order in which they came (vRS §5.1).
impl Server {
    fn take_on(&mut self, work: Work, ctx: &mut Context<'_, PrimaryBackup>) {
        self.work.push_back(work);
        if self.work.len() == 1 {
            self.work_on(ctx);
        }
    }

    /// Begins with the first, and is done at once with what takes no time.
    fn work_on(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        while let Some(first) = self.work.front() {
            let takes = self.time_for(first, ctx);
            if takes != Duration::ZERO {
                return ctx.set_timer(Timer::Service, takes);
            }
            self.finish_first(ctx);
        }
    }

    fn time_for(&self, work: &Work, ctx: &mut Context<'_, PrimaryBackup>) -> Duration {
        match work {
            Work::Serve { .. } if self.primary.is_none() => Duration::ZERO,
            Work::Serve { request, .. } => match *request.operation {
                Operation::Get { .. } => ctx.draw(&self.settings.query_service),
                Operation::Put { .. }
                | Operation::Cas { .. }
                | Operation::Append { .. }
                | Operation::Delete { .. } => ctx.draw(&self.settings.update_service),
            },
            Work::Install { update, .. } if update.entries.is_empty() => Duration::ZERO,
            Work::Install { .. } => ctx.draw(&self.settings.install_service),
        }
    }

    fn finish_first(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        match self.work.pop_front() {
            Some(Work::Serve { client, request }) => self.serve(client, request, ctx),
            Some(Work::Install { from, update }) => self.install(from, update, ctx),
            None => {}
        }
    }
}

/// Views and epochs.
impl Server {
    /// Tells the view service that it is here, and as the primary asks for a lease and for changes.
    pub(super) fn say_alive(&self, ctx: &mut Context<'_, PrimaryBackup>) {
        let now = ctx.now();
        let primary = self.primary.as_ref();
        let suspects = primary.map(|it| it.suspects(now, self.settings.suspicion));
        let vouched = primary.map(|it| it.vouched(&self.view));
        let alive = Alive {
            epoch: self.epoch,
            sent: now,
            is_primary: primary.is_some(),
            suspects: suspects.unwrap_or_default(),
            vouched: vouched.unwrap_or_default(),
        };
        ctx.send(VIEW_SERVICE, Message::Alive(alive));
    }

    /// The view service has heard it.
    fn on_lease(
        &mut self,
        view: View,
        sent: LocalTime,
        spares: &[NodeId],
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        let epoch = view.epoch;
        self.learn(view, ctx);
        if self.primary.is_none() || epoch != self.epoch {
            return;
        }
        self.lease_until = self.lease_until.max(Some(sent + self.settings.lease));
        self.bring_up_to_date(spares, ctx);
        self.serve_parked(ctx);
    }

    /// There is a view, perhaps a new one.
    fn learn(&mut self, view: View, ctx: &mut Context<'_, PrimaryBackup>) {
        if view.epoch < self.epoch || view.epoch <= self.view.epoch {
            return;
        }
        let entered = (self.epoch < view.epoch).then(|| self.enter(view.epoch, ctx));
        self.view = view;
        if self.view.primary != ctx.id() {
            self.step_down(ctx);
        } else if let Some(position) = entered {
            self.become_primary(position, ctx);
        }
    }

    /// From now on it refuses what is of an earlier epoch, and nothing that it says is heard before that is on disk, with all that it
    /// wrote before.
    pub(super) fn enter(&mut self, epoch: Epoch, ctx: &mut Context<'_, PrimaryBackup>) -> Position {
        self.epoch = epoch;
        let position = ctx.append(Record::Entered { epoch });
        ctx.sync();
        ctx.note(Note::Entered { epoch });
        position
    }

    /// It is a backup, whatever it was. Clients that wait for it ask the new primary.
    pub(super) fn step_down(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        self.lease_until = None;
        if self.primary.take().is_some() {
            ctx.cancel_timer(Timer::Retransmit);
        }
    }

    /// Deletes the entry at `index` and all behind it.
    pub(super) fn truncate_from(&mut self, index: Index, ctx: &mut Context<'_, PrimaryBackup>) {
        let epochs = self.log.truncate_from(index);
        ctx.append(Record::TruncateFrom { index });
        ctx.note(Note::Truncated { from: index, epochs });
    }

    /// Everything up to `index` is committed: executes it, and answers the clients that wait for it here.
    pub(super) fn commit(&mut self, index: Index, ctx: &mut Context<'_, PrimaryBackup>) {
        self.committed = index;
        ctx.append(Record::Committed { index });
        while self.executed < self.committed.min(self.log.last()) {
            self.executed = self.executed.next();
            let Some(entry) = self.log.get(self.executed) else { return };
            let command = entry.command();
            let execution = self.store.execute(&command);
            let took_effect = execution.took_effect;
            let client = command.operation().and_then(|id| Some((id, self.asked_by(id)?)));
            ctx.note(Note::Executed { index: self.executed, command, took_effect });
            if let (Some((id, client)), Some(reply)) = (client, execution.reply) {
                ctx.send(client, Message::Reply { id, reply });
            }
        }
    }
}

/// What monitors, tests and other tools look at.
impl Server {
    /// The epoch that it takes part in.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Its log.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The last entry that it knows to be committed.
    pub const fn committed(&self) -> Index {
        self.committed
    }

    /// The last entry that it executed.
    pub const fn executed(&self) -> Index {
        self.executed
    }

    /// What that came to.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// `Prmy` of BMST: whether it would answer a query, were its clock to show `now`.
    pub fn is_primary(&self, now: LocalTime) -> bool {
        self.primary.as_ref().is_some_and(Primary::is_serving)
            && self.lease_until.is_some_and(|end| now < end)
    }
}
