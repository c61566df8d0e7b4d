//! What a server does as the primary of its epoch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use orrery_sim::{Context, Duration, LocalTime, NodeId, OperationId, Position};

use crate::kv::{Operation, Reply, Request};

use super::bugs::Q13;
use super::log::{Entry, Index};
use super::message::{Message, Update};
use super::server::Server;
use super::view::{Epoch, View};
use super::{Note, PrimaryBackup, Record, Timer};

/// What a primary keeps in memory, of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Primary {
    /// Whether all its backups have had the same log in this epoch, so that it may answer.
    is_serving: bool,
    /// The end of its log when the epoch began.
    start: Index,
    /// Whose acknowledgements it waits for: its backups, and whom it has vouched for.
    needed: BTreeSet<NodeId>,
    /// How far these are, and servers that it brings up to date.
    followers: BTreeMap<NodeId, Progress>,
    /// Its own log is on its own disk up to here.
    own: Index,
    /// What is on its way to the disk.
    unsynced: VecDeque<(Position, Index)>,
    /// Which client waits for which update.
    asked: BTreeMap<OperationId, NodeId>,
    /// Requests that wait until it serves, or has a lease.
    parked: Vec<(NodeId, Request)>,
}

/// How far another server is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Progress {
    /// Its log is the primary's up to here; unknown before its first acknowledgement in this epoch.
    matched: Option<Index>,
    /// The entry to send next.
    next: Index,
    /// Since when it has not acknowledged anything of what it was sent.
    silent_since: Option<LocalTime>,
}

impl Primary {
    /// Whether it may answer updates.
    pub(super) const fn is_serving(&self) -> bool {
        self.is_serving
    }

    /// Those that it waits for and has not heard of for too long.
    pub(super) fn suspects(&self, now: LocalTime, suspicion: Duration) -> Vec<NodeId> {
        let is_silent = |id: &&NodeId| {
            let since = self.followers.get(*id).and_then(|progress| progress.silent_since);
            since.is_some_and(|since| since + suspicion <= now)
        };
        self.needed.iter().filter(is_silent).copied().collect()
    }

    /// Those that it waits for and that are not in `view` yet.
    pub(super) fn vouched(&self, view: &View) -> Vec<NodeId> {
        self.needed.iter().filter(|id| !view.contains(**id)).copied().collect()
    }
}

/// The beginning of an epoch.
impl Server {
    /// The primary of the first view: all logs are empty, and everybody knows the view.
    pub(super) fn begin_as_primary(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        let matched = Some(Index(0));
        let progress = Progress { matched, next: Index(1), silent_since: None };
        let backups = &self.view.backups;
        self.primary = Some(Primary {
            is_serving: true,
            needed: backups.iter().copied().collect(),
            followers: backups.iter().map(|id| (*id, progress.clone())).collect(),
            ..Primary::default()
        });
        self.lease_until = Some(ctx.now() + self.settings.lease);
        ctx.note(Note::Serving { epoch: self.epoch, backups: backups.clone() });
        ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
    }

    /// The view service made it the primary of the epoch that it has just entered. It has all that any client was told of, like
    /// every server of the view. First it asks its backups how far their logs are its own. Clients that asked it as the primary of the
    /// epoch before still wait.
    pub(super) fn become_primary(
        &mut self,
        entered: Position,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        let start = self.log.last();
        let before = self.primary.take().unwrap_or_default();
        let progress =
            Progress { matched: None, next: start.next(), silent_since: Some(ctx.now()) };
        let backups = &self.view.backups;
        self.primary = Some(Primary {
            start,
            needed: backups.iter().copied().collect(),
            followers: backups.iter().map(|id| (*id, progress.clone())).collect(),
            unsynced: VecDeque::from([(entered, start)]),
            asked: before.asked,
            parked: before.parked,
            ..Primary::default()
        });
        for backup in self.view.backups.clone() {
            self.send_updates(backup, ctx);
        }
        ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
    }
}

