//! A member: what it knows, what it keeps on disk, and which rule handles what.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::{Context, Duration, LocalTime, Node, NodeId, Protocol, Start};

use super::bugs::G1;
use super::dissemination::News;
use super::lifeguard::LocalHealth;
use super::message::{Incarnation, Message, Opinion, Status, Update};
use super::targets::RoundRobin;

/// SWIM, and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swim;

/// How a member chooses whom it pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// Each period anew, any of the others (§3.1).
    Random,
    /// Each in turn, in a random order that changes after each turn (§4.3).
    RoundRobin,
}

/// What each member is told at its start; [`Parameters`](super::Parameters) says what the fields mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// T' of the paper.
    pub period: Duration,
    /// How long a ping waits for its ack before others are asked.
    pub timeout: Duration,
    /// k of the paper.
    pub k: u32,
    /// Random or in turn.
    pub targets: Targets,
    /// Whether all periods begin together.
    pub aligned: bool,
    /// Least time for a denial, in ⌈log2(n + 1)⌉ periods.
    pub suspicion: u32,
    /// λ of the paper: news is sent λ · ⌈log2(n + 1)⌉ times.
    pub retransmit: u32,
    /// Pieces of news on one message.
    pub piggyback: u32,
    /// Periods between pings of those that are held for failed; 0 for never.
    pub reconnect: u64,
    /// S of Lifeguard.
    pub local_health: u32,
    /// β of Lifeguard.
    pub dogpile: u32,
    /// K of Lifeguard.
    pub accusers_wanted: u32,
    /// Whether a suspect is told first.
    pub buddy: bool,
}

/// What a member must not forget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record(pub Incarnation);

/// Timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// The period is over.
    Period,
    /// The target has not answered: others are asked.
    Timeout,
    /// A suspect has not denied in time.
    Suspicion(NodeId),
    /// A ping for somebody else has not been answered: that one is told so.
    Relay(u64),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A period ended without a word of its target, neither directly nor through others.
    ProbeFailed {
        /// The target.
        member: NodeId,
    },
    /// Holds a member for suspect.
    Suspects {
        /// Whom.
        member: NodeId,
        /// In which incarnation.
        incarnation: Incarnation,
        /// Who accused it first.
        by: NodeId,
    },
    /// Holds a member for failed.
    Confirms {
        /// Whom.
        member: NodeId,
        /// In which incarnation.
        incarnation: Incarnation,
        /// Who said so first.
        by: NodeId,
    },
    /// Holds a member for alive, because of the member's own word.
    Trusts {
        /// Whom.
        member: NodeId,
        /// In which incarnation.
        incarnation: Incarnation,
    },
    /// Begins an incarnation of its own: it starts again, or denies that it has failed.
    Incarnates {
        /// Which.
        incarnation: Incarnation,
    },
}

impl Protocol for Swim {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// The ping of the period that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Probe {
    pub target: NodeId,
    pub sequence: u64,
    /// Helpers that have said nothing at all.
    pub silent_helpers: BTreeSet<NodeId>,
}

/// A ping for somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Relay {
    pub requester: NodeId,
    /// The number of its question.
    pub sequence: u64,
}

/// A suspicion that this member holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Suspicion {
    pub since: LocalTime,
    pub accusers: BTreeSet<NodeId>,
}

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    pub(super) id: NodeId,
    pub(super) settings: Settings,
    /// How many members there are, this one included.
    pub(super) members: u32,
    /// Its own.
    pub(super) incarnation: Incarnation,
    /// What it holds of others, where that is not "alive, in incarnation 0".
    pub(super) opinions: BTreeMap<NodeId, Opinion>,
    /// Whom it holds for failed.
    pub(super) faulty: BTreeSet<NodeId>,
    /// Whom it suspects.
    pub(super) suspects: BTreeMap<NodeId, Suspicion>,
    pub(super) news: News,
    /// Questions so far.
    pub(super) sequence: u64,
    /// Periods so far.
    pub(super) periods: u64,
    pub(super) round_robin: RoundRobin,
    pub(super) probe: Option<Probe>,
    pub(super) relays: BTreeMap<u64, Relay>,
    pub(super) health: LocalHealth,
    /// Probes that ended.
    pub(super) probes: u64,
    /// How often it began to suspect somebody.
    pub(super) suspicions: u64,
    /// How often it held somebody for failed.
    pub(super) confirmations: u64,
}

