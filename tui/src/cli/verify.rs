//! `orrery verify-determinism`: proof that a run does the same every time.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use orrery_harness::determinism::{Determinism, Trace, first_difference, verify as verify_twice};

use super::args::{Seeds, Verify, Which};
use super::output::{Output, Tone};
use super::resolve::{Resolved, resolve};
use super::story::grouped;
use super::{Cli, CliError, Exit};

pub(super) fn verify(cli: &Cli, arguments: &Verify, output: &mut Output) -> Result<Exit, CliError> {
    let all = || cli.catalogue.names().map(ToString::to_string).collect();
    let names: Vec<String> = if arguments.what.is_empty() { all() } else { arguments.what.clone() };
    let mut exit = Exit::AsExpected;
    for name in names {
        let which = Which { what: name, ..Which::default() };
        let resolved = resolve(cli, &which)?;
        if let Some(Seeds(events)) = &arguments.print {
            print(&resolved, events.clone(), output)?;
        } else if !one(&resolved, arguments, output)? {
            exit = Exit::NotAsExpected;
        }
        output.flush()?;
    }
    Ok(exit)
}

/// Proves one run; whether it is the same every time.
fn one(resolved: &Resolved, arguments: &Verify, output: &mut Output) -> Result<bool, CliError> {
    let case = &resolved.case;
    let report = match verify_twice(resolved.subject.as_ref(), case)? {
        Determinism::Same(report) => report,
        Determinism::Differs(difference) => {
            let word = output.paint(Tone::Bad, "differs");
            output
                .line(format!("{word}  {}: first at event {}", case.scenario, difference.event))?;
            for fact in difference.facts {
                output.line(format!("  - {fact}"))?;
            }
            return Ok(false);
        }
    };
    let mut checked = vec!["twice in this process"];
    if !arguments.in_process {
        let own = std::env::current_exe()
            .map_err(|error| CliError::Internal(format!("cannot find this program: {error}")))?;
        if !agrees(&own, resolved, &report.digest, output)? {
            return Ok(false);
        }
        checked.push("in a second process");
    }
    if let Some(other) = &arguments.against {
        if !agrees(other, resolved, &report.digest, output)? {
            return Ok(false);
        }
        checked.push("in the other build");
    }
    let word = output.paint(Tone::Good, "the same");
    let (name, digest, events) = (&case.scenario, &report.digest, grouped(report.events));
    output.line(format!("{word}  {name:<24} {digest}  {events} events, {}", checked.join(", ")))?;
    Ok(true)
}

/// Whether `program` makes the same run; where not, the first event that differs is shown side by side.
fn agrees(
    program: &Path,
    resolved: &Resolved,
    digest: &str,
    output: &mut Output,
) -> Result<bool, CliError> {
    let token = resolved.case.token.as_str();
    let there = trace_of(program, token, &(0..0))?;
    if there.digest == digest {
        return Ok(true);
    }
    let word = output.paint(Tone::Bad, "differs");
    let here = |events: Range<u64>| -> Result<Trace, CliError> {
        Ok(resolved.subject.trace(&resolved.case, events)?)
    };
    let found = first_difference(here, |events| trace_of(program, token, &events))?;
    let first = found.as_ref().map_or(0, |found| found.event);
    output.line(format!("{word}  {token}: first at event {first}"))?;
    output.line(format!("  - here:  {digest}"))?;
    output.line(format!("  - there: {} ({})", there.digest, program.display()))?;
    match found {
        Some(found) => {
            found.facts.iter().try_for_each(|fact| output.line(format!("  - {fact}")))?;
        }
        None => output.line(String::from(
            "  - when both were made once more they agreed: the difference comes and goes",
        ))?,
    }
    Ok(false)
}

/// The run of `token` as another process makes it.
fn trace_of(program: &Path, token: &str, events: &Range<u64>) -> Result<Trace, CliError> {
    let shown = program.display();
    // There is no event 0: asking for it shows none.
    let end = events.end.max(events.start + 1);
    let range = format!("{}..{end}", events.start);
    let ran = Command::new(program).args(["verify-determinism", token, "--print", &range]).output();
    let ran = ran.map_err(|error| CliError::Input(format!("cannot start {shown}: {error}")))?;
    serde_json::from_slice(&ran.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&ran.stderr);
        CliError::Input(format!("{shown} did not run {token}: {}", said.trim()))
    })
}

/// What a second process asks of this one.
fn print(resolved: &Resolved, events: Range<u64>, output: &mut Output) -> Result<(), CliError> {
    let trace = resolved.subject.trace(&resolved.case, events)?;
    let json = serde_json::to_string(&trace)
        .map_err(|error| CliError::Internal(format!("a trace cannot be written: {error}")))?;
    output.line(json)?;
    Ok(())
}
