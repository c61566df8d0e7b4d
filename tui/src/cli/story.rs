//! Runs in words, for a person.

use std::collections::VecDeque;
use std::io;

use orrery_harness::session::{Header, Row, RowKind};
use orrery_harness::{Case, Mark, MarkKind, Report, Session, Verdict};

use super::output::{Output, Tone};

/// What is being told.
pub(super) fn heading(header: &Header, output: &mut Output) -> io::Result<()> {
    let bugs = if header.bugs.is_empty() {
        String::new()
    } else {
        format!(", with bug {}", header.bugs.join(" and "))
    };
    let clients = match header.clients {
        0 => String::new(),
        1 => String::from(", 1 client"),
        count => format!(", {count} clients"),
    };
    let name = output.paint(Tone::Strong, &header.scenario);
    output.line(format!("{name}  seed {}, {} nodes{clients}{bugs}", header.seed, header.nodes))?;
    output.line(format!("  {}", header.title))
}

/// Moments that are told of a run that passed.
const MOMENTS: usize = 22;
/// Moments that are told of the way to a failure.
const LEADING: usize = 8;

/// What is told of a run: what it is, and the moments that matter, picked while its rows go by.
pub(super) struct Moments {
    pub(super) header: Header,
    first: Vec<Row>,
    count: usize,
    /// The event that failed; 0 where none did.
    failed: u64,
    leading: VecDeque<Row>,
}

impl Moments {
    /// Of a run that came to this, and whose rows are still to be [added](Moments::add).
    pub(super) fn new(header: Header, report: &Report) -> Self {
        let failed = report.violation.as_ref().map_or(0, |failure| failure.event);
        Self { header, first: vec![], count: 0, failed, leading: VecDeque::new() }
    }

    /// Of a run that was made. Only the moments that are told are described.
    pub(super) fn of(session: &dyn Session) -> Self {
        let mut moments = Self::new(session.header().clone(), session.report());
        let numbered = (1..).zip(session.marks());
        let wanted = numbered.filter(|(number, mark)| moments.wants(*number, mark));
        let wanted: Vec<u64> = wanted.map(|(number, _)| number).collect();
        let described = |number: &u64| session.row(*number).map(|row| Row::clone(&row));
        let before = wanted.partition_point(|number| *number <= moments.failed);
        let leading = wanted[..before].iter().rev().take(LEADING).rev();
        moments.leading = leading.filter_map(described).collect();
        moments.first = wanted.iter().take(MOMENTS).filter_map(described).collect();
        moments.count = wanted.len();
        moments
    }

    fn wants(&self, number: u64, mark: &Mark) -> bool {
        number == self.failed || is_told(mark)
    }

    /// The next row.
    pub(super) fn add(&mut self, row: &Row) {
        if !self.wants(row.number, &Mark::of(row)) {
            return;
        }
        self.count += 1;
        if self.first.len() < MOMENTS {
            self.first.push(row.clone());
        }
        if row.number <= self.failed {
            self.leading.push_back(row.clone());
        }
        if LEADING < self.leading.len() {
            self.leading.pop_front();
        }
    }
}

/// The first moments that matter.
pub(super) fn events(moments: &Moments, output: &mut Output) -> io::Result<()> {
    output.line("")?;
    for row in &moments.first {
        output.line(line(row))?;
    }
    if moments.first.len() < moments.count {
        let more = moments.count - moments.first.len();
        output.line(format!("  ... and {more} more such moments"))?;
    }
    Ok(())
}

/// Whether a row is part of the story: what the scenario tells, faults, new leaders, panics.
fn is_told(mark: &Mark) -> bool {
    let is_fault = match mark.kind {
        MarkKind::Fault(word) => word.word() != "request" && word.word() != "fire",
        MarkKind::Panic | MarkKind::GiveUp => true,
        MarkKind::Start
        | MarkKind::Arrive(_)
        | MarkKind::Timer
        | MarkKind::Synced
        | MarkKind::Ask => false,
    };
    is_fault || mark.is_narrated() || mark.is_violation() || mark.has_begun_to_lead()
}

fn line(row: &Row) -> String {
    let time = format!("{:>11}", row.time.to_string());
    let event = format!("#{}", row.number);
    let is_fault = matches!(row.kind, RowKind::Fault { .. });
    let node = row.node.map_or(String::new(), |node| format!("{node} "));
    let told = match (row.narration.first(), &row.new_role) {
        (Some(told), _) if is_fault => format!("{}: {told}", row.title),
        (Some(told), _) => told.clone(),
        (None, _) if is_fault => row.title.clone(),
        (None, Some(role)) => format!("{node}is now {role}"),
        (None, None) => format!("{node}{}", row.title),
    };
    format!("  {time}  {event:<7} {told}")
}

