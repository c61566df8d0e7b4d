//! A case as a scenario file: what was drawn and what was shrunk, for people to read and to keep.

use orrery_harness::subject::Registry;
use orrery_harness::{Case, CaseError, RunOptions};

use crate::error::ScenarioErrors;
use crate::scenario::Scenario;
use crate::write::case::{Words, scenario};

/// Why a case cannot be written as a scenario.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// There is no such protocol.
    #[error("there is no protocol `{0}`")]
    NoProtocol(String),
    /// It cannot be run.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// It does not read back.
    #[error("the scenario does not read back: {0}")]
    Unreadable(Box<ScenarioErrors>),
    /// It reads back as another run.
    #[error(
        "the scenario reads back as another run: something in it cannot be said in a file; \
         please report it"
    )]
    AnotherRun,
}

/// The text of a scenario file, whose path is to be `name`, that makes exactly the run of `case`. Its `about` has these lines.
///
/// # Errors
/// Where there is something in the case that no file can say.
pub fn write_case(
    case: &Case,
    name: &str,
    title: &str,
    about: &[String],
    registry: &Registry,
) -> Result<String, WriteError> {
    let subject = registry.get(&case.protocol);
    let subject = subject.ok_or_else(|| WriteError::NoProtocol(case.protocol.clone()))?;
    let read = |with_notes| {
        let text = scenario(case, &Words { title, about, with_notes });
        let back = Scenario::from_text(name, &text)?.case(registry, None, &[], &[])?;
        Ok((text, back))
    };
    // What the scenario told of its run may speak of items that this one does not have.
    let (text, back) = read(true)
        .or_else(|_: ScenarioErrors| read(false))
        .map_err(|errors| WriteError::Unreadable(Box::new(errors)))?;
    let meant = subject.run(case, &RunOptions::default())?;
    let made = subject.run(&back, &RunOptions::default())?;
    if meant.digest != made.digest || meant.violation != made.violation {
        return Err(WriteError::AnotherRun);
    }
    Ok(text)
}
