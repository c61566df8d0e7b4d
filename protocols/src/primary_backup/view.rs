//! Views, and the view service that decides on them.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, LocalTime, NodeId, Start};

use crate::number::number;

use super::message::{Alive, Message};
use super::{Note, PrimaryBackup, Record, Settings, Timer};

number! {
    /// The number of a view, from `e1`.
    Epoch, "e"
}

/// Who is primary, and who are its backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// Which view it is.
    pub epoch: Epoch,
    /// The server that clients turn to.
    pub primary: NodeId,
    /// Those without whose acknowledgement it commits nothing, in the order in which they take over.
    pub backups: Vec<NodeId>,
}

impl View {
    /// All servers in it, the primary first.
    pub fn servers(&self) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::once(self.primary).chain(self.backups.iter().copied())
    }

    /// Whether `id` is in it.
    pub fn contains(&self, id: NodeId) -> bool {
        self.servers().any(|server| server == id)
    }
}

/// The view service. It is a single node that comes back from its disk; in earnest it is replicated itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewService {
    /// The view. On disk before anybody is told.
    view: View,
    /// The servers that were heard lately, and when.
    alive: BTreeMap<NodeId, LocalTime>,
    settings: Settings,
}

impl ViewService {
    /// With what the journal kept. It takes nobody for dead who was alive before a crash: everybody has the full time once more.
    pub(super) fn recover(
        start: &Start<'_, PrimaryBackup>,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) -> Self {
        let settings = start.config.settings.clone();
        let latest = start.journal.records().filter_map(|record| match record {
            Record::View(view) => Some(view.clone()),
            Record::Entered { .. }
            | Record::Append { .. }
            | Record::TruncateFrom { .. }
            | Record::Committed { .. } => None,
        });
        let view = latest.fold(settings.first.clone(), |_, later| later);
        let servers = || (2..=settings.servers + 1).map(NodeId);
        for server in servers() {
            ctx.set_timer(Timer::Silence(server), settings.suspicion);
        }
        let now = ctx.now();
        Self { view, alive: servers().map(|server| (server, now)).collect(), settings }
    }

    pub(super) fn on_message(
        &mut self,
        from: NodeId,
        message: Message,
        ctx: &mut Context<'_, PrimaryBackup>,
    ) {
        match message {
            Message::Alive(alive) => self.hear(from, &alive, ctx),
            Message::Locate { epoch } if epoch < self.view.epoch => {
                ctx.send(from, Message::View(self.view.clone()));
            }
            Message::Locate { .. }
            | Message::Request(_)
            | Message::Update(_)
            | Message::Ack { .. }
            | Message::Refuse { .. }
            | Message::Reply { .. }
            | Message::Elsewhere(_)
            | Message::Lease { .. }
            | Message::View(_) => {}
        }
    }

    /// A server is alive. If it is the primary, it may ask for a change; and it has a lease, which counts from when it asked and so
    /// ends before the silence is too long.
    fn hear(&mut self, server: NodeId, alive: &Alive, ctx: &mut Context<'_, PrimaryBackup>) {
        self.alive.insert(server, ctx.now());
        ctx.set_timer(Timer::Silence(server), self.settings.suspicion);
        self.consider(ctx);
        if server == self.view.primary && alive.epoch == self.view.epoch {
            self.hear_primary(alive, ctx);
        }
        let (view, sent) = (self.view.clone(), alive.sent);
        ctx.send(server, Message::Lease { view, sent, spares: self.spares() });
    }

    /// What the primary of the view asks for. One that has crashed since knows no more for whom it vouched, or whether
    /// it waited for them: it begins a new epoch.
    fn hear_primary(&mut self, alive: &Alive, ctx: &mut Context<'_, PrimaryBackup>) {
        let mut view = self.view.clone();
        if alive.is_primary {
            view.backups.retain(|backup| !alive.suspects.contains(backup));
            let news = alive.vouched.iter().filter(|server| !self.view.contains(**server));
            view.backups.extend(news);
        }
        if !alive.is_primary || view != self.view {
            self.change(view, ctx);
        }
    }

    /// Nothing was heard of a server for so long that its lease has run out, if it lives at all. After a pause the timer may ring
    /// although the server was heard just before: the clock decides.
    pub(super) fn silence(&mut self, server: NodeId, ctx: &mut Context<'_, PrimaryBackup>) {
        let suspicion = self.settings.suspicion;
        let is_long = |heard: &LocalTime| suspicion <= ctx.now().since(*heard);
        if self.alive.get(&server).is_some_and(is_long) {
            self.alive.remove(&server);
            self.consider(ctx);
        }
    }

    /// Leaves out of the view who is silent; the first of the others is primary. Where all are silent, nobody else can take over.
    fn consider(&mut self, ctx: &mut Context<'_, PrimaryBackup>) {
        let mut rest = self.view.servers().filter(|server| self.alive.contains_key(server));
        let Some(primary) = rest.next() else { return };
        let view = View { epoch: self.view.epoch, primary, backups: rest.collect() };
        if view != self.view {
            self.change(view, ctx);
        }
    }

    /// A new view, of the next epoch.
    fn change(&mut self, view: View, ctx: &mut Context<'_, PrimaryBackup>) {
        self.view = View { epoch: self.view.epoch.next(), ..view };
        let View { epoch, primary, backups } = self.view.clone();
        ctx.note(Note::ViewChanged { epoch, primary, backups });
        ctx.checkpoint(vec![Record::View(self.view.clone())]);
        ctx.sync();
        ctx.broadcast(&Message::View(self.view.clone()));
    }

    /// Who might be taken in, where the view lacks servers.
    fn spares(&self) -> Vec<NodeId> {
        if self.settings.size as usize <= self.view.backups.len() + 1 {
            return vec![];
        }
        self.alive.keys().copied().filter(|server| !self.view.contains(*server)).collect()
    }

    /// The view.
    pub const fn view(&self) -> &View {
        &self.view
    }
}
