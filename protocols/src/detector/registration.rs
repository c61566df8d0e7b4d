//! How scenario files, command line and debugger know the failure detectors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use super::process::{Detector, Kind, Law, Process, Settings};
use super::{bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A heartbeat came that was not the newest one.
    "old-heartbeat",
    // An interval was too long to be jitter.
    "outage",
    // A process found that it had stood still.
    "own-pause",
];

/// The highest threshold: the table of the normal law ends a little above.
const MOST: u32 = 20;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// What makes a silence too long: a fixed time (`heartbeat`), or what earlier heartbeats make unlikely (`phi`).
    pub kind: Kind,
    /// Time between two heartbeats of a process.
    pub interval: Duration,
    /// Whether all send together, from the first interval on. Otherwise each begins at a random moment of an interval.
    pub aligned: bool,
    /// `heartbeat`: a process that is silent for longer is suspected. More than `interval`.
    pub timeout: Duration,
    /// `heartbeat`: after each mistake about a process the timeout for it is longer by this (Chandra & Toueg, figure 10). 0 keeps it fixed.
    pub growth: Duration,
    /// `phi`: Φ, the level at which a process is suspected, from 1 to 20: if intervals are as assumed, one suspicion in 10^Φ is wrong.
    pub threshold: u32,
    /// `phi`: of what law intervals are taken to be: `normal` (the paper) or `exponential` (Cassandra).
    pub law: Law,
    /// `phi`: WS, how many intervals are remembered; at least 2.
    pub window: u32,
    /// `phi`: the deviation of the normal law is taken to be no less than this.
    pub least_deviation: Duration,
    /// `phi`: an interval longer than this was an outage and stays out of the window.
    pub outage: Duration,
    /// A process whose own heartbeat is so late stood still itself: it suspects nobody for it, and takes nothing from the intervals of that time.
    pub own_pause: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            kind: Kind::Phi,
            interval: Duration::from_millis(100),
            aligned: false,
            timeout: Duration::from_millis(500),
            growth: Duration::ZERO,
            threshold: 8,
            law: Law::Normal,
            window: 100,
            least_deviation: Duration::from_millis(10),
            outage: Duration::from_secs(1),
            own_pause: Duration::from_millis(100),
        }
    }
}

impl Parameters {
    fn check(&self) -> Result<(), String> {
        if self.interval == Duration::ZERO || self.own_pause == Duration::ZERO {
            return Err(String::from(
                "`interval` and `own_pause` have to be positive, such as `100ms`",
            ));
        }
        if self.timeout <= self.interval {
            return Err(format!(
                "`timeout` is {}: it has to be longer than `interval`, {}, or everybody is always suspected",
                self.timeout, self.interval
            ));
        }
        if !(1..=MOST).contains(&self.threshold) {
            return Err(format!("`threshold` is {}: take 1 to {MOST}", self.threshold));
        }
        if self.window < 2 {
            return Err(format!("`window` is {}: a deviation needs at least 2", self.window));
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        Settings {
            kind: self.kind,
            interval: self.interval,
            aligned: self.aligned,
            timeout: self.timeout,
            growth: self.growth,
            threshold: self.threshold,
            law: self.law,
            window: self.window,
            least_deviation: self.least_deviation,
            outage: self.outage,
            own_pause: self.own_pause,
        }
    }
}

impl Registration for Detector {
    type Node = Process;
    type Parameters = Parameters;

    const NAME: &'static str = "detector";
    const SUMMARY: &'static str = "failure detectors by heartbeats: fixed timeouts (Chandra & Toueg 1996) and φ accrual (Hayashibara et al. 2004)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        parameters.check()?;
        Ok(vec![parameters.settings(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Process>>> {
        invariants::all(&parameters.settings(), nodes)
    }

    fn statistics(world: &World<Process>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of(world, notes)
    }

    /// Whatever happens, as long as the disk keeps what it says it keeps: the detectors promise little, and all of the time.
    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// Who is demanded to be trusted by all has to be up and reachable.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
