//! A process: whom it hears, what it keeps on disk, and its rules.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Context, Duration, LocalTime, Node, NodeId, Protocol, Start};

use super::bugs::{D1, D2, D3, D4, D5};
use super::estimate::{Estimate, Window};
use super::message::{Level, Message, Stamp};

/// Failure detectors by heartbeats, and their registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detector;

/// What makes a silence too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A fixed time (Chandra & Toueg, figure 10).
    Heartbeat,
    /// What earlier intervals make unlikely (Hayashibara et al.).
    Phi,
}

/// What intervals between heartbeats are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Normal, by mean and deviation of the window (§IV.B).
    Normal,
    /// Exponential, by the mean alone, as in Cassandra.
    Exponential,
}

/// What each process is told at its start; [`Parameters`](super::Parameters) says what the fields mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Fixed or accrual.
    pub kind: Kind,
    /// Time between two heartbeats of a process.
    pub interval: Duration,
    /// Whether all send together.
    pub aligned: bool,
    /// Heartbeat: the silence that is too long.
    pub timeout: Duration,
    /// Heartbeat: by how much each mistake lengthens that.
    pub growth: Duration,
    /// Φ: the level that is too high.
    pub threshold: u32,
    /// Of what law intervals are.
    pub law: Law,
    /// WS: how many intervals are remembered.
    pub window: u32,
    /// The deviation is no less than this.
    pub least_deviation: Duration,
    /// A longer interval is an outage.
    pub outage: Duration,
    /// A process whose own heartbeat is so late stood still itself.
    pub own_pause: Duration,
}

/// What a process must not forget: how many lives it has had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record(pub u64);

/// Timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// The next heartbeat is due.
    Beat,
    /// A process has been silent for too long.
    Deadline(NodeId),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// Holds a process for failed.
    Suspects {
        /// Whom.
        peer: NodeId,
        /// For how long it has said nothing.
        silence: Duration,
        /// φ of that, if it is computed.
        level: Option<Level>,
    },
    /// Has heard of a process that it held for failed.
    Trusts {
        /// Whom.
        peer: NodeId,
        /// For how long it had said nothing.
        silence: Duration,
        /// Whether it had been up all the while, so that the suspicion was a mistake.
        was_mistaken: bool,
    },
}

impl Protocol for Detector {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// What is known of another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Peer {
    /// Its newest heartbeat; `None` before the first.
    pub(super) heard: Option<Stamp>,
    /// When that came, or when the observer began to listen.
    pub(super) heard_at: LocalTime,
    /// How often it was suspected although it was up.
    pub(super) mistakes: u32,
    window: Window,
    /// When it is suspected unless it is heard.
    deadline: LocalTime,
}

impl Peer {
    const fn new(now: LocalTime) -> Self {
        Self { heard: None, heard_at: now, mistakes: 0, window: Window::EMPTY, deadline: now }
    }

    /// How long it may be silent.
    fn patience(&self, settings: &Settings, ctx: &Context<'_, Detector>) -> Duration {
        match settings.kind {
            Kind::Heartbeat => {
                let mistakes = if ctx.bug(&D5) { 0 } else { self.mistakes };
                settings.timeout.saturating_add(settings.growth * u64::from(mistakes))
            }
            Kind::Phi => self.estimate(settings, ctx).reaches(settings.law, settings.threshold),
        }
    }

    /// When its next heartbeat is expected (§IV.A).
    fn estimate(&self, settings: &Settings, ctx: &Context<'_, Detector>) -> Estimate {
        let Some(estimate) = self.window.estimate() else { return Estimate::first(settings) };
        let floor = if ctx.bug(&D4) { Duration::ZERO } else { settings.least_deviation };
        Estimate { deviation: estimate.deviation.max(floor), ..estimate }
    }
}

/// One process, which observes all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    settings: Settings,
    /// Its own last heartbeat.
    stamp: Stamp,
    pub(super) peers: BTreeMap<NodeId, Peer>,
    /// Whom it holds for failed.
    pub(super) suspects: BTreeSet<NodeId>,
    /// When its own next heartbeat is due.
    pub(super) beat_due: LocalTime,
    /// When it last found that it had stood still.
    woke: Option<LocalTime>,
    /// How often it was wrong about somebody.
    mistakes: u64,
}

impl Node for Process {
    type Protocol = Detector;

