//! How the tools know it.

use std::sync::Arc;

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::random::Draw;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Protocol, Registration, World};

use super::bugs::BUGS;
use super::invariants::{Convergence, Meaning};
use super::message::{Message, Note, Operation, Output, Timer};
use super::parameters::{Exchange, Kind, Parameters};
use super::replica::Replica;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crdt;

impl Protocol for Crdt {
    type Config = Parameters;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// Whatever happens to messages, clocks and memory. There are no disks.
const FAMILIES: [Family; 16] = [
    Family::Crash,
    Family::Restart,
    Family::Pause,
    Family::Partition,
    Family::Hold,
    Family::Intervention,
    Family::Loss,
    Family::Duplication,
    Family::Clock,
    Family::Slow,
    Family::Clog,
    Family::Burst,
    Family::Corruption,
    Family::Delay,
    Family::Bandwidth,
    Family::ClockJump,
];

/// What a workload may name.
const KINDS: [&str; 8] =
    ["increment", "decrement", "add", "remove", "write", "insert", "delete", "read"];

impl Registration for Crdt {
    type Node = Replica;
    type Parameters = Parameters;

    const NAME: &'static str = "crdt";
    const SUMMARY: &'static str =
        "replicated counters, sets, registers and sequences that need no agreement (CRDTs)";
    const BUGS: &'static [Bug] = BUGS;
    const PROBES: &'static [&'static str] =
        &["delta", "delta-without-base", "op-again", "op-too-early", "whole-state"];
    const STATISTICS: &'static [Statistic] = &[Statistic {
        name: "merges",
        scale: 1,
        unit: "",
        about: "how often a replica learned something from another",
    }];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        if nodes < 2 {
            return Err(String::from("there is one node: `nodes` is at least 2"));
        }
        for (name, time) in [("period", parameters.period), ("tick", parameters.tick)] {
            if time == Duration::ZERO {
                return Err(format!("`{name}` is 0s: it needs a positive time, such as `100ms`"));
            }
        }
        if parameters.window == 0 {
            return Err(String::from("`window` is 0: a replica keeps 1 delta or more"));
        }
        let has_ops = match parameters.kind {
            Kind::GCounter | Kind::PnCounter | Kind::OrSet => true,
            Kind::GSet | Kind::TwoPhaseSet | Kind::Lww | Kind::Mv | Kind::Rga => false,
        };
        if parameters.exchange == Exchange::Op && !has_ops {
            return Err(String::from(
                "operations are exchanged for `kind` g-counter, pn-counter and or-set; for others, `exchange` is state or delta",
            ));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Replica>>> {
        vec![
            Box::new(Meaning::new(parameters.kind, nodes)),
            Box::new(Convergence::new(parameters.period, nodes)),
        ]
    }

    fn statistics(_world: &World<Replica>, notes: &[NoteEntry<Crdt>]) -> Vec<Option<i64>> {
        let merges = notes.iter().filter(|entry| matches!(entry.note, Note::Merged { .. }));
        vec![Some((merges.count() as u64).cast_signed())]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        if let Some(kind) = workload.mix.keys().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(format!("there is no `{kind}`: there are {}", KINDS.join(", ")));
        }
        let weights = KINDS.map(|kind| workload.mix.get(kind).copied().unwrap_or(0));
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let keys = u64::from(workload.keys);
        if total == 0 || keys == 0 {
            return Err(String::from("a workload needs `keys` and a kind of weight above 0"));
        }
        Ok(Arc::new(move |client, number, draw| {
            let mut rest = draw.below(total);
            let is_it = |weight: &u32| {
                let is_it = rest < u64::from(*weight);
                rest = rest.saturating_sub(u64::from(*weight));
                is_it
            };
            let place = weights.iter().position(is_it)?;
            Some(operation(KINDS[place], format!("{client}.{number}"), keys, draw))
        }))
    }

    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: FAMILIES.to_vec(),
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

/// One operation. `keys` is how many elements a set's operations spread over, and how long a text they work on.
fn operation(kind: &str, value: String, keys: u64, draw: &mut Draw<'_>) -> Operation {
    let place = draw.below(keys) as u32;
    let element = format!("e{}", place + 1);
    match kind {
        "increment" => Operation::Increment { by: i64::from(place) + 1 },
        "decrement" => Operation::Increment { by: -i64::from(place) - 1 },
        "add" => Operation::Add { element },
        "remove" => Operation::Remove { element },
        "write" => Operation::Write { value },
        "insert" => {
            let letter = char::from(b'a' + draw.below(26) as u8);
            Operation::Insert { at: place, letter }
        }
        "delete" => Operation::Delete { at: place },
        _ => Operation::Read,
    }
}
