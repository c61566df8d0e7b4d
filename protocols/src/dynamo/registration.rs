//! How scenario files, command line and debugger know the store.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use super::server::{Dynamo, Note, Operation, Server, Settings};
use super::{bugs, invariants};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A reader found an owner that was out of date.
    "read-repair",
    // Somebody was asked to stand in for an owner that did not answer.
    "stand-in",
    // A hint was handed over, and one was too old for that.
    "handed-over",
    "hint-expired",
    // Two owners had different keys.
    "roots-differ",
    // Keys changed while they were compared.
    "changed-meanwhile",
    // Tombstones were removed.
    "collected",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// N: how many nodes own a key. At most the number of nodes.
    pub n: u32,
    /// R: how many owners answer a read. If R + W > N, a read sees every write that was acknowledged before.
    pub r: u32,
    /// W: how many owners have a write before it is acknowledged.
    pub w: u32,
    /// Whether who stands in for an owner counts like it: then a write succeeds as long as W nodes are up, and reads may miss it.
    pub sloppy: bool,
    /// How long owners may take to answer, and then who stands in for them.
    pub timeout: Duration,
    /// How often a node tries to hand over what it keeps for others.
    pub handoff: Duration,
    /// How long it keeps that. Well below `grace`.
    pub hint_life: Duration,
    /// How often a node compares its keys with another, each in turn.
    pub anti_entropy: Duration,
    /// Whether a reader repairs the owners that are out of date.
    pub read_repair: bool,
    /// How long tombstones are kept at least. Longer than any message or hint may be under way, or what was deleted comes back.
    pub grace: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            n: 3,
            r: 2,
            w: 2,
            sloppy: false,
            timeout: Duration::from_millis(100),
            handoff: Duration::from_millis(500),
            hint_life: Duration::from_secs(4),
            anti_entropy: Duration::from_secs(1),
            read_repair: true,
            grace: Duration::from_secs(10),
        }
    }
}

impl Parameters {
    pub(super) fn settings(&self, nodes: u32) -> Result<Settings, String> {
        if self.n == 0 || nodes < self.n {
            return Err(format!("`n` is {}: a key has 1 to {nodes} owners", self.n));
        }
        for (name, quorum) in [("r", self.r), ("w", self.w)] {
            if quorum == 0 || self.n < quorum {
                return Err(format!("`{name}` is {quorum}: of {} owners 1 to all", self.n));
            }
        }
        let times = [
            ("timeout", self.timeout),
            ("handoff", self.handoff),
            ("anti_entropy", self.anti_entropy),
        ];
        if let Some((name, _)) = times.iter().find(|(_, time)| *time == Duration::ZERO) {
            return Err(format!("`{name}` is 0s: it needs a positive time, such as `100ms`"));
        }
        if self.grace <= self.hint_life {
            return Err(format!(
                "`grace` is {}: a hint of {}, `hint_life`, would bring back what was deleted",
                self.grace, self.hint_life
            ));
        }
        Ok(Settings {
            n: self.n,
            r: self.r,
            w: self.w,
            sloppy: self.sloppy,
            timeout: self.timeout,
            handoff: self.handoff,
            hint_life: self.hint_life,
            anti_entropy: self.anti_entropy,
            read_repair: self.read_repair,
            grace: self.grace,
        })
    }
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "siblings",
        scale: 1,
        unit: "",
        about: "the most versions that a read found side by side",
    },
    Statistic {
        name: "hints",
        scale: 1,
        unit: "",
        about: "hints that are still to be handed over at the end",
    },
    Statistic { name: "collected", scale: 1, unit: "", about: "removals of tombstones" },
];

/// The kinds of operations that a workload may name.
const KINDS: [&str; 4] = ["get", "put", "add", "delete"];

fn operation(kind: &str, key: String, value: String) -> Operation {
    match kind {
        "get" => Operation::Get { key },
        "put" => Operation::Put { key, value },
        "add" => Operation::Add { key, value },
        "delete" => Operation::Delete { key },
        unknown => unreachable!("`{unknown}` was refused before the run"),
    }
}

impl Registration for Dynamo {
    type Node = Server;
    type Parameters = Parameters;

    const NAME: &'static str = "dynamo";
    const SUMMARY: &'static str =
        "a store with N, R and W, siblings, hints and repair, after Dynamo (DeCandia et al. 2007)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        Ok(vec![parameters.settings(nodes)?; nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
        let settings = parameters.settings(nodes);
        settings.map_or_else(|_| vec![], |settings| invariants::all(&settings, nodes))
    }

    fn statistics(world: &World<Server>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let (mut siblings, mut collected) = (None, 0_i64);
        for entry in notes {
            match &entry.note {
                Note::Read { found, .. } => {
                    siblings = siblings.max(i64::try_from(found.len()).ok());
                }
                Note::Collected { .. } => collected += 1,
                Note::Reads { .. } | Note::Wrote { .. } | Note::Acknowledged { .. } => {}
            }
        }
        let hints = world.up().map(|(_, server)| server.store().hints.len()).sum::<usize>();
        vec![siblings, i64::try_from(hints).ok(), Some(collected)]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        if let Some(kind) = workload.mix.keys().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(format!("the store knows no `{kind}`: there are {}", KINDS.join(", ")));
        }
        let weights = KINDS.map(|kind| workload.mix.get(kind).copied().unwrap_or(0));
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let keys = u64::from(workload.keys);
        if total == 0 || keys == 0 {
            return Err(format!(
                "operations need a key, and a kind of weight above 0: there are {}",
                KINDS.join(", ")
            ));
        }
        Ok(Arc::new(move |client, number, draw| {
            let key = format!("k{}", draw.below(keys) + 1);
            let mut rest = draw.below(total);
            let drawn = KINDS.into_iter().zip(weights).find(|(_, weight)| {
                let is_it = rest < u64::from(*weight);
                rest = rest.saturating_sub(u64::from(*weight));
                is_it
            });
            drawn.map(|(kind, _)| operation(kind, key, format!("{client}.{number}")))
        }))
    }

    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// All owners are to agree in the end.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
