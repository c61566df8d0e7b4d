//! One history per rung: it keeps what is below and breaks what is above.
//!
//! `cargo run -p orrery-check --example hierarchy` prints what `docs/consistency.md` shows; a test
//! compares the two. Every verdict comes out of the checkers.

use std::fmt::Write as _;

use orrery_check::record::{Place, Record, RecordKind, Value};
use orrery_check::subject::{Options, subject};
use orrery_check::{Finding, Report};

/// A history and what is asked of it.
pub(crate) struct Rung {
    /// What it is called.
    pub(crate) title: &'static str,
    /// What it teaches.
    pub(crate) lesson: &'static str,
    /// One operation a line, one after the other: `p1: write x 1`, `p2: read x nil`. A transaction has
    /// its steps in brackets: `p1: [w x 1] [r y nil]`. One that failed ends in `failed`.
    pub(crate) history: &'static str,
    /// Model, consistency, and whether it holds, from the strongest.
    pub(crate) asked: &'static [(&'static str, &'static str, bool)],
}

/// Single operations, from the strongest rule to the weakest, then transactions.
pub(crate) const RUNGS: [(&str, &[Rung]); 2] =
    [("Single operations", &SINGLE), ("Transactions", &TRANSACTIONS)];

const SINGLE: [Rung; 8] = [
    Rung {
        title: "Linearizable",
        lesson: "Whoever asks after a write has returned sees it, whoever asks.",
        history: "p1: write x 1\np2: read x 1\np1: write x 2\np2: read x 2",
        asked: &[("kv", "linearizable", true), ("kv", "sequential", true)],
    },
    Rung {
        title: "Sequential, not linearizable",
        lesson: "One order explains everything and keeps the order of each process, but it puts the read before a \
                 write that had returned. Without a clock on the wall nobody can tell.",
        history: "p1: write x 1\np2: read x nil\np2: read x 1",
        asked: &[("kv", "linearizable", false), ("kv", "sequential", true), ("causal", "CM", true)],
    },
    Rung {
        title: "Causal memory and causal convergence, not sequential",
        lesson: "Each process misses the other's write, so each write must come after the other's read: a circle. No \
                 cause is missed, since neither knows of the other.",
        history: "p1: write x 1\np2: write y 1\np1: read y nil\np2: read x nil",
        asked: &[("kv", "sequential", false), ("causal", "CM", true), ("causal", "CCv", true)],
    },
    Rung {
        title: "Causal memory, not causal convergence",
        lesson: "Each process sees its own write overwritten by the other's. Either order is fine for one of them; they \
                 will never agree. Session guarantees speak of one order of versions for all, so they fail too.",
        history: "p1: write x 1\np2: write x 2\np1: read x 2\np2: read x 1",
        asked: &[
            ("causal", "CM", true),
            ("causal", "CCv", false),
            ("causal", "CC", true),
            ("sessions", "all", false),
        ],
    },
    Rung {
        title: "Causal convergence, not causal memory",
        lesson: "All agree that x = 1 comes before x = 2. But p2 learns of x = 1 only by way of y, after it has missed \
                 z, so it has changed its mind about its own past.",
        history: "p1: write z 1\np2: write x 2\np1: write x 1\np2: read z nil\np1: write y 1\np2: read y 1\np2: read x 2",
        asked: &[
            ("causal", "CM", false),
            ("causal", "CCv", true),
            ("causal", "CC", true),
            ("sessions", "all", true),
        ],
    },
    Rung {
        title: "Causal consistency alone",
        lesson: "p2 reads 1 and then 2 again. Each read alone has an explanation; no order explains both.",
        history: "p1: write x 1\np2: write x 2\np2: read x 1\np2: read x 2",
        asked: &[
            ("causal", "CM", false),
            ("causal", "CCv", false),
            ("causal", "CC", true),
            ("sessions", "all", false),
        ],
    },
    Rung {
        title: "Session guarantees, not causal",
        lesson: "p3 sees the reply but not the post that it answers. No session goes back on any one key, so all four \
                 guarantees hold.",
        history: "p1: write post 1\np2: read post 1\np2: write reply 2\np3: read reply 2\np3: read post nil",
        asked: &[("causal", "CC", false), ("sessions", "all", true)],
    },
    Rung {
        title: "Eventual convergence alone",
        lesson: "In the end the replicas are equal. Before, p2 could not read its own write, and nothing had \
                 promised that it could.",
        history: "p1: add 1\np2: add 2\np2: read [1]\np1: final-read [1 2]\np2: final-read [1 2]",
        asked: &[
            ("set-full", "linearizable", false),
            ("set-full", "eventual", true),
            ("convergence", "convergence", true),
        ],
    },
];

