//! `compare`: one scenario for several protocols, or for several settings of one. Each entry says in which keys it differs
//! from the scenario.

use crate::error::{Place, Problem, Problems};
use crate::overrides::Override;
use crate::suggest::did_you_mean;
use crate::tree::{Entry, Table, Tree, Value};

/// The key of the list, and of the override that chooses an entry.
pub(crate) const COMPARE: &str = "compare";
/// The key of the protocol, and of the override that puts another in its place.
pub(crate) const PROTOCOL: &str = "protocol";
/// Keys that belong to the comparison as a whole.
const COMMON: [&str; 5] = ["format", "title", "about", "seed", COMPARE];

/// Reports what is wrong with the list itself. What its entries say is judged when one is chosen.
pub(crate) fn check(document: &Tree, problems: &mut Problems) {
    let Some(tree) = value_of(document, COMPARE) else { return };
    let help =
        "write `[[compare]]` and below it `protocol = \"..\"`, once for each that takes part";
    let Value::List(entries) = &tree.value else {
        let message = format!("`compare` is {}, not a list of tables", tree.kind());
        problems.push(tree.problem(message).help(help));
        return;
    };
    if entries.is_empty() {
        problems.push(tree.problem("`compare` is empty: nothing takes part").help(help));
    }
    let mut names: Vec<&str> = Vec::new();
    for entry in entries {
        let Some(table) = entry.as_table() else {
            let message = format!("an entry of `compare` is a table, not {}", entry.kind());
            problems.push(entry.problem(message).help(help));
            continue;
        };
        for key in table.0.iter().filter(|entry| COMMON.contains(&entry.key.as_str())) {
            let message = format!("`{}` is the same for all that take part", key.key);
            let help = "write it outside of `compare`";
            problems.push(Problem::at(&key.key_place, message).help(help));
        }
        match name_of(document, table) {
            Some(name) if names.contains(&name) => {
                let message = format!("two entries of `compare` are called `{name}`");
                let help = "give each a name of its own: `name = \"..\"`";
                problems.push(entry.problem(message).help(help));
            }
            Some(name) => names.push(name),
            None => {
                let message = "an entry of `compare` has neither a name nor a protocol";
                problems.push(entry.problem(message).help("write `name = \"..\"`"));
            }
        }
    }
}

/// The names of those that take part, in the order of the file; none where nothing is compared.
pub(crate) fn names(document: &Tree) -> Vec<String> {
    let named = entries(document).iter().filter_map(|entry| name_of(document, entry.as_table()?));
    named.map(String::from).collect()
}

/// The document of the entry that `overrides` choose, the first where they choose none, with the protocol that they name.
/// The document itself where nothing is compared.
pub(crate) fn choose(document: &Tree, overrides: &[Override], problems: &mut Problems) -> Tree {
    let last = |key: &str| overrides.iter().rev().find(|change| change.key == key);
    let mut chosen = match last(COMPARE) {
        None => entries(document)
            .first()
            .map_or_else(|| bare(document), |entry| merged(document, entry)),
        Some(change) => one(document, change, problems),
    };
    if let (Some(change), Value::Table(table)) = (last(PROTOCOL), &mut chosen.value) {
        let protocol = change.tree(problems);
        if table.get(PROTOCOL).and_then(|entry| entry.value.as_text()) != protocol.as_text() {
            // They are those of another protocol.
            table.0.retain(|entry| entry.key != "parameters");
        }
        put(table, &Entry { key: PROTOCOL.into(), key_place: change.key_place(), value: protocol });
    }
    chosen
}

/// The document of the entry that `change` names.
fn one(document: &Tree, change: &Override, problems: &mut Problems) -> Tree {
    let all = entries(document);
    let is_meant = |entry: &&Tree| {
        entry.as_table().and_then(|table| name_of(document, table)) == Some(change.value.as_str())
    };
    if let Some(entry) = all.iter().find(is_meant) {
        return merged(document, entry);
    }
    let names = names(document);
    let help = if names.is_empty() {
        String::from("it has no `[[compare]]`")
    } else {
        did_you_mean(&change.value, &names, "names")
    };
    let message = format!("the scenario compares nothing called `{}`", change.value);
    problems.push(change.tree(&mut Problems::default()).problem(message).help(help));
    bare(document)
}

fn value_of<'t>(document: &'t Tree, key: &str) -> Option<&'t Tree> {
    document.as_table()?.get(key).map(|entry| &entry.value)
}

fn entries(document: &Tree) -> &[Tree] {
    match value_of(document, COMPARE).map(|tree| &tree.value) {
        Some(Value::List(entries)) => entries,
        _ => &[],
    }
}

/// Its own name, or that of its protocol.
fn name_of<'t>(document: &'t Tree, entry: &'t Table) -> Option<&'t str> {
    let named = entry.get("name").or_else(|| entry.get(PROTOCOL));
    match named {
        Some(named) => named.value.as_text(),
        None => value_of(document, PROTOCOL)?.as_text(),
    }
}

/// The document without the list.
fn bare(document: &Tree) -> Tree {
    let mut bare = document.clone();
    if let Value::Table(table) = &mut bare.value {
        table.0.retain(|entry| entry.key != COMPARE);
    }
    bare
}

/// The document with the keys of `entry` in place of its own, and without the list.
fn merged(document: &Tree, entry: &Tree) -> Tree {
    let mut merged = bare(document);
    let (Value::Table(whole), Some(entry)) = (&mut merged.value, entry.as_table()) else {
        return merged;
    };
    let protocol = |table: &Table| Some(table.get(PROTOCOL)?.value.as_text()?.to_string());
    let is_other = protocol(entry).is_some()
        && protocol(whole).is_some_and(|own| Some(own) != protocol(entry));
    if is_other {
        whole.0.retain(|known| known.key != "parameters");
    }
    for own in entry.0.iter().filter(|own| own.key != "name") {
        match (own.key.as_str(), &own.value.value, whole.get_mut("knobs")) {
            // Knobs that an entry does not speak of keep their values.
            (
                "knobs",
                Value::Table(knobs),
                Some(Entry { value: Tree { value: Value::Table(all), .. }, .. }),
            ) => {
                knobs.0.iter().for_each(|knob| put(all, knob));
            }
            _ => put(whole, own),
        }
    }
    merged
}

fn put(table: &mut Table, entry: &Entry) {
    match table.get_mut(&entry.key) {
        Some(known) => *known = entry.clone(),
        None => table.0.push(entry.clone()),
    }
}

/// The place of a document's protocol.
pub(crate) fn protocol_of(document: &Tree) -> (Option<&str>, Place) {
    match value_of(document, PROTOCOL) {
        Some(tree) => (tree.as_text(), tree.place.clone()),
        None => (None, Place::in_file(0..0)),
    }
}
