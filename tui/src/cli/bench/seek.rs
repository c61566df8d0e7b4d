//! What it costs to go anywhere in a long run, and what it takes to keep that cheap.

use orrery_harness::{Registry, Session};
use orrery_scenarios::Scenario;

use super::meter::{clock_ns, decimal, resident_bytes};
use crate::cli::CliError;
use crate::cli::args::Bench;
use crate::cli::output::Output;
use crate::cli::story::grouped;

/// Five servers whose clients never rest, so that journals, logs and history grow all the time.
const SCENARIO: &str = r#"
format = 1
title = "A long run to go back and forth in"
protocol = "raft"
nodes = 5
stop_at = "100h"
link = { latency = { uniform = "1ms..10ms" } }
disk = { sync = { uniform = "500us..2ms" } }
clients = { count = 4, think = { exponential = "20ms" }, timeout = "500ms", keys = 100, mix = { put = 3, get = 6, cas = 1 } }

[check]
always = "all"
"#;
/// Events that are made at a time.
const BIT: u64 = 4_096;
/// How often the cursor goes to an event drawn at random.
const SEEKS: u64 = 200;
/// From how many places it goes back, and how many steps from each.
const WALKS: (u64, u64) = (40, 50);
const MIB: u64 = 1 << 20;

/// Times of one kind, in nanoseconds, in order.
struct Times(Vec<u64>);

impl Times {
    fn new(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many hundredths of all do not exceed, in milliseconds.
    fn quantile(&self, hundredths: usize) -> String {
        let place = (self.0.len().saturating_sub(1)) * hundredths / 100;
        decimal(self.0.get(place).copied().unwrap_or(0) / 1_000, 3)
    }
}

/// What was measured.
struct Measured {
    events: u64,
    pass_ns: u64,
    /// By how much the memory of this process grew, in bytes: the run, what is kept of each event, and all copies.
    grown: Option<u64>,
    /// What is kept of each event.
    marks: u64,
    seeks: Times,
    backs: Times,
    ons: Times,
}

pub(super) fn seek(
    registry: &Registry,
    arguments: &Bench,
    output: &mut Output,
) -> Result<(), CliError> {
    let measured = measure(registry, arguments)?;
    let Measured { events, pass_ns, grown, marks, seeks, backs, ons } = &measured;
    let pass = decimal(pass_ns / 1_000_000, 3);
    let mib = |bytes: u64| decimal(bytes * 10 / MIB, 1);
    let grown = grown.map(mib);
    if arguments.json {
        let quantiles = |times: &Times| {
            let [median, most, worst] = [50, 95, 100].map(|share| times.quantile(share));
            format!("{{\"median\":{median},\"p95\":{most},\"max\":{worst}}}")
        };
        output.line(format!(
            "{{\"workload\":\"seek\",\"events\":{events},\"pass_seconds\":{pass},\"seek_ms\":{},\
             \"step_back_ms\":{},\"step_on_ms\":{},\"memory_mib\":{},\"marks_mib\":{}}}",
            quantiles(seeks),
            quantiles(backs),
            quantiles(ons),
            grown.as_deref().unwrap_or("null"),
            mib(*marks)
        ))?;
        return Ok(());
    }
    output.line(format!("a Raft run of {} events, made in {pass} s", grouped(*events)))?;
    output.line(format!("{:14}{:>11}{:>11}{:>11}", "", "median", "95 %", "worst"))?;
    for (name, times) in [("seek anywhere", seeks), ("step back", backs), ("step on", ons)] {
        let [median, most, worst] =
            [50, 95, 100].map(|share| format!("{} ms", times.quantile(share)));
        output.line(format!("{name:14}{median:>11}{most:>11}{worst:>11}"))?;
    }
    let grown = grown.unwrap_or_else(|| String::from("an unknown number of"));
    output.line(format!(
        "memory: {grown} MiB in all, of which {} MiB are the marks of all events",
        mib(*marks)
    ))?;
    Ok(())
}

fn measure(registry: &Registry, arguments: &Bench) -> Result<Measured, CliError> {
    let scenario = Scenario::from_text("bench/seek", SCENARIO)?;
    let mut case = scenario.case(registry, Some(arguments.seed), &[], &[])?;
    case.event_budget = arguments.messages;
    let subject = registry.get(&case.protocol).ok_or_else(|| {
        CliError::Input(format!("the protocol `{}` is not registered", case.protocol))
    })?;
    let (memory, started) = (resident_bytes(), clock_ns());
    let mut session = subject.begin(&case)?;
    while session.advance(BIT) {}
    let pass_ns = clock_ns() - started;
    let mut dice = Dice(arguments.seed);
    let events = session.events();
    let mut seeks = Vec::new();
    for _ in 0..SEEKS {
        seeks.push(go(&mut *session, dice.below(events + 1))?);
    }
    let (mut backs, mut ons) = (Vec::new(), Vec::new());
    let (walks, length) = WALKS;
    for _ in 0..walks {
        go(&mut *session, dice.below(events + 1))?;
        let length = length.min(session.cursor());
        for _ in 0..length {
            let before = session.cursor() - 1;
            backs.push(go(&mut *session, before)?);
        }
        for _ in 0..length {
            let next = session.cursor() + 1;
            ons.push(go(&mut *session, next)?);
        }
    }
    let grown = resident_bytes().zip(memory).map(|(now, then)| now.saturating_sub(then));
    let marks = events * size_of::<orrery_harness::Mark>() as u64;
    Ok(Measured {
        events,
        pass_ns,
        grown,
        marks,
        seeks: Times::new(seeks),
        backs: Times::new(backs),
        ons: Times::new(ons),
    })
}

/// Moves the cursor; how long that took.
fn go(session: &mut dyn Session, event: u64) -> Result<u64, CliError> {
    let started = clock_ns();
    session.seek(event).map_err(|error| CliError::Input(error.to_string()))?;
    Ok(clock_ns() - started)
}

/// Places to go to, the same for the same seed.
struct Dice(u64);

impl Dice {
    const fn below(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 32) * most) >> 32
    }
}