const TRANSACTIONS: [Rung; 10] = [
    Rung {
        title: "Strict serializable",
        lesson: "One at a time, in the order of the clock on the wall.",
        history: "p1: [w x 1]\np2: [r x 1] [w y 2]\np1: [r x 1] [r y 2]",
        asked: &[("rw-register", "strict-serializable", true)],
    },
    Rung {
        title: "Serializable in the order of sessions, not strict",
        lesson: "p2 begins after p1 is done and does not see it: it is put before it.",
        history: "p1: [w x 1]\np2: [r x nil]",
        asked: &[
            ("rw-register", "strict-serializable", false),
            ("rw-register", "strong-session-serializable", true),
        ],
    },
    Rung {
        title: "Serializable, not in the order of sessions",
        lesson: "p1 does not see what it wrote itself: its second transaction is put before its first.",
        history: "p1: [w x 1]\np1: [r x nil]",
        asked: &[
            ("rw-register", "strong-session-serializable", false),
            ("rw-register", "serializable", true),
        ],
    },
    Rung {
        title: "Snapshot isolation, not serializable",
        lesson: "Write skew: each reads what the other writes. Both doctors go home, since each saw the other on call.",
        history: "p1: [r x nil] [w y 1]\np2: [r y nil] [w x 1]",
        asked: &[
            ("rw-register", "serializable", false),
            ("rw-register", "snapshot-isolation", true),
        ],
    },
    Rung {
        title: "Prefix consistency, not snapshot isolation",
        lesson: "Lost update: both read nothing and write, so that one of the two is forgotten.",
        history: "p1: [r x nil] [w x 1]\np2: [r x nil] [w x 2]",
        asked: &[("rw-register", "snapshot-isolation", false), ("rw-register", "prefix", true)],
    },
    Rung {
        title: "Parallel snapshot isolation, not prefix consistency",
        lesson: "Long fork: two readers see two writes in different orders.",
        history: "p1: [w x 1]\np2: [w y 1]\np3: [r x 1] [r y nil]\np4: [r x nil] [r y 1]",
        asked: &[
            ("rw-register", "prefix", false),
            ("rw-register", "parallel-snapshot-isolation", true),
            ("rw-register", "causal", true),
        ],
    },
    Rung {
        title: "Read atomic, not causal",
        lesson: "The reply without the post, each in a transaction.",
        history: "p1: [w x 1]\np2: [r x 1] [w y 1]\np3: [r y 1] [r x nil]",
        asked: &[("rw-register", "causal", false), ("rw-register", "read-atomic", true)],
    },
    Rung {
        title: "Read committed, not read atomic",
        lesson: "A fractured read: p2 sees one half of p1's transaction.",
        history: "p1: [w x 1] [w y 1]\np2: [r y nil] [r x 1]",
        asked: &[("rw-register", "read-atomic", false), ("rw-register", "read-committed", true)],
    },
    Rung {
        title: "Read uncommitted, not read committed",
        lesson: "An aborted read: p2 saw what never happened.",
        history: "p1: [append x 1] failed\np2: [r x [1]]",
        asked: &[
            ("list-append", "read-committed", false),
            ("list-append", "read-uncommitted", true),
        ],
    },
    Rung {
        title: "Not even read uncommitted",
        lesson: "A dirty write: the two transactions overwrite each other, in different orders on different keys.",
        history: "p1: [append x 1] [append y 1]\np2: [append x 2] [append y 2]\np3: [r x [1 2]] [r y [2 1]]",
        asked: &[("list-append", "read-uncommitted", false)],
    },
];

/// A word: a number, `nil`, or a name.
fn word(word: &str) -> Value {
    match word.parse() {
        Ok(number) => Value::Int(number),
        Err(_) if word == "nil" => Value::Nil,
        Err(_) => Value::Text(word.to_owned()),
    }
}

