//! The names of plan items, known before anything that mentions them is read.

use std::collections::BTreeMap;

use orrery_harness::case::Swarm;

use crate::error::Problems;
use crate::tree::{Tree, Value};

use super::actions::{WORDS, has_node};

/// What is known of a named item before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The word of its action; empty where it has none.
    pub word: String,
    /// Whether it acts on one node.
    pub has_node: bool,
}

/// All names of the lists, with what is known of each item.
pub(super) fn item_names(
    lists: &[Option<&Tree>],
    has_swarm: bool,
    problems: &mut Problems,
) -> BTreeMap<String, Named> {
    let mut names = BTreeMap::new();
    if has_swarm {
        let quiet = Named { word: String::from("calm"), has_node: false };
        names.insert(Swarm::QUIET.to_string(), quiet);
    }
    let lists = lists.iter().flatten().filter_map(|tree| match &tree.value {
        Value::List(items) => Some(items),
        _ => None,
    });
    for item in lists.flatten() {
        let Some(table) = item.as_table() else { continue };
        let Some(entry) = table.get("name") else { continue };
        // A name that is no string is reported where the item is read.
        let Some(name) = entry.value.as_text() else { continue };
        if let Some(wrong) = misfit(name) {
            let help = "write a word of letters, digits, `_` and `-`, such as `first_crash`";
            problems.push(entry.value.problem(format!("`{name}` {wrong}")).help(help));
        }
        let action = WORDS.iter().find_map(|word| table.get(word));
        let word = action.map_or_else(String::new, |entry| entry.key.clone());
        let has_node = action.is_some_and(|entry| has_node(&entry.key, &entry.value));
        if names.insert(name.to_string(), Named { word, has_node }).is_some() {
            let help = if name == Swarm::QUIET && has_swarm {
                "the swarm's own last item has that name: choose another"
            } else {
                "give each item a name of its own"
            };
            let message = format!("another item is named `{name}` already");
            problems.push(entry.value.problem(message).help(help));
        }
    }
    names
}

/// Why `name` cannot be an item's.
fn misfit(name: &str) -> Option<&'static str> {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let is_id = name
        .strip_prefix(['n', 'c'])
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    match name {
        _ if !is_word => Some("is no name"),
        _ if is_id => Some("would be taken for a node or client"),
        "all" => Some("would be taken for all cuts or holds"),
        _ => None,
    }
}
