//! The project's own small histories, each with what it must be found to be.

use orrery_check::file::{self, Asked};
use orrery_check::finding::Finding;
use orrery_check::formats::literal;

/// The file, the model, the consistency (`-` for the default) with settings, and whether it holds.
const TABLE: &[(&str, &str, &str, bool)] = &[
    ("lin/lin-01-sequential", "register", "-", true),
    ("lin/lin-02-stale-read", "register", "-", false),
    ("lin/lin-02-stale-read", "register", "sequential", true),
    ("lin/lin-06-info-write-undone", "register", "-", false),
    ("lin/lin-07-failed-write-seen", "register", "-", false),
    ("lin/lin-08-thin-air", "register", "-", false),
    ("lin/lin-12-noop-write-needed-later", "register", "-", true),
    ("lin/lin-13-two-info-same-value", "register", "-", true),
    ("lin/lin-14-one-info-used-twice", "register", "-", false),
    ("lin/lin-15-kv-ok", "kv", "-", true),
    ("queue/queue-01-fifo", "queue", "-", true),
    ("queue/queue-01-fifo", "stack", "-", false),
    ("queue/queue-03-dup", "queue", "-", false),
    ("queue/queue-04-empty-wrong", "queue", "-", false),
    ("stack/stack-02-fifo-order", "stack", "-", false),
    ("stack/stack-02-fifo-order", "queue", "-", true),
    ("set/set-02-lost", "set", "-", false),
    ("counter/counter-01-ok", "counter", "-", true),
    ("counter/counter-01-ok", "counter", "bounds", true),
    ("converge/converge-02-diverged", "convergence", "-", false),
    ("converge/converge-04-thin-air", "convergence", "-", false),
    ("session/session-01-ok", "sessions", "all versions=numbered", true),
    ("session/session-02-RYW", "sessions", "RYW versions=numbered", false),
    ("session/session-02-RYW", "sessions", "MR versions=numbered", true),
    ("session/session-03-MR", "sessions", "MR versions=numbered", false),
    ("session/session-03-MR", "sessions", "RYW versions=numbered", true),
    ("session/session-05-WFR", "sessions", "WFR versions=numbered", false),
    ("session/session-05-WFR", "sessions", "MR versions=numbered", true),
    ("causal/causal-01-CM-not-CCv", "causal", "CC", true),
    ("causal/causal-01-CM-not-CCv", "causal", "CCv", false),
    ("causal/causal-01-CM-not-CCv", "causal", "CM", true),
    ("causal/causal-02-CCv-not-CM", "causal", "CC", true),
    ("causal/causal-02-CCv-not-CM", "causal", "CCv", true),
    ("causal/causal-02-CCv-not-CM", "causal", "CM", false),
    ("causal/causal-06-lost-comment", "causal", "CC", false),
    ("causal/causal-08-cyclic", "causal", "CC", false),
    ("txn/txn-la-01-serial", "list-append", "-", true),
    ("txn/txn-la-03-G1a", "list-append", "-", false),
    ("txn/txn-la-04-G1b", "list-append", "-", false),
    ("txn/txn-la-05-G1c", "list-append", "-", false),
    ("txn/txn-la-06-G-single", "list-append", "snapshot-isolation", false),
    ("txn/txn-la-07-write-skew", "list-append", "serializable", false),
    ("txn/txn-la-07-write-skew", "list-append", "snapshot-isolation", true),
    ("txn/txn-la-13-duplicate", "list-append", "-", false),
    ("txn/txn-la-14-dirty-update", "list-append", "-", false),
    ("txn/txn-la-15-stale-but-serializable", "list-append", "strict-serializable", false),
    ("txn/txn-la-15-stale-but-serializable", "list-append", "serializable", true),
    ("txn/txn-la-16-info-observed", "list-append", "-", true),
    ("txn/txn-la-18-garbage", "list-append", "-", false),
    ("txn/txn-rw-05-fractured", "rw-register", "snapshot-isolation", false),
    ("txn/txn-rw-06-unrepeatable", "rw-register", "snapshot-isolation", false),
];

#[test]
fn every_file_has_its_verdict() {
    for &(name, model, options, holds) in TABLE {
        let path = format!("{}/tests/histories/micro-{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let mut asked = Asked::about(model);
        for option in options.split(' ').filter(|&option| option != "-") {
            match option.split_once('=') {
                Some((setting, value)) => {
                    asked.options.settings.push((setting.to_owned(), literal(value)));
                }
                None => asked.options.consistency = Some(option.to_owned()),
            }
        }
        let input = std::fs::File::open(&path).unwrap();
        let judged = file::judge(input, &asked).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = &judged.report;
        assert_eq!(report.holds(), holds, "{name} as {model} {options}: {report}");
        assert_eq!(report.is_violated(), !holds, "{name} as {model} {options}: {report}");
        if let Finding::Violated(explanation) = &report.finding {
            // One history needs all of its seven operations.
            assert!(explanation.window.len() <= 7, "{name}: {explanation}");
            assert!(explanation.is_minimal, "{name}: {explanation}");
        }
    }
}

#[test]
fn an_answer_in_the_shape_that_programs_read() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/histories/micro-lin/lin-02-stale-read.jsonl");
    let judged =
        file::judge(std::fs::File::open(path).unwrap(), &Asked::about("register")).unwrap();
    let json = serde_json::to_value(judged.summary()).unwrap();
    assert_eq!(json["verdict"], "violated");
    assert_eq!(json["model"], "register");
    assert_eq!(json["consistency"], "linearizable");
    assert_eq!(json["format"], "jsonl");
    assert_eq!(json["operations"], 3);
    assert!(json["steps"].is_u64());
    assert_eq!(json["explanation"]["rule"], "linearizability");
    assert!(
        json["explanation"]["sentence"]
            .as_str()
            .unwrap()
            .starts_with("The history is not linearizable")
    );
    assert_eq!(json["explanation"]["operations"].as_array().unwrap().len(), 3);
    assert!(json["strongest_kept"].is_array() && json["weakest_violated"].is_array());
}

#[test]
fn what_cannot_be_asked() {
    let text = "{\"type\": \"invoke\", \"process\": 0, \"f\": \"read\"}\n";
    let error = |asked: &Asked| file::judge(text.as_bytes(), asked).unwrap_err().to_string();
    assert!(error(&Asked::about("clock")).starts_with("there is no model `clock`: there are "));
    let mut asked = Asked::about("register");
    asked.options.consistency = Some("eventual".to_owned());
    let expected =
        "1:1: there is no consistency `eventual` here: it is one of linearizable, sequential";
    assert_eq!(error(&asked), expected);
}