/// `[1 2]`, or a word.
fn value(text: &str) -> Value {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(inside) => Value::List(inside.split_whitespace().map(word).collect()),
        None => word(text),
    }
}

/// `w x 1`: what was asked, and what was answered.
fn step(text: &str) -> (Value, Value) {
    let mut parts = text.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or("nil");
    let (function, key, argument) = (part(), part(), value(part()));
    let asked = if function == "r" { Value::Nil } else { argument.clone() };
    let list = |argument| Value::List(vec![word(function), word(key), argument]);
    (list(asked), list(argument))
}

/// The records of a history as [`Rung::history`] has it: each line takes two microseconds.
pub(crate) fn records(history: &str) -> Vec<Record> {
    let mut all = Vec::new();
    for (line, text) in (1u32..).zip(history.lines()) {
        let (process, what) = text.split_once(": ").expect("`p1: ...`");
        let what_ended = what.strip_suffix(" failed");
        let what = what_ended.unwrap_or(what);
        let mut record = Record {
            place: Place { line, column: 1 },
            process: process[1..].parse().expect("`p1`"),
            kind: RecordKind::Invoke,
            function: "txn".to_owned(),
            key: None,
            value: Value::Nil,
            time: u64::from(line) * 2_000,
            node: None,
            event: None,
            commit: None,
            error: None,
        };
        let answer;
        if let Some(steps) = what.strip_prefix('[') {
            let steps = steps.trim_end_matches(']').split("] [").map(|text| {
                // A list at the end of a step lost its bracket to the split.
                let is_open = text.matches('[').count() > text.matches(']').count();
                step(&if is_open { format!("{text}]") } else { text.to_owned() })
            });
            let (asked, answered): (Vec<_>, Vec<_>) = steps.unzip();
            (record.value, answer) = (Value::List(asked), Value::List(answered));
        } else {
            let (function, rest) = what.split_once(' ').expect("a function and a value");
            function.clone_into(&mut record.function);
            let has_key = matches!(function, "read" | "write") && !rest.starts_with('[');
            let (key, argument) =
                if has_key { rest.split_once(' ').expect("a key") } else { ("", rest) };
            record.key = has_key.then(|| word(key));
            answer = value(argument);
            record.value = if function.contains("read") { Value::Nil } else { answer.clone() };
        }
        let kind = if what_ended.is_some() { RecordKind::Fail } else { RecordKind::Ok };
        let end = Record { kind, value: answer, time: record.time + 1_000, ..record.clone() };
        all.extend([record, end]);
    }
    all
}

/// What the checkers say.
pub(crate) fn judge(rung: &Rung, model: &str, consistency: &str) -> Report {
    let subject = subject(model).unwrap_or_else(|| panic!("no model {model}"));
    let options = Options { consistency: Some(consistency.to_owned()), ..Options::default() };
    (subject.judge)(&mut records(rung.history).into_iter().map(Ok), &options)
        .unwrap_or_else(|error| panic!("{}: {error}", rung.title))
}

/// The page's part that is made here.
pub(crate) fn page() -> String {
    let mut page = String::new();
    for (family, rungs) in RUNGS {
        write!(page, "## {family}\n\n").expect("writing to a string cannot fail");
        for rung in rungs {
            write!(page, "### {}\n\n{}\n\n```\n{}\n```\n\n", rung.title, rung.lesson, rung.history)
                .expect("writing to a string cannot fail");
            page.push_str("| model | consistency | verdict |\n|---|---|---|\n");
            let mut why = None;
            for (model, consistency, _) in rung.asked {
                let report = judge(rung, model, consistency);
                let verdict = match &report.finding {
                    Finding::Holds(_) => "holds".to_owned(),
                    Finding::Violated(explanation) => {
                        why.get_or_insert(explanation.sentence.clone());
                        format!("violated: {}", explanation.pattern)
                    }
                    Finding::Unknown(reason) => format!("unknown: {reason}"),
                };
                writeln!(page, "| {model} | {consistency} | {verdict} |")
                    .expect("writing to a string cannot fail");
            }
            page.push('\n');
            if let Some(why) = why {
                write!(page, "> {why}\n\n").expect("writing to a string cannot fail");
            }
        }
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

#[allow(dead_code, reason = "a test takes the rest of this file")]
fn main() -> std::io::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), page().as_bytes())
}
