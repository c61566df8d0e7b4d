//! Swarm configurations (Groce et al. 2012, "Swarm testing"): faults drawn from the seed before the run, as data.

mod core;
mod links;
mod outages;

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, CrashLimit, Item, Plan, Target, Trigger};
use orrery_sim::random::{Domain, Draw, Randomness, StreamId};
use orrery_sim::registration::FaultModel;
use orrery_sim::{Clock, Duration, DurationRange, NodeId, Probability, SimTime};

use crate::case::{Case, Swarm};
use crate::subject::CaseError;

/// What streams are for that belong to no single family. The numbers are part of the draws' addresses.
mod purpose {
    pub(super) const SWITCHES: u32 = 1;
    pub(super) const CORE: u32 = 2;
    pub(super) const WORKLOAD: u32 = 3;
    pub(super) const NODES: u32 = 4;
    /// The stream of a family is this and its number: switching one off changes no other.
    pub(super) const FAMILIES: u32 = 16;
}

/// What the drawing must know of the protocol.
pub struct Limits<'a> {
    /// The faults that it bears. Families outside stay off.
    pub model: FaultModel,
    /// Whether a set of nodes can make progress.
    pub is_core: &'a dyn Fn(&[NodeId]) -> bool,
}

/// How many nodes a case has under its seed.
pub fn node_count(case: &Case) -> u32 {
    let least = case.swarm.as_ref().and_then(|swarm| swarm.nodes_at_least).unwrap_or(case.nodes);
    let span = case.nodes.saturating_sub(least);
    let draw = stream(&Randomness::new(case.seed), purpose::NODES).below(u64::from(span) + 1);
    case.nodes - draw as u32
}

/// The case with its swarm drawn: plan items, clocks, crash outcomes, workload, and what comes after the faults.
/// `case` has as many nodes as [`node_count`] says.
///
/// # Errors
/// Where the case asks more of the protocol than it claims.
pub fn draw(case: &Case, limits: &Limits<'_>) -> Result<Case, CaseError> {
    let mut drawn = case.clone();
    let randomness = Randomness::new(case.seed);
    if let Some(swarm) = &case.swarm {
        let switches = stream(&randomness, purpose::SWITCHES).bits();
        let (model, case) = (&limits.model, &mut drawn);
        let first = case.plan.items.len();
        Faults { swarm, case, model, randomness: &randomness, switches }.draw_all();
        let items = first..drawn.plan.items.len();
        drawn.plan.crash_limit = Some(CrashLimit { items, nodes: model.down_at_most });
    }
    match (case.liveness, &case.swarm) {
        (Some(liveness), _) => core::heal(&mut drawn, liveness, limits, &randomness)?,
        (None, Some(swarm)) => {
            let restarts = limits.model.families.contains(&Family::Restart);
            quieten(&mut drawn.plan, swarm.until, case.nodes, restarts);
        }
        (None, None) => {}
    }
    Ok(drawn)
}

fn stream(randomness: &Randomness, purpose: u32) -> Draw<'static> {
    randomness.at(StreamId::new(Domain::Config, purpose, 0), 0)
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
    randomness: &'a Randomness,
    /// One bit per family.
    switches: u64,
}

impl Faults<'_> {
    fn draw_all(&mut self) {
        for family in Swarm::COUNTED {
            if self.is_on(family) {
                self.counted(family);
            }
        }
        for family in Swarm::SHARED {
            if self.is_on(family) {
                self.shared(family);
            }
        }
        if self.is_on(Family::Delay) && self.swarm.delay != Duration::ZERO {
            self.delays();
        }
        if self.is_on(Family::Clock) {
            self.clocks();
        }
        if self.swarm.workload {
            self.workload();
        }
    }

    /// Each family is off in half of the runs; its switch is drawn whether or not it may strike.
    fn is_on(&self, family: Family) -> bool {
        self.switches >> (family as u32) & 1 == 1 && self.model.families.contains(&family)
    }

    fn stream(&self, family: Family) -> Draw<'static> {
        stream(self.randomness, purpose::FAMILIES + family as u32)
    }

    /// A moment of the faulty phase and a later one, neither beyond its end.
    fn interval(&self, draw: &mut Draw<'_>) -> (SimTime, SimTime) {
        let phase = self.swarm.until.since(self.swarm.from);
        let start = draw.between(DurationRange::new(Duration::ZERO, phase));
        // Short outages are as likely as long ones: the length is drawn twice.
        let longest = draw.between(DurationRange::new(Duration::from_nanos(1), self.swarm.outage));
        let length = draw.between(DurationRange::new(Duration::ZERO, longest));
        let start = self.swarm.from.saturating_add(start);
        (start, start.saturating_add(length).min(self.swarm.until))
    }

    fn node(&self, draw: &mut Draw<'_>) -> NodeId {
        NodeId::from_index(draw.below(u64::from(self.case.nodes)) as usize)
    }

    /// Half of the targets are the leader of the moment, if there is one: random faults seldom meet it.
    fn target(&self, draw: &mut Draw<'_>) -> Target {
        let is_leader = draw.below(2) == 0;
        let node = self.node(draw);
        if is_leader { Target::Role(String::from("leader")) } else { Target::Node(node) }
    }

    fn clocks(&mut self) {
        let draw = &mut self.stream(Family::Clock);
        let most = self.swarm.drift_ppb.min(self.model.drift_ppb);
        let clocks = (0..self.case.nodes).map(|_| {
            let drift = draw.below(2 * most + 1).cast_signed() - most.cast_signed();
            let offset = draw.below(1_000_000_000).cast_signed();
            Clock::new(offset, drift)
        });
        self.case.clocks = clocks.collect();
    }

    /// Some kinds of operations are asked often and some not at all; clients wait between half and twice as long.
    fn workload(&mut self) {
        let draw = &mut stream(self.randomness, purpose::WORKLOAD);
        let clients = &mut self.case.clients;
        let halves = 1 + draw.below(4);
        clients.timeout = Duration::from_nanos(clients.timeout.as_nanos() / 2 * halves);
        let Some(workload) = &mut clients.workload else { return };
        let weights: Vec<u32> =
            workload.mix.values().map(|most| draw.below(2 * u64::from(*most) + 1) as u32).collect();
        let is_any = weights.iter().any(|weight| 0 < *weight);
        // Where chance leaves no kind at all, the scenario's own mix is asked.
        for (own, drawn) in workload.mix.values_mut().zip(weights).filter(|_| is_any) {
            *own = drawn;
        }
    }

    /// Adds an item of the plan. Where nobody has the role, the fault is passed over rather than struck later.
    fn push(&mut self, name: Option<String>, trigger: Trigger, action: Action<serde_json::Value>) {
        let within = Some(Duration::ZERO);
        self.case.plan.items.push(Item { name, trigger, within, action });
    }
}

/// The end of the faults: everything goes on from here without any. Where no node may crash, none is restarted: that would be a family of faults that never
/// does anything.
fn quieten(plan: &mut Plan<serde_json::Value>, at: SimTime, nodes: u32, restarts: bool) {
    let mut push = |name: Option<&str>, action| {
        let (name, trigger) = (name.map(String::from), Trigger::At(at));
        plan.items.push(Item { name, trigger, within: None, action });
    };
    push(None, Action::Calm);
    for node in NodeId::all(nodes) {
        push(None, Action::Resume(Target::Node(node)));
        if restarts {
            push(None, Action::Restart(Target::Node(node)));
        }
    }
    push(Some(Swarm::QUIET), Action::Heal(None));
}
