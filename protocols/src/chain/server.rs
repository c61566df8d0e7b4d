//! A server of the chain: its state (§2), and the way to its disk and back.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use orrery_sim::{Context, Duration, LocalTime, NodeId, Position, Start};

use crate::craq::{self, Versions};
use crate::kv::{Command, Store};

use super::configuration::{Configuration, Epoch, Member, Place};
use super::hist::Hist;
use super::message::{Message, Query, Transfer, Update};
use super::{Chain, MASTER, Record, Settings, Timer};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Who it is.
    pub(crate) id: NodeId,

    // On disk before anybody is told.
    /// The updates that it has processed.
    pub(crate) hist: Hist,
    /// The configuration whose tail it has ceased to be.
    pub(super) handed_over: Option<Epoch>,

    // In memory.
    /// What `hist` comes to.
    pub(crate) store: Store,
    /// The updates up to here have been processed by the tail, as far as this server knows. Those of `hist` behind are `Sent`.
    pub(crate) acknowledged: Place,
    /// What its successor had when it last heard of that from the master.
    pub(super) successor_has: Place,
    /// Whether a crash made it forget how far its updates were acknowledged.
    pub(super) is_recovering: bool,
    /// The latest configuration that it has; `None` after a crash.
    pub(crate) configuration: Option<Configuration>,
    /// Up to then it is not replaced, by its own clock.
    pub(super) lease_until: Option<LocalTime>,
    /// As a tail, with a server that joins: how far that one has got.
    pub(super) joiner: Option<Joiner>,
    /// Updates that have overtaken others on their way here.
    pub(super) early: BTreeMap<Place, Update>,
    /// What waits to be served.
    pub(super) inbox: VecDeque<Work>,
    /// CRAQ: the versions of each key that are still wanted.
    pub(crate) versions: Option<Versions>,
    /// What it keeps to.
    pub(crate) settings: Settings,

    /// Updates on their way to the disk, with their places in the journal.
    unsynced: VecDeque<(Position, Place)>,
    /// The updates up to here are on its disk.
    pub(super) durable: Place,
    /// The last place in its journal that it has written to.
    written: Position,
    /// The last place that is on disk, or that its next message waits for.
    forced: Position,
}

/// How far a server that joins has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Joiner {
    /// The end of its `Hist`; `None` until it has that of the past.
    pub(super) received: Option<Place>,
    /// The last update that this server has processed as a tail, once it has ceased to be one.
    pub(super) handed_over_at: Option<Place>,
}

/// What takes time to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Work {
    /// At the head.
    Update(Update),
    /// At all others.
    Forward { from: NodeId, link: Epoch, place: Place, update: Update },
    /// At the tail.
    Query(Query),
}

impl Server {
    /// A server with what its journal kept.
    pub(super) fn recover(start: &Start<'_, Chain>, settings: Settings) -> Self {
        let is_first_life = start.incarnation == 0;
        let mut server = Self {
            id: start.id,
            hist: Hist::behind(Epoch(0), Place(0)),
            handed_over: None,
            store: Store::default(),
            acknowledged: Place(0),
            successor_has: Place(0),
            is_recovering: !is_first_life,
            configuration: is_first_life.then(|| settings.first.clone()),
            lease_until: None,
            joiner: None,
            early: BTreeMap::new(),
            inbox: VecDeque::new(),
            versions: settings.is_apportioned.then(Versions::default),
            settings,
            unsynced: VecDeque::new(),
            durable: Place(0),
            written: start.journal.written(),
            forced: start.journal.synced(),
        };
        for record in start.journal.records() {
            match record {
                Record::Processed { update } => {
                    server.execute(update.clone());
                }
                Record::Transferred(transfer) => server.take_over(transfer.clone()),
                Record::HandedOver { number } => server.handed_over = Some(*number),
                Record::Configured(_) => {}
            }
        }
        server.acknowledged = server.hist.base;
        server.durable = server.hist.last();
        server
    }

