//! The committed run of every planted bug, shrunk: how large it was and how large it is.

use orrery_harness::shrink::Shrunk;
use orrery_sim::Bug;

use super::super::args::{Bugs, Which};
use super::super::output::Output;
use super::super::resolve::resolve;
use super::super::shrink::search;
use super::super::{Cli, CliError, Exit};
use super::{all, token_of};

/// Prints a table (Markdown) with a row for each bug.
pub(super) fn sizes(cli: &Cli, arguments: &Bugs, output: &mut Output) -> Result<Exit, CliError> {
    output.line("| bug | found by | items | operations | nodes | events | runs |")?;
    output.line("|---|---|---|---|---|---|---|")?;
    let (mut totals, mut runs, mut exit) = (Vec::new(), Vec::new(), Exit::AsExpected);
    for (_, bug) in all(cli) {
        if !(arguments.only.is_empty() || arguments.only.iter().any(|id| id == bug.id)) {
            continue;
        }
        match shrunk(cli, &bug) {
            Ok(shrunk) => {
                totals.push(shrunk.after.total());
                runs.push(shrunk.runs);
                output.line(row(&bug, &shrunk))?;
            }
            Err(CliError::Input(problem)) => {
                exit = Exit::NotAsExpected;
                output.line(format!("| {} | {problem} | | | | | |", bug.id))?;
            }
            Err(error) => return Err(error),
        }
        output.flush()?;
    }
    totals.sort_unstable();
    runs.sort_unstable();
    if let (Some(total), Some(runs)) = (totals.get(totals.len() / 2), runs.get(runs.len() / 2)) {
        output.line("")?;
        output.line(format!("Median: {total} items and operations together, {runs} runs."))?;
    }
    Ok(exit)
}

fn shrunk(cli: &Cli, bug: &Bug) -> Result<Shrunk, CliError> {
    let token = token_of(bug);
    let token =
        token.ok_or_else(|| CliError::Input(String::from("no token is committed for it")))?;
    let which = Which { what: token.to_string(), ..Which::default() };
    search(&resolve(cli, &which)?, orrery_harness::shrink::RUNS, true)
}

fn row(bug: &Bug, shrunk: &Shrunk) -> String {
    let (before, after) = (shrunk.before, shrunk.after);
    let spent = if shrunk.is_spent { " (all)" } else { "" };
    let open = if shrunk.is_explicit { "" } else { " (not all explicit)" };
    format!(
        "| {} | {} | {} → {}{open} | {} → {} | {} → {} | {} → {} | {}{spent} |",
        bug.id,
        shrunk.fingerprint.found_by,
        before.items,
        after.items,
        before.operations,
        after.operations,
        before.nodes,
        after.nodes,
        before.events,
        after.events,
        shrunk.runs
    )
}
