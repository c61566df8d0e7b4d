//! The table of a comparison: one line per measure, one column for each that takes part.

use std::fmt::Display;
use std::ops::Range;

use orrery_harness::statistics::ENGINE;
use orrery_sim::registration::Statistic;

use super::Row;
use crate::cli::CliError;
use crate::cli::output::{Output, Tone};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns for what is measured.
const LABEL: usize = 24;
/// The least columns of one that takes part.
const LEAST: usize = 11;

/// One line: what is measured, and its text for a row; none where the row has nothing of the kind.
struct Line {
    label: String,
    cell: Cell,
}

/// What a row says in a line.
type Cell = Box<dyn Fn(&Row) -> Option<String>>;

/// The cells of one line, each at the right end of its column.
fn aligned<T: Display>(cells: impl Iterator<Item = T>, width: usize) -> String {
    cells.fold(String::new(), |line, cell| format!("{line}{cell:>width$}"))
}

/// Prints the table, as many columns beside each other as fit.
pub(super) fn tell(
    rows: &[Row],
    seeds: &Range<u64>,
    command: &str,
    output: &mut Output,
) -> Result<(), CliError> {
    let runs = seeds.end - seeds.start;
    output.line(match runs {
        1 => format!("seed {}", seeds.start),
        _ => format!("seeds {}..{}: means of {runs} runs each", seeds.start, seeds.end),
    })?;
    let lines = lines(rows);
    for block in blocks(rows) {
        output.line("")?;
        let width = width(block);
        let head = aligned(block.iter().map(|row| &row.name), width);
        output.line(output.paint(Tone::Strong, format!("{:LABEL$}{head}", "").trim_end()))?;
        for line in &lines {
            let cells = block.iter().map(|row| (line.cell)(row).unwrap_or_else(|| "-".into()));
            let cells = aligned(cells, width);
            output.line(format!("{:LABEL$}{cells}", line.label))?;
        }
    }
    output.line("")?;
    for row in rows.iter().filter(|row| !row.as_expected) {
        let word = output.paint(Tone::Bad, "not as expected");
        output.line(format!("{word}  {}: {}", row.name, row.verdict()))?;
        for failure in &row.failures {
            output.line(format!(
                "  seed {}: {} {}",
                failure.seed, failure.verdict, failure.found_by
            ))?;
            output.line(format!("    {command} tui {} --at violation", failure.token))?;
        }
    }
    for row in rows {
        output.line(format!("  step it:  {command} tui {}", row.token))?;
    }
    Ok(())
}

/// Groups of rows that fit beside each other.
fn blocks(rows: &[Row]) -> Vec<&[Row]> {
    let columns = ((WIDTH - LABEL) / width(rows)).max(1);
    rows.chunks(columns).collect()
}

/// Columns that each row needs.
fn width(rows: &[Row]) -> usize {
    let longest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    (longest + 2).max(LEAST)
}

fn line(label: &str, cell: impl Fn(&Row) -> Option<String> + 'static) -> Line {
    Line { label: label.into(), cell: Box::new(cell) }
}

/// The lines of the table: those that all have, then the protocols' own.
fn lines(rows: &[Row]) -> Vec<Line> {
    let mean = |name: &'static str| move |row: &Row| row.mean(name).map(shown);
    let mut lines = vec![
        line("verdict", |row| Some(row.verdict())),
        line("nodes", |row| Some(row.nodes.to_string())),
        line("operations completed", mean("operations")),
        line("  per second", |row| row.operations_per_s.map(shown)),
        line("  given up", mean("given_up")),
        line("latency p50 (ms)", mean("latency_p50")),
        line("latency p90 (ms)", mean("latency_p90")),
        line("latency p99 (ms)", mean("latency_p99")),
        line("per operation: messages", |row| row.messages_per_operation.map(shown)),
        line("  bytes", |row| row.bytes_per_operation.map(shown)),
        line("  forced writes", |row| row.forced_writes_per_operation.map(shown)),
        line("longest gap (ms)", mean("longest_gap")),
        line("served (% of 100 ms)", mean("served")),
    ];
    lines.extend(own(rows));
    lines
}

/// The protocols' own statistics, each once.
fn own(rows: &[Row]) -> Vec<Line> {
    let mut known: Vec<Statistic> = Vec::new();
    for statistic in rows.iter().flat_map(|row| &row.known) {
        let is_engine = ENGINE.iter().any(|engine| engine.name == statistic.name);
        if !is_engine && !known.iter().any(|known| known.name == statistic.name) {
            known.push(*statistic);
        }
    }
    let described = known.into_iter().map(|statistic| {
        let label = match statistic.unit {
            "" => statistic.name.to_string(),
            unit => format!("{} ({unit})", statistic.name),
        };
        line(&label, move |row| row.mean(statistic.name).map(shown))
    });
    described.collect()
}

/// A number as it is read: whole where it is large, with three digits that count where it is small.
fn shown(number: f64) -> String {
    let text = match number.abs() {
        large if 1_000.0 <= large => return format!("{number:.0}"),
        middle if 100.0 <= middle => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    };
    let trimmed = text.trim_end_matches('0').trim_end_matches('.');
    if trimmed == "-0" { String::from("0") } else { trimmed.to_string() }
}
