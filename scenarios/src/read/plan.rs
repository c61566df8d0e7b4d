//! `plan`: each item has one trigger and one action.

use serde_json::Value as Json;

use orrery_sim::Duration;
use orrery_sim::plan::{Action, Item, Trigger};
use orrery_sim::predicate::EventKind;

use crate::error::{Problem, Problems};
use crate::suggest::{did_you_mean, quoted_list};
use crate::tree::{Entry, Table, Tree};

use super::Surroundings;
use super::actions::{WORDS, action, crash_inside_problem};
use super::fields::{duration, explained, list, text, time, whole};
use super::predicate::predicate;

/// The keys of triggers.
pub(super) const TRIGGERS: [&str; 4] = ["at", "after", "when", "behind"];

/// Items as they are read, each with what was written.
pub(super) type Written<'t> = Vec<(Item<Json>, &'t Tree)>;

/// Reads a list of items. One that is wrong is left out; the problems say so.
pub(super) fn items<'t>(
    tree: Option<&'t Tree>,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Written<'t> {
    let written = tree.map(|tree| list(tree, "`plan`", problems)).unwrap_or_default();
    written.iter().filter_map(|tree| Some((item(tree, around, problems)?, tree))).collect()
}

fn item(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Item<Json>> {
    let Some(table) = tree.as_table() else {
        let message = format!("an item of the plan is a table, not {}", tree.kind());
        problems.push(tree.problem(message).help("write `{ at = \"2s\", crash = \"n1\" }`"));
        return None;
    };
    unknown_keys(table, problems);
    let name = table.get("name").and_then(|entry| text(&entry.value, problems));
    let within = table.get("within").and_then(|entry| duration(&entry.value, problems));
    let triggers = entries(table, &TRIGGERS);
    let trigger = match triggers.as_slice() {
        [entry] => trigger(entry, around, problems),
        [] => {
            let help = "say when it happens: `at = \"2s\"`, `after = \"ITEM + 1s\"`, \
                `when = \"note Elected\"` or `behind = 120`";
            problems.push(tree.problem("this item has no trigger").help(help));
            None
        }
        [first, second, ..] => {
            problems.push(two(
                first,
                second,
                "happens once, by one trigger",
                "split it into two items",
            ));
            None
        }
    };
    let actions = entries(table, &WORDS);
    let action = match actions.as_slice() {
        [entry] => action(entry, around, problems).map(|action| (action, *entry)),
        [] => {
            let help = format!("the actions are {}", quoted_list(&WORDS));
            problems.push(tree.problem("this item has no action").help(help));
            None
        }
        [first, second, ..] => {
            problems.push(two(
                first,
                second,
                "does one thing",
                "write two items with the same trigger",
            ));
            None
        }
    };
    let (trigger, (action, entry)) = (trigger?, action?);
    check_crash_inside(&trigger, &action, entry, problems);
    Some(Item { name: name.map(str::to_string), trigger, within, action })
}

/// The places at which the items draw; none where each draws at its own.
pub(super) fn places(written: &Written<'_>, problems: &mut Problems) -> Vec<u32> {
    let mut is_any = false;
    let mut places = Vec::new();
    for (own, (_, tree)) in (0_u32..).zip(written) {
        let entry = tree.as_table().and_then(|table| table.get("place"));
        is_any |= entry.is_some();
        let place = entry.and_then(|entry| whole(&entry.value, 0, problems));
        places.push(place.unwrap_or(own));
    }
    if is_any { places } else { vec![] }
}

/// Reports a place in an item of a plan file.
pub(super) fn no_places(written: &Written<'_>, problems: &mut Problems) {
    for (_, tree) in written {
        if let Some(entry) = tree.as_table().and_then(|table| table.get("place")) {
            let message = "an item of a plan file draws at its own place";
            let help = "leave `place` out, or write the item into the scenario";
            problems.push(Problem::at(&entry.key_place, message).help(help));
        }
    }
}

fn entries<'t>(table: &'t Table, keys: &[&str]) -> Vec<&'t Entry> {
    table.0.iter().filter(|entry| keys.contains(&entry.key.as_str())).collect()
}

