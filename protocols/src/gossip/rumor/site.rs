//! A site, and its rules in the order of a cycle.

use serde::Serialize;

use orrery_sim::{Context, Duration, LocalTime, Node, NodeId, Start};

use super::bugs::{G5, G6};
use super::message::{Message, Note, Timer};
use super::parameters::{Counting, Feedback, Knowledge, Mode, Removal, Settings};
use super::registration::Rumor;

/// Who has the update at the start.
pub(super) const ORIGIN: NodeId = NodeId(1);

/// How a site stands to the update (Demers, section 1.2, in the words of epidemiology).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// It has not heard of it.
    Susceptible,
    /// It has it and tells others.
    Infective,
    /// It has it and lost interest.
    Removed,
}

/// One site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    settings: Settings,
    /// How it stands to the update.
    pub state: State,
    /// The cycle in which the update came.
    pub learned: Option<u64>,
    /// Needless cycles, in a row or in all.
    pub counter: u32,
    /// The cycle that it is in: what follows is of that one.
    pub cycle: u64,
    /// How many contacts it accepted.
    accepted: u32,
    /// How many further sites it tried.
    hunted: u32,
    /// How many contacts that it sent the update in count for or against it.
    pub met: u32,
    /// How many of them needed it.
    pub needed: u32,
    /// How often it has sent the update, of which so often to sites that refused.
    pub sent: u64,
    /// How often it was refused when it pushed.
    pub refused: u64,
    /// How many updates that it got were needed: more than one only by the knowledge at the start of the cycle.
    pub useful: u64,
    /// How many contacts it has sought.
    contacts: u64,
}

impl Node for Site {
    type Protocol = Rumor;

    fn on_start(start: Start<'_, Rumor>, ctx: &mut Context<'_, Rumor>) -> Self {
        Self::begin(*start.config, ctx)
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Rumor>) {
        self.look_at_clock(ctx.now());
        match message {
            Message::Push { counter } => self.on_push(from, counter, ctx),
            Message::Pull => self.on_pull(from, ctx),
            Message::Reply { .. } => self.on_update(from, ctx),
            Message::Feedback { necessary, counter } => self.on_feedback(necessary, counter),
            Message::Rejected => self.on_rejected(ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Rumor>) {
        match timer {
            Timer::Cycle => self.begin_cycle(ctx),
        }
    }

    fn role(&self) -> &'static str {
        match self.state {
            State::Susceptible => "susceptible",
            State::Infective => "infective",
            State::Removed => "removed",
        }
    }
}

impl Site {
    fn begin(settings: Settings, ctx: &mut Context<'_, Rumor>) -> Self {
        let mut site = Self {
            settings,
            state: State::Susceptible,
            learned: None,
            counter: 0,
            cycle: cycle_at(ctx.now(), settings.cycle),
            accepted: 0,
            hunted: 0,
            met: 0,
            needed: 0,
            sent: 0,
            refused: 0,
            useful: 0,
            contacts: 0,
        };
        if ctx.id() == ORIGIN {
            site.learn(ctx);
        } else if site.seeks_contact() {
            site.wait_for_cycle(ctx);
        }
        site
    }

    /// Whether it contacts others of its own accord. A site that has nothing to tell and nothing to ask costs nothing.
    fn seeks_contact(&self) -> bool {
        match (self.settings.mode, self.state) {
            (Mode::Push, State::Susceptible | State::Removed) => false,
            // In a simple epidemic, nothing depends on the questions of a site that knows.
            (Mode::Pull, State::Infective) => self.settings.removal != Removal::Never,
            (Mode::Push | Mode::PushPull, State::Infective)
            | (Mode::Pull | Mode::PushPull, State::Susceptible | State::Removed) => true,
        }
    }

    fn wait_for_cycle(&self, ctx: &mut Context<'_, Rumor>) {
        if self.cycle < self.settings.cycles {
            ctx.set_timer(Timer::Cycle, until_next_cycle(ctx.now(), self.settings.cycle));
        }
    }

    /// A new cycle begins with a clean slate, as soon as anything happens in it.
    fn look_at_clock(&mut self, now: LocalTime) {
        let cycle = cycle_at(now, self.settings.cycle);
        if cycle != self.cycle {
            self.cycle = cycle;
            self.accepted = 0;
            self.hunted = 0;
        }
    }

    /// Whether it was infective at the start of this cycle: only then does it act in it.
    fn acts(&self) -> bool {
        self.state == State::Infective && self.learned.is_some_and(|learned| learned < self.cycle)
    }

    /// The last cycle is judged, and this one begins with one contact.
    fn begin_cycle(&mut self, ctx: &mut Context<'_, Rumor>) {
        self.judge(ctx);
        self.look_at_clock(ctx.now());
        if !self.seeks_contact() {
            return;
        }
        self.contact(ctx);
        self.wait_for_cycle(ctx);
    }

    /// Contacts a partner: an infective site pushes, unless pulling is all there is; all others pull.
    fn contact(&mut self, ctx: &mut Context<'_, Rumor>) {
        let partner = self.partner(ctx);
        self.contacts += 1;
        if self.state != State::Infective || self.settings.mode == Mode::Pull {
            return ctx.send(partner, Message::Pull);
        }
        self.count_sent();
        ctx.send(partner, Message::Push { counter: self.counter });
    }

