//! The same models on this explorer and on stateright, one thread each, every measurement in a process of its own.
//!
//! ```sh
//! cargo bench -p orrery-explore            # all of them, about a minute
//! cargo bench -p orrery-explore -- mc-paxos 3 ours depth        # one, as one line: for those who count instructions
//! ```
//!
//! `ours` is this explorer; `stateright` is that one on the very same model, by an adapter; `stateright-own` is that one on a model
//! written as its users write them.

#![expect(clippy::print_stdout, reason = "a program of its own")]
#![expect(clippy::float_arithmetic, reason = "it prints ratios")]
#![expect(clippy::cast_precision_loss, reason = "three digits of them")]

mod adapter;
mod own;

use adapter::{Adapter, Holds};
use std::process::Command;

use orrery_explore::models::{Paxos, TwoPhase, TwoPhaseNodes};
use orrery_explore::{Explorer, Model, Order};
use stateright::{Checker as _, CheckerBuilder, Model as _};

/// Models and how large: what is measured.
const CELLS: [(&str, usize); 4] =
    [("mc-2pc", 5), ("mc-2pc", 7), ("mc-2pc-actor", 10), ("mc-paxos", 3)];
const CHECKERS: [&str; 3] = ["ours", "stateright", "stateright-own"];
const ORDERS: [&str; 2] = ["breadth", "depth"];
/// Each measurement is taken this often, in turn with the others; the fastest counts.
const ROUNDS: usize = 3;

/// What one measurement came to.
#[derive(Clone, Copy)]
struct Measured {
    states: u64,
    generated: u64,
    nanos: u64,
    /// Peak memory of the process.
    kilobytes: u64,
}

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [model, size, checker, order] = &words[..] {
        let size = size.parse().expect("a size is a number");
        let measured = measure(model, size, checker, order);
        let Measured { states, generated, nanos, kilobytes } = measured;
        println!("{states} {generated} {nanos} {kilobytes}");
        return;
    }
    if std::env::args().any(|word| word == "--test") {
        for checker in CHECKERS {
            assert_eq!(measure("mc-2pc", 3, checker, "depth").states, 288);
        }
        return;
    }
    compare();
}

/// Prints a table.
fn compare() {
    println!(
        "| model | order | checker | states | generated | ms | M states/s | M generated/s | peak MB | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (model, size) in CELLS {
        for order in ORDERS {
            let mut best = [None::<Measured>; CHECKERS.len()];
            for _ in 0..ROUNDS {
                for (checker, best) in CHECKERS.into_iter().zip(&mut best) {
                    let measured = in_process(model, size, checker, order);
                    if best.is_none_or(|best| measured.nanos < best.nanos) {
                        *best = Some(measured);
                    }
                }
            }
            let best = best.map(|best| best.expect("there is at least one round"));
            for (checker, measured) in CHECKERS.into_iter().zip(best) {
                print(&format!("{model} {size}"), order, checker, measured, best[0].nanos);
            }
        }
    }
}

fn print(model: &str, order: &str, checker: &str, measured: Measured, ours: u64) {
    let Measured { states, generated, nanos, kilobytes } = measured;
    let per_second = |count: u64| count as f64 * 1_000.0 / nanos as f64;
    println!(
        "| {model} | {order} | {checker} | {states} | {generated} | {:.1} | {:.2} | {:.2} | {:.1} | {:.2} |",
        nanos as f64 / 1e6,
        per_second(states),
        per_second(generated),
        kilobytes as f64 / 1024.0,
        nanos as f64 / ours as f64,
    );
}

fn in_process(model: &str, size: usize, checker: &str, order: &str) -> Measured {
    let own = std::env::current_exe().expect("a program knows where it is");
    let output = Command::new(own).args([model, &size.to_string(), checker, order]).output();
    let output = output.expect("it can be started again").stdout;
    let line = String::from_utf8(output).expect("it prints numbers");
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [states, generated, nanos, kilobytes] = numbers[..] else {
        panic!("{model} {size} {checker} {order} printed: {line}")
    };
    Measured { states, generated, nanos, kilobytes }
}

fn measure(model: &str, size: usize, checker: &str, order: &str) -> Measured {
    match (checker, model) {
        ("stateright-own", "mc-2pc") => theirs(own::two_phase(size), order),
        ("stateright-own", "mc-2pc-actor") => theirs(own::two_phase_actors(size), order),
        ("stateright-own", "mc-paxos") => theirs(own::paxos(size), order),
        (_, "mc-2pc") => either(TwoPhase(size), TwoPhase::agrees, checker, order),
        (_, "mc-2pc-actor") => either(TwoPhaseNodes(size), TwoPhaseNodes::is_safe, checker, order),
        (_, "mc-paxos") => either(Paxos(size), Paxos::agrees, checker, order),
        _ => panic!("models are mc-2pc, mc-2pc-actor and mc-paxos; checkers are {CHECKERS:?}"),
    }
}

fn either<M>(model: M, holds: Holds<M>, checker: &str, order: &str) -> Measured
where
    M: Model<State: Send + Sync + std::fmt::Debug, Action: Send + Sync> + Send + Sync + 'static,
{
    if checker == "stateright" {
        return theirs(Adapter { model, holds }.checker(), order);
    }
    let order = if order == "depth" { Order::Depth } else { Order::Breadth };
    let start = Stopwatch::start();
    let report = Explorer::new(&model).order(order).run().expect("the models keep their promises");
    let nanos = start.nanos();
    assert_eq!(report.bound, None);
    Measured { states: report.states, generated: report.generated, nanos, kilobytes: peak() }
}

fn theirs<M>(builder: CheckerBuilder<M>, order: &str) -> Measured
where
    M: stateright::Model<
            State: std::hash::Hash + Send + Sync + Clone + PartialEq,
            Action: Send + Sync + Clone + PartialEq,
        > + Send
        + Sync
        + 'static,
{
    let builder = builder.threads(1);
    let start = Stopwatch::start();
    let (states, generated, violated) = if order == "depth" {
        let done = builder.spawn_dfs().join();
        (done.unique_state_count(), done.state_count(), done.discoveries().len())
    } else {
        let done = builder.spawn_bfs().join();
        (done.unique_state_count(), done.state_count(), done.discoveries().len())
    };
    let nanos = start.nanos();
    assert_eq!(violated, 0);
    Measured { states: states as u64, generated: generated as u64, nanos, kilobytes: peak() }
}

/// The processor time of this process, which others on the machine disturb less than the clock.
struct Stopwatch {
    start: u64,
}

impl Stopwatch {
    fn start() -> Self {
        Self { start: processor_time() }
    }

    fn nanos(&self) -> u64 {
        processor_time() - self.start
    }
}

/// How long all threads of this process ran so far, those that have ended too, in nanoseconds.
fn processor_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// The most memory that this process ever had, in kilobytes; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
