//! `orrery bench`: what a message costs, and what a jump in a long run does.

mod meter;
mod seek;

use orrery_harness::workloads::{Prepared, Workload, idle};

use super::args::{Bench, Measured};
use super::output::Output;
use super::story::grouped;
use super::{Cli, CliError, Exit};

use meter::{Reading, decimal, measure};

/// How often each row of the table is measured, in turns; the fastest counts.
const TURNS: usize = 5;
/// The nodes of the row without idle ones, and of the row with them.
const IDLE: [u32; 2] = [5, 10_000];

pub(super) fn bench(cli: &Cli, arguments: &Bench, output: &mut Output) -> Result<Exit, CliError> {
    match arguments.workload {
        Measured::All => table(arguments, output)?,
        Measured::Ring => once(Workload::Ring, arguments, output)?,
        Measured::Flood => once(Workload::Flood, arguments, output)?,
        Measured::Echo => once(Workload::Echo, arguments, output)?,
        Measured::Idle => compare_idle(arguments, output)?,
        Measured::Seek => seek::seek(&cli.registry, arguments, output)?,
    }
    Ok(Exit::AsExpected)
}

/// One run of one workload, as a line for whoever compares engines.
fn once(workload: Workload, arguments: &Bench, output: &mut Output) -> Result<(), CliError> {
    let reading = measure(workload.engine(arguments.seed), arguments.messages);
    output.line(reading.json(workload.name(), workload.nodes()))?;
    Ok(())
}

/// A row of a table: what was measured, beside what.
struct Row {
    name: &'static str,
    engine: Reading,
    floor: Reading,
}

impl Row {
    fn of(
        name: &'static str,
        messages: u64,
        engine: impl Fn() -> Prepared,
        floor: impl Fn() -> Prepared,
    ) -> Self {
        // Prepared outside of what is measured, and in turns, so that a slow moment hits both.
        let mut row =
            Self { name, engine: measure(engine(), messages), floor: measure(floor(), messages) };
        for _ in 1..TURNS {
            row.engine = row.engine.faster(measure(engine(), messages));
            row.floor = row.floor.faster(measure(floor(), messages));
        }
        row
    }

    /// How many times as long the engine took, in hundredths.
    fn hundredths(&self, per: fn(&Reading) -> u64) -> u64 {
        per(&self.engine) * 100 / per(&self.floor).max(1)
    }
}

fn table(arguments: &Bench, output: &mut Output) -> Result<(), CliError> {
    let (messages, seed) = (arguments.messages, arguments.seed);
    if !arguments.json {
        let (count, heads) = (grouped(messages), ["engine", "floor", "ratio"]);
        output
            .line(format!("CPU time per delivered message, fastest of {TURNS} runs of {count}"))?;
        output.line(format!("{:8}{:>12}{:>12}{:>9}", "", heads[0], heads[1], heads[2]))?;
    }
    for workload in Workload::ALL {
        let row =
            Row::of(workload.name(), messages, || workload.engine(seed), || workload.floor(seed));
        let picos = [&row.engine, &row.floor].map(Reading::picos_per_message);
        let ratio = decimal(row.hundredths(Reading::picos_per_message), 2);
        let [engine, floor] = picos.map(|picos| decimal(picos / 100, 1));
        if arguments.json {
            output.line(format!(
                "{{\"workload\":\"{}\",\"engine_ns_per_message\":{engine},\
                 \"floor_ns_per_message\":{floor},\"ratio\":{ratio}}}",
                row.name
            ))?;
        } else {
            let (engine, floor) = (format!("{engine} ns"), format!("{floor} ns"));
            output.line(format!("{:8}{engine:>12}{floor:>12}{ratio:>9}", row.name))?;
        }
        output.flush()?;
    }
    if !arguments.json {
        output.line(
            "\nThe floor is the same work written by hand: no links, no faults, no digest.",
        )?;
    }
    Ok(())
}

fn compare_idle(arguments: &Bench, output: &mut Output) -> Result<(), CliError> {
    let (messages, seed) = (arguments.messages, arguments.seed);
    let [few, many] = IDLE;
    let row = Row::of("idle", messages, || idle(many, seed), || idle(few, seed));
    let [many, few] =
        [&row.engine, &row.floor].map(|reading| decimal(reading.picos_per_event() / 100, 1));
    let ratio = decimal(row.hundredths(Reading::picos_per_event), 2);
    if arguments.json {
        output.line(format!(
            "{{\"workload\":\"idle\",\"nodes\":[{},{}],\"ns_per_event\":[{few},{many}],\"ratio\":{ratio}}}",
            IDLE[0], IDLE[1]
        ))?;
        return Ok(());
    }
    output.line(format!("CPU time per event while five nodes talk, fastest of {TURNS} runs"))?;
    output.line(format!("{:>8} nodes{few:>10} ns", grouped(u64::from(IDLE[0]))))?;
    output.line(format!("{:>8} nodes{many:>10} ns", grouped(u64::from(IDLE[1]))))?;
    output.line(format!("{:>8}      {ratio:>10}", "ratio"))?;
    Ok(())
}
