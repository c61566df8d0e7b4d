//! `orrery list`: what there is to run.

use serde::Serialize;

use super::args::List;
use super::output::{Output, Tone};
use super::{Cli, CliError, Exit, environment};

/// A scenario of the catalogue.
#[derive(Serialize)]
struct Entry {
    scenario: String,
    protocol: String,
    title: String,
    about: String,
}

pub(super) fn list(cli: &Cli, arguments: &List, output: &mut Output) -> Result<Exit, CliError> {
    let mut entries = Vec::new();
    for name in cli.catalogue.names() {
        let scenario = cli.catalogue.load(name)?;
        entries.push(Entry {
            scenario: name.to_string(),
            protocol: scenario.protocol().to_string(),
            title: scenario.title().to_string(),
            about: scenario.about().to_string(),
        });
    }
    if arguments.json {
        output.json(&entries)?;
        return Ok(Exit::AsExpected);
    }
    let width = entries.iter().map(|entry| entry.scenario.len()).max().unwrap_or(0);
    for entry in &entries {
        let name = output.paint(Tone::Strong, &format!("{:<width$}", entry.scenario));
        output.line(format!("  {name}  {}", entry.title))?;
    }
    Ok(Exit::AsExpected)
}

/// The catalogue and how to go on, where there is no terminal to open the debugger on.
pub(super) fn overview(cli: &Cli, output: &mut Output) -> Result<Exit, CliError> {
    let command = environment::command();
    output.line("Orrery: a deterministic simulator and teaching lab for distributed systems")?;
    output.line("")?;
    list(cli, &List { json: false }, output)?;
    output.line("")?;
    output.line(format!("  run one:          {command} run raft/leader-crash"))?;
    output.line(format!("  see one fail:     {command} run raft/figure-8 --bug R1"))?;
    output.line(format!("  step through it:  {command} tui raft/leader-crash"))?;
    output.line(format!("  many seeds:       {command} sweep raft/chaos --seeds 0..1000"))?;
    output.line(format!("  your own:         {command} new scenario mine"))?;
    output.line(format!("  everything else:  {command} --help"))?;
    Ok(Exit::AsExpected)
}