    fn on_start(start: Start<'_, Detector>, ctx: &mut Context<'_, Detector>) -> Self {
        let last = start.journal.records().next_back().map(|record| record.0);
        let life = last.map_or(0, |last| last + 1);
        // On disk before anybody hears of it: else a later life would sound like an old one.
        ctx.append(Record(life));
        ctx.sync();
        let mut process = Self {
            settings: start.config.clone(),
            stamp: Stamp { life, number: 0 },
            peers: ctx.others().map(|peer| (peer, Peer::new(ctx.now()))).collect(),
            suspects: BTreeSet::new(),
            beat_due: ctx.now(),
            woke: None,
            mistakes: 0,
        };
        process.listen(ctx);
        process
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Detector>) {
        self.look_at_oneself(ctx);
        match message {
            Message::Heartbeat(stamp) => self.on_heartbeat(from, stamp, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Detector>) {
        self.look_at_oneself(ctx);
        match timer {
            Timer::Beat => self.beat(ctx),
            Timer::Deadline(peer) => self.on_deadline(peer, ctx),
        }
    }

    fn role(&self) -> &'static str {
        "process"
    }

    fn epoch(&self) -> u64 {
        self.stamp.life
    }
}

impl Process {
    /// Begins to send and to expect heartbeats.
    fn listen(&mut self, ctx: &mut Context<'_, Detector>) {
        let interval = self.settings.interval;
        let offset = if self.settings.aligned {
            interval
        } else {
            Duration::from_nanos(ctx.below(interval.as_nanos()))
        };
        self.beat_due = ctx.now() + offset;
        ctx.set_timer(Timer::Beat, offset);
        for (id, peer) in &mut self.peers {
            await_heartbeat(*id, peer, interval, &self.settings, ctx);
        }
    }

    /// Who is late with its own heartbeat stood still. What waited for it meanwhile comes all at once, and says nothing of when it came.
    fn look_at_oneself(&mut self, ctx: &mut Context<'_, Detector>) {
        if self.beat_due + self.settings.own_pause < ctx.now() && !ctx.bug(&D3) {
            ctx.probe("own-pause");
            self.woke = Some(ctx.now());
        }
    }

    /// Tells everybody that it is up (Chandra & Toueg, figure 10, task 1).
    fn beat(&mut self, ctx: &mut Context<'_, Detector>) {
        self.stamp.number += 1;
        ctx.broadcast(&Message::Heartbeat(self.stamp));
        self.beat_due = ctx.now() + self.settings.interval;
        ctx.set_timer(Timer::Beat, self.settings.interval);
    }

    /// A process is up, or was when it sent this (Chandra & Toueg, figure 10, task 3; §IV.A).
    fn on_heartbeat(&mut self, from: NodeId, stamp: Stamp, ctx: &mut Context<'_, Detector>) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        if Some(stamp) <= peer.heard {
            ctx.probe("old-heartbeat");
            if !ctx.bug(&D1) {
                return;
            }
        }
        let silence = ctx.now().since(peer.heard_at);
        let is_outage = self.settings.outage < silence;
        if is_outage {
            ctx.probe("outage");
        }
        let is_distorted = self.woke.is_some_and(|woke| peer.heard_at <= woke);
        if peer.heard.is_some() && !is_distorted && (!is_outage || ctx.bug(&D2)) {
            peer.window.push(silence, self.settings.window as usize);
        }
        if self.suspects.remove(&from) {
            let was_mistaken = peer.heard.is_some_and(|heard| heard.life == stamp.life);
            peer.mistakes += u32::from(was_mistaken);
            self.mistakes += u64::from(was_mistaken);
            ctx.note(Note::Trusts { peer: from, silence, was_mistaken });
        }
        peer.heard = Some(stamp);
        peer.heard_at = ctx.now();
        await_heartbeat(from, peer, Duration::ZERO, &self.settings, ctx);
    }

    /// A process was silent for too long (Chandra & Toueg, figure 10, task 2; §IV.B).
    fn on_deadline(&mut self, id: NodeId, ctx: &mut Context<'_, Detector>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if ctx.now() < peer.deadline || self.suspects.contains(&id) {
            // It had come due before a heartbeat moved it, and waited like that one.
            return;
        }
        if self.woke == Some(ctx.now()) {
            await_heartbeat(id, peer, Duration::ZERO, &self.settings, ctx);
            return;
        }
        self.suspects.insert(id);
        let silence = ctx.now().since(peer.heard_at);
        let level = match self.settings.kind {
            Kind::Heartbeat => None,
            Kind::Phi => Some(peer.estimate(&self.settings, ctx).level(self.settings.law, silence)),
        };
        ctx.note(Note::Suspects { peer: id, silence, level });
    }

    /// Whom it holds for failed.
    pub const fn suspects(&self) -> &BTreeSet<NodeId> {
        &self.suspects
    }

    /// How often it was wrong about somebody in this life.
    pub const fn mistakes(&self) -> u64 {
        self.mistakes
    }
}

/// From now on a process has its time to be heard, and `more`.
fn await_heartbeat(
    id: NodeId,
    peer: &mut Peer,
    more: Duration,
    settings: &Settings,
    ctx: &mut Context<'_, Detector>,
) {
    let patience = peer.patience(settings, ctx).saturating_add(more);
    peer.deadline = ctx.now() + patience;
    ctx.set_timer(Timer::Deadline(id), patience);
}
