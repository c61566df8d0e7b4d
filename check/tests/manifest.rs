//! Every file of a folder of recorded histories gets the verdict that its manifest expects.
//!
//! The folder holds other people's data, so it is no part of this repository: `ORRERY_HISTORIES` names it, by default
//! `../shared/histories` beside the workspace; the test says that it is skipped where there is none. Its
//! `MANIFEST.tsv` has a line per file: name, (three columns of) source, licence, format, model, expected verdict.
//! The project's own small files are judged wherever the tests run, by the table of `own_histories.rs`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use orrery_check::file::{self, Asked};
use orrery_check::formats::{Format, literal};

/// One question about a file and its expected answer.
#[derive(Debug)]
struct Question {
    model: &'static str,
    consistency: Option<&'static str>,
    init: Option<&'static str>,
    settings: Vec<(&'static str, &'static str)>,
    holds: bool,
}

impl Question {
    fn new(model: &'static str, holds: bool) -> Self {
        Self { model, consistency: None, init: None, settings: Vec::new(), holds }
    }

    fn at(mut self, consistency: &'static str) -> Self {
        self.consistency = Some(consistency);
        self
    }

    fn from(mut self, init: &'static str) -> Self {
        self.init = Some(init);
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    fn asked(&self) -> Asked {
        let mut asked = Asked::about(self.model);
        asked.options.consistency = self.consistency.map(str::to_owned);
        asked.options.initial = self.init.map(literal);
        let setting = |&(name, value): &(&str, &str)| (name.to_owned(), literal(value));
        asked.options.settings = self.settings.iter().map(setting).collect();
        asked
    }
}

/// The verdicts in a text such as `RC=ok RA=bad`, by name.
fn verdicts(text: &str) -> BTreeMap<&str, bool> {
    let one = |word: &'_ str| -> Option<(usize, bool)> {
        let at = word.find('=')?;
        match &word[at + 1..] {
            "ok" | "True" => Some((at, true)),
            "bad" | "False" => Some((at, false)),
            _ => None,
        }
    };
    text.split_whitespace()
        .filter_map(|word| one(word).map(|(at, holds)| (&word[..at], holds)))
        .collect()
}

/// What the manifest asks of a file with this description of its model.
fn questions(path: &str, model: &str, expected: &str) -> Vec<Question> {
    let all = verdicts(expected);
    let named = |model: &'static str, names: &[(&str, &'static str)]| {
        let question = |&(name, consistency): &(&str, &'static str)| {
            Some(Question::new(model, *all.get(name)?).at(consistency))
        };
        names.iter().filter_map(question).collect::<Vec<_>>()
    };
    let is_valid = expected == "linearizable" || expected == "valid";
    // The folders of plain models say `linearizable` or `not-linearizable`.
    let plain = |name: &'static str| vec![Question::new(name, is_valid)];
    match model {
        "counter (bounds check)" => vec![Question::new("counter", is_valid).at("bounds")],
        "bank" => vec![Question::new("bank", is_valid)],
        "set-full" => vec![Question::new("set-full", is_valid)],
        "long-fork, group size 3" => {
            vec![Question::new("long-fork", is_valid).with("group", "3")]
        }
        "counter, init 0" => plain("counter"),
        "set, init empty" => plain("set"),
        "stack, init empty" => plain("stack"),
        "fifo-queue, init empty" => plain("queue"),
        "kv, init every key nil" => plain("kv"),
        "cas-register, init 0" => vec![Question::new("cas-register", is_valid).from("0")],
        "cas-register, small domain, init nil" => {
            vec![Question::new("cas-register", is_valid).with("failed-cas", "differed")]
        }
        _ if model.starts_with("register, ") => plain("register"),
        _ if model.starts_with("kv get/put/append") => plain("kv"),
        _ if model.starts_with("cas-register, init 0;") => {
            vec![Question::new("cas-register", is_valid).from("0")]
        }
        _ if model.starts_with("cas-register, init nil;") => plain("cas-register"),
        _ if model.starts_with("multi-register {:x 0 :y 0}") => {
            vec![Question::new("multi-register", is_valid).from("{:x 0 :y 0}")]
        }
        _ if model.starts_with("kv-causal") => {
            named("causal", &[("CC", "CC"), ("CCv", "CCv"), ("CM", "CM")])
        }
        _ if model.starts_with("g-set, process = replica") => {
            // What nobody added is no state of a set that every replica could have come to.
            vec![Question::new(
                "convergence",
                all["convergent"] && !expected.contains("unexpected"),
            )]
        }
        _ if model.starts_with("session guarantees") => {
            let violated = expected.trim_start_matches("violates: ");
            let guarantee = |name: &'static str| {
                let holds = !violated.split([' ', ',']).any(|one| one == name);
                Question::new("sessions", holds).at(name).with("versions", "numbered")
            };
            ["RYW", "MR", "MW", "WFR"].map(guarantee).into()
        }
        _ if model.starts_with("list-append") => transactional("list-append", path, expected, &all),
        _ if model.starts_with("rw-register") => transactional("rw-register", path, expected, &all),
        _ => panic!("{path}: no question is known for the model `{model}`"),
    }
}

