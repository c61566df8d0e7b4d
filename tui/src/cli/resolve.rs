//! From what was typed to the run that is meant.

use std::sync::Arc;

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
    /// What repeats the run of `seed`.
    pub(super) fn token(&self, seed: u64) -> String {
        Token::of(&self.scenario, seed, &self.overrides, &self.bugs).to_string()
    }
}

/// Whether a text is a token and no name or path.
pub(super) fn is_token(text: &str) -> bool {
    text.contains('@') && text.contains('~')
}

/// Finds the run that `which` names.
pub(super) fn resolve(cli: &Cli, which: &Which) -> Result<Resolved, CliError> {
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
