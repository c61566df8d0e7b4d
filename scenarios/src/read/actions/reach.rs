//! Who no longer reaches whom: `cut`, `clog` and `flap`.

use orrery_sim::plan::{Cut, Flapping, Target};

use crate::error::Problems;
use crate::suggest::did_you_mean;
use crate::tree::Tree;
use crate::write;

use super::super::Surroundings;
use super::super::fields::{Fields, list, needed, span, text, time};
use super::target::{target, targets};

const CUT_HELP: &str = "write `\"halves\"`, `\"minority\"`, `\"ring\"`, `{ isolate = \"leader\" }`, \
    `{ groups = [[\"n1\", \"n2\"], [\"n3\"]] }`, `{ between = [[\"n1\"], [\"n2\"]] }`, `{ bridge = \"n3\" }`, \
    or `{ from = \"n1\", to = [\"n2\"] }` for one way only";

/// The cuts that are a word, and those that need to be told more.
const PLAIN: [&str; 3] = ["halves", "minority", "ring"];
const TOLD: [&str; 5] = ["groups", "isolate", "between", "bridge", "from"];

/// A word, or a table with one kind of cut. `what` is the action's word.
pub(super) fn cut(
    tree: &Tree,
    what: &'static str,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Cut> {
    if tree.as_text().is_some() {
        return plain(tree, problems);
    }
    if tree.as_table().is_none() {
        let message = format!("a cut is a word or a table, not {}", tree.kind());
        problems.push(tree.problem(message).help(CUT_HELP));
        return None;
    }
    let mut fields = Fields::of(tree, what, problems)?;
    let [groups, isolate, between, bridge] =
        ["groups", "isolate", "between", "bridge"].map(|key| fields.get(key));
    let (from, to) = (fields.get("from"), fields.get("to"));
    fields.finish(problems);
    match (groups, isolate, between, bridge, from, to) {
        (Some(tree), None, None, None, None, None) => cut_groups(tree, around, problems),
        (None, Some(tree), None, None, None, None) => {
            target(tree, around, problems).map(Cut::Isolate)
        }
        (None, None, Some(tree), None, None, None) => cut_between(tree, around, problems),
        (None, None, None, Some(tree), None, None) => {
            target(tree, around, problems).map(Cut::Bridge)
        }
        (None, None, None, None, Some(from), Some(to)) => {
            let (from, to) = (targets(from, around, problems), targets(to, around, problems));
            Some(Cut::OneWay(from, to))
        }
        _ => {
            problems.push(tree.problem("this is not exactly one kind of cut").help(CUT_HELP));
            None
        }
    }
}

fn plain(tree: &Tree, problems: &mut Problems) -> Option<Cut> {
    match text(tree, problems)? {
        "halves" => Some(Cut::Halves),
        "minority" => Some(Cut::Minority),
        "ring" => Some(Cut::Ring),
        word if TOLD.contains(&word) => {
            let message = format!("a cut by `{word}` needs to know more");
            problems.push(tree.problem(message).help(CUT_HELP));
            None
        }
        word => {
            let words: Vec<&str> = PLAIN.into_iter().chain(TOLD).collect();
            let hint = did_you_mean(word, &words, "cuts");
            problems.push(tree.problem(format!("there is no cut `{word}`")).help(hint));
            None
        }
    }
}

fn cut_groups(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Cut> {
    let mut seen: Vec<Target> = Vec::new();
    let mut groups = Vec::new();
    for group in list(tree, "`groups`", problems) {
        let members = targets(group, around, problems);
        if let Some(twice) = members.iter().find(|member| seen.contains(member)) {
            let name = write::target(twice);
            let help = "each node belongs to one side of a cut";
            problems.push(group.problem(format!("`{name}` is in two groups")).help(help));
        }
        seen.extend(members.iter().cloned());
        groups.push(members);
    }
    if groups.is_empty() {
        problems.push(tree.problem("a cut without groups cuts nothing").help(CUT_HELP));
        return None;
    }
    Some(Cut::Groups(groups))
}

fn cut_between(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Cut> {
    let known = problems.len();
    let sides = list(tree, "`between`", problems);
    let [one, other] = sides else {
        if known == problems.len() {
            let message = format!("a cut is between two sides, not {}", sides.len());
            let help =
                "write `{ between = [[\"n1\"], [\"n2\", \"n3\"]] }`; the others still reach both";
            problems.push(tree.problem(message).help(help));
        }
        return None;
    };
    let (left, right) = (targets(one, around, problems), targets(other, around, problems));
    if let Some(twice) = right.iter().find(|member| left.contains(member)) {
        let name = write::target(twice);
        let help = "each node belongs to one side of a cut";
        problems.push(other.problem(format!("`{name}` is on both sides")).help(help));
    }
    Some(Cut::Between(left, right))
}

/// `{ cut = "halves", on = "1s..2s", off = "500ms..1s", until = "8s" }`.
pub(super) fn flap(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Flapping> {
    const HELP: &str =
        "write `flap = { cut = \"halves\", on = \"1s..2s\", off = \"500ms..1s\", until = \"8s\" }`";
    let mut fields = Fields::of(tree, "`flap`", problems)?;
    let shape = needed(&mut fields, "cut", tree, HELP, problems);
    let ranges = ["on", "off"].map(|key| needed(&mut fields, key, tree, HELP, problems));
    let until = needed(&mut fields, "until", tree, HELP, problems);
    fields.finish(problems);
    let shape = shape.and_then(|tree| cut(tree, "`cut`", around, problems));
    let [on, off] = ranges.map(|tree| {
        let tree = tree?;
        let range = span(tree, problems)?;
        if range.min.as_nanos() == 0 {
            let help = "write how long it lasts at least, as in `500ms..1s`";
            problems.push(tree.problem("a cut that lasts no time changes nothing").help(help));
        }
        Some(range)
    });
    let until = until.and_then(|tree| time(tree, problems));
    Some(Flapping { cut: shape?, on: on?, off: off?, until: until? })
}
