//! From what was typed to the run that is meant.

use std::path::Path;
use std::sync::Arc;

use orrery_harness::recording::{self, RecordingHeader, Source};
use orrery_harness::{Case, Subject};
use orrery_scenarios::{Override, PlanFile, Scenario, Token};

use super::args::Which;
use super::{Cli, CliError};

/// A run that is meant: its scenario, its protocol, and the case.
pub(super) struct Resolved {
    pub scenario: Scenario,
    pub subject: Arc<dyn Subject>,
    pub case: Case,
    pub overrides: Vec<Override>,
    pub bugs: Vec<String>,
}

impl Resolved {
    /// What a recording keeps of where the run came from.
    pub(super) fn source(&self) -> Source {
        let plan = self.scenario.plan_file();
        Source {
            text: Some(self.scenario.text().to_string()),
            plan: plan.map(|plan| (plan.name().to_string(), plan.text().to_string())),
            overrides: self.overrides.iter().map(ToString::to_string).collect(),
        }
    }

    /// What repeats the run of `seed`.
    pub(super) fn token(&self, seed: u64) -> String {
        Token::of(&self.scenario, seed, &self.overrides, &self.bugs).to_string()
    }
}

/// Whether a text is a token and no name or path.
pub(super) fn is_token(text: &str) -> bool {
    text.contains('@') && text.contains('~')
}

/// Whether a text is the path of a recording, or of an empty file that was to be one.
pub(super) fn is_recording(cli: &Cli, text: &str) -> bool {
    let path = Path::new(text);
    let is_scenario = path.extension().is_some_and(|extension| extension == "toml");
    let is_empty =
        || !is_scenario && path.metadata().is_ok_and(|file| file.is_file() && file.len() == 0);
    cli.catalogue.get(text).is_none() && (recording::is_recording(path) || is_empty())
}

/// Finds the run that `which` names.
pub(super) fn resolve(cli: &Cli, which: &Which) -> Result<Resolved, CliError> {
    if is_recording(cli, &which.what) {
        return Err(CliError::Input(format!(
            "`{0}` is a recording, which is a run already: `orrery tui {0}` opens it, `orrery replay {0}` makes it again and compares",
            which.what
        )));
    }
    if !is_token(&which.what) {
        let scenario = with_plan(cli.catalogue.load(&which.what)?, which)?;
        let (overrides, bugs) = (which.set.clone(), which.bugs.clone());
        return complete(cli, scenario, which.seed, overrides, bugs);
    }
    let token: Token = which.what.parse().map_err(|error| CliError::Input(format!("{error}")))?;
    let (scenario, seed, mut overrides, mut bugs) =
        token.resolve(&cli.catalogue).map_err(|error| CliError::Input(error.to_string()))?;
    let scenario = with_plan(scenario, which)?;
    overrides.extend(which.set.iter().cloned());
    bugs.extend(which.bugs.iter().filter(|bug| !bugs.contains(bug)).cloned().collect::<Vec<_>>());
    complete(cli, scenario, Some(which.seed.unwrap_or(seed)), overrides, bugs)
}

/// The scenario with the plan file that `which` names, if it names one.
fn with_plan(scenario: Scenario, which: &Which) -> Result<Scenario, CliError> {
    match &which.plan {
        None => Ok(scenario),
        Some(path) => Ok(scenario.with_plan(PlanFile::load(path)?)),
    }
}

/// The run that a recording is of, made from what its header says.
pub(super) fn recorded(
    cli: &Cli,
    path: &str,
    header: &RecordingHeader,
) -> Result<Resolved, CliError> {
    if let Some(problem) = unknown_protocol(cli, &header.protocol) {
        return Err(CliError::Input(format!(
            "{path} cannot be made again: {problem}. `orrery tui {path}` opens it all the same"
        )));
    }
    let Some(text) = &header.text else {
        return Err(CliError::Input(format!(
            "{path} cannot be made again: its case was made by code, not by a scenario. `orrery tui {path}` opens it"
        )));
    };
    let mut scenario = Scenario::from_text(&header.scenario, text)?;
    if let Some((name, text)) = &header.plan {
        scenario = scenario.with_plan(PlanFile::from_text(name, text)?);
    }
    let read =
        |text: &String| text.parse().map_err(|error| CliError::Input(format!("{path}: {error}")));
    let overrides: Result<Vec<Override>, CliError> = header.overrides.iter().map(read).collect();
    complete(cli, scenario, Some(header.seed), overrides?, header.bugs.clone())
}

/// What is to be said of a protocol that this program does not have.
pub(super) fn unknown_protocol(cli: &Cli, protocol: &str) -> Option<String> {
    if cli.registry.get(protocol).is_some() {
        return None;
    }
    let known: Vec<&str> = cli.registry.all().map(|subject| subject.name()).collect();
    let known = known.join(", ");
    Some(format!(
        "this program does not have the protocol `{protocol}`; it has {known}, and others come with `orrery::Cli::builtin().with(..)`"
    ))
}

fn complete(
    cli: &Cli,
    scenario: Scenario,
    seed: Option<u64>,
    overrides: Vec<Override>,
    bugs: Vec<String>,
) -> Result<Resolved, CliError> {
    let mut case = scenario.case(&cli.registry, seed, &overrides, &bugs)?;
    case.token = Token::of(&scenario, case.seed, &overrides, &bugs).to_string();
    let subject = cli.registry.get(&case.protocol).cloned();
    let Some(subject) = subject else {
        return Err(CliError::Internal(format!("`{}` lost its protocol", case.scenario)));
    };
    Ok(Resolved { scenario, subject, case, overrides, bugs })
}
