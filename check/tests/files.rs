//! The files of histories with known verdicts that sessions, causal memory, convergence and the
//! aggregates judge.

use std::path::{Path, PathBuf};

use orrery_check::record::Value;
use orrery_check::subject::{Options, subject};
use orrery_check::{Finding, Report, formats};

fn judge(path: &Path, model: &str, consistency: &str, settings: &[(&str, Value)]) -> Report {
    let file =
        std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut records = formats::read(file, None).unwrap();
    let options = Options {
        consistency: Some(consistency.to_owned()),
        settings: settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        ..Options::default()
    };
    (subject(model).unwrap().judge)(&mut records, &options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories").join(name)
}

/// `kept`, or the pattern that is there.
fn verdict(report: &Report) -> &'static str {
    match &report.finding {
        Finding::Holds(_) => "kept",
        Finding::Violated(explanation) => {
            assert!(explanation.is_minimal);
            assert!(explanation.window.len() <= 7, "{explanation}");
            explanation.pattern
        }
        Finding::Unknown(reason) => panic!("{reason}"),
    }
}

#[test]
fn causal() {
    for (file, expected) in [
        ("causal-01-CM-not-CCv", ["kept", "CyclicCF", "kept"]),
        ("causal-02-CCv-not-CM", ["kept", "kept", "WriteHBInitRead"]),
        ("causal-06-lost-comment", ["WriteCOInitRead"; 3]),
        ("causal-08-cyclic", ["CyclicCO"; 3]),
    ] {
        let path = own(&format!("micro-causal/{file}.jsonl"));
        let found = ["CC", "CCv", "CM"].map(|level| verdict(&judge(&path, "causal", level, &[])));
        assert_eq!(found, expected, "{file}");
    }
}

#[test]
fn sessions() {
    for (file, expected) in [
        ("session-01-ok", "kept"),
        ("session-02-RYW", "RYW"),
        ("session-03-MR", "MR"),
        ("session-05-WFR", "WFR"),
    ] {
        let path = own(&format!("micro-session/{file}.jsonl"));
        let numbered = [("versions", Value::from("numbered"))];
        let report = judge(&path, "sessions", "all", &numbered);
        assert_eq!(verdict(&report), expected, "{file}");
        let alone = if expected == "kept" { vec![] } else { vec![expected] };
        assert_eq!(report.weakest_violated, alone, "{file}");
        for guarantee in ["RYW", "MR", "MW", "WFR"] {
            let alone = verdict(&judge(&path, "sessions", guarantee, &numbered));
            assert_eq!(alone, if guarantee == expected { expected } else { "kept" }, "{file}");
        }
    }
}

#[test]
fn convergence() {
    for (file, expected) in [
        ("converge-02-diverged", ["diverged", "diverged"]),
        ("converge-04-thin-air", ["kept", "unexpected"]),
    ] {
        let path = own(&format!("micro-converge/{file}.jsonl"));
        let levels = ["eventual", "convergence"];
        assert_eq!(levels.map(|level| verdict(&judge(&path, "convergence", level, &[]))), expected);
    }
    // The same files as a set to which all replicas add.
    let lost = own("micro-converge/converge-02-diverged.jsonl");
    assert_eq!(verdict(&judge(&lost, "set-full", "linearizable", &[])), "stale");
    let lost = own("micro-set/set-02-lost.jsonl");
    assert_eq!(verdict(&judge(&lost, "set-full", "eventual", &[])), "lost");
}

#[test]
fn counter() {
    let path = own("micro-counter/counter-01-ok.jsonl");
    assert_eq!(verdict(&judge(&path, "counter", "bounds", &[])), "kept");
    assert_eq!(verdict(&judge(&path, "counter", "linearizable", &[])), "kept");
}

/// Every model draws what it judged, whether it holds or not.
#[test]
fn pictures() {
    for (file, model, drawn) in [
        ("micro-txn/txn-la-01-serial", "list-append", "serial order"),
        ("micro-txn/txn-la-07-write-skew", "list-append", "&rarr;"),
        ("micro-causal/causal-02-CCv-not-CM", "causal", "Strongest model kept: CCv"),
        ("micro-lin/lin-01-sequential", "register", "before: "),
        ("micro-session/session-01-ok", "sessions", "read(x) -&gt; 2"),
        ("micro-converge/converge-02-diverged", "convergence", "final-read"),
    ] {
        let options = Options { picture: true, ..Options::default() };
        let file = std::fs::File::open(own(&format!("{file}.jsonl"))).unwrap();
        let mut records = formats::read(file, None).unwrap();
        let report = (subject(model).unwrap().judge)(&mut records, &options).unwrap();
        let page = report.drawn().html();
        assert!(page.contains("class=\"op ") && page.contains(drawn), "{model}: {page}");
    }
}

/// Other people's files, where they are.
#[test]
fn histories_of_others() {
    #[expect(clippy::disallowed_methods, reason = "where files are is no part of a run")]
    let folder = std::env::var_os("ORRERY_HISTORIES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories"),
        PathBuf::from,
    );
    let folder = folder.join("elle-cli");
    if !folder.is_dir() {
        let mut out = std::io::stderr();
        std::io::Write::write_all(&mut out, b"skipped: ORRERY_HISTORIES names no folder\n")
            .unwrap();
        return;
    }
    let total = [("total", Value::Int(100))];
    let group = [("group", Value::Int(3))];
    for (file, model, consistency, settings, expected) in [
        ("bank", "bank", "total", &total[..], "kept"),
        ("bank", "bank", "total", &[], "kept"),
        ("bank-neg", "bank", "total", &[], "kept"),
        ("bank-neg", "bank", "total", &total, "wrong-total"),
        ("counter", "counter", "bounds", &[], "kept"),
        // The additions are pairs, and the only read shows numbers.
        ("set_full", "set-full", "eventual", &[], "lost"),
        ("long-fork", "long-fork", "prefix", &group, "long-fork"),
    ] {
        let path = folder.join(format!("jepsen__{file}.edn"));
        assert_eq!(verdict(&judge(&path, model, consistency, settings)), expected, "{file}");
    }
}
