//! A site, and its two ways to average.

use serde::Serialize;

use orrery_sim::{Context, Duration, Law, LocalTime, Node, NodeId, Start};

use crate::permutation::{mix, permuted, restored};

use super::bugs::G19;
use super::message::{Mass, Message, Timer};
use super::parameters::{Method, Order, Settings, Values};
use super::registration::Averaging;

/// One, in units of 2^-32.
pub(super) const ONE: u64 = 1 << 32;
/// The largest value that is drawn, not itself.
const LARGEST: u64 = 1_000;

/// One site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    settings: Settings,
    /// What it began with.
    pub initial: u64,
    /// What it has: its estimate is the quotient. In pairwise averaging the weight stays one.
    pub mass: Mass,
    /// What came with shares.
    pub received: Mass,
    /// What went with shares.
    pub sent: Mass,
    /// The exchange whose answer it waits for.
    pub open: Option<u64>,
    /// How many exchanges it began.
    pub exchanges: u64,
    /// When it will have gone on for all cycles, by its own clock.
    end: LocalTime,
}

impl Node for Site {
    type Protocol = Averaging;

    fn on_start(start: Start<'_, Averaging>, ctx: &mut Context<'_, Averaging>) -> Self {
        Self::begin(start.config.clone(), ctx)
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Averaging>) {
        match message {
            Message::Share { mass } => self.on_share(mass),
            Message::Request { number, value } => self.on_request(from, number, value, ctx),
            Message::Answer { number, value } => self.on_answer(number, Some(value)),
            Message::Busy { number } => self.on_answer(number, None),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Averaging>) {
        match timer {
            Timer::Turn => self.turn(ctx),
        }
    }
}

impl Site {
    fn begin(settings: Settings, ctx: &mut Context<'_, Averaging>) -> Self {
        let initial = match settings.values {
            Values::Uniform => ctx.below(LARGEST * ONE),
            Values::Peak if ctx.id() == NodeId(1) => u64::from(ctx.node_count()) * ONE,
            Values::Peak => 0,
        };
        let cycles = settings.cycle.as_nanos().saturating_mul(settings.cycles);
        let site = Self {
            initial,
            mass: Mass { sum: initial, weight: ONE },
            received: Mass::default(),
            sent: Mass::default(),
            open: None,
            exchanges: 0,
            end: ctx.now() + Duration::from_nanos(cycles),
            settings,
        };
        site.wait_for_first_turn(ctx);
        site
    }

    /// All at the start of a cycle, one after the other in it, or each at a random time.
    fn wait_for_first_turn(&self, ctx: &mut Context<'_, Averaging>) {
        let cycle = self.settings.cycle;
        match (self.settings.method, self.settings.order) {
            (Method::PushSum, Order::Sequential | Order::Random | Order::Matching)
            | (Method::Pairwise, Order::Matching) => {
                ctx.set_timer(Timer::Turn, Duration::ZERO);
            }
            (Method::Pairwise, Order::Sequential) => {
                let place = u64::from(ctx.id().0) - 1;
                let after = cycle.checked_mul_ratio(place, u64::from(ctx.node_count()));
                ctx.set_timer(Timer::Turn, after.unwrap_or(cycle));
            }
            (Method::Pairwise, Order::Random) => self.wait_at_random(ctx),
        }
    }

    fn wait_at_random(&self, ctx: &mut Context<'_, Averaging>) {
        let after = ctx.draw(&Law::Exponential(self.settings.cycle));
        ctx.set_timer(Timer::Turn, after);
    }

    fn turn(&mut self, ctx: &mut Context<'_, Averaging>) {
        if self.end <= ctx.now() {
            return;
        }
        match (self.settings.method, self.settings.order) {
            (Method::PushSum, _) => self.push(ctx),
            (Method::Pairwise, Order::Sequential | Order::Random) => {
                self.ask(None, ctx);
            }
            (Method::Pairwise, Order::Matching) => self.ask_match(ctx),
        }
        match (self.settings.method, self.settings.order) {
            (Method::Pairwise, Order::Random) => self.wait_at_random(ctx),
            (Method::Pairwise, Order::Matching) => {
                ctx.set_timer(Timer::Turn, self.half_cycle());
            }
            (Method::Pairwise, Order::Sequential) | (Method::PushSum, _) => {
                ctx.set_timer(Timer::Turn, self.settings.cycle);
            }
        }
    }

    /// A partner, each other site with the same probability.
    fn partner(ctx: &mut Context<'_, Averaging>) -> NodeId {
        let drawn = ctx.below(u64::from(ctx.node_count()) - 1) as u32 + 1;
        NodeId(if drawn < ctx.id().0 { drawn } else { drawn + 1 })
    }

