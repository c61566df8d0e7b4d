//! Swarm configurations: faults drawn from the seed before the run, as data.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, Item, Plan, Target, Trigger};
use orrery_sim::random::{Domain, Draw, Randomness, StreamId};
use orrery_sim::registration::FaultModel;
use orrery_sim::{Clock, Duration, DurationRange, NodeId, Probability, SimTime};

use crate::case::{Case, Swarm};

/// One stream per family, so that switching one off changes no other. The numbers are part of the draws'
/// addresses.
mod purpose {
    pub(super) const SWITCHES: u32 = 1;
    pub(super) const CRASHES: u32 = 2;
    pub(super) const PAUSES: u32 = 3;
    pub(super) const PARTITIONS: u32 = 4;
    pub(super) const LINKS: u32 = 5;
    pub(super) const CLOCKS: u32 = 6;
}

/// The case with its swarm drawn: plan items, laws of links and clocks. Families outside of `model` stay off.
pub fn draw(case: &Case, model: &FaultModel) -> Case {
    let Some(swarm) = case.swarm.clone() else { return case.clone() };
    let mut case = case.clone();
    let randomness = Randomness::new(case.seed);
    let stream = |purpose| randomness.at(StreamId::new(Domain::Config, purpose, 0), 0);
    let switches = stream(purpose::SWITCHES).bits();
    // Each family is off in half of the runs; its switch is drawn whether or not it may strike.
    let is_on =
        |family: Family| switches >> (family as u32) & 1 == 1 && model.families.contains(&family);
    let mut faults = Faults { swarm: &swarm, case: &mut case, model };
    if is_on(Family::Crash) {
        faults.outages(&mut stream(purpose::CRASHES), swarm.crashes, true, is_on(Family::Restart));
    }
    if is_on(Family::Pause) {
        faults.outages(&mut stream(purpose::PAUSES), swarm.pauses, false, true);
    }
    if is_on(Family::Partition) {
        faults.partitions(&mut stream(purpose::PARTITIONS));
    }
    let mut links = stream(purpose::LINKS);
    let loss = share(&mut links, swarm.loss);
    let duplicate = share(&mut links, swarm.duplicate);
    if is_on(Family::Clock) {
        faults.clocks(&mut stream(purpose::CLOCKS));
    }
    if is_on(Family::Loss) {
        case.links.default.loss = loss;
    }
    if is_on(Family::Duplication) {
        case.links.default.duplicate = duplicate;
    }
    quieten(&mut case.plan, &swarm, case.nodes);
    case
}

/// A probability up to `most`.
fn share(draw: &mut Draw<'_>, most: Probability) -> Probability {
    Probability::from_ppb(draw.below(most.as_ppb() + 1))
}

/// Draws faults into a case.
struct Faults<'a> {
    swarm: &'a Swarm,
    case: &'a mut Case,
    model: &'a FaultModel,
}

