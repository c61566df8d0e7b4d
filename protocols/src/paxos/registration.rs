//! How scenario files, command line and debugger know Paxos.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, DurationRange, Monitor, NodeId, Registration, World};

use crate::quorum::majority;

use super::process::{Learning, Operation, Paxos, Process, Settings};
use super::{bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // An acceptor refused a proposal because it had promised a higher number.
    "accept-refused",
    // The network delivered an acceptance twice.
    "second-accepted",
    // The network delivered a promise twice.
    "second-promise",
    // An acceptor reported a value, which binds the proposer.
    "value-reported",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Who proposes, and whom clients ask. All where absent.
    pub proposers: Option<Vec<NodeId>>,
    /// Who accepts. All where absent.
    pub acceptors: Option<Vec<NodeId>>,
    /// Who learns. All where absent. Proposers learn for their clients' sake in any case.
    pub learners: Option<Vec<NodeId>>,
    /// The proposer that alone proposes and does phase 1 before anybody asks, if there is one. The
    /// others send clients to it, so that progress hangs on it.
    pub distinguished: Option<NodeId>,
    /// Whom acceptors tell what they accept: `proposer` or `everybody`.
    pub learning: Learning,
    /// How long a proposer waits for answers before it tries a higher number. Any is safe; below
    /// four message delays it stops itself.
    pub timeout: DurationRange,
    /// How long a proposer that gave way waits before it tries again. Any is safe; without chance,
    /// two proposers may stop each other for ever.
    pub backoff: DurationRange,
    /// Whether acceptors tell proposers that they ignore them. Without, a proposer finds out by its
    /// timeout.
    pub nacks: bool,
    /// Whether a process that knows what was chosen answers clients from memory. Without, every
    /// question is a ballot of its own: for scenarios that want contention.
    pub remembers: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        let millis =
            |min, max| DurationRange::new(Duration::from_millis(min), Duration::from_millis(max));
        Self {
            proposers: None,
            acceptors: None,
            learners: None,
            distinguished: None,
            learning: Learning::Proposer,
            timeout: millis(100, 200),
            backoff: millis(0, 100),
            nacks: true,
            remembers: true,
        }
    }
}

/// The nodes of a list, or all.
fn listed(list: Option<&Vec<NodeId>>, nodes: u32) -> Vec<NodeId> {
    list.map_or_else(
        || NodeId::all(nodes).collect(),
        |list| list.iter().copied().filter(|id| id.0 <= nodes).collect(),
    )
}

impl Parameters {
    fn check(&self, nodes: u32) -> Result<(), String> {
        let lists = [
            ("proposers", &self.proposers),
            ("acceptors", &self.acceptors),
            ("learners", &self.learners),
        ];
        for (name, list) in lists {
            let Some(list) = list else { continue };
            if let Some(id) = list.iter().find(|id| id.0 == 0 || nodes < id.0) {
                return Err(format!("`{name}` names {id}: there are n1 to n{nodes}"));
            }
            if (1..list.len()).any(|place| list[..place].contains(&list[place])) {
                return Err(format!("`{name}` names a node twice"));
            }
            if list.is_empty() && name != "learners" {
                return Err(format!("`{name}` is empty: it needs at least one node"));
            }
        }
        if let Some(only) = self.distinguished
            && !listed(self.proposers.as_ref(), nodes).contains(&only)
        {
            return Err(format!("`distinguished` is {only}, which is no proposer"));
        }
        if self.timeout.min == Duration::ZERO {
            return Err(String::from(
                "`timeout` begins at 0s: it needs a positive time, as in `100ms..200ms`",
            ));
        }
        Ok(())
    }
}

impl Registration for Paxos {
    type Node = Process;
    type Parameters = Parameters;

    const NAME: &'static str = "paxos";
    const SUMMARY: &'static str =
        "Paxos: one value is chosen by a majority, in two phases (Lamport 1998, 2001)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        parameters.check(nodes)?;
        let proposers = listed(parameters.proposers.as_ref(), nodes);
        let settings = |id: NodeId| Settings {
            acceptors: listed(parameters.acceptors.as_ref(), nodes),
            learners: listed(parameters.learners.as_ref(), nodes),
            is_proposer: proposers.contains(&id),
            distinguished: parameters.distinguished,
            learning: parameters.learning,
            timeout: parameters.timeout,
            backoff: parameters.backoff,
            nacks: parameters.nacks,
            remembers: parameters.remembers,
        };
        Ok(NodeId::all(nodes).map(settings).collect())
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Process>>> {
        invariants::all(nodes, listed(parameters.acceptors.as_ref(), nodes).len())
    }

    fn statistics(_world: &World<Process>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of_run(notes)
    }

    /// Each operation proposes a value of its own.
    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        match workload.mix.keys().find(|kind| *kind != "propose") {
            Some(kind) => Err(format!("paxos knows no `{kind}`: there is propose")),
            None => Ok(Arc::new(|client, number, _| {
                Some(Operation::Propose { value: format!("{client}.{number}") })
            })),
        }
    }

    /// The proposers.
    fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
        listed(parameters.proposers.as_ref(), nodes)
    }

    /// Any faults but those of a disk that loses part of what it had promised to keep, and nodes
    /// that lie. A disk that is lost as a whole is borne: its process stays out.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        let acceptors = listed(parameters.acceptors.as_ref(), nodes).len() as u32;
        let mut families = Family::CRASH_RECOVERY.to_vec();
        families.push(Family::Amnesia);
        FaultModel {
            families,
            down_at_most: acceptors.saturating_sub(majority(acceptors)),
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// A majority of the acceptors, and a proposer that may propose.
    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        let acceptors = listed(parameters.acceptors.as_ref(), nodes);
        let able = set.iter().filter(|id| acceptors.contains(id)).count();
        let proposers = match parameters.distinguished {
            Some(only) => vec![only],
            None => listed(parameters.proposers.as_ref(), nodes),
        };
        majority(acceptors.len() as u32) as usize <= able
            && set.iter().any(|id| proposers.contains(id))
    }
}
