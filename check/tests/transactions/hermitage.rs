//! The eight cases of Hermitage (Kleppmann, *Hermitage: Testing the "I" in ACID*, 2014) that need no reads by
//! predicate, as histories, and which level prevents which.

use std::fmt::Write as _;

use crate::support::{judge, lines};

/// Name, what happens, and the history: lists `x` and `y` in the place of the two rows.
const CASES: [(&str, &str, &str); 8] = [
    (
        "G0",
        "write cycle",
        "
        1 i [['append','x',11],['append','y',21]]
        2 i [['append','x',12],['append','y',22]]
        1 o [['append','x',11],['append','y',21]]
        2 o [['append','x',12],['append','y',22]]
        3 i [['r','x',null],['r','y',null]]
        3 o [['r','x',[11,12]],['r','y',[22,21]]]",
    ),
    (
        "G1a",
        "aborted read",
        "
        1 i [['append','x',101]]
        2 i [['r','x',null]]
        2 o [['r','x',[101]]]
        1 f [['append','x',101]]",
    ),
    (
        "G1b",
        "intermediate read",
        "
        1 i [['append','x',101],['append','x',11]]
        2 i [['r','x',null]]
        2 o [['r','x',[101]]]
        1 o [['append','x',101],['append','x',11]]",
    ),
    (
        "G1c",
        "circular information flow",
        "
        1 i [['append','x',11],['r','y',null]]
        2 i [['append','y',22],['r','x',null]]
        1 o [['append','x',11],['r','y',[22]]]
        2 o [['append','y',22],['r','x',[11]]]",
    ),
    (
        "OTV",
        "observed transaction vanishes",
        "
        1 i [['append','x',11],['append','y',19]]
        2 i [['append','x',12],['append','y',18]]
        3 i [['r','x',null],['r','y',null]]
        1 o [['append','x',11],['append','y',19]]
        2 o [['append','x',12],['append','y',18]]
        3 o [['r','x',[11,12]],['r','y',[19]]]
        4 i [['r','x',null],['r','y',null]]
        4 o [['r','x',[11,12]],['r','y',[19,18]]]",
    ),
    (
        "P4",
        "lost update",
        "
        1 i [['r','x',null],['append','x',11]]
        2 i [['r','x',null],['append','x',12]]
        1 o [['r','x',[]],['append','x',11]]
        2 o [['r','x',[]],['append','x',12]]
        3 i [['r','x',null]]
        3 o [['r','x',[11,12]]]",
    ),
    (
        "G-single",
        "read skew",
        "
        1 i [['r','x',null],['r','y',null]]
        2 i [['append','x',12],['append','y',18]]
        2 o [['append','x',12],['append','y',18]]
        1 o [['r','x',[]],['r','y',[18]]]",
    ),
    (
        "G2-item",
        "write skew",
        "
        1 i [['r','x',null],['r','y',null],['append','x',11]]
        2 i [['r','x',null],['r','y',null],['append','y',21]]
        1 o [['r','x',[]],['r','y',[]],['append','x',11]]
        2 o [['r','x',[]],['r','y',[]],['append','y',21]]",
    ),
];

const LEVELS: [&str; 9] = [
    "read-uncommitted",
    "PL-2",
    "read-committed",
    "read-atomic",
    "causal",
    "prefix",
    "parallel-snapshot-isolation",
    "snapshot-isolation",
    "serializable",
];

fn table() -> String {
    let names: Vec<String> =
        CASES.iter().map(|(name, what, _)| format!("{name}: {what}")).collect();
    let mut table =
        format!("| level | {} |\n|---|{}\n", names.join(" | "), ":-:|".repeat(CASES.len()));
    for level in LEVELS {
        let prevents = |(_, _, story): &(&str, &str, &str)| {
            let report = judge(lines(story).as_bytes(), "list-append", level);
            assert!(report.holds() || report.is_violated(), "{report}");
            if report.holds() { "-" } else { "prevented" }
        };
        let cells: Vec<&str> = CASES.iter().map(prevents).collect();
        writeln!(table, "| {level} | {} |", cells.join(" | ")).expect("text grows");
    }
    table
}

#[test]
fn the_page_has_the_table() {
    let page = include_str!("../../../docs/transactions.md");
    let table = table();
    assert!(page.contains(&table), "docs/transactions.md has another table than this:\n{table}");
}

#[test]
fn each_case_has_its_name() {
    for (name, what, story) in CASES {
        let report = judge(lines(story).as_bytes(), "list-append", "serializable");
        let explanation = crate::support::violation(&report);
        let expected = match name {
            "OTV" => "observed-transaction-vanishes",
            "P4" => "lost-update",
            // Of a transaction that is not seen whole there is a simpler name.
            "G-single" => "fractured-read",
            other => other,
        };
        assert_eq!(explanation.pattern, expected, "{what}: {report}");
        assert!(explanation.window.len() <= 4, "{report}");
    }
}
