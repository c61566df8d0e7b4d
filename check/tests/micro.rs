//! Small histories in files, each with a known verdict: the traps of linearizability checkers.
//!
//! One JSON object a line: index, time in nanoseconds, type, process, f, value and perhaps key.

use serde_json::Value;

use orrery_check::kv::{self, Input, Output};
use orrery_check::{
    Budget, Entry, EntryKind, Finding, History, OperationId, linearizability, register,
};

#[derive(serde::Deserialize)]
struct Line {
    time: u64,
    #[serde(rename = "type")]
    kind: String,
    process: u64,
    f: String,
    value: Option<u64>,
    #[serde(default)]
    key: String,
}

fn lines(text: &str) -> Vec<Line> {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
}

/// The history of a file, its payloads made by `input` and `output`.
fn history<I, O>(
    text: &str,
    input: impl Fn(&Line) -> I,
    output: impl Fn(&Line) -> O,
) -> History<I, O> {
    let mut open = std::collections::BTreeMap::new();
    let entries = lines(text).into_iter().enumerate().map(|(index, line)| {
        if line.kind == "invoke" {
            open.insert(line.process, OperationId(index as u64));
        }
        let kind = match &*line.kind {
            "invoke" => EntryKind::Invoke(input(&line)),
            "ok" => EntryKind::Ok(output(&line)),
            "fail" => EntryKind::Fail,
            "info" => EntryKind::Info,
            other => panic!("no such type: {other}"),
        };
        Entry::new(line.process, open[&line.process], line.time, kind)
    });
    History::from_entries(entries.collect::<Vec<_>>()).unwrap()
}

fn is_linearizable_register(text: &str) -> bool {
    let read_or_write = |line: &Line| match &*line.f {
        "read" => register::Input::Read,
        _ => register::Input::Write(line.value.unwrap()),
    };
    let answer = |line: &Line| match &*line.f {
        "read" => register::Output::Value(line.value),
        _ => register::Output::Written,
    };
    let history = history(text, read_or_write, answer);
    let model = register::Model { initial: None };
    judge(&linearizability::check(&history, &model, Budget::default()).finding)
}

fn is_linearizable_kv(text: &str) -> bool {
    let read_or_write = |line: &Line| match &*line.f {
        "read" => Input::get(&line.key),
        _ => Input::put(&line.key, line.value.unwrap().to_string()),
    };
    let answer = |line: &Line| match &*line.f {
        "read" => Output::Value(line.value.map(|value| value.to_string())),
        _ => Output::Written,
    };
    let history = history(text, read_or_write, answer);
    judge(&linearizability::check(&history, &kv::Model, Budget::default()).finding)
}

fn judge(finding: &Finding) -> bool {
    match finding {
        Finding::Holds(_) => true,
        Finding::Violated(explanation) => {
            assert!(explanation.is_minimal);
            assert!(explanation.window.len() <= 6, "{explanation}");
            false
        }
        Finding::Unknown(reason) => panic!("{reason}"),
    }
}

#[test]
fn every_file_has_its_verdict() {
    let files = [
        (include_str!("histories/micro-lin/lin-01-sequential.jsonl"), true),
        (include_str!("histories/micro-lin/lin-02-stale-read.jsonl"), false),
        (include_str!("histories/micro-lin/lin-06-info-write-undone.jsonl"), false),
        (include_str!("histories/micro-lin/lin-07-failed-write-seen.jsonl"), false),
        (include_str!("histories/micro-lin/lin-08-thin-air.jsonl"), false),
        (include_str!("histories/micro-lin/lin-12-noop-write-needed-later.jsonl"), true),
        (include_str!("histories/micro-lin/lin-13-two-info-same-value.jsonl"), true),
        (include_str!("histories/micro-lin/lin-14-one-info-used-twice.jsonl"), false),
    ];
    for (number, (text, expected)) in files.into_iter().enumerate() {
        assert_eq!(is_linearizable_register(text), expected, "as a register: file {number}");
        assert_eq!(is_linearizable_kv(text), expected, "as one key: file {number}");
    }
    // Two keys, so not a register.
    assert!(is_linearizable_kv(include_str!("histories/micro-lin/lin-15-kv-ok.jsonl")));
}
