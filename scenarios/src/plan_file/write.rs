//! Writes plan files.

use serde_json::Value as Json;

use orrery_sim::plan::Item;

use crate::error::Problems;
use crate::read;
use crate::write::case::item as entries;
use crate::write::quoted;

use super::PlanFile;

/// Why a plan cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// An item would read back as another, or not at all.
    #[error("item {place} of the plan, a `{word}`, cannot be written: {problem}")]
    Item {
        /// Its place, from 0.
        place: usize,
        /// The word of its action.
        word: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// The text of a plan file, of which every item reads back as it is.
pub(super) fn checked(
    scenario: &str,
    replaces: bool,
    items: &[Item<Json>],
) -> Result<String, PlanFileError> {
    let mut text = format!("format = 1\nscenario = {}\nreplaces = {replaces}\n", quoted(scenario));
    if items.is_empty() {
        text += "plan = []\n";
    }
    for (place, item) in items.iter().enumerate() {
        let written = self::item(item);
        if let Some(problem) = misread(item, &written) {
            return Err(PlanFileError::Item { place, word: item.action.word(), problem });
        }
        text += "\n[[plan]]\n";
        text += &written;
    }
    Ok(text)
}

/// The lines of one item.
fn item(item: &Item<Json>) -> String {
    let mut lines = String::new();
    for (key, value) in entries(item) {
        lines += &[key, " = ", &value, "\n"].concat();
    }
    lines
}

/// What is wrong with `text` as the lines of `item`.
fn misread(item: &Item<Json>, text: &str) -> Option<String> {
    let file = match PlanFile::from_text("plan", &format!("format = 1\n[[plan]]\n{text}")) {
        Ok(file) => file,
        Err(errors) => return Some(errors.to_string()),
    };
    let mut problems = Problems::default();
    let back = read::lone_item(&file.items, &mut problems);
    if !problems.is_empty() {
        return Some(problems.into_errors("plan", &text.into()).to_string());
    }
    let meant: Item<Json> = Item {
        action: item.action.clone().try_map(|operation| Ok::<_, String>(plain(operation))).ok()?,
        ..item.clone()
    };
    (back != Some(meant)).then(|| String::from("it would read back as another"))
}

/// The same tree without the nulls of its tables, whose absence means the same.
fn plain(tree: Json) -> Json {
    match tree {
        Json::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(fields.map(|(name, value)| (name, plain(value))).collect())
        }
        Json::Array(items) => items.into_iter().map(plain).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => tree,
    }
}