/// The verdict in a line.
pub(super) fn verdict(report: &Report, output: &mut Output) -> io::Result<()> {
    let tone = match report.verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Fail => Tone::Bad,
        Verdict::Unknown | Verdict::Error => Tone::Doubtful,
    };
    let word = output.paint(tone, report.verdict.word());
    let rule = report
        .violation
        .as_ref()
        .map_or(String::new(), |failure| format!("  {} ({})", failure.rule, failure.source));
    output.line(format!("{word}{rule}"))
}

/// Why a run failed: the facts that conflict and the last events that lead there.
pub(super) fn failure(moments: &Moments, report: &Report, output: &mut Output) -> io::Result<()> {
    let Some(failure) = &report.violation else { return Ok(()) };
    for fact in &failure.facts {
        output.line(format!("  - {fact}"))?;
    }
    if let Some(picture) = &failure.picture {
        output.line("")?;
        for line in picture.lines().take(12) {
            output.line(format!("    {line}"))?;
        }
    }
    if !moments.leading.is_empty() {
        output.line("")?;
    }
    for row in &moments.leading {
        output.line(line(row))?;
    }
    Ok(())
}

/// What was counted and judged.
pub(super) fn numbers(report: &Report, case: &Case, output: &mut Output) -> io::Result<()> {
    let sim_ms = report.sim_ns / 1_000_000;
    output.line(format!(
        "  run:      {} events, {} messages, {}.{:03} s of simulated time",
        grouped(report.events),
        grouped(report.messages),
        sim_ms / 1_000,
        sim_ms % 1_000
    ))?;
    if !report.invariants.is_empty() {
        let marked = |(name, holds): (&String, &bool)| {
            let mark = if *holds { "" } else { " BROKEN" };
            format!("{name}{mark}")
        };
        let names: Vec<String> = report.invariants.iter().map(marked).collect();
        wrapped("  held:     ", &names, output)?;
    }
    if let Some(model) = &case.checks.linearizable {
        let operations = report.stats.get("operations").map_or(0, |measured| measured.value);
        let word = match (&report.violation, report.verdict) {
            (Some(failure), Verdict::Fail) if failure.found_by == "linearizability" => {
                "not linearizable"
            }
            (_, Verdict::Pass) => "linearizable",
            (_, Verdict::Fail | Verdict::Unknown | Verdict::Error) => "not judged to the end",
        };
        output.line(format!("  history:  {operations} operations completed, {word} ({model})"))?;
    }
    for goal in &report.goals {
        let how = match (goal.reached_at_ns, goal.reached_at_event) {
            (Some(time), Some(event)) => {
                format!("reached at {} (#{event})", orrery_sim::SimTime::from_nanos(time))
            }
            _ => String::from("NOT reached"),
        };
        output.line(format!("  goal:     {}: {how}", goal.name))?;
    }
    let effective: Vec<String> = report
        .ledger
        .iter()
        .filter(|(_, tally)| 0 < tally.applied)
        .map(|(name, tally)| format!("{name} {}/{}", tally.effective, tally.applied))
        .collect();
    if !effective.is_empty() {
        wrapped(
            "  faults:   ",
            &[format!("{} (effective/applied)", effective.join(", "))],
            output,
        )?;
    }
    output.line(format!("  digest:   {}", report.digest))
}

fn wrapped(label: &str, parts: &[String], output: &mut Output) -> io::Result<()> {
    let mut line = String::from(label);
    for (place, part) in parts.iter().enumerate() {
        let comma = if place + 1 < parts.len() { ", " } else { "" };
        if 98 < line.chars().count() + part.chars().count() {
            output.line(line.trim_end())?;
            line = " ".repeat(label.len());
        }
        line.push_str(part);
        line.push_str(comma);
    }
    output.line(line)
}

/// What to look at after a run that passed.
pub(super) fn next_lesson(header: &Header, command: &str, output: &mut Output) -> io::Result<()> {
    if header.scenario == "raft/leader-crash" {
        output.line(format!("  break it: {command} run raft/figure-8 --bug R1"))?;
    }
    Ok(())
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