impl Node for Member {
    type Protocol = Swim;

    fn on_start(start: Start<'_, Swim>, ctx: &mut Context<'_, Swim>) -> Self {
        let mut member = Self::new(start.id, start.config.clone(), ctx);
        if 0 < start.incarnation {
            let last = start.journal.records().next_back().map(|record| record.0);
            member.rejoin(last.unwrap_or_default(), ctx);
        }
        member.await_first_period(ctx);
        member
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Swim>) {
        match message {
            Message::Ping { sequence, updates } => self.on_ping(from, sequence, &updates, ctx),
            Message::Ack { sequence, updates } => self.on_ack(from, sequence, &updates, ctx),
            Message::PingReq { sequence, target, updates } => {
                self.hear_all(&updates, ctx);
                self.on_ping_req(from, sequence, target, ctx);
            }
            Message::Nack { sequence } => self.on_nack(from, sequence),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Swim>) {
        match timer {
            Timer::Period => self.begin_period(ctx),
            Timer::Timeout => self.ask_others(ctx),
            Timer::Suspicion(member) => self.confirm(member, ctx),
            Timer::Relay(sequence) => self.give_up_relay(sequence, ctx),
        }
    }

    fn role(&self) -> &'static str {
        "member"
    }

    fn epoch(&self) -> u64 {
        self.incarnation.0
    }
}

impl Member {
    fn new(id: NodeId, settings: Settings, ctx: &mut Context<'_, Swim>) -> Self {
        Self {
            id,
            settings,
            members: ctx.node_count(),
            incarnation: Incarnation::default(),
            opinions: BTreeMap::new(),
            faulty: BTreeSet::new(),
            suspects: BTreeMap::new(),
            news: News::default(),
            sequence: 0,
            periods: 0,
            round_robin: RoundRobin::shuffled(ctx.below(u64::MAX)),
            probe: None,
            relays: BTreeMap::new(),
            health: LocalHealth::default(),
            probes: 0,
            suspicions: 0,
            confirmations: 0,
        }
    }

    /// Comes back after a crash, in the incarnation behind the last one that it used, whatever others hold of that.
    fn rejoin(&mut self, last: Incarnation, ctx: &mut Context<'_, Swim>) {
        let next = if ctx.bug(&G1) { Incarnation::default() } else { last.next() };
        // Answers to questions of an earlier life are to be told from those of this one.
        self.sequence = next.0 << 32;
        self.incarnate(next, ctx);
    }

    /// Begins an incarnation of its own: on disk before anybody hears of it.
    pub(super) fn incarnate(&mut self, incarnation: Incarnation, ctx: &mut Context<'_, Swim>) {
        self.incarnation = incarnation;
        ctx.append(Record(incarnation));
        ctx.sync();
        ctx.note(Note::Incarnates { incarnation });
        self.news.put(self.own_word());
    }

    /// That it is alive.
    pub(super) fn own_word(&self) -> Update {
        let opinion = Opinion { incarnation: self.incarnation, status: Status::Alive };
        Update { member: self.id, opinion, by: self.id }
    }

    /// What it holds of a member.
    pub fn opinion(&self, member: NodeId) -> Opinion {
        if member == self.id {
            return self.own_word().opinion;
        }
        self.opinions.get(&member).copied().unwrap_or_default()
    }

    /// Its own incarnation.
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Whom it holds for failed.
    pub const fn faulty(&self) -> &BTreeSet<NodeId> {
        &self.faulty
    }

    /// Whom it suspects.
    pub fn suspects(&self) -> impl Iterator<Item = NodeId> {
        self.suspects.keys().copied()
    }

    /// Probes that ended, whatever came of them.
    pub const fn probes(&self) -> u64 {
        self.probes
    }
}
