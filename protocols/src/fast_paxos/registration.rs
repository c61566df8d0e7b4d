//! How scenario files, command line and debugger know Fast Paxos, and what its runs are measured by.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, DurationRange, Monitor, NodeId, Registration, World};

use super::process::{FastPaxos, Note, Operation, Process, Settings};
use super::round::Sizes;
use super::{bugs, invariants};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // No value could get a fast quorum any more.
    "collision",
    // A request of a round came when its acceptor took part in a higher one.
    "late-phase-2a",
    // Of several values, one might have been chosen: O4 held for it.
    "o4",
    // The network delivered a report twice.
    "second-report",
    // The network delivered a vote twice.
    "second-vote-message",
    // A coordinator saw votes for several values in one round.
    "several-values",
    // An acceptor was asked for a second vote in a round.
    "voted-before",
];

const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "first_learned",
        scale: 1_000_000,
        unit: "ms",
        about: "from the start of the run until the first learner knows what was chosen",
    },
    Statistic {
        name: "fast",
        scale: 1,
        unit: "",
        about: "1 if that was chosen in a fast round, 0 if in a classic one",
    },
    Statistic { name: "collisions", scale: 1, unit: "", about: "fast rounds that collided" },
    Statistic { name: "rounds", scale: 1, unit: "", about: "rounds that were begun" },
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// *F*: how many acceptors may fail without stopping progress: a classic quorum is all but so many.
    /// The most that is safe where absent, which makes majorities.
    pub f: Option<u32>,
    /// *E*: how many may fail without stopping fast rounds: a fast quorum is all but so many. The most that
    /// is safe with *F* where absent. Safe are *n* > 2*F* and *n* > 2*E* + *F*.
    pub e: Option<u32>,
    /// Who begins a fast round at the start.
    pub coordinator: NodeId,
    /// How long a proposer waits until it begins a classic round. Any is safe.
    pub timeout: DurationRange,
    /// Whether the coordinator of a round that collided goes on at once, by the votes that it has seen. Without, the
    /// proposers' timeouts make up for it.
    pub recovery: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            f: None,
            e: None,
            coordinator: NodeId(1),
            timeout: DurationRange::new(Duration::from_millis(100), Duration::from_millis(200)),
            recovery: true,
        }
    }
}

impl Parameters {
    fn sizes(&self, nodes: u32) -> Sizes {
        let acceptors = nodes as usize;
        let f = self.f.map_or(Sizes::best(acceptors).f, |f| f as usize);
        let best = acceptors.saturating_sub(f).saturating_sub(1) / 2;
        Sizes { acceptors, f, e: self.e.map_or(best.min(f), |e| e as usize) }
    }
}

impl Registration for FastPaxos {
    type Node = Process;
    type Parameters = Parameters;

    const NAME: &'static str = "fast-paxos";
    const SUMMARY: &'static str = "Fast Paxos: one value is chosen two delays after a client asks, unless two collide (Lamport 2006)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        let sizes = parameters.sizes(nodes);
        let Sizes { acceptors: n, f, e } = sizes;
        if !sizes.is_safe() {
            return Err(format!(
                "of {n} acceptors F = {f} and E = {e} may not be missing: it takes n > 2F and n > 2E + F"
            ));
        }
        if parameters.coordinator.0 == 0 || nodes < parameters.coordinator.0 {
            let id = parameters.coordinator;
            return Err(format!("`coordinator` is {id}: there are n1 to n{nodes}"));
        }
        if parameters.timeout.min == Duration::ZERO {
            return Err(String::from(
                "`timeout` begins at 0s: it needs a positive time, as in `100ms..200ms`",
            ));
        }
        let Parameters { coordinator, timeout, recovery, .. } = *parameters;
        Ok(vec![Settings { sizes, coordinator, timeout, recovery }; n])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Process>>> {
        invariants::all(nodes, parameters.sizes(nodes))
    }

    fn statistics(_world: &World<Process>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let (mut learned, mut fast, mut collisions, mut rounds) = (None, None, 0, 0);
        for entry in notes {
            match &entry.note {
                Note::Began { .. } => rounds += 1,
                Note::Collided { .. } => collisions += 1,
                Note::Learned { vote } => {
                    learned.get_or_insert(entry.time.as_nanos());
                    fast.get_or_insert(u64::from(vote.round.is_fast()));
                }
                Note::Joined { .. } | Note::Picked { .. } | Note::Voted { .. } => {}
            }
        }
        let values = [learned, fast, Some(collisions), Some(rounds)];
        values.into_iter().map(|value| value.and_then(|value| i64::try_from(value).ok())).collect()
    }

    /// Each operation proposes a value of its own.
    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        match workload.mix.keys().find(|kind| *kind != "propose") {
            Some(kind) => Err(format!("fast-paxos knows no `{kind}`: there is propose")),
            None => Ok(Arc::new(|client, number, _| {
                Some(Operation::Propose { value: format!("{client}.{number}") })
            })),
        }
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: orrery_sim::ledger::Family::CRASH_RECOVERY.to_vec(),
            down_at_most: parameters.sizes(nodes).f as u32,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        parameters.sizes(nodes).classic() <= set.len()
    }
}
