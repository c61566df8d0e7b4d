//! The proposer, which sends values to acceptors directly, and the coordinator, which begins rounds,
//! picks their values (§2.2, figure 1) and recovers from collisions (§3.2.1).

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, NodeId, OperationId};

use super::message::{Message, Vote};
use super::pick::{Pick, pick};
use super::process::{FastPaxos, Note, Output, Process, Record, Timer};
use super::round::{Kind, Round};

/// What a proposer and coordinator knows. Only `crnd` is on its disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coordinator {
    /// The highest round that it has begun: it never begins one twice.
    pub crnd: Option<Round>,
    /// The highest round that it has heard of.
    pub seen: Option<Round>,
    /// What it does in `crnd`.
    pub phase: Phase,
    /// What its first waiting client asked for.
    pub wish: Option<String>,
    /// Whom it has to tell what was chosen.
    pub clients: Vec<OperationId>,
}

/// Where a coordinator stands in its round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Phase {
    /// It coordinates nothing.
    Idle,
    /// It waits for phase 1b messages of a classic quorum.
    Asking {
        /// What acceptors reported, in the order of arrival.
        reports: Vec<(NodeId, Option<Vote>)>,
    },
    /// It has told acceptors what to vote for, `cval`, or *any*.
    Voting {
        /// The value; `None` is *any*.
        cval: Option<String>,
    },
}

impl Coordinator {
    /// One that is idle, and has begun this round before.
    pub const fn new(crnd: Option<Round>) -> Self {
        Self { crnd, seen: crnd, phase: Phase::Idle, wish: None, clients: vec![] }
    }

    pub(super) const fn role(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "acceptor",
            Phase::Asking { .. } => "coordinator",
            Phase::Voting { .. } => "leader",
        }
    }
}

/// As a proposer.
impl Process {
    /// A client asks: its value goes to all acceptors at once. In a fast round that is all it takes.
    pub(super) fn propose(
        &mut self,
        id: OperationId,
        value: String,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        if let Some(chosen) = &self.learner.learned {
            return ctx.complete(id, Output::Chosen { value: chosen.value.clone() });
        }
        if self.coordinator.clients.contains(&id) {
            return;
        }
        self.coordinator.clients.push(id);
        self.coordinator.wish.get_or_insert_with(|| value.clone());
        ctx.set_timer_between(Timer::Recover, self.settings.timeout);
        ctx.broadcast(&Message::Propose { value: value.clone() });
        self.handle_propose(value, ctx);
    }

    /// Nothing was chosen for too long: a fast round had not enough voters, or collided, or nobody
    /// began one. A classic round needs fewer. A fast round that did not get off the ground while nobody
    /// had a wish is begun anew.
    pub(super) fn time_out(&mut self, ctx: &mut Context<'_, FastPaxos>) {
        let is_asking = matches!(self.coordinator.phase, Phase::Asking { .. });
        if !self.coordinator.clients.is_empty() {
            self.begin(Kind::Classic, ctx);
        } else if is_asking && self.settings.coordinator == ctx.id() {
            self.begin(Kind::Fast, ctx);
        }
    }

    /// What was chosen is known.
    pub(super) fn tell_clients(&mut self, value: &str, ctx: &mut Context<'_, FastPaxos>) {
        for id in self.coordinator.clients.drain(..) {
            ctx.complete(id, Output::Chosen { value: value.to_owned() });
        }
        self.coordinator.phase = Phase::Idle;
        ctx.cancel_timer(Timer::Recover);
    }
}

/// As a coordinator.
impl Process {
    /// `Phase1a`: begins a round above all that it knows of.
    pub(super) fn begin(&mut self, kind: Kind, ctx: &mut Context<'_, FastPaxos>) {
        let last = self.coordinator.crnd.max(self.coordinator.seen);
        let count = last.map_or(1, |last| last.count + 1);
        let round = Round { count, coordinator: ctx.id(), kind };
        self.goes_to(round, ctx);
        self.coordinator.phase = Phase::Asking { reports: vec![] };
        // Its own acceptor's word goes to the disk in the same write.
        self.phase_1b(ctx.id(), round, ctx);
        self.sync(ctx);
        ctx.broadcast(&Message::Phase1a { round });
    }

