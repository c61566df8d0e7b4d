//! A case: one scenario with everything decided, for one seed. It knows protocols by name only, so that it can
//! be printed, shrunk and changed without knowing any.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Item, Plan};
use orrery_sim::registration::Workload;
use orrery_sim::{
    Clock, Disk, Duration, Law, Links, NodeId, Predicate, Probability, SimTime, TiePolicy,
    WallClock,
};

use crate::report::Verdict;

/// One run to be made.
#[derive(Clone, Debug)]
pub struct Case {
    /// The scenario's name, such as `raft/figure-8`.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The protocol's name.
    pub protocol: String,
    /// The seed of all draws.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u32,
    /// The protocol's parameters.
    pub parameters: Json,
    /// The planted bugs, by id.
    pub bugs: Vec<String>,
    /// The order of simultaneous events.
    pub tie: TiePolicy,
    /// The network.
    pub links: Links,
    /// The clocks, one per node.
    pub clocks: Vec<Clock>,
    /// The wall clocks, one per node; true ones where there are fewer.
    pub wall_clocks: Vec<WallClock>,
    /// The disks.
    pub disk: Disk,
    /// The clients.
    pub clients: Clients,
    /// What happens to the world, as written.
    pub plan: Plan<Json>,
    /// What else happens to it, to be drawn from the seed before the run.
    pub swarm: Option<Swarm>,
    /// What people did in it, behind everything else in the plan.
    pub interventions: Vec<Item<Json>>,
    /// Whether the interventions are all that happens: nothing of the plan, and nothing that the swarm adds to it.
    pub only_interventions: bool,
    /// Whether a core alone must make progress once the faults are over.
    pub liveness: Option<Liveness>,
    /// The end of the run.
    pub stop_at: SimTime,
    /// More events than this make the verdict unknown.
    pub event_budget: u64,
    /// What is judged.
    pub checks: Checks,
    /// The verdict that the scenario expects.
    pub expect: Verdict,
    /// What is told to people when it happens.
    pub narration: Vec<Narration>,
    /// What repeats this run: scenario, seed, overrides, fingerprint.
    pub token: String,
}

/// The clients of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Clients {
    /// How many.
    pub count: u32,
    /// What they ask of their own accord.
    pub workload: Option<Workload>,
    /// How long they pause before each operation.
    pub think: Law,
    /// How long they wait for an answer before they ask the next node.
    pub timeout: Duration,
    /// How long after its invocation they give an operation up.
    pub patience: Duration,
    /// How long they wait before they go where they were sent.
    pub retry: Duration,
    /// The nodes that they ask; the protocol's own choice where absent.
    pub entries: Option<Vec<NodeId>>,
    /// From then on they ask nothing new.
    pub until: SimTime,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            count: 0,
            workload: None,
            think: Law::Constant(Duration::from_millis(10)),
            timeout: Duration::from_millis(500),
            patience: Duration::from_secs(2),
            retry: Duration::from_millis(10),
            entries: None,
            until: SimTime::MAX,
        }
    }
}

/// What is judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checks {
    /// The invariants that are watched, by name; all of the protocol's where absent.
    pub always: Option<Vec<String>>,
    /// The model of which the clients' history must be linearizable, such as `kv`.
    pub linearizable: Option<String>,
    /// What must happen in every run.
    pub goals: Vec<Goal>,
    /// Probes that some run of a sweep must reach.
    pub sometimes: Vec<String>,
    /// The statistics that are shown; all where empty.
    pub statistics: Vec<String>,
}

/// Something that must happen in every run within its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What people call it.
    pub name: String,
    /// What must happen.
    pub when: Predicate,
    /// The plan item from which the bound counts, and before which nothing counts; the start of
    /// the run where absent.
    pub after: Option<String>,
    /// The bound; the end of the run where absent.
    pub within: Option<Duration>,
}

/// A sentence told when something happens. Words in braces stand for fields of what happened: `{node}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Narration {
    /// When it is told.
    pub when: Predicate,
    /// What is told.
    pub say: String,
}

/// Faults to be drawn from the seed. Each family is off in half of the runs, so that faults which hide
/// others do not hide them always; magnitude, time and scope are drawn up to the bounds below.
#[derive(Clone, Debug, PartialEq)]
pub struct Swarm {
    /// When faults begin.
    pub from: SimTime,
    /// When they end: everything is healed, restarted, resumed and released, and the item named
    /// [`Swarm::QUIET`] happens.
    pub until: SimTime,
    /// How long a single fault lasts at most.
    pub outage: Duration,
    /// For each family of [`Swarm::COUNTED`], at most so many faults.
    pub counts: BTreeMap<Family, u32>,
    /// For each family of [`Swarm::SHARED`], at most this share of what it may hit.
    pub shares: BTreeMap<Family, Probability>,
    /// A slow node takes at most so long for one event, on average.
    pub service: Duration,
    /// Delayed messages travel at most so much longer, on average; none are delayed where this is zero.
    pub delay: Duration,
    /// Wall clocks jump at most so far, either way.
    pub jump: Duration,
    /// Clocks run at most this much faster or slower, in parts per billion.
    pub drift_ppb: u64,
    /// Whether the clients' mix of operations and their timeouts are drawn, too: some kinds are not asked at all in some
    /// runs.
    pub workload: bool,
    /// There are at least so many nodes and at most as many as the case has; always as many where absent.
    pub nodes_at_least: Option<u32>,
}

impl Swarm {
    /// The name of the item that ends the faults; goals count from it.
    pub const QUIET: &'static str = "quiet";

    /// Families whose faults are counted: each begins at a moment and, but for jumps and damage, ends at another.
    pub const COUNTED: [Family; 14] = [
        Family::Crash,
        Family::Pause,
        Family::Partition,
        Family::Amnesia,
        Family::Slow,
        Family::Byzantine,
        Family::Clog,
        Family::ClockJump,
        Family::LyingSync,
        Family::Rot,
        Family::Misdirection,
        Family::DiskStall,
        Family::DiskFull,
        Family::DiskError,
    ];

    /// Families that hit a share of messages, or of crashes.
    pub const SHARED: [Family; 6] = [
        Family::Loss,
        Family::Duplication,
        Family::Burst,
        Family::Corruption,
        Family::TornWrite,
        Family::ReorderedWrites,
    ];

    /// A swarm without faults between two moments.
    pub fn new(from: SimTime, until: SimTime) -> Self {
        Self {
            from,
            until,
            outage: Duration::from_secs(1),
            counts: BTreeMap::new(),
            shares: BTreeMap::new(),
            service: Duration::from_millis(5),
            delay: Duration::ZERO,
            jump: Duration::from_secs(10),
            drift_ppb: 0,
            workload: false,
            nodes_at_least: None,
        }
    }
}

/// After the faults, progress: a core of nodes that should be able to work by itself is drawn at random and healed, all
/// others stay down or cut off for good, and the goals that count from [`Swarm::QUIET`] must still be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// When.
    pub at: SimTime,
    /// Whether nodes outside of the core may still reach some of it one way, or be reached: for protocols that
    /// claim to bear it.
    pub is_harsh: bool,
}
