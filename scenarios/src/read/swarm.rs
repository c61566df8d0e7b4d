//! `swarm` and `liveness`: faults to be drawn from the seed, and what must go on after them.

use orrery_harness::case::{Liveness, Swarm};
use orrery_sim::SimTime;
use orrery_sim::ledger::Family;

use crate::error::Problems;
use crate::tree::{Tree, Value};

use super::fields::{Fields, boolean, drift, duration, probability, time, whole};

/// The keys of families whose faults are counted.
const COUNTS: [(&str, Family); 14] = [
    ("crashes", Family::Crash),
    ("pauses", Family::Pause),
    ("partitions", Family::Partition),
    ("wipes", Family::Amnesia),
    ("slow", Family::Slow),
    ("byzantine", Family::Byzantine),
    ("clogs", Family::Clog),
    ("jumps", Family::ClockJump),
    ("lies", Family::LyingSync),
    ("corrupt", Family::Rot),
    ("misdirect", Family::Misdirection),
    ("stalls", Family::DiskStall),
    ("full", Family::DiskFull),
    ("errors", Family::DiskError),
];

/// The keys of families that hit a share of messages, or of crashes.
const SHARES: [(&str, Family); 6] = [
    ("loss", Family::Loss),
    ("duplicate", Family::Duplication),
    ("burst", Family::Burst),
    ("corruption", Family::Corruption),
    ("torn", Family::TornWrite),
    ("reordered", Family::ReorderedWrites),
];

/// Reads `swarm`; without `until` its faults end after two thirds of the run.
pub(super) fn swarm(
    tree: Option<&Tree>,
    nodes: Option<u32>,
    stop_at: Option<SimTime>,
    problems: &mut Problems,
) -> Option<Swarm> {
    let tree = tree?;
    let mut fields = Fields::of(tree, "`swarm`", problems)?;
    let from = fields.get("from").and_then(|tree| time(tree, problems));
    let until_tree = fields.get("until");
    let until = until_tree.and_then(|tree| time(tree, problems));
    let from = from.unwrap_or_default();
    let end = stop_at.unwrap_or(SimTime::MAX);
    let until = until.unwrap_or_else(|| SimTime::from_nanos(end.as_nanos() / 3 * 2));
    let mut swarm = Swarm::new(from, until);
    for (key, family) in COUNTS {
        if let Some(count) = fields.get(key).and_then(|tree| whole::<u32>(tree, 0, problems)) {
            swarm.counts.insert(family, count);
        }
    }
    for (key, family) in SHARES {
        if let Some(share) = fields.get(key).and_then(|tree| probability(tree, problems)) {
            swarm.shares.insert(family, share);
        }
    }
    let lengths = [
        ("outage", &mut swarm.outage),
        ("service", &mut swarm.service),
        ("delay", &mut swarm.delay),
        ("jump", &mut swarm.jump),
    ];
    for (key, own) in lengths {
        if let Some(length) = fields.get(key).and_then(|tree| duration(tree, problems)) {
            *own = length;
        }
    }
    if let Some(tree) = fields.get("drift") {
        swarm.drift_ppb = drift_bound(tree, problems);
    }
    if let Some(tree) = fields.get("workload") {
        swarm.workload = boolean(tree, problems).unwrap_or(false);
    }
    if let Some(tree) = fields.get("nodes") {
        swarm.nodes_at_least = least_nodes(tree, nodes, problems);
    }
    fields.finish(problems);
    if until <= from || end < until {
        let message =
            format!("the faults last from {from} until {until} of a run that ends at {end}");
        let help = "write `from` before `until`, and `until` before `stop_at`";
        problems.push(until_tree.unwrap_or(tree).problem(message).help(help));
    }
    Some(swarm)
}

fn drift_bound(tree: &Tree, problems: &mut Problems) -> u64 {
    let Some(ppb) = drift(tree, problems) else { return 0 };
    u64::try_from(ppb).unwrap_or_else(|_| {
        let help = "clocks run at most this much faster or slower: write it without sign";
        problems.push(tree.problem("the bound of a drift is not negative").help(help));
        0
    })
}

fn least_nodes(tree: &Tree, nodes: Option<u32>, problems: &mut Problems) -> Option<u32> {
    let least = whole::<u32>(tree, 1, problems)?;
    if nodes.is_some_and(|nodes| nodes < least) {
        let message =
            format!("there are at least {least} nodes and at most {}", nodes.unwrap_or(0));
        let help = "`nodes` of a swarm is the least number, `nodes` of the scenario the greatest";
        problems.push(tree.problem(message).help(help));
        return None;
    }
    Some(least)
}

/// Reads `liveness`: `true` or `"harsh"` when the swarm ends, or a table that says when.
pub(super) fn liveness(
    tree: Option<&Tree>,
    swarm: Option<&Swarm>,
    stop_at: Option<SimTime>,
    problems: &mut Problems,
) -> Option<Liveness> {
    const HELP: &str =
        "write `liveness = true`, `liveness = \"harsh\"`, or `{ at = \"20s\", harsh = false }`";
    let tree = tree?;
    let (at, is_harsh) = match &tree.value {
        Value::Boolean(false) => return None,
        Value::Boolean(true) => (None, false),
        Value::Text(word) if word.text == "harsh" => (None, true),
        Value::Table(_) => {
            let mut fields = Fields::of(tree, "`liveness`", problems)?;
            let at = fields.get("at").and_then(|tree| time(tree, problems));
            let harsh = fields.get("harsh").and_then(|tree| boolean(tree, problems));
            fields.finish(problems);
            (at, harsh.unwrap_or(false))
        }
        Value::Text(_) | Value::Integer(_) | Value::Decimal(_) | Value::List(_) => {
            problems.push(tree.problem("this says not what must go on").help(HELP));
            return None;
        }
    };
    let Some(at) = at.or_else(|| swarm.map(|swarm| swarm.until)) else {
        let message = "when the faults are over is not known: there is no `swarm`";
        problems.push(tree.problem(message).help("write `liveness = { at = \"20s\" }`"));
        return None;
    };
    let faults_end = swarm.map_or(SimTime::ZERO, |swarm| swarm.until);
    if at < faults_end || stop_at.is_some_and(|end| end < at) {
        let message =
            format!("a core cannot be healed at {at}: the faults last until {faults_end}");
        problems
            .push(tree.problem(message).help("let it be after the faults and before `stop_at`"));
        return None;
    }
    Some(Liveness { at, is_harsh })
}
