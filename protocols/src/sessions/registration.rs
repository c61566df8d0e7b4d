//! How scenario files, command line and debugger know the store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{Bug, Duration, Law, Monitor, NodeId, Registration, World};

use super::process::{Note, Process, Sessions, Settings};
use super::{bugs, invariants};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A read had to wait until its follower had come as far as the token.
    "waits-for-token",
    // A hybrid time was that of another clock.
    "ahead-of-physical",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many followers there are: n2 and the next ones. The nodes behind them are clients.
    pub followers: u32,
    /// Pause of a client between two operations, as a mean; exponential.
    pub think: Duration,
    /// How often the primary sends its followers what they lack: so far they lag.
    pub replicate: Duration,
    /// How long a client waits for an answer before it asks again.
    pub retry: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            followers: 2,
            think: Duration::from_millis(20),
            replicate: Duration::from_millis(50),
            retry: Duration::from_millis(300),
        }
    }
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "waits",
        scale: 1,
        unit: "",
        about: "reads that had to wait for their follower",
    },
    Statistic {
        name: "read_time",
        scale: 1_000_000,
        unit: "ms",
        about: "from when a client begins a read to its answer, as a mean",
    },
    Statistic {
        name: "hybrid_lead",
        scale: 1_000_000,
        unit: "ms",
        about: "l - pt: the most by which a hybrid clock was ahead of its node's wall clock",
    },
    Statistic {
        name: "hybrid_count",
        scale: 1,
        unit: "",
        about: "c: the greatest count that a hybrid clock came to",
    },
];

impl Registration for Sessions {
    type Node = Process;
    type Parameters = Parameters;

    const NAME: &'static str = "sessions";
    const SUMMARY: &'static str = "Lamport, vector and hybrid clocks on every message, and tokens by which clients read their own writes at followers that lag";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        if parameters.followers == 0 || nodes < parameters.followers.saturating_add(2) {
            return Err(format!(
                "`followers` is {}: of {nodes} nodes one is the primary, one at least a follower and one at least a client",
                parameters.followers
            ));
        }
        if parameters.replicate == Duration::ZERO || parameters.retry == Duration::ZERO {
            return Err(String::from(
                "`replicate` and `retry` have to be positive, such as `50ms` and `300ms`",
            ));
        }
        let settings = Settings {
            followers: parameters.followers,
            think: Law::Exponential(parameters.think),
            replicate: parameters.replicate,
            retry: parameters.retry,
        };
        Ok(vec![settings; nodes as usize])
    }

    fn monitors(_parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Process>>> {
        invariants::all()
    }

    fn statistics(_world: &World<Process>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let (mut waits, mut count, mut lead) = (0_i64, None, None);
        let (mut asked, mut reads, mut waited) = (std::collections::BTreeMap::new(), 0_u64, 0_u64);
        for entry in notes {
            match &entry.note {
                Note::Happened { stamps, physical, .. } => {
                    count = count.max(Some(i64::from(stamps.hybrid.count)));
                    lead = lead.max(Some(stamps.hybrid.time.saturating_sub(*physical)));
                }
                Note::Waits { .. } => waits += 1,
                Note::Asks { .. } => {
                    asked.insert(entry.node, entry.time);
                }
                Note::Read { .. } => {
                    let Some(since) = asked.remove(&entry.node) else { continue };
                    reads += 1;
                    waited += entry.time.since(since).as_nanos();
                }
                Note::Wrote { .. } => {}
            }
        }
        let mean = waited.checked_div(reads).and_then(|mean| i64::try_from(mean).ok());
        vec![Some(waits), mean, lead, count]
    }

    /// Whatever happens to messages and clocks; nobody crashes.
    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel {
            families: vec![
                Family::Pause,
                Family::Slow,
                Family::Partition,
                Family::Hold,
                Family::Intervention,
                Family::Loss,
                Family::Burst,
                Family::Corruption,
                Family::Duplication,
                Family::Delay,
                Family::Clog,
                Family::Bandwidth,
                Family::Clock,
                Family::ClockJump,
            ],
            down_at_most: 0,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
