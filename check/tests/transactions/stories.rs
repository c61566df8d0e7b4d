//! One small history per anomaly.

use crate::support::{judge, lines, refuse, violation};

/// Judges a story as list-append at its strictest: the anomaly, the weakest levels violated and the strongest
/// kept.
#[track_caller]
fn list_append(
    story: &str,
    level: &str,
    name: &str,
    weakest: &[&str],
    strongest: &[&str],
) -> String {
    let report = judge(lines(story).as_bytes(), "list-append", level);
    let explanation = violation(&report);
    assert_eq!(explanation.pattern, name, "{report}");
    assert_eq!(report.weakest_violated, weakest, "{report}");
    assert_eq!(report.strongest_kept, strongest, "{report}");
    assert!(explanation.is_minimal, "{report}");
    explanation.sentence.clone()
}

#[test]
fn serial() {
    let story = "
        0 i [['append','x',1]]
        0 o [['append','x',1]]
        1 i [['r','x',null],['append','x',2]]
        1 o [['r','x',[1]],['append','x',2]]
        2 i [['r','x',null]]
        2 o [['r','x',[1,2]]]";
    let report = judge(lines(story).as_bytes(), "list-append", "strict-serializable");
    assert!(report.holds(), "{report}");
    assert_eq!(report.strongest_kept, ["strict-serializable"]);
    assert!(report.weakest_violated.is_empty());
}

#[test]
fn write_cycle() {
    let story = "
        0 i [['append','x',1],['append','y',1]]
        1 i [['append','x',2],['append','y',2]]
        0 o [['append','x',1],['append','y',1]]
        1 o [['append','x',2],['append','y',2]]
        2 i [['r','x',null],['r','y',null]]
        2 o [['r','x',[1,2]],['r','y',[2,1]]]";
    let sentence = list_append(story, "serializable", "G0", &["read-uncommitted"], &[]);
    assert_eq!(
        sentence,
        "The history is not serializable: o2 read x with the 1 of o0 before the 2 of o1; o2 read y \
         with the 2 of o1 before the 1 of o0 (G0)."
    );
}

#[test]
fn aborted_read() {
    let story = "
        0 i [['append','x',1]]
        1 i [['r','x',null]]
        0 f [['append','x',1]]
        1 o [['r','x',[1]]]";
    let sentence = list_append(story, "serializable", "G1a", &["PL-2"], &["read-uncommitted"]);
    assert!(sentence.contains("o1 read 1 in x, which o0 appended and aborted (G1a)"), "{sentence}");
}

#[test]
fn read_skew() {
    let story = "
        0 i [['append','x',1],['append','y',1]]
        1 i [['r','x',null],['r','y',null]]
        0 o [['append','x',1],['append','y',1]]
        1 o [['r','x',[1]],['r','y',null]]";
    let sentence = list_append(
        story,
        "snapshot-isolation",
        "observed-transaction-vanishes",
        &["read-committed"],
        &["PL-2"],
    );
    assert!(sentence.ends_with("(observed-transaction-vanishes)."), "{sentence}");
}

#[test]
fn write_skew() {
    let story = "
        0 i [['r','x',null],['append','y',1]]
        1 i [['r','y',null],['append','x',1]]
        0 o [['r','x',null],['append','y',1]]
        1 o [['r','y',null],['append','x',1]]";
    list_append(
        story,
        "strict-serializable",
        "G2-item",
        &["serializable"],
        &["strong-snapshot-isolation"],
    );
}

#[test]
fn lost_update() {
    let story = "
        0 i [['r','x',null],['append','x',1]]
        1 i [['r','x',null],['append','x',2]]
        0 o [['r','x',[]],['append','x',1]]
        1 o [['r','x',[]],['append','x',2]]
        2 i [['r','x',null]]
        2 o [['r','x',[1,2]]]";
    list_append(
        story,
        "serializable",
        "lost-update",
        &["parallel-snapshot-isolation"],
        &["causal", "prefix"],
    );
}

#[test]
fn long_fork() {
    let story = "
        0 i [['append','x',1]]
        1 i [['append','y',1]]
        2 i [['r','x',null],['r','y',null]]
        3 i [['r','x',null],['r','y',null]]
        0 o [['append','x',1]]
        1 o [['append','y',1]]
        2 o [['r','x',[1]],['r','y',[]]]
        3 o [['r','x',[]],['r','y',[1]]]";
    list_append(
        story,
        "serializable",
        "G-nonadjacent",
        &["prefix"],
        &["causal", "parallel-snapshot-isolation"],
    );
}

#[test]
fn stale_read() {
    let story = "
        0 i [['append','x',1]]
        0 o [['append','x',1]]
        1 i [['r','x',null]]
        1 o [['r','x',null]]";
    let sentence = list_append(
        story,
        "strict-serializable",
        "G-single-realtime",
        &["strong-snapshot-isolation"],
        &["strong-session-serializable"],
    );
    assert_eq!(
        sentence,
        "The history is not strictly serializable: o1 read x as [], without the 1 that o0 appended to \
         it; o0 had ended at 2us when o1 began at 3us (G-single-realtime)."
    );
}

#[test]
fn without_invocations_real_time_is_refused() {
    let text = "w 0 1\n-----\nr 0 1\n";
    let error = refuse(text, "rw-register", "strict-serializable");
    assert_eq!(
        error,
        "1:1: strict-serializable needs to know when transactions began, and no `invoke` says so \
         here: ask for strong-session-serializable or weaker"
    );
    let report = judge(text.as_bytes(), "rw-register", "strong-session-serializable");
    assert!(report.holds(), "{report}");
}

#[test]
fn a_value_written_twice_is_refused() {
    let story = "
        0 i [['append','x',1]]
        0 o [['append','x',1]]
        1 i [['append','x',1]]
        1 o [['append','x',1]]";
    let error = refuse(&lines(story), "list-append", "serializable");
    assert!(error.contains("o1 writes 1 to x, which o0 has written before"), "{error}");
}
