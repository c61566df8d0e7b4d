//! `orrery bugs`: the planted bugs, and proof that each is caught.

mod searches;
mod sizes;
mod table;
#[cfg(test)]
mod tests;

use orrery_harness::{Report, RunOptions, Verdict};
use orrery_sim::{Bug, Difficulty};
use serde::Serialize;

use super::args::{Bugs, Which};
use super::output::{Output, Tone};
use super::resolve::resolve;
use super::{Cli, CliError, Exit, environment};

/// One token per bug whose run catches it, as `ID TOKEN` lines. Written by `orrery bugs --table`.
const TOKENS: &str = include_str!("../../../bug-tokens.txt");

/// A bug as it is listed.
#[derive(Serialize)]
struct Entry {
    id: &'static str,
    protocol: &'static str,
    summary: &'static str,
    difficulty: Difficulty,
    breaks: &'static [&'static str],
    found_by: &'static [&'static str],
    source: &'static str,
}

pub(super) fn bugs(cli: &Cli, arguments: &Bugs, output: &mut Output) -> Result<Exit, CliError> {
    if arguments.verify {
        return verify(cli, output);
    }
    if arguments.shrink {
        return sizes::sizes(cli, arguments, output);
    }
    if let Some(path) = &arguments.table {
        return table::table(cli, arguments, path, output);
    }
    let entries: Vec<Entry> = all(cli).map(|(protocol, bug)| entry(protocol, &bug)).collect();
    if arguments.json {
        output.json(&entries)?;
        return Ok(Exit::AsExpected);
    }
    for entry in &entries {
        let id = output.paint(Tone::Strong, &format!("{:<4}", entry.id));
        output.line(format!("{id} {:<6} {}", entry.protocol, entry.summary))?;
        let (breaks, found_by) = (entry.breaks.join(", "), entry.found_by.join(", "));
        let letter = entry.difficulty.letter();
        output.line(format!("     {letter}: breaks {breaks}; found by {found_by}"))?;
    }
    let command = environment::command();
    output.line("")?;
    output.line(format!("  see one caught:  {command} run raft/figure-8 --bug R1"))?;
    Ok(Exit::AsExpected)
}

fn all(cli: &Cli) -> impl Iterator<Item = (&'static str, Bug)> + '_ {
    cli.registry.all().flat_map(|subject| {
        let name = subject.name();
        subject.bugs().iter().map(move |bug| (name, *bug))
    })
}

const fn entry(protocol: &'static str, bug: &Bug) -> Entry {
    Entry {
        id: bug.id,
        protocol,
        summary: bug.summary,
        difficulty: bug.difficulty,
        breaks: bug.breaks,
        found_by: bug.found_by,
        source: bug.source,
    }
}

/// Replays the committed token of every bug.
fn verify(cli: &Cli, output: &mut Output) -> Result<Exit, CliError> {
    let mut exit = Exit::AsExpected;
    for (_, bug) in all(cli) {
        let said = match token_of(&bug) {
            None => Err(String::from("no token is committed for it")),
            Some(token) => caught(cli, token, &bug)?,
        };
        match said {
            Ok(report) => {
                let word = output.paint(Tone::Good, "caught");
                let finder = report.violation.map_or(String::new(), |failure| failure.found_by);
                output.line(format!("{word}      {:<4} by {finder}: {}", bug.id, report.token))?;
            }
            Err(reason) => {
                exit = Exit::NotAsExpected;
                let word = output.paint(Tone::Bad, "NOT caught");
                output.line(format!("{word}  {:<4} {reason}", bug.id))?;
            }
        }
    }
    Ok(exit)
}

/// The committed token of a bug.
fn token_of(bug: &Bug) -> Option<&'static str> {
    TOKENS.lines().find_map(|line| {
        let (id, token) = line.split_once(' ')?;
        let scenario = token.split('@').next()?;
        (id == bug.id && bug.found_by.contains(&scenario)).then_some(token)
    })
}

/// Whether the run of `token` catches the bug by an invariant, a checker or a goal.
fn caught(cli: &Cli, token: &str, bug: &Bug) -> Result<Result<Report, String>, CliError> {
    let which = Which { what: token.to_string(), ..Which::default() };
    let resolved = resolve(cli, &which)?;
    if !resolved.bugs.iter().any(|id| id == bug.id) {
        return Ok(Err(format!("the committed token {token} does not switch it on")));
    }
    let report = resolved.subject.run(&resolved.case, &RunOptions::default())?;
    Ok(if is_caught(&report) {
        Ok(report)
    } else {
        Err(format!("{token} ends {}", report.verdict))
    })
}

/// A planted bug counts as caught only by an invariant, a checker or a goal: never by a panic.
fn is_caught(report: &Report) -> bool {
    let finder = report.violation.as_ref().map_or("", |failure| failure.found_by.as_str());
    report.verdict == Verdict::Fail && finder != "panic" && finder != "purity"
}
