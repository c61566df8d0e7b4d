//! `orrery bugs`: the planted bugs, and proof that each is caught.

use orrery_harness::sweep::{SweepOptions, sweep};
use orrery_harness::{Report, RunOptions, Verdict};
use orrery_sim::{Bug, Difficulty};
use serde::Serialize;

use super::args::{Bugs, Which};
use super::output::{Output, Tone};
use super::resolve::{Resolved, resolve};
use super::{Cli, CliError, Exit, environment, sweep as sweep_command};

/// One token per bug whose run catches it, as `ID TOKEN` lines. Written by `orrery bugs --table`.
const TOKENS: &str = include_str!("../../bug-tokens.txt");

/// Searches begin this many seeds apart.
const BASE: u64 = 1_000_000;

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
    if let Some(path) = &arguments.table {
        return table(cli, arguments, path, output);
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
        let token = TOKENS.lines().find_map(|line| {
            let (id, token) = line.split_once(' ')?;
            let scenario = token.split('@').next()?;
            (id == bug.id && bug.found_by.contains(&scenario)).then_some(token)
        });
        let said = match token {
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

/// A row of the table: how a bug was found by one scenario.
struct Found {
    scenario: String,
    /// Seeds tried per search until the bug was caught; the limit plus one where it was not.
    tries: Vec<u64>,
    /// What caught it.
    finder: String,
    events: u64,
    token: String,
    is_scripted: bool,
}

/// Measures how fast each bug is found and writes the table.
fn table(
    cli: &Cli,
    arguments: &Bugs,
    path: &std::path::Path,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let mut text = String::from(HEAD);
    let mut tokens = String::new();
    let mut exit = Exit::AsExpected;
    for (protocol, bug) in all(cli) {
        output.line(format!("{} ...", bug.id))?;
        output.flush()?;
        let mut best: Option<Found> = None;
        for scenario in bug.found_by {
            let found = search(cli, scenario, &bug, arguments)?;
            if let Some(found) = found {
                text.push_str(&row(protocol, &bug, &found, arguments.limit));
                best = best.or(Some(found));
            }
        }
        if let Some(found) = best {
            tokens.extend([bug.id, " ", &found.token, "\n"]);
        } else {
            exit = Exit::NotAsExpected;
            let row =
                ["| ", bug.id, " | ", protocol, " | ", bug.summary, " | NOT FOUND | | | | |\n"];
            text.extend(row);
        }
    }
    let write = |path: &std::path::Path, text: &str| {
        let failed = |e| CliError::Input(format!("cannot write {}: {e}", path.display()));
        std::fs::write(path, text).map_err(failed)
    };
    write(path, &text)?;
    if let Some(path) = &arguments.tokens {
        write(path, &tokens)?;
    }
    Ok(exit)
}

const HEAD: &str = "# Planted bugs\n\n\
    Each bug is one wrong condition at one rule, off unless `--bug ID` asks for it. It counts as caught only by\n\
    an invariant, a checker or a goal. *Seeds* is the median number of seeds that a search tries until the bug\n\
    is caught, over searches that begin a million seeds apart; a scripted scenario needs one. *Events* is the\n\
    event at which the first catch showed.\n\n\
    Written by `orrery bugs --table docs/bugs.md --tokens tui/bug-tokens.txt`.\n\n\
    | bug | protocol | what it does wrong | found by | checker that fired | seeds (median) | events | replay |\n\
    |---|---|---|---|---|---|---|---|\n";

fn row(protocol: &str, bug: &Bug, found: &Found, limit: u64) -> String {
    let mut tries = found.tries.clone();
    tries.sort_unstable();
    let median = tries[(tries.len() - 1) / 2];
    let seeds = match (found.is_scripted, median) {
        (true, _) => String::from("1 (scripted)"),
        (false, median) if limit < median => format!("> {limit}"),
        (false, median) => median.to_string(),
    };
    format!(
        "| {} | {protocol} | {} | `{}` | {} | {seeds} | {} | `{}` |\n",
        bug.id, bug.summary, found.scenario, found.finder, found.events, found.token
    )
}

/// Searches one scenario for a bug from several bases. `None` where no search finds it.
fn search(
    cli: &Cli,
    scenario: &str,
    bug: &Bug,
    arguments: &Bugs,
) -> Result<Option<Found>, CliError> {
    let which =
        Which { what: scenario.to_string(), bugs: vec![bug.id.to_string()], ..Which::default() };
    let resolved = resolve(cli, &which)?;
    let own = resolved.subject.run(&resolved.case, &RunOptions::default())?;
    if resolved.case.swarm.is_none() && is_caught(&own) {
        return Ok(Some(found(scenario, vec![1], &own, own.token.clone(), true)));
    }
    let mut first: Option<Report> = None;
    let mut tries = Vec::new();
    for base in 0..arguments.bases {
        let from = base * BASE;
        let hit = first_hit(&resolved, from, arguments.limit)?;
        tries.push(hit.as_ref().map_or(arguments.limit + 1, |report| report.seed - from + 1));
        first = first.or(hit);
    }
    let Some(first) = first else { return Ok(None) };
    let token = resolved.token(first.seed);
    Ok(Some(found(scenario, tries, &first, token, false)))
}

fn found(
    scenario: &str,
    tries: Vec<u64>,
    report: &Report,
    token: String,
    is_scripted: bool,
) -> Found {
    let failure = report.violation.as_ref();
    Found {
        scenario: scenario.to_string(),
        tries,
        finder: failure.map_or(String::new(), |failure| failure.found_by.clone()),
        events: failure.map_or(0, |failure| failure.event),
        token,
        is_scripted,
    }
}

/// The run of the first seed from `from` on that catches the bug.
fn first_hit(resolved: &Resolved, from: u64, limit: u64) -> Result<Option<Report>, CliError> {
    let bar = sweep_command::progress(limit, true);
    let options = SweepOptions {
        jobs: 0,
        stops_at_failure: true,
        failures_shown: usize::MAX,
        progress: &|done, _| bar.set_position(done),
    };
    let token = |seed: u64| resolved.token(seed);
    let report =
        sweep(resolved.subject.as_ref(), &resolved.case, &token, from..from + limit, &options)?;
    for failed in report.failures {
        let mut case = resolved.case.clone();
        case.seed = failed.seed;
        let report = resolved.subject.run(&case, &RunOptions::default())?;
        if is_caught(&report) {
            return Ok(Some(report));
        }
    }
    Ok(None)
}
