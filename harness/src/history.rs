//! The clients' history, judged by the checkers.

use std::collections::BTreeSet;

use orrery_check::{EntryKind, Finding, History, ProcessId, kv, linearizability};
use orrery_sim::client::{HistoryEntry, HistoryKind};
use orrery_sim::{Protocol, Sequence, Value};

use crate::report::Failure;

/// The models of which a history can be judged linearizable.
pub const MODELS: [&str; 1] = ["kv"];

/// What a checker said.
pub enum Judgement {
    /// The history is as it should be.
    Holds,
    /// It is not.
    Violated(Box<Failure>),
    /// The checker cannot say, and why.
    Unknown(String),
}

/// Judges whether `history` without operations of the kinds `administrative` is linearizable as a key-value store.
///
/// # Errors
/// Where an operation or output is none of a key-value store: which.
pub fn linearizable_kv<P: Protocol>(
    history: &Sequence<HistoryEntry<P>>,
    administrative: &[&str],
) -> Result<Judgement, String> {
    let converted = convert(history, administrative)?;
    let report = linearizability::check(&converted, &kv::Model, orrery_check::Budget::default());
    Ok(match report.finding {
        Finding::Holds(_) => Judgement::Holds,
        Finding::Unknown(unknown) => Judgement::Unknown(unknown.to_string()),
        Finding::Violated(explanation) => {
            let (stuck, other) = match &explanation.conflict {
                Some((stuck, other)) => (Some(stuck), Some(other)),
                None => (None, None),
            };
            let mut facts = vec![explanation.sentence.clone()];
            facts.extend(stuck.into_iter().chain(other).map(ToString::to_string));
            let moment = stuck.and_then(|op| op.returned);
            Judgement::Violated(Box::new(Failure {
                found_by: String::from("linearizability"),
                rule: String::from("linearizability"),
                source: String::from("Herlihy and Wing 1990, section 2"),
                facts,
                event: moment.and_then(|moment| moment.event).unwrap_or(0),
                time_ns: moment.map_or(0, |moment| moment.time),
                picture: Some(explanation.diagram()),
            }))
        }
    })
}

/// The history in the checker's words.
fn convert<P: Protocol>(
    history: &Sequence<HistoryEntry<P>>,
    administrative: &[&str],
) -> Result<History<kv::Input, kv::Output>, String> {
    let mut entries = Vec::with_capacity(history.len());
    let mut passed_over = BTreeSet::new();
    for entry in history {
        if passed_over.contains(&entry.operation) {
            continue;
        }
        let kind = match &entry.what {
            HistoryKind::Invoke(operation) => {
                let operation = Value::of(operation);
                if operation.kind().is_some_and(|kind| administrative.contains(&kind)) {
                    passed_over.insert(entry.operation);
                    continue;
                }
                EntryKind::Invoke(input(&operation)?)
            }
            HistoryKind::Ok(output) => EntryKind::Ok(self::output(&Value::of(output))?),
            HistoryKind::Fail => EntryKind::Fail,
            HistoryKind::Info => EntryKind::Info,
        };
        let number = u64::from(entry.operation.client.0) << 40 | entry.operation.number;
        let mut converted = orrery_check::Entry::new(
            ProcessId(u64::from(entry.process.0)),
            orrery_check::OperationId(number),
            entry.time.as_nanos(),
            kind,
        )
        .at_event(entry.event);
        if let Some(node) = entry.node {
            converted = converted.on_node(node.0);
        }
        entries.push(converted);
    }
    History::from_entries(entries).map_err(|error| error.to_string())
}

fn text(operation: &Value, field: &str) -> Result<String, String> {
    match operation.field(field) {
        Some(value) => Ok(value.to_string()),
        None => {
            Err(format!("`{operation}` has no `{field}`, as an operation of a key-value store has"))
        }
    }
}

fn input(operation: &Value) -> Result<kv::Input, String> {
    let key = text(operation, "key");
    Ok(match operation.kind() {
        Some("Get") => kv::Input::Get { key: key? },
        Some("Put") => kv::Input::Put { key: key?, value: text(operation, "value")? },
        Some("Append") => kv::Input::Append { key: key?, value: text(operation, "value")? },
        Some("Delete") => kv::Input::Delete { key: key? },
        Some("Cas") => {
            let expected = operation.field("expected").filter(|value| **value != Value::Null);
            let expected = expected.map(ToString::to_string);
            kv::Input::Cas { key: key?, expected, new: text(operation, "new")? }
        }
        _ => {
            return Err(format!(
                "`{operation}` is no operation of a key-value store: those are Get, Put, Append, Cas and Delete"
            ));
        }
    })
}

fn output(output: &Value) -> Result<kv::Output, String> {
    let inner = if let Value::Variant(_, inner) = output { inner } else { output };
    Ok(match (output.kind(), inner) {
        (Some("Written"), _) => kv::Output::Written,
        (Some("Value"), Value::Null) => kv::Output::Value(None),
        (Some("Value"), value) => kv::Output::Value(Some(value.to_string())),
        (Some("Swapped"), Value::Bool(truth)) => kv::Output::Swapped(*truth),
        (Some("Deleted"), Value::Bool(truth)) => kv::Output::Deleted(*truth),
        _ => {
            return Err(format!(
                "`{output}` is no output of a key-value store: those are Written, Value, Swapped and Deleted"
            ));
        }
    })
}
