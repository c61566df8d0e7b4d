//! `orrery tui`: the debugger.

use std::io::IsTerminal;
use std::path::Path;

use orrery_harness::Session;
use orrery_harness::recording::RecordedSession;

use crate::ui;

use super::args::{Tui, Which};
use super::output::Output;
use super::resolve::{is_recording, resolve, unknown_protocol};
use super::{Cli, CliError, Exit, list};

/// The first lesson: what the picker begins on.
const FIRST_LESSON: &str = "raft/leader-crash";

/// Without a command: the picker on a terminal, the catalogue elsewhere.
pub(super) fn bare(cli: &Cli, output: &mut Output) -> Result<Exit, CliError> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        let arguments = Tui {
            what: None,
            seed: None,
            set: vec![],
            bugs: vec![],
            plan: None,
            at: None,
            theme: None,
            ascii: false,
        };
        return tui(cli, &arguments, output);
    }
    list::overview(cli, output)
}

pub(super) fn tui(cli: &Cli, arguments: &Tui, output: &mut Output) -> Result<Exit, CliError> {
    output.flush()?;
    let options = options(arguments)?;
    let open = |what: &str| -> Result<Box<dyn Session>, CliError> {
        if is_recording(cli, what) {
            return recorded(cli, what, arguments);
        }
        let which = Which {
            what: what.to_string(),
            seed: arguments.seed,
            set: arguments.set.clone(),
            bugs: arguments.bugs.clone(),
            plan: arguments.plan.clone(),
        };
        let resolved = resolve(cli, &which)?;
        Ok(resolved.subject.open(&resolved.case)?)
    };
    let failed = |error: ui::UiError| CliError::Input(error.to_string());
    if let Some(what) = &arguments.what {
        ui::run(open(what)?, &options).map_err(failed)?;
        return Ok(Exit::AsExpected);
    }
    let mut entries = Vec::new();
    for name in cli.catalogue.names() {
        let scenario = cli.catalogue.load(name)?;
        entries.push(ui::PickerEntry {
            name: name.to_string(),
            title: scenario.title().to_string(),
            about: scenario.about().to_string(),
            is_lesson: name == FIRST_LESSON,
        });
    }
    let open = |name: &str| open(name).map_err(|error| error.to_string());
    ui::pick(entries, &options, open).map_err(failed)?;
    Ok(Exit::AsExpected)
}

/// Opens a recording, which is what it is: no seed, setting or bug changes it.
fn recorded(cli: &Cli, path: &str, arguments: &Tui) -> Result<Box<dyn Session>, CliError> {
    let Tui { seed, set, bugs, plan, .. } = arguments;
    if seed.is_some() || !set.is_empty() || !bugs.is_empty() || plan.is_some() {
        return Err(CliError::Input(format!(
            "`{path}` is a recording and cannot be changed: leave out --seed, --set, --bug and --plan, or name its scenario"
        )));
    }
    let session = RecordedSession::open(Path::new(path))?;
    let problem = unknown_protocol(cli, &session.header().protocol);
    Ok(Box::new(match problem {
        Some(problem) => session.noting(&problem),
        None => session,
    }))
}

/// How the debugger is to look and where it is to begin.
fn options(arguments: &Tui) -> Result<ui::Options, CliError> {
    let from_environment = ui::Options::from_environment();
    let place = arguments.at.as_deref().map(str::parse).transpose().map_err(CliError::Input)?;
    let theme = arguments.theme.as_deref().map(str::parse).transpose().map_err(CliError::Input)?;
    Ok(ui::Options {
        start_at: place,
        theme,
        ascii: arguments.ascii || from_environment.ascii,
        ..from_environment
    })
}
