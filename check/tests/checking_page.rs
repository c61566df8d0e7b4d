//! What docs/checking.md shows is what the checkers say.

use std::fmt::Write as _;

use orrery_check::file::{self, Asked};
use orrery_check::formats::literal;
use orrery_check::subject::subjects;

const PAGE: &str = include_str!("../../docs/checking.md");

/// The page has this text; if not, the message is what it should have.
fn shows(text: &str) {
    assert!(PAGE.contains(text), "docs/checking.md does not show:\n{text}");
}

#[test]
fn the_example_is_what_the_command_says() {
    let example = PAGE.split("```edn\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut asked = Asked::about("cas-register");
    asked.options.initial = Some(literal("0"));
    let judged = file::judge(example.as_bytes(), &asked).unwrap();
    assert_eq!(judged.verdict(), "violated");
    shows(&format!(
        "violated  history.edn (edn) as cas-register, linearizable\n\n{}\n",
        judged.report.finding.to_string().trim_end()
    ));
}

#[test]
fn every_model_is_listed() {
    let mut rows = String::new();
    for subject in subjects() {
        let consistencies = subject.consistencies.join(", ");
        writeln!(rows, "| `{}` | {consistencies} |", subject.name).unwrap();
    }
    shows(&rows);
}
