//! Faults that begin at a moment and end at another: of nodes, disks and the ways between.

use serde_json::Value as Json;

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Behaviour, Cut, DiskFault, Flapping, Target, Trigger};
use orrery_sim::random::Draw;
use orrery_sim::{Duration, DurationRange, Law, NodeId, SimTime};

use super::Faults;

/// How a fault ends.
enum End {
    /// By this action, on the node that it struck.
    On(fn(Target) -> Action<Json>),
    /// By healing the item that began it.
    Heal,
    /// It is over at once.
    AtOnce,
}

impl Faults<'_> {
    /// The faults of a family that are counted.
    pub(super) fn counted(&mut self, family: Family) {
        let most = self.swarm.counts.get(&family).copied().unwrap_or(0);
        let draw = &mut self.stream(family);
        let count = draw.below(u64::from(most) + 1);
        let mut busy: Vec<(SimTime, SimTime)> = Vec::new();
        for number in 1..=count {
            let (start, end) = self.interval(draw);
            let Some((begin, ending)) = self.fault(family, draw, end) else { continue };
            let end = if self.stays_down(family) { self.swarm.until } else { end };
            if takes_node_away(family) {
                // No more at one time than the fault model bears.
                let at_once = busy.iter().filter(|(from, to)| *from <= end && start <= *to).count();
                if self.model.down_at_most as usize <= at_once {
                    continue;
                }
                busy.push((start, end));
            }
            self.push_fault(family, number, (start, end), begin, &ending);
        }
    }

    /// Without restarts, a node that is down stays down until the faults end.
    fn stays_down(&self, family: Family) -> bool {
        matches!(family, Family::Crash | Family::Amnesia) && !self.is_on(Family::Restart)
    }

    fn push_fault(
        &mut self,
        family: Family,
        number: u64,
        (start, end): (SimTime, SimTime),
        begin: Action<Json>,
        ending: &End,
    ) {
        let name = format!("{}-{number}", family.name());
        self.push(Some(name.clone()), Trigger::At(start), begin);
        let end_action = match ending {
            End::On(action) => action(Target::Item(name.clone())),
            End::Heal => Action::Heal(Some(name.clone())),
            End::AtOnce => return,
        };
        self.push(None, Trigger::After { item: name, delay: end.since(start) }, end_action);
    }

    /// One fault of `family` and how it ends; the same number of draws whatever comes out.
    fn fault(
        &self,
        family: Family,
        draw: &mut Draw<'_>,
        end: SimTime,
    ) -> Option<(Action<Json>, End)> {
        let node = self.target(draw);
        let disk = |fault| (Action::Disk { node: node.clone(), fault }, End::On(mend));
        Some(match family {
            Family::Crash => {
                (Action::Crash { node, after_effects: None }, End::On(Action::Restart))
            }
            Family::Amnesia => (Action::Wipe(node), End::On(Action::Restart)),
            Family::Pause => (Action::Pause(node), End::On(Action::Resume)),
            Family::Slow => {
                let mean =
                    draw.between(DurationRange::new(Duration::from_nanos(1), self.swarm.service));
                (Action::Slow { node, service: Law::Exponential(mean) }, End::On(as_fast_as_it_was))
            }
            Family::Byzantine => {
                let behaviours = [Behaviour::Equivocate, Behaviour::Withhold, Behaviour::Replay];
                let behaviour = behaviours[draw.below(3) as usize];
                (Action::Byzantine { node, behaviour }, End::On(honest))
            }
            Family::Partition => (self.partition(draw, node, end), End::Heal),
            Family::Clog => (Action::Clog(self.cut(draw, node)), End::Heal),
            Family::ClockJump => {
                let most = self.swarm.jump.as_nanos();
                let by = draw.below(2 * most + 1).cast_signed() - most.cast_signed();
                (Action::ClockJump { node, by }, End::AtOnce)
            }
            Family::LyingSync => disk(DiskFault::Lie),
            Family::DiskStall => disk(DiskFault::Stall),
            Family::DiskFull => disk(DiskFault::Full),
            Family::DiskError => disk(DiskFault::Error),
            Family::Rot => (disk(DiskFault::Corrupt(None)).0, End::AtOnce),
            Family::Misdirection => (disk(DiskFault::Misdirect(None)).0, End::AtOnce),
            Family::Restart
            | Family::Hold
            | Family::Intervention
            | Family::Loss
            | Family::Duplication
            | Family::Clock
            | Family::Burst
            | Family::Corruption
            | Family::Delay
            | Family::Bandwidth
            | Family::TornWrite
            | Family::ReorderedWrites => return None,
        })
    }

    /// One partition in four comes and goes.
    fn partition(&self, draw: &mut Draw<'_>, node: Target, end: SimTime) -> Action<Json> {
        let cut = self.cut(draw, node);
        let is_flapping = draw.below(4) == 0;
        let [on, off] = [self.spell(draw), self.spell(draw)];
        if is_flapping {
            Action::Flap(Flapping { cut, on, off, until: end })
        } else {
            Action::Cut(cut)
        }
    }

    /// Between a tenth and a third of the longest outage: no shorter, or it would change nothing.
    fn spell(&self, draw: &mut Draw<'_>) -> DurationRange {
        let outage = self.swarm.outage.as_nanos();
        let (least, most) = (outage / 10 + 1, outage / 3 + 2);
        let start = draw
            .between(DurationRange::new(Duration::from_nanos(least), Duration::from_nanos(most)));
        DurationRange::new(start, Duration::from_nanos(2 * start.as_nanos()))
    }

    /// A shape of cut, one of all.
    fn cut(&self, draw: &mut Draw<'_>, node: Target) -> Cut {
        let shape = draw.below(8);
        let sides: Vec<u64> = (0..self.case.nodes).map(|_| draw.below(3)).collect();
        let side = |wanted: fn(u64) -> bool| -> Vec<Target> {
            let nodes = NodeId::all(self.case.nodes).zip(&sides);
            nodes.filter(|(_, side)| wanted(**side)).map(|(node, _)| Target::Node(node)).collect()
        };
        match shape {
            0 => Cut::Isolate(node),
            1 => Cut::Halves,
            2 => Cut::Minority,
            3 => Cut::Bridge(node),
            4 => Cut::Ring,
            5 => Cut::OneWay(side(|side| side == 0), side(|side| side != 0)),
            // Those of the third part still reach both others.
            6 => Cut::Between(side(|side| side == 0), side(|side| side == 1)),
            _ => Cut::Groups(vec![side(|side| side == 0), side(|side| side != 0)]),
        }
    }
}

/// Whether so many at a time are all that the fault model bears.
const fn takes_node_away(family: Family) -> bool {
    matches!(
        family,
        Family::Crash
            | Family::Amnesia
            | Family::Pause
            | Family::Byzantine
            | Family::LyingSync
            | Family::DiskStall
            | Family::DiskFull
            | Family::DiskError
            | Family::Rot
            | Family::Misdirection
    )
}

const fn mend(node: Target) -> Action<Json> {
    Action::Disk { node, fault: DiskFault::Mend }
}

const fn as_fast_as_it_was(node: Target) -> Action<Json> {
    Action::Slow { node, service: Law::Constant(Duration::ZERO) }
}

const fn honest(node: Target) -> Action<Json> {
    Action::Byzantine { node, behaviour: Behaviour::Honest }
}
