//! Faults that hit a share of messages, or of crashes.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Disturbance, LinkFault, MessageFilter, Target, Trigger};
use orrery_sim::random::Draw;
use orrery_sim::{Burst, Duration, DurationRange, Law, Probability};

use super::{Faults, share};

/// A family disturbs links in at most so many spells.
const SPELLS: u64 = 3;

impl Faults<'_> {
    /// The faults of a family that hits a share.
    pub(super) fn shared(&mut self, family: Family) {
        let Some(most) = self.swarm.shares.get(&family).copied() else { return };
        let draw = &mut self.stream(family);
        match family {
            Family::TornWrite => self.case.disk.torn = share(draw, most),
            Family::ReorderedWrites => self.case.disk.reordered = share(draw, most),
            Family::Loss => self.spells(family, draw, |draw| LinkFault::Loss(share(draw, most))),
            Family::Duplication => {
                self.spells(family, draw, |draw| LinkFault::Duplication(share(draw, most)));
            }
            Family::Corruption => {
                self.spells(family, draw, |draw| LinkFault::Corruption(share(draw, most)));
            }
            Family::Burst => self.spells(family, draw, |draw| LinkFault::Burst(burst(draw, most))),
            Family::Crash
            | Family::Restart
            | Family::Pause
            | Family::Partition
            | Family::Hold
            | Family::Intervention
            | Family::Clock
            | Family::Amnesia
            | Family::Slow
            | Family::Byzantine
            | Family::Clog
            | Family::Delay
            | Family::Bandwidth
            | Family::ClockJump
            | Family::LyingSync
            | Family::Rot
            | Family::Misdirection
            | Family::DiskStall
            | Family::DiskFull
            | Family::DiskError => {}
        }
    }

    pub(super) fn delays(&mut self) {
        let draw = &mut self.stream(Family::Delay);
        let range = DurationRange::new(Duration::from_nanos(1), self.swarm.delay);
        self.spells(Family::Delay, draw, |draw| {
            LinkFault::Delay(Law::Exponential(draw.between(range)))
        });
    }

    /// Spells of bad weather: when, where and how bad is drawn for each.
    fn spells(
        &mut self,
        family: Family,
        draw: &mut Draw<'_>,
        mut fault: impl FnMut(&mut Draw<'_>) -> LinkFault,
    ) {
        let count = 1 + draw.below(SPELLS);
        let phase = self.swarm.until.since(self.swarm.from);
        for number in 1..=count {
            let start = draw.between(DurationRange::new(Duration::ZERO, phase));
            let rest = Duration::from_nanos(phase.as_nanos() - start.as_nanos());
            let length = draw.between(DurationRange::new(Duration::from_nanos(1), rest));
            let filter = self.scope(draw);
            let fault = fault(draw);
            let name = format!("{}-{number}", family.name());
            let at = Trigger::At(self.swarm.from.saturating_add(start));
            self.push(Some(name.clone()), at, Action::Disturb(Disturbance { filter, fault }));
            let heal = Action::Heal(Some(name.clone()));
            self.push(None, Trigger::After { item: name, delay: length }, heal);
        }
    }

    /// All links, all of one sender or receiver, or those between two nodes one way.
    fn scope(&self, draw: &mut Draw<'_>) -> MessageFilter {
        let kind = draw.below(4);
        let [from, to] = [self.node(draw), self.node(draw)].map(|node| Some(Target::Node(node)));
        match kind {
            0 => MessageFilter::default(),
            1 => MessageFilter { from, ..MessageFilter::default() },
            2 => MessageFilter { to, ..MessageFilter::default() },
            _ => MessageFilter { from, to, ..MessageFilter::default() },
        }
    }
}

/// Bursts of 2 to 50 messages that lose up to `most` of what they meet.
fn burst(draw: &mut Draw<'_>, most: Probability) -> Burst {
    let begin = Probability::from_ppb(1 + draw.below(50_000_000));
    let length = 2 + draw.below(49);
    let end = Probability::from_ppb(1_000_000_000 / length);
    Burst { begin, end, loss: share(draw, most) }
}