    /// A partner, each other site with the same probability.
    fn partner(&self, ctx: &mut Context<'_, Rumor>) -> NodeId {
        let others = u64::from(ctx.node_count()) - 1;
        let drawn = if ctx.bug(&G5) { self.contacts % others } else { ctx.below(others) };
        NodeId(((u64::from(ctx.id().0) + drawn) % (others + 1)) as u32 + 1)
    }

    fn count_sent(&mut self) {
        self.sent += 1;
        if !self.settings.has_feedback() {
            self.met += 1;
        }
    }

    /// Whether there is room for one more contact in this cycle (Demers, section 1.4, connection limit).
    fn accepts(&mut self) -> bool {
        let has_room = self.settings.connection_limit.is_none_or(|limit| self.accepted < limit);
        self.accepted += u32::from(has_room);
        has_room
    }

    fn on_push(&mut self, from: NodeId, counter: u32, ctx: &mut Context<'_, Rumor>) {
        if !self.accepts() {
            return ctx.send(from, Message::Rejected);
        }
        if self.settings.minimisation && self.acts() && self.counter <= counter {
            self.met += 1;
        }
        self.on_update(from, ctx);
    }

    fn on_pull(&mut self, from: NodeId, ctx: &mut Context<'_, Rumor>) {
        if !self.accepts() {
            return ctx.send(from, Message::Rejected);
        }
        if self.acts() {
            self.count_sent();
            ctx.send(from, Message::Reply { counter: self.counter });
        }
    }

    /// The update came, pushed or pulled.
    fn on_update(&mut self, from: NodeId, ctx: &mut Context<'_, Rumor>) {
        let necessary = self.is_necessary();
        self.useful += u64::from(necessary);
        if self.learned.is_none() {
            self.learn(ctx);
        }
        if self.settings.has_feedback() {
            let counter = self.acts().then_some(self.counter);
            ctx.send(from, Message::Feedback { necessary, counter });
        }
    }

    /// Whether an update that comes now is needed.
    fn is_necessary(&self) -> bool {
        match (self.learned, self.settings.knowledge) {
            (None, Knowledge::Start | Knowledge::Sequential) => true,
            (Some(learned), Knowledge::Start) => learned == self.cycle,
            (Some(_), Knowledge::Sequential) => false,
        }
    }

    fn learn(&mut self, ctx: &mut Context<'_, Rumor>) {
        self.learned = Some(self.cycle);
        self.state = State::Infective;
        ctx.note(Note::Learned { cycle: self.cycle });
        self.wait_for_cycle(ctx);
    }

    /// A receiver says whether it needed the update. With minimisation, a needless contact with a site of a smaller counter is that site's to
    /// count.
    fn on_feedback(&mut self, necessary: bool, counter: Option<u32>) {
        let is_other_s = self.settings.minimisation && counter.is_some_and(|c| c < self.counter);
        if !necessary && is_other_s {
            return;
        }
        self.met += 1;
        self.needed += u32::from(necessary);
    }

    /// A refused attempt counts for nothing; up to `hunt` further sites are tried in the same cycle.
    fn on_rejected(&mut self, ctx: &mut Context<'_, Rumor>) {
        if self.acts() && self.settings.mode != Mode::Pull {
            self.refused += 1;
            if !self.settings.has_feedback() {
                self.met = self.met.saturating_sub(1);
            }
        }
        if self.hunted < self.settings.hunt && self.seeks_contact() {
            self.hunted += 1;
            ctx.probe("hunted");
            self.contact(ctx);
        }
    }

    /// The end of a cycle: what was met in it decides whether the rumor is still hot. A cycle without a contact counts for nothing.
    fn judge(&mut self, ctx: &mut Context<'_, Rumor>) {
        let (met, needed) = (std::mem::take(&mut self.met), std::mem::take(&mut self.needed));
        if met == 0 || self.state != State::Infective {
            return;
        }
        if 0 < needed && self.settings.feedback == Feedback::Feedback {
            if self.settings.counting == Counting::Consecutive && !ctx.bug(&G6) {
                self.counter = 0;
            }
            return;
        }
        self.counter = self.counter.saturating_add(1);
        let loses_interest = match self.settings.removal {
            Removal::Counter => self.settings.k <= self.counter,
            Removal::Coin => ctx.below(u64::from(self.settings.k)) == 0,
            Removal::Never => false,
        };
        if loses_interest {
            self.state = State::Removed;
            ctx.note(Note::LostInterest { cycle: cycle_at(ctx.now(), self.settings.cycle) });
        }
    }
}

/// The cycle in which a clock shows `now`.
fn cycle_at(now: LocalTime, cycle: Duration) -> u64 {
    now.as_nanos().max(0).cast_unsigned() / cycle.as_nanos()
}

/// How long it is from `now` to the next cycle.
fn until_next_cycle(now: LocalTime, cycle: Duration) -> Duration {
    let since = now.as_nanos().rem_euclid(cycle.as_nanos().cast_signed()).cast_unsigned();
    Duration::from_nanos(cycle.as_nanos() - since)
}
