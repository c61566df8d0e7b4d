//! `orrery export`: a run as a file for another program.

use std::fs;

use orrery_harness::Session;
use orrery_harness::recording::RecordedSession;

use crate::export::{ExportError, Format, export as file_of, press_all};
use crate::ui::Place;
use crate::ui::model::{Model, Settings};

use super::args::{Export, Which};
use super::output::Output;
use super::resolve::{is_recording, resolve};
use super::{Cli, CliError, Exit};

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        Self::Input(error.to_string())
    }
}

pub(super) fn export(cli: &Cli, arguments: &Export, output: &mut Output) -> Result<Exit, CliError> {
    let model = Model::new(session(cli, &arguments.which)?, Settings::default());
    let mut model = complete(model);
    let event = |place: Option<Place>, otherwise: u64| match place {
        None => Ok(otherwise),
        Some(place) => {
            model.resolve(place).map_err(|reason| CliError::Input(format!("`{place}`: {reason}")))
        }
    };
    let from = event(arguments.from, 1)?.max(1);
    let to = event(arguments.to, model.session().events())?;
    let text = match &arguments.keys {
        None => file_of(&mut model, arguments.format, Some(from..=to))?,
        Some(_) if arguments.format != Format::Screen => {
            return Err(CliError::Input(String::from("--keys needs the format `screen`")));
        }
        Some(keys) => {
            model.go(to);
            press_all(&mut model, keys).map_err(CliError::Input)?;
            model = complete(model);
            let here = model.cursor().max(1);
            file_of(&mut model, Format::Screen, Some(here..=here))?
        }
    };
    match &arguments.out {
        None => write!(output.writer(), "{text}")?,
        Some(path) => {
            let shown = path.display();
            fs::write(path, &text)
                .map_err(|error| CliError::Input(format!("cannot write {shown}: {error}")))?;
            output.line(format!("{shown}: {} bytes, events {from} to {to}", text.len()))?;
        }
    }
    Ok(Exit::AsExpected)
}

/// The run made to its end.
pub(super) fn complete(mut model: Model) -> Model {
    while !model.session().is_complete() {
        model.make(u64::MAX);
    }
    model
}

/// The run or recording that is meant.
pub(super) fn session(cli: &Cli, which: &Which) -> Result<Box<dyn Session>, CliError> {
    let is_plain = which.seed.is_none() && which.set.is_empty() && which.bugs.is_empty();
    if is_plain && is_recording(cli, &which.what) {
        return Ok(Box::new(RecordedSession::begin(which.what.as_ref())?));
    }
    let resolved = resolve(cli, which)?;
    Ok(resolved.subject.begin(&resolved.case)?)
}
