//! Suspicion and incarnations (§4.2): what is held of whom, and who may change it.

use std::collections::BTreeSet;

use orrery_sim::{Context, NodeId};

use super::bugs::{G2, G3, G20};
use super::lifeguard::{rounds, shortened};
use super::member::{Member, Note, Suspicion, Swim, Timer};
use super::message::{Opinion, Status, Update};

impl Member {
    /// Hears several pieces of news.
    pub(super) fn hear_all(&mut self, updates: &[Update], ctx: &mut Context<'_, Swim>) {
        for update in updates {
            self.hear(*update, ctx);
        }
    }

    /// Hears a piece of news: takes it over and passes it on if it overrides what is held.
    pub(super) fn hear(&mut self, update: Update, ctx: &mut Context<'_, Swim>) {
        if update.member == self.id {
            return self.hear_of_itself(update.opinion, ctx);
        }
        let held = self.opinion(update.member);
        if overrides(update.opinion, held, ctx) {
            self.adopt(update, ctx);
        } else if update.opinion == held && held.status == Status::Suspect {
            self.count_accuser(update, ctx);
        }
    }

    /// Somebody speaks of this member. It denies that it has failed, in a new incarnation if need be; nobody else may.
    fn hear_of_itself(&mut self, opinion: Opinion, ctx: &mut Context<'_, Swim>) {
        if opinion <= self.own_word().opinion {
            // An old accusation: who believes it has not heard the denial.
            if opinion.status != Status::Alive {
                self.news.put(self.own_word());
            }
            return;
        }
        ctx.probe("denial");
        self.health.worsen(1, self.settings.local_health);
        self.incarnate(opinion.incarnation.next(), ctx);
    }

    /// Takes over what overrides its own opinion.
    fn adopt(&mut self, update: Update, ctx: &mut Context<'_, Swim>) {
        let Update { member, opinion: Opinion { incarnation, status }, by } = update;
        let was_suspect = self.suspects.remove(&member).is_some();
        self.faulty.remove(&member);
        self.opinions.insert(member, update.opinion);
        self.news.put(update);
        match status {
            Status::Alive => {
                ctx.note(Note::Trusts { member, incarnation });
            }
            Status::Suspect => {
                self.suspicions += 1;
                let accusers = BTreeSet::from([by]);
                self.suspects.insert(member, Suspicion { since: ctx.now(), accusers });
                ctx.note(Note::Suspects { member, incarnation, by });
                return self.await_denial(member, ctx);
            }
            Status::Faulty => {
                self.confirmations += 1;
                self.faulty.insert(member);
                ctx.note(Note::Confirms { member, incarnation, by });
            }
        }
        if was_suspect {
            ctx.cancel_timer(Timer::Suspicion(member));
        }
    }

    /// One more accuses whom it suspects already: the more there are, the less time is left (Lifeguard, §IV.B).
    fn count_accuser(&mut self, update: Update, ctx: &mut Context<'_, Swim>) {
        let wanted = self.settings.accusers_wanted as usize;
        let Some(suspicion) = self.suspects.get_mut(&update.member) else { return };
        if wanted < suspicion.accusers.len() || !suspicion.accusers.insert(update.by) {
            return;
        }
        ctx.probe("second-accuser");
        self.news.put(update);
        self.await_denial(update.member, ctx);
    }

    /// Waits as long as a suspect may take to deny.
    fn await_denial(&self, member: NodeId, ctx: &mut Context<'_, Swim>) {
        let Some(suspicion) = self.suspects.get(&member) else { return };
        let others = suspicion.accusers.len() as u32 - 1;
        let log = if ctx.bug(&G20) { 1 } else { rounds(self.members) };
        let least = self.settings.period * u64::from(self.settings.suspicion) * u64::from(log);
        let timeout = shortened(&self.settings, self.members, least, others);
        let passed = ctx.now().since(suspicion.since);
        ctx.set_timer(Timer::Suspicion(member), timeout.saturating_sub(passed));
    }

    /// A suspect has not denied in time: it has failed.
    pub(super) fn confirm(&mut self, member: NodeId, ctx: &mut Context<'_, Swim>) {
        let held = self.opinion(member);
        if held.status != Status::Suspect {
            return;
        }
        let opinion = Opinion { status: Status::Faulty, ..held };
        self.adopt(Update { member, opinion, by: self.id }, ctx);
    }
}

/// Whether news of a member overrides what is held of it: the greater opinion does.
fn overrides(news: Opinion, held: Opinion, ctx: &Context<'_, Swim>) -> bool {
    let is_same_incarnation = news.incarnation == held.incarnation;
    if ctx.bug(&G2) && is_same_incarnation && news.status == Status::Suspect {
        return false;
    }
    let is_forgotten = ctx.bug(&G3) && held.status == Status::Faulty;
    held < news || is_forgotten && news.status == Status::Alive
}
