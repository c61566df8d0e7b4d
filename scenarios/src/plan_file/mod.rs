//! Plan files: what happens in a run, apart from its scenario. A run that a person changed, or a plan that was
//! made smaller, is named by its scenario and such a file.

mod write;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use orrery_sim::plan::Item;

use crate::error::{Place, Problem, Problems, ScenarioErrors, Source};
use crate::read::{Fields, boolean, list, text};
use crate::tree::{Tree, Value, parse_document};

pub use write::PlanFileError;

/// A plan in a file of its own.
#[derive(Clone, Debug)]
pub struct PlanFile {
    name: String,
    text: Arc<str>,
    /// The list `plan`.
    pub(crate) items: Tree,
    pub(crate) replaces: bool,
    /// The scenario that it says to belong to.
    scenario: Option<Tree>,
}

impl PlanFile {
    /// Reads the plan file at `path`, relative to the current folder.
    ///
    /// # Errors
    /// Where it cannot be read, or is no plan file.
    pub fn load(path: &str) -> Result<Self, ScenarioErrors> {
        match std::fs::read_to_string(Path::new(path)) {
            Ok(text) => Self::from_text(path, &text),
            Err(error) => {
                let message = format!("the plan file `{path}` cannot be read: {error}");
                let help = "its path is relative to the folder in which you are";
                Err(ScenarioErrors::nowhere(path, Problem::nowhere(message).help(help)))
            }
        }
    }

    /// Reads the plan file `text`, whose path is `name`. Its items are judged beside a scenario, by
    /// [`Scenario::case`](crate::Scenario::case).
    ///
    /// # Errors
    /// Where it is no plan file.
    pub fn from_text(name: &str, text: &str) -> Result<Self, ScenarioErrors> {
        let mut problems = Problems::default();
        let text: Arc<str> = text.into();
        let file = Arc::new((name.to_string(), Arc::clone(&text)));
        let place =
            |span: Range<usize>| Place { source: Source::PlanFile(Arc::clone(&file)), span };
        let document = parse_document(&text, &place, &mut problems);
        let head = problems.is_empty().then(|| Head::read(&document, &mut problems)).flatten();
        match head.filter(|_| problems.is_empty()) {
            None => Err(problems.into_errors(name, &text)),
            Some(Head { items, replaces, scenario }) => {
                Ok(Self { name: name.into(), text, items, replaces, scenario })
            }
        }
    }

    /// The text of a plan file with these items for `scenario`. With `replaces` they are all that happens; without, they
    /// come behind the scenario's own.
    ///
    /// # Errors
    /// Where an item has what no file can say, such as a name with a blank.
    pub fn write(
        scenario: &str,
        replaces: bool,
        items: &[Item<Json>],
    ) -> Result<String, PlanFileError> {
        write::checked(scenario, replaces, items)
    }

    /// Its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its items are all that happens, instead of coming behind the scenario's own.
    pub const fn replaces(&self) -> bool {
        self.replaces
    }

    /// Reports where it says to belong to another scenario than `name`.
    pub(crate) fn check_scenario(&self, name: &str, problems: &mut Problems) {
        let Some(tree) = &self.scenario else { return };
        if let Some(other) = tree.as_text().filter(|other| *other != name) {
            let message = format!("this plan belongs to `{other}`, not to `{name}`");
            let help = format!("run `{other}` with it, or write `scenario = \"{name}\"`");
            problems.push(tree.problem(message).help(help));
        }
    }
}

/// What stands in a plan file.
struct Head {
    items: Tree,
    replaces: bool,
    scenario: Option<Tree>,
}

impl Head {
    fn read(document: &Tree, problems: &mut Problems) -> Option<Self> {
        const HELP: &str = "write `format = 1` at the head of the file";
        let mut fields = Fields::of(document, "a plan file", problems)?;
        let missing = |key: &str| {
            let start = Place { span: 0..0, ..document.place.clone() };
            Problem::at(&start, format!("the plan file has no `{key}`"))
        };
        match fields.get("format") {
            Some(Tree { value: Value::Integer(1), .. }) => {}
            Some(tree) => {
                let message =
                    format!("this version of Orrery reads format 1, not {}", tree.shown());
                problems.push(tree.problem(message).help(HELP));
            }
            None => problems.push(missing("format").help(HELP)),
        }
        let scenario = fields.get("scenario");
        if let Some(tree) = scenario {
            text(tree, problems);
        }
        let replaces = fields.get("replaces").and_then(|tree| boolean(tree, problems));
        let items = fields.get("plan");
        fields.finish(problems);
        if items.is_none() {
            let help = "write an item: `[[plan]]`, and below it `at = \"2s\"` and `crash = \"n1\"`";
            problems.push(missing("plan").help(help));
        }
        let items = items?;
        list(items, "`plan`", problems);
        Some(Self {
            items: items.clone(),
            replaces: replaces.unwrap_or(false),
            scenario: scenario.cloned(),
        })
    }
}
