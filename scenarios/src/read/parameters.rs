//! `parameters`: the protocol's own, judged by the protocol.

use serde_json::Value as Json;

use orrery_harness::subject::Subject;

use crate::error::{Problem, Problems};
use crate::suggest::did_you_mean;
use crate::tree::{Entry, Table};

/// The parameters with all defaults filled in, as far as they are right.
pub(super) fn parameters(
    entry: Option<&Entry>,
    nodes: Option<u32>,
    subject: Option<&dyn Subject>,
    problems: &mut Problems,
) -> Json {
    let empty = Json::Object(serde_json::Map::new());
    let json = entry.map_or(empty, |entry| entry.value.to_json());
    if let Some(entry) = entry.filter(|entry| entry.value.as_table().is_none()) {
        let message = format!("`parameters` is {}, not a table", entry.value.kind());
        problems.push(entry.value.problem(message).help("write `parameters = { .. }`"));
        return json;
    }
    let (Some(subject), Some(nodes)) = (subject, nodes) else { return json };
    match subject.complete_parameters(&json, nodes) {
        Ok(complete) => complete,
        Err(message) => {
            let table = entry.and_then(|entry| entry.value.as_table());
            let single = table.map(|table| one_by_one(table, subject, nodes)).unwrap_or_default();
            if single.is_empty() {
                problems.push(match entry {
                    Some(entry) => explained(Problem::at(&entry.key_place, ""), &message),
                    None => explained(Problem::nowhere(""), &message),
                });
            }
            for problem in single {
                problems.push(problem);
            }
            json
        }
    }
}

/// The names of the parameters that a protocol has.
pub(crate) fn parameter_names(subject: &dyn Subject) -> Vec<String> {
    let schema = subject.parameters_schema();
    let properties = schema.get("properties").and_then(Json::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// The problems of each parameter by itself, so that errors stand at their own keys and all are told.
fn one_by_one(table: &Table, subject: &dyn Subject, nodes: u32) -> Vec<Problem> {
    let names = parameter_names(subject);
    let mut found = Vec::new();
    for entry in &table.0 {
        if !names.is_empty() && !names.contains(&entry.key) {
            let message = format!("`{}` has no parameter `{}`", subject.name(), entry.key);
            let hint = did_you_mean(&entry.key, &names, "parameters");
            found.push(Problem::at(&entry.key_place, message).help(hint));
            continue;
        }
        let alone =
            Json::Object([(entry.key.clone(), entry.value.to_json())].into_iter().collect());
        if let Err(message) = subject.complete_parameters(&alone, nodes) {
            found.push(explained(entry.value.problem(""), &message));
        }
    }
    found
}

/// `problem` with a message of the form `what is wrong: what would be right`.
fn explained(problem: Problem, message: &str) -> Problem {
    match message.split_once(": ") {
        Some((wrong, right)) => Problem { message: wrong.into(), ..problem.help(right) },
        None => Problem { message: message.into(), ..problem },
    }
}
