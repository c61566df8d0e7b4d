//! `orrery run`: one run, and its story.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use orrery_check::formats;
use orrery_harness::recording::{self, Reader};
use orrery_harness::{Report, RunOptions, Verdict};
use serde::Serialize;

use super::args::Run;
use super::output::{Output, Tone};
use super::resolve::{Resolved, resolve};
use super::story::Moments;
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
    let exit = execute(&resolved, arguments, output)?;
    // Only what failed can be shrunk.
    let has_failed = arguments.shrink
        && resolved.subject.run(&resolved.case, &RunOptions::default())?.verdict == Verdict::Fail;
    if has_failed {
        super::shrink::after_run(cli, &resolved, output)?;
    }
    Ok(exit)
}

#[expect(clippy::disallowed_types, reason = "how long a run took is told beside it, not in it")]
pub(super) fn execute(
    resolved: &Resolved,
    arguments: &Run,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let started = std::time::Instant::now();
    let is_told = !(arguments.json || arguments.quiet);
    let (report, story) = match &arguments.record {
        Some(path) => record(resolved, path, is_told)?,
        None if is_told => {
            let session = resolved.subject.open(&resolved.case)?;
            (session.report().clone(), Some(Moments::of(session.as_ref())))
        }
        None => (resolved.subject.run(&resolved.case, &RunOptions::default())?, None),
    };
    let wall_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let entries = arguments.history.as_deref().map(|path| write_history(resolved, path));
    let entries = entries.transpose()?;
    if arguments.json {
        output.json(&Json { report: &report, stats: shown_statistics(&report), wall_ns })?;
    } else if arguments.quiet {
        output.line(report.verdict.to_string())?;
    } else if let Some(moments) = &story {
        tell(moments, resolved, &report, output)?;
        if let Some(path) = &arguments.record {
            let (command, shown) = (environment::command(), path.display());
            output.line(format!("  recorded: {command} tui {shown}"))?;
            output.line(format!("  prove it: {command} replay {shown}"))?;
        }
        if let (Some(path), Some(entries)) = (&arguments.history, entries) {
            let (command, shown) = (environment::command(), path.display());
            output.line(format!("  history:  {} entries", story::grouped(entries as u64)))?;
            output.line(format!("  judge it: {command} check {shown} --model kv"))?;
        }
    }
    Ok(Exit::of(report.verdict, report.as_expected))
}

/// Makes the run and writes it down while it goes. What is told of it is read back from the file, so that no run is too
/// long for the memory.
fn record(
    resolved: &Resolved,
    path: &Path,
    is_told: bool,
) -> Result<(Report, Option<Moments>), CliError> {
    let lines = resolved.subject.record(&resolved.case, &resolved.source())?;
    let report = recording::write(path, lines)?;
    if !is_told {
        return Ok((report, None));
    }
    let mut reader = Reader::open(path)?;
    let mut moments = Moments::new(reader.header().header(), &report);
    while let Some(event) = reader.next_event()? {
        moments.add(&reader.row(&event)?);
    }
    Ok((report, Some(moments)))
}

/// Makes the run once more and writes down what its clients saw; how many entries there are.
fn write_history(resolved: &Resolved, path: &Path) -> Result<usize, CliError> {
    let shown = path.display();
    let cannot = |error: std::io::Error| CliError::Input(format!("cannot write {shown}: {error}"));
    let records = resolved.subject.history(&resolved.case)?;
    let mut file = BufWriter::new(File::create(path).map_err(cannot)?);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("edn")) {
        formats::write_edn(&records, &mut file).map_err(cannot)?;
    } else {
        formats::write_jsonl(&records, &mut file).map_err(cannot)?;
    }
    file.flush().map_err(cannot)?;
    Ok(records.len())
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
    moments: &Moments,
    resolved: &Resolved,
    report: &Report,
    output: &mut Output,
) -> Result<(), CliError> {
    let (command, header) = (environment::command(), &moments.header);
    if report.verdict == Verdict::Pass {
        story::heading(header, output)?;
        story::events(moments, output)?;
        output.line("")?;
        story::verdict(report, output)?;
        story::numbers(report, &resolved.case, output)?;
    } else {
        story::verdict(report, output)?;
        story::failure(moments, report, output)?;
        output.line("")?;
        let at = if report.verdict == Verdict::Fail { " --at violation" } else { "" };
        output.line(format!("  see why:  {command} tui {}{at}", report.token))?;
        output.line("")?;
        story::heading(header, output)?;
        story::numbers(report, &resolved.case, output)?;
    }
    output.line(format!("  again:    {command} replay {}", report.token))?;
    if report.verdict == Verdict::Fail {
        output.line(format!("  smaller:  {command} shrink {}", report.token))?;
    }
    if report.verdict == Verdict::Pass {
        output.line(format!("  step it:  {command} tui {}", report.token))?;
        story::next_lesson(header, &command, output)?;
    }
    if !report.as_expected {
        let (own, other) = (report.verdict, report.expected);
        let text = format!("  the verdict is {own}; this scenario expects {other}");
        output.line(output.paint(Tone::Doubtful, &text))?;
    } else if report.verdict != Verdict::Pass {
        output.line(format!("  the verdict is {}, as this scenario expects", report.verdict))?;
    }
    Ok(())
}
