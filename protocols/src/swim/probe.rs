//! The failure detector (§3.1): one ping in each period, and the help of others where it is not answered.

use std::collections::BTreeSet;

use orrery_sim::{Context, Duration, NodeId};

use super::bugs::G4;
use super::lifeguard::rounds;
use super::member::{Member, Note, Probe, Relay, Swim, Targets, Timer};
use super::message::{Message, Opinion, Status, Update};

/// A helper says that it has heard nothing after this part of the time that a ping may take (Lifeguard, §IV.A).
const NACK_AFTER: (u64, u64) = (4, 5);

impl Member {
    /// The first period begins at once, or at a random moment of a period, so that not all ping at the same time.
    pub(super) fn await_first_period(&self, ctx: &mut Context<'_, Swim>) {
        let phase = if self.settings.aligned {
            Duration::ZERO
        } else {
            Duration::from_nanos(ctx.below(self.settings.period.as_nanos()))
        };
        ctx.set_timer(Timer::Period, phase);
    }

    /// A period ends and another begins: whoever was not heard is suspected, and the next one is pinged.
    pub(super) fn begin_period(&mut self, ctx: &mut Context<'_, Swim>) {
        self.end_period(ctx);
        self.periods += 1;
        ctx.set_timer(Timer::Period, self.health.scale(self.settings.period));
        self.ping_a_faulty_one(ctx);
        let Some(target) = self.next_target(ctx) else { return };
        self.sequence += 1;
        let (sequence, silent_helpers) = (self.sequence, BTreeSet::new());
        self.probe = Some(Probe { target, sequence, silent_helpers });
        let updates = self.updates_for(target);
        ctx.send(target, Message::Ping { sequence, updates });
        ctx.set_timer(Timer::Timeout, self.health.scale(self.settings.timeout));
    }

    /// The period is over, and its target has not been heard.
    fn end_period(&mut self, ctx: &mut Context<'_, Swim>) {
        let Some(probe) = self.probe.take() else { return };
        self.probes += 1;
        // Helpers that did not even say that they hear nothing speak against oneself.
        let missed = 1.max(probe.silent_helpers.len() as u32);
        self.health.worsen(missed, self.settings.local_health);
        self.accuse(probe.target, ctx);
    }

    /// The target did not answer: suspect it.
    fn accuse(&mut self, target: NodeId, ctx: &mut Context<'_, Swim>) {
        ctx.note(Note::ProbeFailed { member: target });
        let incarnation = self.opinion(target).incarnation;
        let opinion = Opinion { incarnation, status: Status::Suspect };
        self.hear(Update { member: target, opinion, by: self.id }, ctx);
    }

    /// Who is pinged next; `None` where all others have failed.
    fn next_target(&mut self, ctx: &mut Context<'_, Swim>) -> Option<NodeId> {
        match self.settings.targets {
            Targets::Random => self.any_but(&[self.id], ctx),
            Targets::RoundRobin => self.next_in_turn(ctx),
        }
    }

    fn next_in_turn(&mut self, ctx: &mut Context<'_, Swim>) -> Option<NodeId> {
        if self.faulty.len() + 1 == ctx.node_count() as usize {
            return None;
        }
        loop {
            let Some(target) = self.round_robin.next(ctx.node_count()) else {
                self.round_robin = super::targets::RoundRobin::shuffled(ctx.below(u64::MAX));
                continue;
            };
            if target != self.id && !self.faulty.contains(&target) {
                return Some(target);
            }
        }
    }

    /// Any member that is not held for failed and not among these, each as likely.
    fn any_but(&self, excluded: &[NodeId], ctx: &mut Context<'_, Swim>) -> Option<NodeId> {
        let more: BTreeSet<NodeId> =
            excluded.iter().copied().filter(|id| !self.faulty.contains(id)).collect();
        let out = self.faulty.len() + more.len();
        let left = (ctx.node_count() as usize).checked_sub(out).filter(|left| 0 < *left)?;
        let mut chosen = ctx.below(left as u64) as u32 + 1;
        // The chosen-th of those that are left: pass over whoever stands before it and is out.
        let (mut faulty, mut more) = (self.faulty.iter().peekable(), more.iter().peekable());
        loop {
            let next = match (faulty.peek(), more.peek()) {
                (Some(a), Some(b)) if a < b => faulty.next(),
                (None | Some(_), Some(_)) => more.next(),
                (Some(_), None) => faulty.next(),
                (None, None) => None,
            };
            match next {
                Some(id) if id.0 <= chosen => chosen += 1,
                Some(_) | None => return Some(NodeId(chosen)),
            }
        }
    }

    /// Now and then, pings one of those that it holds for failed, so that both sides of a healed partition hear of each other.
    fn ping_a_faulty_one(&mut self, ctx: &mut Context<'_, Swim>) {
        let every = self.settings.reconnect;
        if every == 0 || self.faulty.is_empty() || !self.periods.is_multiple_of(every) {
            return;
        }
        let place = ctx.below(self.faulty.len() as u64) as usize;
        let Some(target) = self.faulty.iter().nth(place).copied() else { return };
        ctx.probe("reconnect");
        self.sequence += 1;
        let mut updates = self.take_news();
        tell_first(&mut updates, self.word_of(target), self.settings.piggyback);
        ctx.send(target, Message::Ping { sequence: self.sequence, updates });
    }

