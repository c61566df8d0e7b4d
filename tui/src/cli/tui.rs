//! `orrery tui`: the debugger.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write as _};
use std::path::Path;
use std::rc::Rc;

use orrery_harness::recording::RecordedSession;
use orrery_harness::{Case, Session};
use orrery_scenarios::{Catalogue, PlanFile, Token};

use crate::ui;

use super::args::{Tui, Which};
use super::output::Output;
use super::resolve::{is_recording, resolve, unknown_protocol};
use super::{Cli, CliError, Exit, list};

/// Plan files of one scenario and seed in one folder at most.
const FILES_MOST: u32 = 999;
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
        Ok(resolved.subject.begin(&resolved.case)?)
    };
    let failed = |error: ui::UiError| CliError::Input(error.to_string());
    if let Some(what) = &arguments.what {
        ui::run(open(what)?, &options, files(cli)).map_err(failed)?;
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
    ui::pick(entries, &options, files(cli), open).map_err(failed)?;
    Ok(Exit::AsExpected)
}

/// What writes files into the current folder.
fn files(cli: &Cli) -> ui::Files {
    ui::Files { saver: Some(saver(cli)), exporter: Some(Rc::new(export)) }
}

fn export(stem: &str, ending: &str, text: &str) -> Result<String, String> {
    let (mut file, path) = new_file(stem, ending)?;
    file.write_all(text.as_bytes()).map_err(|error| format!("cannot write {path}: {error}"))?;
    Ok(path)
}

/// Writes plan files into the current folder.
fn saver(cli: &Cli) -> ui::Saver {
    let catalogue = cli.catalogue.clone();
    Rc::new(move |case| save(&catalogue, case))
}

fn save(catalogue: &Catalogue, case: &Case) -> Result<ui::Saved, String> {
    let text = PlanFile::write(&case.scenario, case.only_interventions, &case.interventions)
        .map_err(|error| error.to_string())?;
    let token: Token = case.token.parse().map_err(|error| format!("{error}"))?;
    let (scenario, seed, overrides, bugs) =
        token.resolve(catalogue).map_err(|error| error.to_string())?;
    let stem = case.scenario.trim_end_matches(".toml").replace(['/', '\\'], "-");
    let stem = stem.trim_start_matches(['.', '-']);
    let (mut file, path) = new_file(&format!("{stem}-{seed}"), "plan.toml")?;
    file.write_all(text.as_bytes()).map_err(|error| format!("cannot write {path}: {error}"))?;
    let plan = PlanFile::load(&path).map_err(|errors| errors.plain())?;
    let token = Token::of(&scenario.with_plan(plan), seed, &overrides, &bugs).to_string();
    Ok(ui::Saved { path, token })
}

/// The first file of that name and a number that is not there yet.
fn new_file(stem: &str, ending: &str) -> Result<(File, String), String> {
    for number in 1..=FILES_MOST {
        let path = format!("{stem}-{number}.{ending}");
        match File::create_new(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("cannot write {path}: {error}")),
        }
    }
    Err(format!("{stem}-1.{ending} to {stem}-{FILES_MOST}.{ending} are all there: remove some"))
}

/// Opens a recording, which is what it is: no seed, setting or bug changes it.
fn recorded(cli: &Cli, path: &str, arguments: &Tui) -> Result<Box<dyn Session>, CliError> {
    let Tui { seed, set, bugs, plan, .. } = arguments;
    if seed.is_some() || !set.is_empty() || !bugs.is_empty() || plan.is_some() {
        return Err(CliError::Input(format!(
            "`{path}` is a recording and cannot be changed: leave out --seed, --set, --bug and --plan, or name its scenario"
        )));
    }
    let session = RecordedSession::begin(Path::new(path))?;
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