/// What clients ask.
impl Server {
    /// A client's request. Who is not primary turns it away (Pb3).
    pub(super) fn serve(
        &mut self,
        client: NodeId,
        request: Request,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        let Some(primary) = &mut self.primary else {
            if self.view.primary != ctx.id() {
                ctx.send(client, Message::Elsewhere(self.view.clone()));
            }
            return;
        };
        if !primary.is_serving {
            return primary.park(client, request);
        }
        match &*request.operation {
            Operation::Get { .. } => self.query(client, request, ctx),
            Operation::Put { .. }
            | Operation::Cas { .. }
            | Operation::Append { .. }
            | Operation::Delete { .. } => self.update(client, request, ctx),
        }
    }

    /// An update: into the log, and to everybody (BMST, section 8.3).
    fn update(&mut self, client: NodeId, request: Request, ctx: &mut Context<'_, PrimaryBackup>) {
        let id = request.id;
        if let Some(output) = self.store.answer(id) {
            ctx.probe("answer-from-session");
            let reply = Reply::Output(output.clone());
            return ctx.send(client, Message::Reply { id, reply });
        }
        let Some(primary) = &mut self.primary else { return };
        if primary.asked.insert(id, client).is_some() {
            return; // In the log already: the client has asked again.
        }
        let entry = Entry { epoch: self.epoch, request };
        let index = self.log.push(entry.clone());
        let position = ctx.append(Record::Append { index, entry });
        ctx.sync_in_background();
        primary.unsynced.push_back((position, index));
        let followers: Vec<NodeId> = primary.followers.keys().copied().collect();
        for follower in followers {
            self.send_updates(follower, ctx);
        }
    }

    /// A query: answered from what is committed, by nobody but the primary. It asks no backup whether it still is that, so it needs
    /// a lease.
    fn query(&mut self, client: NodeId, request: Request, ctx: &mut Context<'_, PrimaryBackup>) {
        let id = request.id;
        if !self.is_primary(ctx.now()) {
            ctx.note(Note::NoLease { operation: id });
            if let Some(primary) = &mut self.primary {
                primary.park(client, request);
            }
            return;
        }
        ctx.note(Note::Answered { operation: id, epoch: self.epoch });
        let reply = Reply::Output(self.store.outcome(&request.operation));
        ctx.send(client, Message::Reply { id, reply });
    }

    /// What had to wait is served, or waits on.
    pub(super) fn serve_parked(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        let Some(primary) = self.primary.as_mut().filter(|primary| primary.is_serving) else {
            return;
        };
        for (client, request) in std::mem::take(&mut primary.parked) {
            self.serve(client, request, ctx);
        }
    }

    /// Who waits here for what came of `id`.
    pub(super) fn asked_by(&mut self, id: OperationId) -> Option<NodeId> {
        self.primary.as_mut()?.asked.remove(&id)
    }
}

impl Primary {
    /// Keeps a request for later, once.
    fn park(&mut self, client: NodeId, request: Request) {
        self.parked.retain(|(_, known)| known.id != request.id);
        self.parked.push((client, request));
    }
}

/// Replication.
impl Server {
    /// Sends a server what it lacks, and takes it for arrived.
    fn send_updates(&mut self, to: NodeId, ctx: &mut Context<'_, PrimaryBackup>) {
        let last = self.log.last();
        let Some(primary) = &mut self.primary else { return };
        let Some(progress) = primary.followers.get_mut(&to) else { return };
        let next = progress.next.min(last.next());
        progress.next = last.next();
        progress.silent_since.get_or_insert(ctx.now());
        let prev = next.previous();
        let update = Update {
            epoch: self.epoch,
            prev,
            prev_epoch: self.log.epoch_at(prev).unwrap_or_default(),
            entries: self.log.from(next).cloned().collect(),
            committed: self.committed,
        };
        ctx.send(to, Message::Update(update));
    }

    /// Whoever has not acknowledged everything gets the rest once more.
    pub(super) fn retransmit(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        let last = self.log.last();
        let Some(primary) = &mut self.primary else { return };
        let mut behind = vec![];
        for (id, progress) in &mut primary.followers {
            if progress.matched != Some(last) {
                progress.next = progress.matched.unwrap_or(primary.start).next();
                behind.push(*id);
            }
        }
        for follower in behind {
            self.send_updates(follower, ctx);
        }
        ctx.set_timer(Timer::Retransmit, self.settings.retransmit);
    }