    /// `Hist := Hist · update`.
    pub(super) fn execute(&mut self, update: Update) {
        let execution = self.store.execute(&Command::Client(update.request.clone()));
        let place = self.hist.last().next();
        if let Some(versions) = &mut self.versions
            && execution.took_effect
        {
            versions.add(&update.request.operation, place, &self.store);
        }
        self.hist.push(update, execution);
    }

    /// The past, as a tail has it.
    pub(super) fn take_over(&mut self, transfer: Transfer) {
        self.hist = Hist::behind(transfer.link, transfer.through);
        self.store = transfer.store;
        self.versions = transfer.versions;
    }

    /// An update was written to the journal.
    pub(super) fn is_written(&mut self, place: Place) {
        self.unsynced.push_back((self.written, place));
    }

    /// What was written is on disk. At the tail, that is the end of an update's way.
    pub(super) fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, Chain>) {
        self.forced = self.forced.max(through);
        while let Some((_, place)) = self.unsynced.pop_front_if(|(at, _)| *at <= through) {
            self.durable = place;
        }
        self.end_of_chain(ctx);
    }

    /// Writes a record to the journal. It is not on disk yet.
    pub(super) fn write(&mut self, record: Record, ctx: &mut Context<'_, Chain>) {
        self.written = ctx.append(record);
    }

    /// Replaces the journal.
    pub(super) fn rewrite(&mut self, record: Record, ctx: &mut Context<'_, Chain>) {
        self.written = ctx.checkpoint(vec![record]);
        self.unsynced.clear();
    }

    /// Makes what is sent from now on wait until what was written is on disk.
    pub(super) fn sync(&mut self, ctx: &mut Context<'_, Chain>) {
        if self.forced < self.written {
            ctx.sync();
            self.forced = self.written;
        }
    }
}

/// The time that things take (§4).
impl Server {
    /// Serves `work`, now or after what came before it.
    pub(super) fn admit(&mut self, work: Work, ctx: &mut Context<'_, Chain>) {
        if self.inbox.is_empty() && self.cost(&work) == Duration::ZERO {
            return self.serve(work, ctx);
        }
        self.inbox.push_back(work);
        if self.inbox.len() == 1 {
            self.begin_service(ctx);
        }
    }

    fn begin_service(&self, ctx: &mut Context<'_, Chain>) {
        if let Some(work) = self.inbox.front() {
            ctx.set_timer(Timer::Service, self.cost(work));
        }
    }

    /// The work in front is done.
    pub(super) fn end_service(&mut self, ctx: &mut Context<'_, Chain>) {
        if let Some(work) = self.inbox.pop_front() {
            self.serve(work, ctx);
        }
        self.begin_service(ctx);
    }

    const fn cost(&self, work: &Work) -> Duration {
        match work {
            Work::Update(_) => self.settings.update_service,
            Work::Forward { .. } => self.settings.install_service,
            Work::Query(_) => self.settings.query_service,
        }
    }

    fn serve(&mut self, work: Work, ctx: &mut Context<'_, Chain>) {
        match work {
            Work::Update(update) => self.request(update, ctx),
            Work::Forward { from, link, place, update } => {
                self.forward(Member { server: from, link }, (place, update), ctx);
            }
            Work::Query(query) => self.query(query, ctx),
        }
    }
}

/// Which place it has.
impl Server {
    /// What it has processed.
    pub const fn hist(&self) -> &Hist {
        &self.hist
    }

    /// The number of its configuration.
    pub fn number(&self) -> Epoch {
        self.configuration.as_ref().map_or(Epoch(0), |configuration| configuration.number)
    }

    /// Whether it is in the chain, as far as it knows.
    pub fn is_in_chain(&self) -> bool {
        self.configuration.as_ref().is_some_and(|configuration| configuration.contains(self.id))
    }

    /// Whether updates enter the chain here.
    pub fn is_head(&self) -> bool {
        self.configuration.as_ref().is_some_and(|configuration| configuration.head() == self.id)
    }

