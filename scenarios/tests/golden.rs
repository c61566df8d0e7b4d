//! The digest of every scenario's own run, committed: what a run comes to changes only on purpose, and never without a word
//! in the changelog.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use orrery_harness::RunOptions;
use orrery_scenarios::{Catalogue, Override, Scenario, registry};
use orrery_sim::Digest;

/// How a change of the file is blessed.
const HOW: &str = "if that is on purpose: UPDATE_GOLDEN=1 cargo test -p orrery-scenarios --test golden, \
    and say why under `Golden digests` in CHANGELOG.md";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden-digests.txt")
}

/// One line per scenario, or per part of one that compares: name, seed, digest, events, verdict.
fn current() -> String {
    let catalogue = Catalogue::builtin();
    let mut lines = String::new();
    for name in catalogue.names() {
        let scenario = catalogue.load(name).unwrap_or_else(|errors| panic!("{}", errors.plain()));
        let compared = scenario.compared();
        if compared.is_empty() {
            writeln!(lines, "{name} {}", line(&scenario, &[])).expect("a string takes everything");
        }
        for part in compared {
            let choice = Override { key: String::from("compare"), value: part.clone() };
            let line = line(&scenario, &[choice]);
            writeln!(lines, "{name}+{part} {line}").expect("a string takes everything");
        }
    }
    lines
}

fn line(scenario: &Scenario, overrides: &[Override]) -> String {
    let registry = registry();
    let case = scenario.case(&registry, None, overrides, &[]);
    let case = case.unwrap_or_else(|errors| panic!("{}", errors.plain()));
    let subject = registry.get(&case.protocol).expect("the case found it");
    let report = subject.run(&case, &RunOptions::default()).expect("a case can be run");
    format!("{} {} {} {}", report.seed, report.digest, report.events, report.verdict)
}

#[test]
fn every_scenario_comes_to_its_golden_digest() {
    let current = current();
    #[expect(clippy::disallowed_methods, reason = "a switch of the test, no input of a run")]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file(), &current).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(file()).unwrap_or_default();
    for (now, then) in current.lines().zip(committed.lines()) {
        assert_eq!(now, then, "the run of a scenario changed; {HOW}");
    }
    assert_eq!(current.lines().count(), committed.lines().count(), "{HOW}");
}

#[test]
fn the_changelog_speaks_of_the_golden_digests_as_they_are() {
    let committed = std::fs::read_to_string(file()).unwrap_or_default();
    let print = Digest::of(&committed).expect("a text has a digest").to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../CHANGELOG.md");
    let changelog = std::fs::read_to_string(path).unwrap_or_default();
    let entry = format!("Golden digests `{}`", &print[..8]);
    assert!(
        changelog.contains(&entry),
        "golden-digests.txt changed: write `- {entry}: ` and the reason under `Unreleased` in CHANGELOG.md"
    );
}
