//! How scenario files, command line and debugger know sagas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use crate::bank::{self, Operation};

use super::invariants::{AllOrCompensated, BalancesAreSteps};
use super::{COMPONENT, Note, Saga, Settings, Site, bugs};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A bank did not answer in time.
    "step-unanswered",
    // A step was asked for twice.
    "step-twice",
    // A compensation was asked for twice.
    "compensation-twice",
    // A compensation came before its step.
    "compensation-first",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many accounts there are; two for each bank, where absent. They go round.
    pub accounts: Option<u32>,
    /// What is on each at the start.
    pub balance: i64,
    /// How long the component waits for a step before the saga turns back. Any is safe.
    pub patience: Duration,
    /// How long it waits for a compensation before it asks again. Any is safe.
    pub resend: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            accounts: None,
            balance: 100,
            patience: Duration::from_millis(300),
            resend: Duration::from_millis(200),
        }
    }
}

impl Parameters {
    fn settings(&self, nodes: u32) -> Result<Settings, String> {
        let banks: Vec<NodeId> = (2..=nodes).map(NodeId).collect();
        if banks.is_empty() {
            return Err(String::from("1 node leaves none for banks: take 2 or more"));
        }
        for (name, time) in [("patience", self.patience), ("resend", self.resend)] {
            if time == Duration::ZERO {
                return Err(format!("`{name}` is 0s: it needs a positive time, such as `200ms`"));
            }
        }
        let accounts = self.accounts.unwrap_or(2 * banks.len() as u32);
        let Self { balance, patience, resend, .. } = *self;
        Ok(Settings { banks, accounts, balance, patience, resend })
    }
}

const fn count(name: &'static str, about: &'static str) -> Statistic {
    Statistic { name, scale: 1, unit: "", about }
}

impl Registration for Saga {
    type Node = Site;
    type Parameters = Parameters;

    const NAME: &'static str = "saga";
    const SUMMARY: &'static str =
        "transfers as sagas: steps without locks, and compensations (Garcia-Molina & Salem 1987)";
    const BUGS: &'static [Bug] = &[bugs::T18];
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = &[
        count("whole", "sagas whose steps were all executed"),
        count("compensated", "sagas that turned back and were made up for"),
    ];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        Ok(vec![parameters.settings(nodes)?; nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Site>>> {
        // Their names are asked for before the number of nodes is known.
        let settings = parameters.settings(nodes).or_else(|_| parameters.settings(2));
        let Ok(settings) = settings else { return vec![] };
        vec![Box::new(BalancesAreSteps::new(&settings)), Box::new(AllOrCompensated::default())]
    }

    fn statistics(_world: &World<Site>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let ended = |wanted| {
            let is_it = |entry: &&NoteEntry<Self>| matches!(entry.note, Note::Ended { is_whole, .. } if is_whole == wanted);
            i64::try_from(notes.iter().filter(is_it).count()).ok()
        };
        vec![ended(true), ended(false)]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        match workload.mix.get("audit") {
            Some(_) => Err(String::from("sagas have no `audit`: there is transfer")),
            None => bank::generator(workload),
        }
    }

    fn entries(_parameters: &Parameters, _nodes: u32) -> Vec<NodeId> {
        vec![COMPONENT]
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie.
    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// All: accounts are nowhere else, and nobody else executes sagas.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