    /// Whether it is the last of the chain and has not ceased to be the tail.
    pub fn is_tail(&self) -> bool {
        let Some(configuration) = &self.configuration else { return false };
        configuration.tail() == self.id && self.handed_over != Some(configuration.number)
    }

    /// Whether it is the one that joins, and has the past.
    pub fn has_joined(&self) -> bool {
        self.joining().is_some_and(|joining| joining.link == self.hist.link)
    }

    /// As which it joins, if it is the one.
    pub(super) fn joining(&self) -> Option<Member> {
        let joining = self.configuration.as_ref().and_then(|configuration| configuration.joining);
        joining.filter(|joining| joining.server == self.id)
    }

    /// Whom it gets updates from.
    pub(super) fn predecessor(&self) -> Option<Member> {
        self.configuration.as_ref().and_then(|configuration| configuration.predecessor(self.id))
    }

    /// Whom it sends updates to.
    pub(super) fn successor(&self) -> Option<Member> {
        self.configuration.as_ref().and_then(|configuration| configuration.successor(self.id))
    }

    /// Whether it is certain not to have been replaced.
    pub(crate) fn has_lease(&self, ctx: &Context<'_, Chain>) -> bool {
        self.lease_until.is_some_and(|until| ctx.now() < until)
    }

    /// What it is, in a word: who is both head and tail is a tail.
    pub(super) fn role(&self) -> &'static str {
        if self.is_in_chain() {
            match (self.is_tail(), self.is_head()) {
                (true, _) => "tail",
                (false, true) => "head",
                (false, false) => "middle",
            }
        } else if self.joining().is_some() {
            "joining"
        } else {
            "spare"
        }
    }
}

/// Dispatch.
impl Server {
    /// The first and every following sign of life.
    pub(super) fn heartbeat(&mut self, ctx: &mut Context<'_, Chain>) {
        self.report(ctx);
        ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
    }

    /// Tells the master that it is here, and how far.
    pub(super) fn report(&mut self, ctx: &mut Context<'_, Chain>) {
        self.sync(ctx);
        let counts = self.is_in_chain() || self.has_joined();
        let received = if counts { self.hist.last() } else { Place(0) };
        ctx.send(MASTER, Message::Alive { number: self.number(), sent: ctx.now(), received });
    }

    /// The master will not replace it before the lease has run out: it counts from when this server asked.
    pub(super) fn lease(&mut self, number: Epoch, sent: LocalTime) {
        if number != self.number() {
            return;
        }
        let until = sent + self.settings.lease;
        self.lease_until = self.lease_until.max(Some(until));
    }

    /// A message.
    pub(super) fn on_message(
        &mut self,
        from: NodeId,
        message: Message,
        ctx: &mut Context<'_, Chain>,
    ) {
        match message {
            Message::Request(update) => self.admit(Work::Update(update), ctx),
            Message::Forward { link, place, update } => {
                self.admit(Work::Forward { from, link, place, update }, ctx);
            }
            Message::Ack { link, received, through } => {
                self.ack(Member { server: from, link }, (received, through), ctx);
            }
            Message::Query(query) => self.admit(Work::Query(query), ctx),
            Message::VersionQuery { id, key } => craq::version_query(self, from, (id, key), ctx),
            Message::VersionReply { id, key, version } => {
                craq::version_reply(self, id, &key, version, ctx);
            }
            Message::Lease { number, sent } => self.lease(number, sent),
            Message::Configured { configuration, successor_has } => {
                self.configured(configuration, successor_has, ctx);
            }
            Message::Transfer(transfer) => self.transfer(*transfer, ctx),
            // To clients and to the master.
            Message::Reply { .. }
            | Message::Alive { .. }
            | Message::Locate { .. }
            | Message::HandedOver { .. } => {}
        }
    }

    /// A timer.
    pub(super) fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Chain>) {
        match timer {
            Timer::Heartbeat => self.heartbeat(ctx),
            Timer::Retransmit => self.retransmit(ctx),
            Timer::Service => self.end_service(ctx),
            Timer::Silence(_) => {}
        }
    }
}
