//! What happens to nodes, their clocks and their disks.

use serde_json::Value as Json;

use orrery_sim::plan::{Action, Behaviour, DiskFault, Target};

use crate::error::{Problem, Problems};
use crate::suggest::did_you_mean;
use crate::tree::{Entry, Tree, Value};

use super::super::Surroundings;
use super::super::fields::{
    Fields, boolean, client, drift, explained, needed, signed_duration, text, whole,
};
use super::super::law::law;
use super::target::target;

pub(super) fn crash(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    if tree.as_table().is_none() {
        let node = target(tree, around, problems)?;
        return Some(Action::Crash { node, after_effects: None });
    }
    let mut fields = Fields::of(tree, "`crash`", problems)?;
    let node =
        needed(&mut fields, "node", tree, "write `{ node = \"n1\", after_effects = 1 }`", problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let effects = fields.get("after_effects");
    let after_effects = effects.and_then(|tree| whole::<u32>(tree, 0, problems));
    fields.finish(problems);
    Some(Action::Crash { node: node?, after_effects })
}

pub(super) fn restart(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Target> {
    let target = target(tree, around, problems)?;
    if let Target::Role(role) = &target {
        let message = format!("no node that is down has the role `{role}`");
        let help = "name the node (`n1`) or the item that crashed it (`crash.node`)";
        problems.push(tree.problem(message).help(help));
        return None;
    }
    Some(target)
}

/// `{ node = "n1", service = "20ms" }`.
pub(super) fn slow(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str =
        "write `slow = { node = \"n1\", service = \"20ms\" }`: how long it takes for each event";
    let mut fields = Fields::of(tree, "`slow`", problems)?;
    let node = needed(&mut fields, "node", tree, HELP, problems);
    let service = needed(&mut fields, "service", tree, HELP, problems);
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let service = service.and_then(|tree| law(tree, problems));
    Some(Action::Slow { node: node?, service: service? })
}

/// The ways in which a node can behave, by their word in files.
const BEHAVIOURS: [(&str, Behaviour); 4] = [
    ("honest", Behaviour::Honest),
    ("equivocate", Behaviour::Equivocate),
    ("withhold", Behaviour::Withhold),
    ("replay", Behaviour::Replay),
];

/// `{ node = "n1", behaviour = "equivocate" }`.
pub(super) fn byzantine(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str = "write `byzantine = { node = \"n1\", behaviour = \"equivocate\" }`";
    let mut fields = Fields::of(tree, "`byzantine`", problems)?;
    let node = needed(&mut fields, "node", tree, HELP, problems);
    let behaviour = needed(&mut fields, "behaviour", tree, HELP, problems);
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let behaviour = behaviour.and_then(|tree| word(tree, &BEHAVIOURS, "behaviour", problems));
    Some(Action::Byzantine { node: node?, behaviour: behaviour? })
}

/// One of `choices`, each of which is a `what`.
fn word<T: Copy>(
    tree: &Tree,
    choices: &[(&str, T)],
    what: &str,
    problems: &mut Problems,
) -> Option<T> {
    let word = text(tree, problems)?;
    let found = choices.iter().find(|(known, _)| *known == word).map(|(_, choice)| *choice);
    if found.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let hint = did_you_mean(word, &words, &format!("{what}s"));
        problems.push(tree.problem(format!("there is no {what} `{word}`")).help(hint));
    }
    found
}

pub(super) fn fire(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str = "write `fire = { node = \"n1\", timer = \"Election\" }`";
    let mut fields = Fields::of(tree, "`fire`", problems)?;
    let node = needed(&mut fields, "node", tree, HELP, problems);
    let timer = needed(&mut fields, "timer", tree, HELP, problems);
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let timer = timer.and_then(|tree| text(tree, problems));
    Some(Action::Fire { node: node?, timer: timer?.into() })
}

pub(super) fn request(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str =
        "write `request = { client = \"c1\", operation = { Get = { key = \"x\" } } }`";
    let mut fields = Fields::of(tree, "`request`", problems)?;
    let asks = needed(&mut fields, "client", tree, HELP, problems);
    let operation = needed(&mut fields, "operation", tree, HELP, problems);
    let to = fields.get("to");
    fields.finish(problems);
    let client = asks.and_then(|tree| client(tree, around.clients, problems));
    let to = to.map(|tree| target(tree, around, problems));
    let operation = operation?;
    if !matches!(operation.value, Value::Table(_) | Value::Text(_)) {
        let message = format!("an operation is a table, not {}", operation.kind());
        problems.push(operation.problem(message).help(HELP));
        return None;
    }
    let json = operation.to_json();
    if let Some(Err(message)) = around.subject.map(|subject| subject.check_operation(&json)) {
        problems.push(explained(operation, &message));
    }
    let to = match to {
        None => None,
        Some(to) => Some(to?),
    };
    Some(Action::Request { client: client?, operation: json, to })
}

const CLOCK_HELP: &str = "write `{ node = \"n1\", drift = \"200ppm\" }`, `{ node = \"n1\", freeze = true }`, \
    or `{ node = \"n1\", jump = \"-5s\" }` for its wall clock";

/// `{ node = "n1" }` with one of `drift`, `freeze` and `jump`.
pub(super) fn clock(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    let mut fields = Fields::of(tree, "`clock`", problems)?;
    let node = needed(&mut fields, "node", tree, CLOCK_HELP, problems);
    let (rate, freeze, jump) = (fields.get("drift"), fields.get("freeze"), fields.get("jump"));
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    match (rate, freeze, jump) {
        (Some(rate), None, None) => {
            let ppb = drift(rate, problems);
            Some(Action::ClockRate { node: node?, ppb: ppb? })
        }
        (None, Some(freeze), None) => {
            let is_frozen = boolean(freeze, problems)?;
            if !is_frozen {
                let help = "write `drift = \"0ppm\"` to let it run true";
                problems
                    .push(freeze.problem("this says only what the clock does not do").help(help));
                return None;
            }
            Some(Action::ClockRate { node: node?, ppb: -1_000_000_000 })
        }
        (None, None, Some(jump)) => {
            let by = signed_duration(jump, problems);
            Some(Action::ClockJump { node: node?, by: by? })
        }
        _ => {
            let message = "this is not exactly one of `drift`, `freeze` and `jump`";
            problems.push(tree.problem(message).help(CLOCK_HELP));
            None
        }
    }
}

/// What can happen to a disk, by its word in files.
const DISK_FAULTS: [(&str, DiskFault); 6] = [
    ("stall", DiskFault::Stall),
    ("full", DiskFault::Full),
    ("error", DiskFault::Error),
    ("lie", DiskFault::Lie),
    ("corrupt", DiskFault::Corrupt(None)),
    ("misdirect", DiskFault::Misdirect(None)),
];

/// `{ node = "n1", fault = "corrupt", record = 3 }`.
pub(super) fn disk(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str = "write `disk = { node = \"n1\", fault = \"stall\" }`";
    let mut fields = Fields::of(tree, "`disk`", problems)?;
    let node = needed(&mut fields, "node", tree, HELP, problems);
    let fault = needed(&mut fields, "fault", tree, HELP, problems);
    let record_tree = fields.get("record");
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    if let Some(tree) = fault.filter(|tree| tree.as_text() == Some("mend")) {
        problems.push(tree.problem("mending is no fault").help("write `mend = \"n1\"`"));
        return None;
    }
    let fault = fault.and_then(|tree| word(tree, &DISK_FAULTS, "fault", problems));
    let record = record_tree.and_then(|tree| whole::<u64>(tree, 0, problems));
    let fault = match (fault?, record_tree) {
        (fault, None) => fault,
        (DiskFault::Corrupt(_), Some(_)) => DiskFault::Corrupt(Some(record?)),
        (DiskFault::Misdirect(_), Some(_)) => DiskFault::Misdirect(Some(record?)),
        (
            DiskFault::Stall
            | DiskFault::Full
            | DiskFault::Error
            | DiskFault::Lie
            | DiskFault::Mend,
            Some(tree),
        ) => {
            let help = "leave `record` out; only `corrupt` and `misdirect` strike one record";
            problems.push(tree.problem("this fault strikes the whole disk").help(help));
            return None;
        }
    };
    Some(Action::Disk { node: node?, fault })
}

/// What is wrong with a crash inside an event whose effects it must foresee.
pub(in crate::read) fn crash_inside_problem(entry: &Entry, why: &str) -> Problem {
    let help = "a crash inside an event needs `when` with an event that a node handles: \
        `deliver`, `timer`, `start`, `invoke` or `sync`";
    entry.value.problem(format!("`after_effects` {why}")).help(help)
}