fn two(first: &Entry, second: &Entry, rule: &str, help: &str) -> Problem {
    let message = format!("this item has `{}` and `{}`, but an item {rule}", first.key, second.key);
    Problem::at(&second.key_place, message).help(help)
}

fn unknown_keys(table: &Table, problems: &mut Problems) {
    let known: Vec<&str> =
        ["name", "within", "place"].into_iter().chain(TRIGGERS).chain(WORDS).collect();
    for entry in &table.0 {
        if !known.contains(&entry.key.as_str()) {
            let message = format!("an item of the plan has no key `{}`", entry.key);
            let hint = did_you_mean(&entry.key, &known, "keys");
            problems.push(Problem::at(&entry.key_place, message).help(hint));
        }
    }
}

fn trigger(entry: &Entry, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Trigger> {
    match entry.key.as_str() {
        "at" => time(&entry.value, problems).map(Trigger::At),
        "when" => predicate(&entry.value, around, problems).map(Trigger::When),
        "behind" => whole(&entry.value, 0, problems).map(Trigger::Behind),
        _ => after(&entry.value, around, problems),
    }
}

/// `ITEM`, or `ITEM + DURATION` with any number of summands.
fn after(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Trigger> {
    let written = text(tree, problems)?;
    // A `-` inside a name is part of it; one after a blank is not.
    let ends = [written.find('+'), written.find(" -")];
    let end = ends.into_iter().flatten().min().unwrap_or(written.len());
    let item = written[..end].trim();
    let start = written.find(item).unwrap_or(0);
    let problem = |message| tree.problem_in(&(start..start + item.len()), message);
    let is_there = around.check_item(item, problems, problem);
    let mut nanos: i128 = 0;
    let mut rest = written[end..].trim_start();
    let signs = written.len() - rest.len();
    while let Some(sign) = rest.chars().next() {
        let next = rest[1..].find(['+', '-']).map_or(rest.len(), |at| at + 1);
        let term = rest[1..next].trim();
        let at = written.len() - rest.len() + 1 + rest[1..].find(term).unwrap_or(0);
        match term.parse::<Duration>() {
            Ok(value) => nanos += i128::from(value.as_nanos()) * if sign == '-' { -1 } else { 1 },
            Err(error) => {
                let explained = explained(tree, &error.to_string());
                let in_place = tree.problem_in(&(at..at + term.len()), explained.message);
                problems.push(Problem { help: explained.help, ..in_place });
                return None;
            }
        }
        rest = &rest[next..];
    }
    let delay = u64::try_from(nanos).ok().map(Duration::from_nanos);
    if delay.is_none() {
        let (wrong, help) = if nanos < 0 {
            ("nothing happens before the item that it waits for", "write a delay of `0s` or more")
        } else {
            ("the delay is more than 584 years", "write a delay that ends within the run")
        };
        problems.push(tree.problem_in(&(signs..written.len()), wrong).help(help));
    }
    is_there.then_some(Trigger::After { item: item.into(), delay: delay? })
}

/// A crash inside an event sees the event before it is handled: what comes of it is not known yet.
fn check_crash_inside(
    trigger: &Trigger,
    action: &Action<Json>,
    entry: &Entry,
    problems: &mut Problems,
) {
    if !matches!(action, Action::Crash { after_effects: Some(_), .. }) {
        return;
    }
    let Trigger::When(predicate) = trigger else {
        problems.push(crash_inside_problem(entry, "needs an event to fall into"));
        return;
    };
    match &predicate.event {
        None => problems.push(crash_inside_problem(entry, "needs an event, not a condition")),
        Some(event) => {
            let is_handled = matches!(
                event.kind,
                EventKind::Deliver
                    | EventKind::Timer
                    | EventKind::Start
                    | EventKind::Invoke
                    | EventKind::Sync
            );
            if !is_handled {
                let why =
                    format!("cannot fall into a `{}`, which no node handles", event.kind.word());
                problems.push(crash_inside_problem(entry, &why));
            }
        }
    }
}