    /// Push-sum (Kempe, algorithm 1): half of sum and weight goes to a random site. A unit that does not divide stays.
    fn push(&mut self, ctx: &mut Context<'_, Averaging>) {
        let share = Mass { sum: self.mass.sum / 2, weight: self.mass.weight / 2 };
        self.mass.sum -= share.sum;
        self.mass.weight -= share.weight;
        self.sent.sum += share.sum;
        self.sent.weight += share.weight;
        let partner = Self::partner(ctx);
        ctx.send(partner, Message::Share { mass: share });
    }

    fn on_share(&mut self, share: Mass) {
        self.mass.sum += share.sum;
        self.mass.weight += share.weight;
        self.received.sum += share.sum;
        self.received.weight += share.weight;
    }

    fn half_cycle(&self) -> Duration {
        Duration::from_nanos((self.settings.cycle.as_nanos() / 2).max(1))
    }

    /// Of each pair of this half of a cycle, the first site asks.
    fn ask_match(&mut self, ctx: &mut Context<'_, Averaging>) {
        let all = self.settings.cycle.as_nanos().saturating_mul(self.settings.cycles);
        let passed = all - self.end.since(ctx.now()).as_nanos().min(all);
        let round = passed / self.half_cycle().as_nanos();
        if let Some(partner) = partner_in(round, ctx.id(), ctx.node_count())
            && ctx.id() < partner
        {
            self.ask(Some(partner), ctx);
        }
    }

    /// Pairwise averaging (Jelasity, figure 1, active thread): asks another site, a random one if none is named, unless an answer is still awaited.
    fn ask(&mut self, partner: Option<NodeId>, ctx: &mut Context<'_, Averaging>) {
        if self.open.is_some() {
            return ctx.probe("turn-passed");
        }
        self.exchanges += 1;
        self.open = Some(self.exchanges);
        let partner = partner.unwrap_or_else(|| Self::partner(ctx));
        ctx.send(partner, Message::Request { number: self.exchanges, value: self.mass.sum });
    }

    /// The passive thread: takes one half of both values, and answers with the other. An exchange of its own that is under way would overwrite that.
    fn on_request(
        &mut self,
        from: NodeId,
        number: u64,
        value: u64,
        ctx: &mut Context<'_, Averaging>,
    ) {
        if self.open.is_some() {
            ctx.probe("busy");
            if !ctx.bug(&G19) {
                return ctx.send(from, Message::Busy { number });
            }
        }
        let both = self.mass.sum + value;
        self.mass.sum = both / 2;
        ctx.send(from, Message::Answer { number, value: both - both / 2 });
    }

    /// The exchange is over, done or refused.
    fn on_answer(&mut self, number: u64, value: Option<u64>) {
        if self.open != Some(number) {
            return;
        }
        self.open = None;
        self.mass.sum = value.unwrap_or(self.mass.sum);
    }
}

/// Whom a site meets in a round, which is half a cycle. In each cycle the sites stand in a circle, in another order: first everybody at an even place meets the next
/// one, then the one before. Of an odd number of sites one stays alone.
pub(super) fn partner_in(round: u64, site: NodeId, sites: u32) -> Option<NodeId> {
    let key = mix(round / 2 + 1);
    let place = permuted(key, site.0 - 1, sites);
    let turned = (round % 2) as u32;
    let is_odd = sites % 2 == 1;
    if is_odd && place == (1 - turned) * (sites - 1) {
        return None;
    }
    let from = (place + sites - turned) % sites;
    let partner = ((from ^ 1) + turned) % sites;
    Some(NodeId(restored(key, partner, sites) + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_has_one_partner_and_another_one_in_the_next_half_of_a_cycle() {
        for sites in [2_u32, 3, 4, 7, 10, 101, 200] {
            for cycle in 0..20 {
                let pairs = |round| {
                    let pair = |site| Some((site, partner_in(round, site, sites)?));
                    NodeId::all(sites).filter_map(pair).collect::<BTreeSet<_>>()
                };
                let (one, other) = (pairs(2 * cycle), pairs(2 * cycle + 1));
                assert_eq!(one.len() as u32, sites - sites % 2);
                assert_eq!(other.len() as u32, sites - sites % 2);
                assert!(one.iter().chain(&other).all(|(site, partner)| site != partner));
                assert!(one.iter().all(|(site, partner)| one.contains(&(*partner, *site))));
                assert!(sites == 2 || one.is_disjoint(&other), "{sites} {cycle}");
            }
        }
    }
}
