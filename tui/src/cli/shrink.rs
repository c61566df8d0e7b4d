//! `orrery shrink`: from a failing run to the smallest one that fails in the same way.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use orrery_harness::shrink::{self, ShrinkOptions, Shrunk, Size};
use orrery_scenarios::{Scenario, Token, write_case};
use serde::Serialize;

use super::args::Shrink;
use super::output::{Output, Tone};
use super::resolve::{Resolved, resolve};
use super::story::grouped;
use super::{Cli, CliError, Exit, environment};

/// What is said of a failure that was shrunk, as JSON.
#[derive(Serialize)]
struct Json<'a> {
    file: &'a str,
    token: &'a str,
    found_by: &'a str,
    rule: &'a str,
    class: &'a str,
    before: Size,
    after: Size,
    runs: u64,
    is_spent: bool,
    has_control: bool,
    is_explicit: bool,
}

pub(super) fn shrink(cli: &Cli, arguments: &Shrink, output: &mut Output) -> Result<Exit, CliError> {
    let resolved = resolve(cli, &arguments.which)?;
    let out = arguments.out.clone().unwrap_or_else(|| default_path(&resolved));
    let shrunk = search(&resolved, arguments.max_runs, arguments.json || arguments.quiet)?;
    let token = write(cli, &resolved, &shrunk, &out)?;
    let file = out.display().to_string();
    if arguments.json {
        output.json(&Json {
            file: &file,
            token: &token,
            found_by: &shrunk.fingerprint.found_by,
            rule: &shrunk.fingerprint.rule,
            class: &shrunk.fingerprint.class,
            before: shrunk.before,
            after: shrunk.after,
            runs: shrunk.runs,
            is_spent: shrunk.is_spent,
            has_control: shrunk.has_control,
            is_explicit: shrunk.is_explicit,
        })?;
    } else if arguments.quiet {
        output.line(&file)?;
    } else {
        tell(&shrunk, &file, &token, output)?;
    }
    Ok(Exit::AsExpected)
}

/// Shrinks the run and writes the scenario to a file beside the current folder: for commands that end with a failing run.
pub(super) fn after_run(
    cli: &Cli,
    resolved: &Resolved,
    output: &mut Output,
) -> Result<(), CliError> {
    let out = default_path(resolved);
    let shrunk = search(resolved, shrink::RUNS, false)?;
    let token = write(cli, resolved, &shrunk, &out)?;
    output.line("")?;
    tell(&shrunk, &out.display().to_string(), &token, output)
}

/// The smallest run that fails as this one does.
pub(super) fn search(resolved: &Resolved, runs: u64, is_silent: bool) -> Result<Shrunk, CliError> {
    let bar = bar(runs, is_silent);
    let progress = |made: u64, left: usize| {
        bar.set_position(made);
        bar.set_message(format!("{left} items and operations left"));
    };
    let options = ShrinkOptions { runs, progress: &progress };
    let shrunk = shrink::shrink(resolved.subject.as_ref(), &resolved.case, &options);
    bar.finish_and_clear();
    Ok(shrunk?)
}

fn bar(runs: u64, is_silent: bool) -> ProgressBar {
    if is_silent || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{bar:30} {pos} of at most {len} runs  {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// A name that says where the run came from.
fn default_path(resolved: &Resolved) -> PathBuf {
    let name = Path::new(&resolved.case.scenario).with_extension("");
    let mut parts: Vec<String> =
        name.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.drain(..parts.len().saturating_sub(2));
    parts.push(resolved.case.seed.to_string());
    parts.extend(resolved.case.bugs.iter().cloned());
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = parts.join("-").chars().map(plain).collect();
    PathBuf::from(format!("{name}.toml"))
}

/// Writes the scenario of the smaller run; its token.
fn write(cli: &Cli, resolved: &Resolved, shrunk: &Shrunk, path: &Path) -> Result<String, CliError> {
    let name = path.display().to_string();
    let title = format!("{}, shrunk", resolved.case.title);
    let about = about(resolved, shrunk)?;
    let text = write_case(&shrunk.case, &name, &title, &about, &cli.registry)
        .map_err(|error| CliError::Input(error.to_string()))?;
    std::fs::write(path, &text)
        .map_err(|error| CliError::Input(format!("cannot write {name}: {error}")))?;
    let scenario = Scenario::from_text(&name, &text)?;
    Ok(Token::of(&scenario, shrunk.case.seed, &[], &[]).to_string())
}

/// What the file says of itself.
fn about(resolved: &Resolved, shrunk: &Shrunk) -> Result<Vec<String>, CliError> {
    let (before, after) = (shrunk.before, shrunk.after);
    let mut lines = vec![
        format!("Shrunk from {} in {} runs:", resolved.case.token, shrunk.runs),
        format!(
            "{} of {} items of the plan, {} of {} operations, {} of {} events are left.",
            after.items,
            before.items,
            after.operations,
            before.operations,
            after.events,
            before.events
        ),
    ];
    if let Some(failure) = &shrunk.report.violation {
        lines.push(String::new());
        lines.push(format!("Broken: {}.", failure.title()));
        lines.extend(failure.facts.iter().take(3).map(|fact| format!("- {fact}")));
    }
    lines.push(String::new());
    lines.push(String::from("The last events:"));
    let subject = resolved.subject.as_ref();
    lines.extend(shrink::last_events(subject, &shrunk.case, &shrunk.report)?);
    Ok(lines)
}

fn tell(shrunk: &Shrunk, file: &str, token: &str, output: &mut Output) -> Result<(), CliError> {
    let command = environment::command();
    let word = output.paint(Tone::Strong, "shrunk");
    output.line(format!("{word}  {}", shrunk.fingerprint.rule))?;
    if let Some(fact) = shrunk.report.violation.as_ref().and_then(|failure| failure.facts.first()) {
        output.line(format!("  {fact}"))?;
    }
    output.line("")?;
    let (before, after) = (shrunk.before, shrunk.after);
    let mut row = |what: &str, before: String, after: String| {
        output.line(format!("  {what:<12} {before:>12} -> {after}"))
    };
    row("plan items", before.items.to_string(), after.items.to_string())?;
    row("operations", before.operations.to_string(), after.operations.to_string())?;
    row("nodes", before.nodes.to_string(), after.nodes.to_string())?;
    row("events", grouped(before.events), grouped(after.events))?;
    let end = |size: Size| orrery_sim::Duration::from_nanos(size.stop_at_ns).to_string();
    row("ends at", end(before), end(after))?;
    output.line(format!("  in {} runs", grouped(shrunk.runs)))?;
    if shrunk.is_spent {
        let text =
            "  no more runs were allowed: it may get smaller still with a greater `--max-runs`";
        output.line(output.paint(Tone::Doubtful, text))?;
    }
    if !shrunk.is_explicit {
        let text = "  written down with explicit times, targets and operations, the failure was gone: some are left as they were";
        output.line(output.paint(Tone::Doubtful, text))?;
    }
    output.line("")?;
    output.line(format!("  see it:   {command} run {file}"))?;
    output.line(format!("  see why:  {command} tui {token} --at violation"))?;
    output.line(format!("  again:    {command} replay {token}"))?;
    Ok(())
}
