//! `orrery check`: a recorded history, judged.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use orrery_check::file::{self, Asked, Judged, Summary};
use orrery_check::finding::Finding;
use orrery_check::formats::{Format, literal};
use orrery_check::subject::{Options, subjects};
use serde::Serialize;

use super::args::{Check, ExpectedFinding};
use super::output::{Output, Tone};
use super::story::grouped;
use super::{CliError, Exit};

/// An answer with what only the command knows.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    wall_ns: u64,
}

#[expect(clippy::disallowed_types, reason = "how long a check took is told beside it, not in it")]
pub(super) fn check(arguments: &Check, output: &mut Output) -> Result<Exit, CliError> {
    if arguments.model == "list" {
        return list(arguments, output);
    }
    let Some(path) = &arguments.file else {
        let message =
            "which file is to be judged? `orrery check FILE --model MODEL`, `-` for standard input";
        return Err(CliError::Input(message.to_owned()));
    };
    let asked = asked(arguments)?;
    let started = std::time::Instant::now();
    let judged = file::judge(open(path)?, &asked).map_err(|error| explain(path, &error))?;
    let wall_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if let Some(page) = &arguments.html {
        let cannot = |error| CliError::Input(format!("cannot write {}: {error}", page.display()));
        std::fs::write(page, judged.html()).map_err(cannot)?;
    }
    if arguments.json {
        output.json(&Json { summary: judged.summary(), wall_ns })?;
    } else if arguments.quiet {
        output.line(judged.verdict())?;
    } else {
        tell(&judged, path, arguments.expect, wall_ns, output)?;
        if let Some(page) = &arguments.html {
            output.line(format!("  drawn in {}", page.display()))?;
        }
    }
    Ok(exit(&judged, arguments.expect))
}

fn asked(arguments: &Check) -> Result<Asked, CliError> {
    let setting = |(name, value): &(String, String)| (name.clone(), literal(value));
    let format = arguments.format.as_deref().map(|name| {
        Format::named(name).ok_or_else(|| {
            let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
            CliError::Input(format!("there is no format `{name}`: there are {}", known.join(", ")))
        })
    });
    let options = Options {
        consistency: arguments.consistency.clone(),
        initial: arguments.init.as_deref().map(literal),
        settings: arguments.set.iter().map(setting).collect(),
        picture: arguments.html.is_some(),
        ..Options::default()
    };
    Ok(Asked { model: arguments.model.clone(), format: format.transpose()?, options })
}

fn open(path: &Path) -> Result<Box<dyn Read>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path);
    let shown = path.display();
    match file.map_err(|error| CliError::Input(format!("cannot open {shown}: {error}")))? {
        file if file.metadata().is_ok_and(|metadata| metadata.is_dir()) => {
            Err(CliError::Input(format!("{shown} is a folder: one file is judged at a time")))
        }
        file => Ok(Box::new(file)),
    }
}

fn explain(path: &Path, error: &file::FileError) -> CliError {
    CliError::Input(match error {
        file::FileError::Read(error) => format!("{}:{error}", path.display()),
        file::FileError::Model { .. } => {
            format!("{error}; `orrery check --model list` says what they are")
        }
    })
}

/// What the answer means where another may have been expected.
fn exit(judged: &Judged, expected: ExpectedFinding) -> Exit {
    match (&judged.report.finding, expected) {
        (Finding::Unknown(_), _) => Exit::Unknown,
        (Finding::Holds(_), ExpectedFinding::Holds)
        | (Finding::Violated(_), ExpectedFinding::Violated) => Exit::AsExpected,
        (Finding::Holds(_), ExpectedFinding::Violated)
        | (Finding::Violated(_), ExpectedFinding::Holds) => Exit::NotAsExpected,
    }
}

/// The answer for a person.
fn tell(
    judged: &Judged,
    path: &Path,
    expected: ExpectedFinding,
    wall_ns: u64,
    output: &mut Output,
) -> Result<(), CliError> {
    let Judged { model, consistency, format, report } = judged;
    let tone = match report.finding {
        Finding::Holds(_) => Tone::Good,
        Finding::Violated(_) => Tone::Bad,
        Finding::Unknown(_) => Tone::Doubtful,
    };
    let word = output.paint(tone, judged.verdict());
    let shown = path.display();
    output.line(format!("{word}  {shown} ({format}) as {model}, {consistency}"))?;
    output.line("")?;
    output.line(report.finding.to_string())?;
    output.line("")?;
    for (title, names) in [
        ("weakest model violated", &report.weakest_violated),
        ("strongest model kept", &report.strongest_kept),
    ] {
        if !names.is_empty() {
            output.line(format!("  {title}: {}", names.join(", ")))?;
        }
    }
    let (operations, keys) = (grouped(report.operations as u64), grouped(report.keys as u64));
    let (steps, time) = (grouped(report.steps), duration(wall_ns));
    output.line(format!("  {operations} operations, {keys} keys, {steps} steps, {time}"))?;
    if exit(judged, expected) == Exit::NotAsExpected && expected == ExpectedFinding::Violated {
        let text = "  the history holds; a violation was expected";
        output.line(output.paint(Tone::Doubtful, text))?;
    }
    Ok(())
}

/// A wall time with one unit.
fn duration(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{} us", ns / 1_000),
        10_000_000..10_000_000_000 => format!("{} ms", ns / 1_000_000),
        _ => format!("{} s", ns / 1_000_000_000),
    }
}

/// A model for programs.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    summary: &'static str,
    consistencies: &'static [&'static str],
}

fn list(arguments: &Check, output: &mut Output) -> Result<Exit, CliError> {
    if arguments.json {
        let row = |subject: &'static orrery_check::subject::Subject| Row {
            name: subject.name,
            summary: subject.summary,
            consistencies: subject.consistencies,
        };
        output.json(&subjects().map(row).collect::<Vec<_>>())?;
        return Ok(Exit::AsExpected);
    }
    for subject in subjects() {
        let name = output.paint(Tone::Strong, &format!("{:<15}", subject.name));
        output.line(format!("{name} {}", subject.summary))?;
        output.line(format!("{:<15} --consistency {}", "", subject.consistencies.join(" | ")))?;
    }
    Ok(Exit::AsExpected)
}
