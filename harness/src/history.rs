//! The clients' history, judged by the checkers.

use std::collections::{BTreeMap, BTreeSet};

pub use orrery_check::record::Record;
use orrery_check::record::{self, Place, RecordKind};
use orrery_check::subject::{Options, subject};
use orrery_check::{EntryKind, Finding, History, ProcessId, Report, kv, linearizability};
use orrery_sim::client::{HistoryEntry, HistoryKind};
use orrery_sim::{Protocol, Sequence, Value};

use crate::report::Failure;

/// The models of which a history can be judged linearizable.
pub const MODELS: [&str; 10] = [
    "kv",
    "register",
    "cas-register",
    "multi-register",
    "set",
    "counter",
    "mutex",
    "queue",
    "bag",
    "stack",
];

/// What a checker said.
pub enum Judgement {
    /// The history is as it should be.
    Holds,
    /// It is not.
    Violated(Box<Failure>),
    /// The checker cannot say, and why.
    Unknown(String),
}

/// Judges whether `history` without operations of the kinds `administrative` is linearizable as `model`, one of
/// [`MODELS`].
///
/// # Errors
/// Where there is no such model, or an operation or output is none of its: which.
pub fn linearizable<P: Protocol>(
    model: &str,
    history: &Sequence<HistoryEntry<P>>,
    administrative: &[&str],
) -> Result<Judgement, String> {
    if model == "kv" {
        let converted = convert(history, administrative)?;
        let budget = orrery_check::Budget::default();
        return Ok(judgement(linearizability::check(&converted, &kv::Model, budget)));
    }
    let subject = subject(model)
        .filter(|_| MODELS.contains(&model))
        .ok_or_else(|| format!("there is no model `{model}`: there are {}", MODELS.join(", ")))?;
    let records = records(history, administrative);
    if records.is_empty() {
        return Ok(Judgement::Unknown(orrery_check::Unknown::NoOperations.to_string()));
    }
    let report = (subject.judge)(&mut records.into_iter().map(Ok), &Options::default());
    report.map(judgement).map_err(|error| error.message)
}

/// What a report says of a run.
fn judgement(report: Report) -> Judgement {
    match report.finding {
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
    }
}

/// The history, without operations of the kinds `administrative`, as files have it: `orrery check` judges it.
///
/// An operation such as `Put { key, value }` becomes the function `put` with that key and value; one with more
/// fields has them in a map, but for a comparison, which has `[expected new]`. An answer such as `Value(v)` becomes
/// `v`, one without a content nothing.
pub fn records<P: Protocol>(
    history: &Sequence<HistoryEntry<P>>,
    administrative: &[&str],
) -> Vec<Record> {
    let mut records = Vec::with_capacity(history.len());
    let mut passed_over = BTreeSet::new();
    let mut open = BTreeMap::new();
    for entry in history {
        if passed_over.contains(&entry.operation) {
            continue;
        }
        let (kind, value) = match &entry.what {
            HistoryKind::Invoke(operation) => {
                let operation = Value::of(operation);
                if operation.kind().is_some_and(|kind| administrative.contains(&kind)) {
                    passed_over.insert(entry.operation);
                    continue;
                }
                let (function, key, value) = asked(&operation);
                open.insert(entry.operation, (function, key));
                (RecordKind::Invoke, value)
            }
            HistoryKind::Ok(output) => (RecordKind::Ok, answer(&Value::of(output))),
            HistoryKind::Fail => (RecordKind::Fail, record::Value::Nil),
            HistoryKind::Info => (RecordKind::Info, record::Value::Nil),
        };
        let (function, key) = open.get(&entry.operation).cloned().unwrap_or_default();
        records.push(Record {
            place: Place { line: records.len() as u32 + 1, column: 1 },
            process: u64::from(entry.process.0),
            kind,
            function,
            key,
            value,
            time: entry.time.as_nanos(),
            node: entry.node.map(|node| node.0),
            event: Some(entry.event),
            commit: None,
            error: None,
        });
    }
    records
}

/// Function, key and argument of an operation.
fn asked(operation: &Value) -> (String, Option<record::Value>, record::Value) {
    let function = lower(operation.kind().unwrap_or("operation"));
    let inner = if let Value::Variant(_, inner) = operation { inner } else { operation };
    let Value::Struct(_, fields) = inner else { return (function, None, plain(inner)) };
    let key = fields.iter().find(|(name, _)| *name == "key").map(|(_, key)| plain(key));
    let rest: Vec<_> = fields.iter().filter(|(name, _)| *name != "key").collect();
    let value = match *rest {
        [] => record::Value::Nil,
        [(_, value)] => plain(value),
        [("expected", expected), ("new", new)] => {
            record::Value::List(vec![plain(expected), plain(new)])
        }
        _ => record::Value::Map(rest.into_iter().map(|(name, value)| named(name, value)).collect()),
    };
    (function, key, value)
}

/// What an output says.
fn answer(output: &Value) -> record::Value {
    if let Value::Variant(_, inner) = output { plain(inner) } else { plain(output) }
}

fn named(name: &str, value: &Value) -> (record::Value, record::Value) {
    (record::Value::Text(name.to_string()), plain(value))
}

/// A value without the names of its types.
fn plain(value: &Value) -> record::Value {
    match value {
        Value::Null => record::Value::Nil,
        Value::Bool(value) => record::Value::Bool(*value),
        Value::Int(number) | Value::Id(_, number) => i64::try_from(*number)
            .map_or_else(|_| record::Value::Text(number.to_string()), record::Value::Int),
        Value::Text(text) => record::Value::Text(text.clone()),
        Value::List(list) => record::Value::List(list.iter().map(plain).collect()),
        Value::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| (plain(key), plain(value));
            record::Value::Map(entries.iter().map(entry).collect())
        }
        Value::Struct(_, fields) => {
            record::Value::Map(fields.iter().map(|(name, value)| named(name, value)).collect())
        }
        Value::Variant(name, inner) if **inner == Value::Null => {
            record::Value::Text((*name).to_string())
        }
        Value::Variant(name, inner) => record::Value::Map(vec![named(name, inner)]),
    }
}

/// `MultiGet` as files have it: `multi-get`.
fn lower(name: &str) -> String {
    let mut lower = String::with_capacity(name.len() + 2);
    for (index, sign) in name.char_indices() {
        if index > 0 && sign.is_ascii_uppercase() {
            lower.push('-');
        }
        lower.push(sign.to_ascii_lowercase());
    }
    lower
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
