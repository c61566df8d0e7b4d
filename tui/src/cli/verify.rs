//! `orrery verify-determinism`: proof that a run does the same every time.

use std::path::Path;
use std::process::Command;

use orrery_harness::determinism::{Determinism, verify as verify_twice};

use super::args::{Verify, Which};
use super::output::{Output, Tone};
use super::resolve::{Resolved, resolve};
use super::story::grouped;
use super::{Cli, CliError, Exit};

pub(super) fn verify(cli: &Cli, arguments: &Verify, output: &mut Output) -> Result<Exit, CliError> {
    let all = || cli.catalogue.names().map(ToString::to_string).collect();
    let names: Vec<String> = if arguments.what.is_empty() { all() } else { arguments.what.clone() };
    let mut exit = Exit::AsExpected;
    for name in names {
        let which = Which { what: name, seed: None, set: vec![], bugs: vec![] };
        let resolved = resolve(cli, &which)?;
        if !one(&resolved, arguments, output)? {
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
        if !agrees(&own, case.token.as_str(), &report.digest, output)? {
            return Ok(false);
        }
        checked.push("in a second process");
    }
    if let Some(other) = &arguments.against {
        if !agrees(other, case.token.as_str(), &report.digest, output)? {
            return Ok(false);
        }
        checked.push("in the other build");
    }
    let word = output.paint(Tone::Good, "the same");
    let (name, digest, events) = (&case.scenario, &report.digest, grouped(report.events));
    output.line(format!("{word}  {name:<24} {digest}  {events} events, {}", checked.join(", ")))?;
    Ok(true)
}

/// Whether `program` gives the same digest.
fn agrees(
    program: &Path,
    token: &str,
    digest: &str,
    output: &mut Output,
) -> Result<bool, CliError> {
    let shown = program.display();
    let ran = Command::new(program).args(["run", token, "--json"]).output();
    let ran = ran.map_err(|error| CliError::Input(format!("cannot start {shown}: {error}")))?;
    let json: serde_json::Value = serde_json::from_slice(&ran.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&ran.stderr);
        CliError::Input(format!("{shown} did not run {token}: {}", said.trim()))
    })?;
    let other = json.get("digest").and_then(serde_json::Value::as_str).unwrap_or("none");
    if other == digest {
        return Ok(true);
    }
    let word = output.paint(Tone::Bad, "differs");
    output.line(format!("{word}  {token}"))?;
    output.line(format!("  - here:  {digest}"))?;
    output.line(format!("  - there: {other} ({shown})"))?;
    Ok(false)
}