/// The questions about a history of transactions.
fn transactional(
    model: &'static str,
    path: &str,
    expected: &str,
    all: &BTreeMap<&str, bool>,
) -> Vec<Question> {
    if all.is_empty() {
        // Elle's own. It calls its example of registers valid, where a value is read that nobody wrote; the
        // manifest says so, and that a checker of such reads differs on purpose.
        assert!(expected.contains("invalid"), "{path}: {expected}");
        return vec![Question::new(model, false)];
    }
    let names = [
        ("strict-serializable", "strict-serializable"),
        ("serializable", "serializable"),
        ("snapshot-isolation", "snapshot-isolation"),
        ("RC", "read-committed"),
        ("RA", "read-atomic"),
        ("CC", "causal"),
        ("SI", "snapshot-isolation"),
        ("SER", "serializable"),
    ];
    let question = |(name, consistency): (&str, &'static str)| {
        Some(Question::new(model, *all.get(name)?).at(consistency))
    };
    names.into_iter().filter_map(question).collect()
}

/// What a file says to a question, or why it was not judged.
fn answer(path: &Path, question: &Question) -> Result<(bool, Format), String> {
    let input = File::open(path).map_err(|error| error.to_string())?;
    let judged = file::judge(input, &question.asked()).map_err(|error| error.to_string())?;
    match judged.verdict() {
        "holds" => Ok((true, judged.format)),
        "violated" => Ok((false, judged.format)),
        _ => Err(judged.report.finding.summary()),
    }
}

/// The format that the manifest means.
fn format(text: &str) -> &'static [Format] {
    match text {
        _ if text.starts_with("awdit") => &[Format::Awdit],
        _ if text.starts_with("plume") => &[Format::Plume],
        _ if text.starts_with("jsonl") => &[Format::Jsonl],
        _ if text.starts_with("jepsen-log") => &[Format::EtcdLog],
        _ if text.starts_with("edn") => &[Format::Edn, Format::KvLog],
        "json" => &[Format::ElleJson],
        _ => panic!("no such format: {text}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where other people's files are is no part of a verdict"
)]
fn folder() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/histories");
    std::env::var_os("ORRERY_HISTORIES").map_or_else(|| PathBuf::from(beside), PathBuf::from)
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn every_file_of_the_manifest_has_its_verdict() {
    let folder = folder();
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        eprintln!(
            "skipped: no recorded histories in {} (ORRERY_HISTORIES names them)",
            folder.display()
        );
        return;
    };
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for line in manifest.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, _, _, _, _, written, model, expected, ..] = *columns else {
            panic!("a line of the manifest has fewer columns than its head: {line}");
        };
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        for question in questions(name, model, expected) {
            asked += 1;
            match answer(&path, &question) {
                Ok((holds, found)) => {
                    assert!(format(written).contains(&found), "{name} is no {found}");
                    if holds != question.holds {
                        wrong.push(format!(
                            "{name}: holds = {holds}, expected {expected}: {question:?}"
                        ));
                    }
                }
                Err(reason) => wrong.push(format!("{name}: {reason}: {question:?}")),
            }
        }
    }
    assert!(asked > 0, "the manifest names no file that is there");
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}
