//! `orrery sweep`: many seeds.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use orrery_harness::Verdict;
use orrery_harness::sweep::{SweepOptions, SweepReport, sweep as run_sweep};

use super::args::{Sweep, Which};
use super::output::{Output, Tone};
use super::resolve::{Resolved, is_token, resolve};
use super::story::grouped;
use super::{Cli, CliError, Exit, environment};

/// Failures that are shown.
const SHOWN: usize = 10;

#[expect(clippy::disallowed_types, reason = "how long a sweep took is told beside it, not in it")]
pub(super) fn sweep(cli: &Cli, arguments: &Sweep, output: &mut Output) -> Result<Exit, CliError> {
    if is_token(&arguments.what) {
        return Err(CliError::Input(String::from(
            "a token names one run; a sweep takes a scenario and `--seeds A..B`",
        )));
    }
    let which = Which {
        what: arguments.what.clone(),
        set: arguments.set.clone(),
        bugs: arguments.bugs.clone(),
        ..Which::default()
    };
    let resolved = resolve(cli, &which)?;
    let seeds = arguments.seeds.0.clone();
    let bar = progress(seeds.end - seeds.start, arguments.json || arguments.quiet);
    let started = std::time::Instant::now();
    let heard = |done: u64, failed: u64| {
        bar.set_position(done);
        if 0 < failed {
            bar.set_message(format!("{failed} not as expected"));
        }
    };
    let options = SweepOptions {
        jobs: arguments.jobs,
        stops_at_failure: arguments.stop_at_failure,
        failures_shown: SHOWN,
        progress: &heard,
    };
    let token = |seed: u64| resolved.token(seed);
    let result = run_sweep(resolved.subject.as_ref(), &resolved.case, &token, seeds, &options);
    bar.finish_and_clear();
    let mut report = result?;
    report.wall_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    if arguments.json {
        output.json(&report)?;
    } else if arguments.quiet {
        output.line(if report.as_expected { "as expected" } else { "not as expected" })?;
    } else {
        tell(&resolved, &report, output)?;
    }
    Ok(exit(&report))
}

/// A sweep whose only shortcoming are runs without a verdict has no verdict itself.
pub(super) fn exit(report: &SweepReport) -> Exit {
    if report.as_expected {
        return Exit::AsExpected;
    }
    let unknown = report.counts.get(Verdict::Unknown.word()).copied().unwrap_or(0);
    let is_only_unknown = report.problems.is_empty()
        && report.expected != Verdict::Unknown
        && report.failed == unknown;
    if is_only_unknown { Exit::Unknown } else { Exit::NotAsExpected }
}

/// A bar on standard error, once a sweep takes longer than a moment.
pub(super) fn progress(count: u64, is_silent: bool) -> ProgressBar {
    if is_silent || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr_with_hz(5));
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} seeds  {per_sec}  {eta} left  {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn tell(resolved: &Resolved, report: &SweepReport, output: &mut Output) -> Result<(), CliError> {
    let command = environment::command();
    let [from, to] = report.seeds;
    let counts: Vec<String> =
        report.counts.iter().map(|(word, count)| format!("{} {word}", grouped(*count))).collect();
    let tone = if report.as_expected { Tone::Good } else { Tone::Bad };
    let word = if report.as_expected { "as expected" } else { "not as expected" };
    let word = output.paint(tone, word);
    let seconds = report.wall_ns / 1_000_000;
    output.line(format!(
        "{word}  {}  seeds {from}..{to}: {}  in {}.{:03} s",
        report.scenario,
        counts.join(", "),
        seconds / 1_000,
        seconds % 1_000
    ))?;
    for problem in &report.problems {
        output.line(format!("  - {problem}"))?;
    }
    for failure in &report.failures {
        output
            .line(format!("  seed {}: {} {}", failure.seed, failure.verdict, failure.found_by))?;
        output.line(format!("    {}", failure.fact))?;
        output.line(format!("    {command} tui {} --at violation", failure.token))?;
        if failure.verdict == Verdict::Fail {
            output.line(format!("    {command} shrink {}", failure.token))?;
        }
    }
    let hidden = report.failed.saturating_sub(report.failures.len() as u64);
    if 0 < hidden {
        output.line(format!("  ... and {} more", grouped(hidden)))?;
    }
    statistics(resolved, report, output)?;
    rates(report, output)
}

fn statistics(
    resolved: &Resolved,
    report: &SweepReport,
    output: &mut Output,
) -> Result<(), CliError> {
    if report.stats.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.line(format!(
        "  {:<22} {:>14} {:>12} {:>12} {:>12} {:>12}",
        "per run", "mean", "sd", "min", "median", "max"
    ))?;
    for known in resolved.subject.statistics() {
        let Some(summary) = report.stats.get(known.name) else { continue };
        let name = match known.unit {
            "" => known.name.to_string(),
            unit => format!("{} ({unit})", known.name),
        };
        let numbers = [summary.mean, summary.sd, summary.min, summary.p50, summary.max];
        let shown: Vec<String> = numbers.iter().map(|number| format!("{number:.4}")).collect();
        let trimmed = shown.iter().map(|text| text.trim_end_matches('0').trim_end_matches('.'));
        let cells: Vec<String> = trimmed.map(|text| format!("{text:>12}")).collect();
        output.line(format!("  {name:<24} {}", cells.join(" ")))?;
    }
    Ok(())
}

fn rates(report: &SweepReport, output: &mut Output) -> Result<(), CliError> {
    let runs: u64 = report.counts.values().sum();
    output.line("")?;
    for (name, family) in &report.ledger {
        output.line(format!(
            "  faults    {name:<16} on in {} runs, effective in {}: {} planned, {} applied, {} effective",
            grouped(family.runs),
            grouped(family.runs_effective),
            grouped(family.planned),
            grouped(family.applied),
            grouped(family.effective)
        ))?;
    }
    for (name, reached) in &report.goals {
        output.line(format!("  goal      {name}: in {} of {runs} runs", grouped(reached.runs)))?;
    }
    for (name, reached) in &report.probes {
        let never = if reached.runs == 0 { "  NEVER" } else { "" };
        output.line(format!(
            "  probe     {name}: in {} of {runs} runs{never}",
            grouped(reached.runs)
        ))?;
    }
    Ok(())
}