impl Faults<'_> {
    /// A moment of the faulty phase and a length, neither beyond its end.
    fn interval(&self, draw: &mut Draw<'_>) -> (SimTime, SimTime) {
        let phase = self.swarm.until.since(self.swarm.from);
        let start = draw.between(DurationRange::new(Duration::ZERO, phase));
        // Short outages are as likely as long ones: the length is drawn twice.
        let longest = draw.between(DurationRange::new(Duration::from_nanos(1), self.swarm.outage));
        let length = draw.between(DurationRange::new(Duration::ZERO, longest));
        let start = self.swarm.from.saturating_add(start);
        (start, start.saturating_add(length).min(self.swarm.until))
    }

    /// Half of the targets are the leader of the moment, if there is one: random faults seldom meet it.
    fn target(&self, draw: &mut Draw<'_>) -> Target {
        let is_leader = draw.below(2) == 0;
        let node = NodeId::from_index(draw.below(u64::from(self.case.nodes)) as usize);
        if is_leader { Target::Role(String::from("leader")) } else { Target::Node(node) }
    }

    /// Nodes that crash or stand still, no more at one time than the fault model bears.
    fn outages(&mut self, draw: &mut Draw<'_>, most: u32, is_crash: bool, ends: bool) {
        let word = if is_crash { "crash" } else { "pause" };
        let mut busy: Vec<(SimTime, SimTime)> = Vec::new();
        let count = draw.below(u64::from(most) + 1);
        for number in 1..=count {
            let (start, end) = self.interval(draw);
            let node = self.target(draw);
            // Without restarts, a node that is down stays down until the faults end.
            let end = if ends { end } else { self.swarm.until };
            let at_once = busy.iter().filter(|(from, to)| *from <= end && start <= *to).count();
            if self.model.down_at_most as usize <= at_once {
                continue;
            }
            busy.push((start, end));
            let name = format!("{word}-{number}");
            let stop = if is_crash {
                Action::Crash { node, after_effects: None }
            } else {
                Action::Pause(node)
            };
            let target = Target::Item(name.clone());
            let go_on = if is_crash { Action::Restart(target) } else { Action::Resume(target) };
            let length = end.since(start);
            self.push(Some(name.clone()), Trigger::At(start), stop);
            self.push(None, Trigger::After { item: name, delay: length }, go_on);
        }
    }

    fn partitions(&mut self, draw: &mut Draw<'_>) {
        let count = draw.below(u64::from(self.swarm.partitions) + 1);
        for number in 1..=count {
            let (start, end) = self.interval(draw);
            let shape = draw.below(3);
            let target = self.target(draw);
            let sides: Vec<bool> = (0..self.case.nodes).map(|_| draw.below(2) == 0).collect();
            let all = NodeId::all(self.case.nodes).zip(sides);
            let (left, right): (Vec<_>, Vec<_>) = all.partition(|(_, is_left)| *is_left);
            let side = |nodes: Vec<(NodeId, bool)>| -> Vec<Target> {
                nodes.into_iter().map(|(node, _)| Target::Node(node)).collect()
            };
            let cut = match shape {
                0 => Cut::Isolate(target),
                1 => Cut::Groups(vec![side(left), side(right)]),
                _ => Cut::OneWay(side(left), side(right)),
            };
            let name = format!("cut-{number}");
            let length = end.since(start);
            self.push(Some(name.clone()), Trigger::At(start), Action::Cut(cut));
            let heal = Action::Heal(Some(name.clone()));
            self.push(None, Trigger::After { item: name, delay: length }, heal);
        }
    }

    fn clocks(&mut self, draw: &mut Draw<'_>) {
        let most = self.swarm.drift_ppb.min(self.model.drift_ppb);
        let clocks = (0..self.case.nodes).map(|_| {
            let drift = draw.below(2 * most + 1).cast_signed() - most.cast_signed();
            let offset = draw.below(1_000_000_000).cast_signed();
            Clock::new(offset, drift)
        });
        self.case.clocks = clocks.collect();
    }

    fn push(&mut self, name: Option<String>, trigger: Trigger, action: Action<serde_json::Value>) {
        // Nobody in the role: the fault is passed over rather than struck later.
        let within = Some(Duration::ZERO);
        self.case.plan.items.push(Item { name, trigger, within, action });
    }
}

/// The end of the faults: everything goes on from here without any.
fn quieten(plan: &mut Plan<serde_json::Value>, swarm: &Swarm, nodes: u32) {
    let mut push = |name: Option<&str>, action| {
        let (name, trigger) = (name.map(String::from), Trigger::At(swarm.until));
        plan.items.push(Item { name, trigger, within: None, action });
    };
    push(None, Action::Heal(None));
    for node in NodeId::all(nodes) {
        push(None, Action::Resume(Target::Node(node)));
        push(None, Action::Restart(Target::Node(node)));
    }
    push(Some(Swarm::QUIET), Action::Release(None));
}
