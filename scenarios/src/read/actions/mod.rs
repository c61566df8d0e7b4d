//! The actions of plan items.

mod messages;
mod nodes;
mod reach;
mod target;

use serde_json::Value as Json;

use orrery_sim::plan::{Action, DiskFault};

use crate::error::Problems;
use crate::tree::{Entry, Tree};

use super::Surroundings;
use super::fields::{boolean, text, whole};

use target::target;

pub(in crate::read) use nodes::crash_inside_problem;

/// The words of all actions, as keys of plan items.
pub(super) const WORDS: [&str; 25] = [
    "crash",
    "restart",
    "wipe",
    "pause",
    "resume",
    "slow",
    "byzantine",
    "cut",
    "flap",
    "clog",
    "disturb",
    "heal",
    "calm",
    "hold",
    "release",
    "drop",
    "duplicate",
    "deliver",
    "delay",
    "fire",
    "request",
    "clock",
    "disk",
    "mend",
    "reseed",
];

/// The words of the items that a `heal` ends.
const HEALED: [&str; 4] = ["cut", "flap", "clog", "disturb"];

/// Reads the action that `entry` is.
pub(super) fn action(
    entry: &Entry,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    let tree = &entry.value;
    Some(match entry.key.as_str() {
        "crash" => nodes::crash(tree, around, problems)?,
        "restart" => Action::Restart(nodes::restart(tree, around, problems)?),
        "wipe" => Action::Wipe(target(tree, around, problems)?),
        "pause" => Action::Pause(target(tree, around, problems)?),
        "resume" => Action::Resume(target(tree, around, problems)?),
        "slow" => nodes::slow(tree, around, problems)?,
        "byzantine" => nodes::byzantine(tree, around, problems)?,
        "cut" => Action::Cut(reach::cut(tree, "`cut`", around, problems)?),
        "flap" => Action::Flap(reach::flap(tree, around, problems)?),
        "clog" => Action::Clog(reach::cut(tree, "`clog`", around, problems)?),
        "disturb" => Action::Disturb(messages::disturb(tree, around, problems)?),
        "heal" => Action::Heal(ended(tree, &HEALED, around, problems)?.into_name()),
        "calm" => calm(tree, problems)?,
        "hold" => Action::Hold(messages::hold(tree, around, problems)?),
        "release" => Action::Release(ended(tree, &["hold"], around, problems)?.into_name()),
        "drop" => Action::Drop(messages::message(tree, around, problems)?),
        "duplicate" => Action::Duplicate(messages::message(tree, around, problems)?),
        "deliver" => Action::Deliver(messages::message(tree, around, problems)?),
        "delay" => messages::delay(tree, around, problems)?,
        "fire" => nodes::fire(tree, around, problems)?,
        "request" => nodes::request(tree, around, problems)?,
        "clock" => nodes::clock(tree, around, problems)?,
        "disk" => nodes::disk(tree, around, problems)?,
        "mend" => Action::Disk { node: target(tree, around, problems)?, fault: DiskFault::Mend },
        _ => Action::Reseed(whole(tree, 0, problems)?),
    })
}

/// Whether the item `table` with the action `word` acts on one node, which `ITEM.node` then names.
pub(super) fn has_node(word: &str, tree: &Tree) -> bool {
    let names = |tree: &Tree, keys: &[&str]| {
        tree.as_table().is_some_and(|table| keys.iter().any(|key| table.get(key).is_some()))
    };
    match word {
        "cut" | "clog" => names(tree, &["isolate", "bridge"]),
        "flap" => {
            let inner = tree.as_table().and_then(|table| table.get("cut"));
            inner.is_some_and(|entry| names(&entry.value, &["isolate", "bridge"]))
        }
        "hold" | "disturb" => names(tree, &["from", "to"]),
        "heal" | "calm" | "release" | "reseed" | "drop" | "duplicate" | "deliver" | "delay" => {
            false
        }
        _ => true,
    }
}

fn calm(tree: &Tree, problems: &mut Problems) -> Option<Action<Json>> {
    let is_calm = boolean(tree, problems)?;
    if !is_calm {
        let help = "write `calm = true`, or leave the item out";
        problems.push(tree.problem("nothing is calmed by this").help(help));
    }
    is_calm.then_some(Action::Calm)
}

/// What a `heal` or `release` ends.
enum Ended {
    All,
    Item(String),
}

impl Ended {
    fn into_name(self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Item(name) => Some(name),
        }
    }
}

/// What a `heal` or `release` ends: the item of that name, whose word must be one of `words`, or all.
fn ended(
    tree: &Tree,
    words: &[&str],
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Ended> {
    let name = text(tree, problems)?;
    if name == "all" {
        return Some(Ended::All);
    }
    if !around.check_item(name, problems, |message| tree.problem(message)) {
        return None;
    }
    let own = around.items.get(name).map(|named| named.word.as_str());
    if let Some(own) = own.filter(|own| !words.contains(own)) {
        let wanted = either(words);
        let message = format!("the item `{name}` is a `{own}`, not {wanted}");
        let help = format!("name an item that is {wanted}, or write `all`");
        problems.push(tree.problem(message).help(help));
        return None;
    }
    Some(Ended::Item(name.into()))
}

/// ``a `cut` or `clog` ``.
fn either(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("a {} or {last}", rest.join(", ")),
        _ => format!("a {}", quoted.concat()),
    }
}
