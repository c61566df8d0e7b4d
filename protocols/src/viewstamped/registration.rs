//! How scenario files, command line and debugger know Viewstamped Replication.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, DurationRange, Monitor, NodeId, Registration, World};

use crate::kv::{self, Operation};
use crate::quorum::majority;

use super::replica::{Note, Replica, Settings, Vr};
use super::{bugs, invariants};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A client asked again for what was executed.
    "answer-from-client-table",
    // A backup had missed a Prepare.
    "gap",
    // A view had begun without a replica.
    "missed-a-view",
    // Enough answered a replica that recovers, and no primary among them.
    "no-primary-to-recover-from",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How long a replica hears nothing of its view until it asks for another, drawn each time.
    pub view_timeout: DurationRange,
    /// How often a primary is heard. Well below the view timeout, or views change for nothing.
    pub heartbeat: Duration,
    /// How long a replica that recovers waits until it asks again.
    pub recovery_retry: Duration,
    /// Whether quorums must be consistent with all crashes that they know of (Michael et al. 2017). Without, the protocol is that of
    /// 2012, and may forget.
    pub crash_vectors: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            view_timeout: DurationRange::new(ms(150), ms(300)),
            heartbeat: ms(50),
            recovery_retry: ms(100),
            crash_vectors: true,
        }
    }
}

impl Parameters {
    fn check(&self) -> Result<(), String> {
        let times = [
            ("view_timeout", self.view_timeout.min),
            ("heartbeat", self.heartbeat),
            ("recovery_retry", self.recovery_retry),
        ];
        match times.iter().find(|(_, time)| *time == Duration::ZERO) {
            Some((name, _)) => {
                Err(format!("`{name}` is 0s: it needs a positive time, such as `50ms`"))
            }
            None => Ok(()),
        }
    }
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "view_changes",
        scale: 1,
        unit: "",
        about: "views that began behind the first",
    },
    Statistic {
        name: "recoveries",
        scale: 1,
        unit: "",
        about: "replicas that got their memory back",
    },
    Statistic {
        name: "recovery_time",
        scale: 1_000_000,
        unit: "ms",
        about: "the longest time from a replica's question until it had its memory back",
    },
    Statistic { name: "committed", scale: 1, unit: "", about: "the highest committed op-number" },
];

impl Registration for Vr {
    type Node = Replica;
    type Parameters = Parameters;

    const NAME: &'static str = "vr";
    const SUMMARY: &'static str =
        "Viewstamped Replication Revisited: a primary, views, and no disk (Liskov & Cowling 2012)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        parameters.check()?;
        let settings = Settings {
            view_timeout: parameters.view_timeout,
            heartbeat: parameters.heartbeat,
            recovery_retry: parameters.recovery_retry,
            crash_vectors: parameters.crash_vectors,
        };
        Ok(vec![settings; nodes as usize])
    }

    fn monitors(_parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Replica>>> {
        invariants::all(nodes)
    }

    fn statistics(world: &World<Replica>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let (mut views, mut recoveries, mut committed) = (0_u64, 0_u64, 0);
        let mut asked = vec![None; world.node_count() as usize];
        let mut longest = None;
        for entry in notes {
            let asked = &mut asked[entry.node.index()];
            match &entry.note {
                Note::Leads { view, .. } => views += u64::from(0 < view.0),
                Note::Committed { op, .. } => committed = op.0.max(committed),
                Note::Recovers { .. } => *asked = Some(entry.time),
                Note::Recovered { .. } => {
                    recoveries += 1;
                    longest = longest.max(asked.map(|asked| entry.time.since(asked).as_nanos()));
                }
                Note::ViewChange { .. } | Note::Follows { .. } | Note::Executed { .. } => {}
            }
        }
        let values = [Some(views), Some(recoveries), longest, Some(committed)];
        values.into_iter().map(|value| value.and_then(|value| i64::try_from(value).ok())).collect()
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        kv::generator(workload)
    }

    /// Any faults of nodes and links, one crash at a time: who comes back is as good as down until the others have told it
    /// everything, and f of 2f + 1 may be. There is no disk that could fail.
    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        let is_of_disks = |family: &Family| {
            matches!(
                family,
                Family::TornWrite
                    | Family::ReorderedWrites
                    | Family::DiskStall
                    | Family::DiskFull
                    | Family::DiskError
            )
        };
        let families = Family::CRASH_RECOVERY.into_iter().filter(|family| !is_of_disks(family));
        FaultModel {
            families: families.collect(),
            down_at_most: (nodes.saturating_sub(1) / 2).min(1),
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// A quorum, and one more: of those, one may have to recover.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        (majority(nodes) as usize + 1).min(nodes as usize) <= set.len()
    }
}
