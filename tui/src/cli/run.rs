//! `orrery run`: one run, and its story.

use orrery_harness::recording::Recording;
use orrery_harness::{Report, RunOptions, Session, Verdict};
use serde::Serialize;

use super::args::Run;
use super::output::{Output, Tone};
use super::resolve::{Resolved, resolve};
use super::{Cli, CliError, Exit, environment, story};

/// A report with what only the command knows.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    report: &'a Report,
    stats: std::collections::BTreeMap<&'a str, f64>,
    wall_ns: u64,
}

pub(super) fn run(cli: &Cli, arguments: &Run, output: &mut Output) -> Result<Exit, CliError> {
    let resolved = resolve(cli, &arguments.which)?;
    execute(&resolved, arguments, output)
}

#[expect(clippy::disallowed_types, reason = "how long a run took is told beside it, not in it")]
pub(super) fn execute(
    resolved: &Resolved,
    arguments: &Run,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let started = std::time::Instant::now();
    let needs_rows = arguments.record.is_some() || !(arguments.json || arguments.quiet);
    let session = if needs_rows { Some(resolved.subject.open(&resolved.case)?) } else { None };
    let report = match &session {
        Some(session) => session.report().clone(),
        None => resolved.subject.run(&resolved.case, &RunOptions::default())?,
    };
    let wall_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if let (Some(path), Some(session)) = (&arguments.record, &session) {
        let recording = Recording::of(session.as_ref());
        recording.write(path).map_err(|error| CliError::Input(error.to_string()))?;
    }
    if arguments.json {
        output.json(&Json { report: &report, stats: shown_statistics(&report), wall_ns })?;
    } else if arguments.quiet {
        output.line(report.verdict.to_string())?;
    } else if let Some(session) = &session {
        tell(session.as_ref(), resolved, &report, output)?;
        if let Some(path) = &arguments.record {
            output.line(format!("  recorded in {}", path.display()))?;
        }
    }
    Ok(Exit::of(report.verdict, report.as_expected))
}

/// Statistics in their unit.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "an integer becomes a printed decimal here"
)]
fn shown_statistics(report: &Report) -> std::collections::BTreeMap<&str, f64> {
    let shown =
        |measured: &orrery_harness::report::Measured| measured.value as f64 / measured.scale as f64;
    report.stats.iter().map(|(name, measured)| (name.as_str(), shown(measured))).collect()
}

/// The story of a run, in at most forty lines. A failure comes first.
fn tell(
    session: &dyn Session,
    resolved: &Resolved,
    report: &Report,
    output: &mut Output,
) -> Result<(), CliError> {
    let command = environment::command();
    if report.verdict == Verdict::Pass {
        story::heading(session, output)?;
        story::events(session, 22, output)?;
        output.line("")?;
        story::verdict(report, output)?;
        story::numbers(report, &resolved.case, output)?;
    } else {
        story::verdict(report, output)?;
        story::failure(session, report, output)?;
        output.line("")?;
        let at = if report.verdict == Verdict::Fail { " --at violation" } else { "" };
        output.line(format!("  see why:  {command} tui {}{at}", report.token))?;
        output.line("")?;
        story::heading(session, output)?;
        story::numbers(report, &resolved.case, output)?;
    }
    output.line(format!("  again:    {command} replay {}", report.token))?;
    if report.verdict == Verdict::Pass {
        output.line(format!("  step it:  {command} tui {}", report.token))?;
        story::next_lesson(session, &command, output)?;
    }
    if !report.as_expected {
        let (own, other) = (report.verdict, report.expected);
        let text = format!("  the verdict is {own}; this scenario expects {other}");
        output.line(output.paint(Tone::Doubtful, &text))?;
    }
    Ok(())
}
