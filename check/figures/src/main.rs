//! Prints what the checkers cost: `cargo run --release -p orrery-figures`.
//!
//! Histories are made here from fixed seeds. Rows about other people's histories read the folder named
//! by `ORRERY_HISTORIES` (default `../shared/histories`) and say where it is missing. Times are
//! the least of several samples, of checks only unless a row says more. With `--instructions`, rows are
//! run once more under valgrind and their instructions counted.
//!
//! `--only ROW --times N` runs one row that often and prints nothing, for a profiler.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "it measures time and prints a table"
)]
#![expect(
    clippy::unnecessary_wraps,
    clippy::cast_possible_wrap,
    reason = "rows that cannot fail stand among rows that can, and numbers are small"
)]

mod histories;
mod linear;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One line of the table.
struct Row {
    name: &'static str,
    /// What is promised, in words.
    target: &'static str,
    /// Makes its histories and returns what is measured, or why it is skipped.
    prepare: fn() -> Result<Task, String>,
}

/// Something to measure.
struct Task {
    run: Box<dyn FnMut()>,
    /// How many parts a time is divided by, such as entries.
    parts: u64,
    /// What else is to be said of it.
    note: String,
}

impl Task {
    fn new(run: impl FnMut() + 'static) -> Self {
        Self { run: Box::new(run), parts: 1, note: String::new() }
    }

    fn noting(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

fn main() {
    let rows: Vec<Row> = linear::rows();
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).cloned()
    };
    if let Some(name) = after("--only") {
        let times = after("--times").and_then(|times| times.parse().ok()).unwrap_or(1);
        let row = rows.iter().find(|row| row.name == name).expect("a row of the table");
        let mut task = (row.prepare)().expect("its histories");
        (0..times).for_each(|_| (task.run)());
        return;
    }
    let counts = arguments.iter().any(|argument| argument == "--instructions");
    println!("| what | at most | measured | instructions | |\n|---|---|---|---|---|");
    for row in &rows {
        match (row.prepare)() {
            Err(reason) => println!("| {} | {} | skipped: {reason} | | |", row.name, row.target),
            Ok(mut task) => {
                let time = measure(&mut task);
                let instructions = counts.then(|| instructions(row.name, task.parts)).flatten();
                let instructions = instructions.unwrap_or_default();
                let (name, target, note) = (row.name, row.target, &task.note);
                println!("| {name} | {target} | {} | {instructions} | {note} |", show(time));
            }
        }
    }
}

/// The least time of one run, of five samples of at least 10 ms each.
fn measure(task: &mut Task) -> f64 {
    let mut least = f64::MAX;
    let (mut times, mut samples) = (1u32, 0);
    while samples < 5 {
        let start = Instant::now();
        for _ in 0..times {
            (task.run)();
        }
        let elapsed = start.elapsed();
        if elapsed < Duration::from_millis(10) {
            times *= 2;
            continue;
        }
        least = least.min(elapsed.as_secs_f64() / f64::from(times) / task.parts as f64);
        samples += 1;
    }
    least
}

fn show(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// Instructions of one run: those of two runs without those of one.
fn instructions(row: &str, parts: u64) -> Option<String> {
    let count = |times: &str| {
        let program = std::env::current_exe().ok()?;
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .args(["--only", row, "--times", times])
            .stdout(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find_map(|line| line.split_once("Collected : "))?;
        line.1.trim().parse::<u64>().ok()
    };
    let per_run = count("2")?.checked_sub(count("1")?)? / parts;
    Some(format!("{:.1} k", per_run as f64 / 1e3))
}