    /// A server has everything up to `matched` on disk, as the primary has it.
    pub(super) fn on_ack(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        matched: Index,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        let last = self.log.last();
        let Some(primary) = self.primary.as_mut().filter(|_| epoch == self.epoch) else { return };
        let Some(progress) = primary.followers.get_mut(&from) else { return };
        let matched = progress.matched.max(Some(matched)).unwrap_or_default();
        progress.matched = Some(matched);
        progress.next = progress.next.max(matched.next());
        progress.silent_since = (matched < last).then(|| ctx.now());
        self.vouch(from, matched, ctx);
        self.advance(ctx);
    }

    /// A server refused: it lacks what comes before, or this server is primary no longer and asks who is.
    pub(super) fn on_refuse(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        retry_from: Index,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        if self.epoch < epoch {
            return self.say_alive(ctx);
        }
        let Some(primary) = self.primary.as_mut().filter(|_| epoch == self.epoch) else { return };
        let Some(progress) = primary.followers.get_mut(&from) else { return };
        progress.next = retry_from.max(progress.matched.unwrap_or_default().next());
        self.send_updates(from, ctx);
    }

    /// Its own entries are on its own disk.
    pub(super) fn own_entries_are_durable(
        &mut self,
        through: Position,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        let Some(primary) = &mut self.primary else { return };
        while let Some((_, index)) = primary.unsynced.pop_front_if(|(at, _)| *at <= through) {
            primary.own = index;
        }
        self.advance(ctx);
    }

    /// What all have on disk is committed, and answered. The first time in an epoch, that is the whole log as the epoch found it.
    fn advance(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        let Some(primary) = &mut self.primary else { return };
        let matched = |id: &NodeId| primary.followers.get(id).and_then(|it| it.matched);
        let all = primary.needed.iter().map(matched).fold(Some(primary.own), Option::min);
        let all = if ctx.bug(&Q13) { Some(primary.own) } else { all };
        let Some(reached) = all.filter(|all| primary.start <= *all) else { return };
        let by: Vec<NodeId> = primary.needed.iter().copied().collect();
        let is_new = !std::mem::replace(&mut primary.is_serving, true);
        if is_new {
            ctx.note(Note::Serving { epoch: self.epoch, backups: by.clone() });
        }
        if self.committed < reached {
            let epoch = self.log.epoch_at(reached).unwrap_or_default();
            ctx.note(Note::Committed { index: reached, epoch, by });
            self.commit(reached, ctx);
        }
        if is_new {
            self.serve_parked(ctx);
        }
    }
}

/// Servers that come back.
impl Server {
    /// Sends servers that stand by what they lack, so that they can be taken into the next view.
    pub(super) fn bring_up_to_date(
        &mut self,
        spares: &[NodeId],
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        let next = self.log.last().next();
        let Some(primary) = &mut self.primary else { return };
        let needed = &primary.needed;
        primary.followers.retain(|id, _| needed.contains(id) || spares.contains(id));
        let is_new = |spare: &&NodeId| !primary.followers.contains_key(spare);
        let new: Vec<NodeId> = spares.iter().filter(is_new).copied().collect();
        for spare in &new {
            let progress = Progress { matched: None, next, silent_since: None };
            primary.followers.insert(*spare, progress);
        }
        for spare in new {
            self.send_updates(spare, ctx);
        }
    }

    /// A server that stands by has all that is committed. Before the view service hears of it, this primary begins to wait for its
    /// acknowledgements: the next view may be made with it at any moment, and it may be primary of the one after that.
    fn vouch(&mut self, server: NodeId, matched: Index, ctx: &mut Context<'_, PrimaryBackup>) {
        let committed = self.committed;
        let Some(primary) = self.primary.as_mut().filter(|primary| primary.is_serving) else {
            return;
        };
        if committed <= matched && primary.needed.insert(server) {
            ctx.note(Note::Vouched { server });
            self.say_alive(ctx);
        }
    }
}