    /// Answers, with its own word about itself if it hears that somebody doubts it.
    pub(super) fn on_ping(
        &mut self,
        from: NodeId,
        sequence: u64,
        updates: &[Update],
        ctx: &mut Context<'_, Swim>,
    ) {
        self.hear_all(updates, ctx);
        let mut answer = self.take_news();
        if updates.iter().any(|update| update.member == self.id) {
            tell_first(&mut answer, self.own_word(), self.settings.piggyback);
        }
        ctx.send(from, Message::Ack { sequence, updates: answer });
    }

    /// The target of this period has been heard; or that of a ping for somebody else, who is told.
    pub(super) fn on_ack(
        &mut self,
        from: NodeId,
        sequence: u64,
        updates: &[Update],
        ctx: &mut Context<'_, Swim>,
    ) {
        self.hear_all(updates, ctx);
        if let Some(relay) = self.relays.remove(&sequence) {
            ctx.cancel_timer(Timer::Relay(sequence));
            // What the target says of itself has to come along, for the one who asks may suspect it already.
            let mut news = self.take_news();
            for update in updates.iter().filter(|update| update.member == from) {
                tell_first(&mut news, *update, self.settings.piggyback);
            }
            return ctx
                .send(relay.requester, Message::Ack { sequence: relay.sequence, updates: news });
        }
        if self.probe.as_ref().is_none_or(|probe| probe.sequence != sequence) {
            return ctx.probe("late-ack");
        }
        self.probe = None;
        self.probes += 1;
        self.health.improve();
        ctx.cancel_timer(Timer::Timeout);
    }

    /// No ack so far: asks k others, over whose ways the target may be heard.
    pub(super) fn ask_others(&mut self, ctx: &mut Context<'_, Swim>) {
        let Some(probe) = &self.probe else { return };
        let (target, sequence) = (probe.target, probe.sequence);
        if ctx.bug(&G4) {
            self.probe = None;
            self.probes += 1;
            return self.accuse(target, ctx);
        }
        ctx.probe("ping-req");
        let mut out = vec![self.id, target];
        for _ in 0..self.settings.k {
            let Some(helper) = self.any_but(&out, ctx) else { break };
            out.push(helper);
            let updates = self.updates_for(target);
            ctx.send(helper, Message::PingReq { sequence, target, updates });
        }
        if let Some(probe) = &mut self.probe {
            // Only who counts nacks counts those that did not come.
            let helpers = out.drain(2..).filter(|_| 0 < self.settings.local_health);
            probe.silent_helpers = helpers.collect();
        }
    }

    /// Pings for somebody else.
    pub(super) fn on_ping_req(
        &mut self,
        from: NodeId,
        asked: u64,
        target: NodeId,
        ctx: &mut Context<'_, Swim>,
    ) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.relays.insert(sequence, Relay { requester: from, sequence: asked });
        let updates = self.updates_for(target);
        ctx.send(target, Message::Ping { sequence, updates });
        let (part, whole) = NACK_AFTER;
        let patience = self.settings.timeout.checked_mul_ratio(part, whole);
        ctx.set_timer(Timer::Relay(sequence), patience.unwrap_or(self.settings.timeout));
    }

    /// A ping for somebody else was not answered in time. The answer may still come: it is kept in mind until the period is over.
    pub(super) fn give_up_relay(&mut self, sequence: u64, ctx: &mut Context<'_, Swim>) {
        let Some(relay) = self.relays.get(&sequence) else { return };
        if 0 < self.settings.local_health {
            ctx.send(relay.requester, Message::Nack { sequence: relay.sequence });
        }
        // Older ones belong to periods that are over.
        self.relays = self.relays.split_off(&sequence.saturating_sub(RELAYS_KEPT));
    }

    /// A helper hears nothing either, but is there.
    pub(super) fn on_nack(&mut self, from: NodeId, sequence: u64) {
        if let Some(probe) = &mut self.probe
            && probe.sequence == sequence
        {
            probe.silent_helpers.remove(&from);
        }
    }

    /// The news for a message that will reach `target`; first of all that it is suspected, if it is (Lifeguard, §IV.C).
    fn updates_for(&mut self, target: NodeId) -> Vec<Update> {
        let mut updates = self.take_news();
        if self.settings.buddy && self.suspects.contains_key(&target) {
            tell_first(&mut updates, self.word_of(target), self.settings.piggyback);
        }
        updates
    }

    /// What it holds of a member, as news.
    fn word_of(&self, member: NodeId) -> Update {
        Update { member, opinion: self.opinion(member), by: self.id }
    }

    fn take_news(&mut self) -> Vec<Update> {
        let limit = self.settings.retransmit * rounds(self.members);
        self.news.take(self.settings.piggyback, limit)
    }
}

/// How many later questions a ping for somebody else is kept in mind.
const RELAYS_KEPT: u64 = 64;

/// Puts `update` in front, in place of what is said of the same member, and of the last one where there is no room.
fn tell_first(updates: &mut Vec<Update>, update: Update, room: u32) {
    updates.retain(|other| other.member != update.member);
    updates.truncate((room as usize).saturating_sub(1));
    updates.insert(0, update);
}
