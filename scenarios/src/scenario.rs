//! A scenario: a document, and the case that it is for a seed and some overrides.

use std::sync::Arc;

use orrery_harness::Case;
use orrery_harness::subject::{Registry, Subject};

use crate::compare;
use crate::error::{Place, Problem, Problems, ScenarioErrors};
use crate::knobs::Knobs;
use crate::overrides::{Override, check_bugs};
use crate::plan_file::PlanFile;
use crate::read::{self, Header};
use crate::suggest::did_you_mean;
use crate::token::Token;
use crate::tree::{Tree, parse_document};

/// A parsed document, before seed, overrides and bugs are applied.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    text: Arc<str>,
    document: Tree,
    header: Header,
    plan_file: Option<PlanFile>,
}

impl Scenario {
    /// Reads the document `text`, which people know as `name`: `raft/figure-8`, or the path of a file.
    ///
    /// # Errors
    /// Where it is no TOML or lacks what every scenario has. The rest is judged by [`Scenario::case`].
    pub fn from_text(name: &str, text: &str) -> Result<Self, ScenarioErrors> {
        let mut problems = Problems::default();
        let text: Arc<str> = text.into();
        let document = parse_document(&text, &Place::in_file, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into_errors(name, &text));
        }
        compare::check(&document, &mut problems);
        let first = compare::choose(&document, &[], &mut problems);
        let header = read::header(&plain(&first), &mut problems);
        if problems.is_empty() {
            return Ok(Self { name: name.into(), text, document, header, plan_file: None });
        }
        // As the file is to be corrected anyway, what else is wrong with it is told too.
        let mut all = Problems::default();
        compare::check(&document, &mut all);
        prepare(&first, &mut all).inspect(|ready| {
            read::contents(ready, None, None, &mut all);
        });
        Err(all.into_errors(name, &text))
    }

    /// The same scenario with the items of a plan file. They are judged by [`Scenario::case`].
    #[must_use]
    pub fn with_plan(self, plan_file: PlanFile) -> Self {
        Self { plan_file: Some(plan_file), ..self }
    }

    /// The plan file whose items it has.
    pub const fn plan_file(&self) -> Option<&PlanFile> {
        self.plan_file.as_ref()
    }

    /// `family/name`, or a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What happens, in one line.
    pub fn title(&self) -> &str {
        &self.header.title
    }

    /// What to watch for; empty where the scenario does not say.
    pub fn about(&self) -> &str {
        &self.header.about
    }

    /// The names of those that it compares, in the order of the file; none where it is one scenario. The override
    /// `compare=NAME` chooses one of them, and without it the first is meant.
    pub fn compared(&self) -> Vec<String> {
        compare::names(&self.document)
    }

    /// The name of the protocol; that of the first where it compares several.
    pub fn protocol(&self) -> &str {
        &self.header.protocol
    }

    /// The seed of runs that name none.
    pub const fn default_seed(&self) -> u64 {
        self.header.seed
    }

    /// The file as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The knobs and their values as TOML, in the order of the file.
    pub fn knobs(&self) -> Vec<(String, String)> {
        let entries =
            knob_table(&self.document).map(|table| table.0.as_slice()).unwrap_or_default();
        let shown = |tree: &Tree| tree.shown().trim_matches('`').to_string();
        entries.iter().map(|entry| (entry.key.clone(), shown(&entry.value))).collect()
    }

    /// The case of this scenario with everything decided.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, the overrides and the bugs, each with its place.
    pub fn case(
        &self,
        registry: &Registry,
        seed: Option<u64>,
        overrides: &[Override],
        bugs: &[String],
    ) -> Result<Case, ScenarioErrors> {
        let mut problems = Problems::default();
        let mut document = compare::choose(&self.document, overrides, &mut problems);
        let subject = subject(&plain(&document), registry, &mut problems);
        for change in overrides {
            change.apply(&mut document, subject, &mut problems);
        }
        let ready = prepare(&document, &mut problems);
        let plan_file = self.plan_file.as_ref();
        if let Some(file) = plan_file {
            file.check_scenario(&self.name, &mut problems);
        }
        let contents =
            ready.and_then(|ready| read::contents(&ready, plan_file, subject, &mut problems));
        if let Some(subject) = subject {
            check_bugs(bugs, subject, &mut problems);
        }
        let Some(contents) = contents.filter(|_| problems.is_empty()) else {
            return Err(problems.into_errors(&self.name, &self.text));
        };
        let seed = seed.unwrap_or(contents.header.seed);
        let mut own = contents.bugs;
        own.extend(bugs.iter().filter(|bug| !own.contains(bug)).cloned().collect::<Vec<_>>());
        Ok(Case {
            scenario: self.name.clone(),
            title: contents.header.title,
            protocol: contents.header.protocol,
            seed,
            nodes: contents.nodes,
            parameters: contents.parameters,
            bugs: own,
            tie: contents.tie,
            links: contents.links,
            clocks: contents.clocks,
            wall_clocks: contents.wall_clocks,
            disk: contents.disk,
            clients: contents.clients,
            plan: contents.plan,
            swarm: contents.swarm,
            interventions: contents.interventions,
            only_interventions: plan_file.is_some_and(PlanFile::replaces),
            liveness: contents.liveness,
            stop_at: contents.stop_at,
            event_budget: contents.event_budget,
            checks: contents.checks,
            expect: contents.expect,
            narration: contents.narration,
            token: Token::of(self, seed, overrides, bugs).to_string(),
        })
    }
}

/// The document with its knobs as they are written, whatever is wrong with them.
fn plain(document: &Tree) -> Tree {
    let mut plain = document.clone();
    // They are told by whoever reads the whole.
    let unheard = &mut Problems::default();
    let knobs = Knobs::read(knob_table(document), unheard);
    knobs.apply(&mut plain, unheard);
    plain
}

/// The protocol that `document` names.
fn subject<'r>(
    document: &Tree,
    registry: &'r Registry,
    problems: &mut Problems,
) -> Option<&'r dyn Subject> {
    let (name, place) = compare::protocol_of(document);
    // A scenario without one was refused before.
    let name = name?;
    if let Some(subject) = registry.get(name) {
        return Some(subject.as_ref());
    }
    let known: Vec<&str> = registry.all().map(|subject| subject.name()).collect();
    let problem = Problem::at(&place, format!("there is no protocol `{name}`"));
    problems.push(problem.help(did_you_mean(name, &known, "protocols")));
    None
}

fn knob_table(document: &Tree) -> Option<&crate::tree::Table> {
    document.as_table()?.get("knobs")?.value.as_table()
}

/// The document with its knobs put in. `None` where a knob is wrong, which would cause errors
/// everywhere else.
fn prepare(document: &Tree, problems: &mut Problems) -> Option<Tree> {
    let known = problems.len();
    if let Some(entry) = document.as_table().and_then(|table| table.get("knobs"))
        && entry.value.as_table().is_none()
    {
        let message = format!("`knobs` is {}, not a table", entry.value.kind());
        problems.push(entry.value.problem(message).help("write `knobs = { servers = 5 }`"));
    }
    let knobs = Knobs::read(knob_table(document), problems);
    let mut ready = document.clone();
    if let crate::tree::Value::Table(table) = &mut ready.value {
        // What a knob is was computed above; its own text must not be told of twice.
        for entry in table.0.iter_mut().filter(|entry| entry.key != "knobs") {
            knobs.apply(&mut entry.value, problems);
        }
    }
    (known == problems.len()).then_some(ready)
}
