//! How the tools know it.

use serde::Serialize;

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Protocol, Registration, World};

use crate::kv::{self, Operation, Output};

use super::bugs::BUGS;
use super::entry::Entry;
use super::invariants::{Convergence, NewerWins, Updates};
use super::message::{Means, Message, Note, Timer};
use super::parameters::{Distribution, Parameters};
use super::site::Site;

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// The database has this under a key from now on.
    Stored {
        /// Which.
        key: String,
        /// Timestamp and item.
        entry: Entry,
    },
}

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database;

impl Protocol for Database {
    type Config = Parameters;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What a mean of plain numbers is multiplied by.
const SCALE: u64 = 1_000_000_000;

impl Registration for Database {
    type Node = Site;
    type Parameters = Parameters;

    const NAME: &'static str = "epidemic-database";
    const SUMMARY: &'static str =
        "a replicated database by mail, rumors and anti-entropy, with death certificates (Demers)";
    const BUGS: &'static [Bug] = BUGS;
    const PROBES: &'static [&'static str] = &["checksums-differ", "reactivated"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        if nodes < 2 {
            return Err(String::from("there is one node: `nodes` is at least 2"));
        }
        if parameters.anti_entropy == Some(Duration::ZERO) {
            return Err(String::from(
                "`anti_entropy` is 0s: it needs a positive time, or is absent",
            ));
        }
        if parameters.rumor_cycle == Duration::ZERO {
            return Err(String::from(
                "`rumor_cycle` is 0s: it needs a positive time, such as `100ms`",
            ));
        }
        if parameters.k == 0 {
            return Err(String::from("`k` is 0: a rumor is told until 1 or more sites knew it"));
        }
        if parameters.retention == 0 || nodes < parameters.retention {
            return Err(format!(
                "`retention` is {}: of {nodes} sites 1 to {nodes} can keep a certificate",
                parameters.retention
            ));
        }
        let tells = [parameters.distribute, parameters.redistribute];
        if parameters.anti_entropy.is_none() && tells[0] == Distribution::None {
            return Err(String::from(
                "nobody would hear of anything: set `distribute` or `anti_entropy`",
            ));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Site>>> {
        vec![
            Box::new(Updates::default()),
            Box::new(NewerWins::new(nodes)),
            Box::new(Convergence::new(parameters.anti_entropy, nodes)),
        ]
    }

    fn statistics(world: &World<Site>, notes: &[NoteEntry<Database>]) -> Vec<Option<i64>> {
        let sum = |count: fn(&Site) -> u64| world.up().map(|(_, site)| count(site)).sum::<u64>();
        let comparisons = sum(|site| site.comparisons);
        let distance = u128::from(sum(|site| site.distance)) * u128::from(SCALE);
        let repaired = notes
            .iter()
            .filter(|entry| matches!(&entry.note, Note::Adopted { by: Means::AntiEntropy, .. }));
        vec![
            spread(notes),
            Some((repaired.count() as u64).cast_signed()),
            Some(sum(|site| site.entries_sent).cast_signed()),
            Some(sum(|site| site.letters).cast_signed()),
            Some(comparisons.cast_signed()),
            distance.checked_div(u128::from(comparisons)).and_then(|mean| i64::try_from(mean).ok()),
        ]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        if workload.mix.keys().any(|kind| ["cas", "append"].contains(&kind.as_str())) {
            return Err(String::from("sites can only `put`, `get` and `delete`"));
        }
        kv::generator(workload)
    }

    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes - 1,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// All have to be there, so that all can agree.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() as u32 == nodes
    }
}

/// How long the first update took to the last site that took it, in nanoseconds.
fn spread(notes: &[NoteEntry<Database>]) -> Option<i64> {
    let first = notes.iter().find_map(|entry| match &entry.note {
        Note::Updated { entry: made, .. } => Some((entry.time, made.timestamp)),
        Note::Adopted { .. } | Note::Expired { .. } | Note::Reactivated { .. } => None,
    });
    let (began, timestamp) = first?;
    let last = notes.iter().rev().find(
        |entry| matches!(&entry.note, Note::Adopted { entry, .. } if entry.timestamp == timestamp),
    );
    Some(last?.time.since(began).as_nanos().cast_signed())
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "spread",
        scale: 1_000_000,
        unit: "ms",
        about: "from the first update of the run to the last site that took it",
    },
    Statistic {
        name: "repaired",
        scale: 1,
        unit: "",
        about: "how often a site had an update from anti-entropy",
    },
    Statistic {
        name: "entries_sent",
        scale: 1,
        unit: "",
        about: "entries of the database in all messages",
    },
    Statistic { name: "letters", scale: 1, unit: "", about: "direct mail" },
    Statistic { name: "comparisons", scale: 1, unit: "", about: "comparisons of two sites" },
    Statistic {
        name: "distance",
        scale: SCALE,
        unit: "",
        about: "mean distance of partners in comparisons",
    },
];
