//! `--set KEY=VALUE`: one value of a scenario changed for a run.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use orrery_harness::subject::Subject;

use crate::compare::{COMPARE, PROTOCOL};
use crate::error::{Place, Problem, Problems};
use crate::read::parameter_names;
use crate::suggest::{did_you_mean, quoted_list};
use crate::tree::{Entry, Table, Tree, Value, parse_value};

/// The option of the command line; it stands before the key in the places of problems.
const OPTION: &str = "--set ";
/// Keys of a document that no knob and no parameter needs to be for `--set` to reach them.
const TOP_LEVEL: [&str; 7] =
    ["nodes", "seed", "stop_at", "event_budget", "title", "tie", "topology"];

/// A knob, a parameter of the protocol, or with dots a path into the document, and its new value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Override {
    /// `servers`, `link.loss`, `plan.crash.at`.
    pub key: String,
    /// A TOML value; what is none is taken as a text.
    pub value: String,
}

/// Why a text is no override.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` sets nothing: write KEY=VALUE, as in `servers=7` or `link.loss=5%`")]
pub struct OverrideError(String);

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let split = text.split_once('=').filter(|(key, _)| !key.trim().is_empty());
        let (key, value) = split.ok_or_else(|| OverrideError(text.into()))?;
        Ok(Self { key: key.trim().into(), value: value.trim().into() })
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl Override {
    fn argument(&self) -> Arc<str> {
        format!("{OPTION}{self}").into()
    }

    pub(crate) fn key_place(&self) -> Place {
        Place::in_argument(&self.argument(), OPTION.len()..OPTION.len() + self.key.len())
    }

    /// Its value.
    pub(crate) fn tree(&self, problems: &mut Problems) -> Tree {
        let argument = self.argument();
        let start = OPTION.len() + self.key.len() + 1;
        let place = |span: Range<usize>| {
            Place::in_argument(&argument, start + span.start..start + span.end)
        };
        parse_value(&self.value, &place, problems).unwrap_or_else(|| {
            let whole = place(0..self.value.len());
            Tree::new(
                whole.clone(),
                Value::Text(crate::tree::Text::verbatim(&self.value, whole.span.start)),
            )
        })
    }

    /// Whether it chooses what is compared, which is done [before](crate::compare::choose) anything else changes.
    fn chooses(&self) -> bool {
        [COMPARE, PROTOCOL].contains(&self.key.as_str())
    }

    /// Changes `document`.
    pub(crate) fn apply(
        &self,
        document: &mut Tree,
        subject: Option<&dyn Subject>,
        problems: &mut Problems,
    ) {
        if self.chooses() {
            return;
        }
        let value = self.tree(problems);
        if self.key.contains('.') {
            let path: Vec<&str> = self.key.split('.').collect();
            return self.put(document, &path, value, problems);
        }
        let key = self.key.as_str();
        let knobs = table_keys(document, "knobs");
        let parameters = subject.map(parameter_names).unwrap_or_default();
        if knobs.iter().any(|knob| knob == key) {
            self.put(document, &["knobs", key], value, problems);
        } else if parameters.iter().any(|name| name == key) {
            self.put(document, &["parameters", key], value, problems);
        } else if TOP_LEVEL.contains(&key) {
            self.put(document, &[key], value, problems);
        } else {
            problems.push(self.unknown(&knobs, &parameters));
        }
    }

    fn unknown(&self, knobs: &[String], parameters: &[String]) -> Problem {
        let message = format!("there is neither a knob nor a parameter `{}`", self.key);
        let all: Vec<&str> =
            knobs.iter().chain(parameters).map(String::as_str).chain(TOP_LEVEL).collect();
        let hint = match crate::suggest::closest(&self.key, &all) {
            Some(near) => format!("did you mean `{near}`?\n"),
            None => String::new(),
        };
        let some = |names: &[String]| {
            if names.is_empty() { String::from("none") } else { quoted_list(names) }
        };
        let help = format!(
            "{hint}the knobs are: {}\nthe parameters are: {}\na key with dots is a path in the file, as in `link.loss=5%`",
            some(knobs),
            some(parameters),
        );
        Problem::at(&self.key_place(), message).help(help)
    }

    /// Puts `value` at `path` below `tree`; tables that are missing are made.
    fn put(&self, tree: &mut Tree, path: &[&str], value: Tree, problems: &mut Problems) {
        let Some((step, rest)) = path.split_first() else {
            *tree = value;
            return;
        };
        let place = self.key_place();
        match &mut tree.value {
            Value::Table(table) => {
                if table.get(step).is_none() {
                    let made = Tree::new(place.clone(), Value::Table(Table::default()));
                    table.0.push(Entry { key: (*step).into(), key_place: place, value: made });
                }
                if let Some(entry) = table.get_mut(step) {
                    self.put(&mut entry.value, rest, value, problems);
                }
            }
            Value::List(items) => {
                let count = items.len();
                let found = step.parse::<usize>().ok().filter(|at| *at < count).or_else(|| {
                    items.iter().position(|item| {
                        let name = item.as_table().and_then(|table| table.get("name"));
                        name.and_then(|entry| entry.value.as_text()) == Some(step)
                    })
                });
                match found {
                    Some(at) => self.put(&mut items[at], rest, value, problems),
                    None => problems.push(self.no_such_step(step, count)),
                }
            }
            _ => {
                let message = format!("`{}` leads through {}", self.key, tree.kind());
                let help = "a path leads through tables and lists only";
                problems.push(Problem::at(&place, message).help(help));
            }
        }
    }

    fn no_such_step(&self, step: &str, count: usize) -> Problem {
        let message = format!("`{}` leads to no entry of the list", self.key);
        let help = match count {
            0 => String::from("the list is empty"),
            _ => format!(
                "write the name of an entry, or its number from 0 to {}, for `{step}`",
                count - 1
            ),
        };
        Problem::at(&self.key_place(), message).help(help)
    }
}

fn table_keys(document: &Tree, key: &str) -> Vec<String> {
    let entry = document.as_table().and_then(|table| table.get(key));
    let table = entry.and_then(|entry| entry.value.as_table());
    table.map(|table| table.keys().into_iter().map(String::from).collect()).unwrap_or_default()
}

/// Reports bugs that the protocol does not have.
pub(crate) fn check_bugs(bugs: &[String], subject: &dyn Subject, problems: &mut Problems) {
    let known: Vec<&str> = subject.bugs().iter().map(|bug| bug.id).collect();
    for bug in bugs.iter().filter(|bug| !known.contains(&bug.as_str())) {
        let argument: Arc<str> = format!("--bug {bug}").into();
        let place = Place::in_argument(&argument, 6..argument.len());
        let message = format!("`{}` has no planted bug `{bug}`", subject.name());
        let hint = did_you_mean(bug, &known, "bugs of this protocol");
        problems.push(Problem::at(&place, message).help(hint));
    }
}