    /// `crnd` is on disk before anybody hears of it: no round is begun twice.
    fn goes_to(&mut self, round: Round, ctx: &mut Context<'_, FastPaxos>) {
        self.coordinator.crnd = Some(round);
        self.write(Record::Begun { round }, ctx);
        self.note_when_durable(Note::Began { round }, ctx);
        ctx.set_timer_between(Timer::Recover, self.settings.timeout);
    }

    /// Phase 1b arrives. With the reports of a classic quorum, it picks what may be voted for.
    pub(super) fn handle_phase_1b(
        &mut self,
        from: NodeId,
        round: Round,
        vote: Option<Vote>,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        if self.coordinator.crnd != Some(round) {
            return;
        }
        let Phase::Asking { reports } = &mut self.coordinator.phase else { return };
        if reports.iter().any(|(id, _)| *id == from) {
            return ctx.probe("second-report");
        }
        reports.push((from, vote));
        if self.settings.sizes.classic() <= reports.len() {
            let reports = std::mem::take(reports);
            self.phase_2a(round, &reports, ctx);
        }
    }

    /// `Phase2a`: the value that the reports leave. If they leave all, the wish of its own client, or
    /// *any* in a fast round.
    fn phase_2a(
        &mut self,
        round: Round,
        reports: &[(NodeId, Option<Vote>)],
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        let cval = match pick(reports, self.settings.sizes, ctx) {
            Pick::Bound(value) => Some(value),
            Pick::Free(_) if round.is_fast() => None,
            Pick::Free(seen) => self.coordinator.wish.clone().or(seen),
        };
        if cval.is_none() && !round.is_fast() {
            self.coordinator.phase = Phase::Idle;
            return; // Nobody has a wish.
        }
        self.ask_to_vote(round, cval, ctx);
    }

    fn ask_to_vote(
        &mut self,
        round: Round,
        cval: Option<String>,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        self.coordinator.phase = Phase::Voting { cval: cval.clone() };
        ctx.note(Note::Picked { round, value: cval.clone() });
        self.sync(ctx);
        ctx.broadcast(&Message::Phase2a { round, value: cval.clone() });
        self.phase_2b(ctx.id(), round, cval, ctx);
    }

    /// Coordinated recovery (§3.2.1): once no value can get a fast quorum, the votes of the fast round
    /// *i* serve as reports to round *i* + 1, which needs no phase 1. That round must be the very next: in one
    /// between, acceptors might have voted for something else, and would not have said so.
    pub(super) fn recover_from_collision(
        &mut self,
        round: Round,
        votes: &BTreeMap<NodeId, String>,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        let is_mine = self.coordinator.crnd == Some(round) && round.is_fast();
        let sizes = self.settings.sizes;
        if !is_mine || !self.settings.recovery || votes.len() < sizes.classic() {
            return;
        }
        let missing = sizes.acceptors - votes.len();
        let most = votes.values().map(|value| count(votes, value)).max().unwrap_or(0);
        if sizes.fast() <= most + missing {
            return;
        }
        ctx.probe("collision");
        let seen = votes.iter().map(|(id, value)| (*id, value.clone())).collect();
        ctx.note(Note::Collided { round, votes: seen });
        let next = round.next_classic();
        self.goes_to(next, ctx);
        let report = |value: &String| Some(Vote { round, value: value.clone() });
        let reports: Vec<(NodeId, Option<Vote>)> =
            votes.iter().map(|(id, value)| (*id, report(value))).collect();
        let value = match pick(&reports, sizes, ctx) {
            Pick::Bound(value) => Some(value),
            Pick::Free(seen) => seen,
        };
        self.ask_to_vote(next, value, ctx);
    }

    /// Somebody takes part in that round: the next one of our own goes above it.
    pub(super) fn hear_of(&mut self, round: Round) {
        self.coordinator.seen = self.coordinator.seen.max(Some(round));
    }
}

/// How many have voted for `value`.
fn count(votes: &BTreeMap<NodeId, String>, value: &str) -> usize {
    votes.values().filter(|other| *other == value).count()
}
