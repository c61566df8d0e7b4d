//! What judging transactions takes, from the file to the verdict: `cargo bench -p orrery-check --bench
//! transactions`.
//!
//! Histories are generated from fixed seeds; files of others come from the folder named by
//! `ORRERY_HISTORIES`. Each figure is the best of several runs, each in a process of its own, so that its
//! peak of memory is its own. `adya` runs on the same files.
#![allow(clippy::print_stdout, reason = "prints a table")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "measures")]

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use orrery_check::formats;
use orrery_check::subject::{Options, subject};

const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, tool, file, model, level] = &arguments[..]
        && flag == "--one"
    {
        one(tool, file, model, level);
        return;
    }
    let folder = std::env::temp_dir().join("orrery-check-figures");
    std::fs::create_dir_all(&folder).expect("a folder for the histories");
    let lists = folder.join("list-append-100000.jsonl");
    std::fs::write(&lists, list_append(100_000, 20)).expect("a history can be written");
    let causal_file = folder.join("causal-100000.txt");
    std::fs::write(&causal_file, causal(100_000, 300)).expect("a history can be written");
    let shared = std::env::var("ORRERY_HISTORIES").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories"),
        PathBuf::from,
    );
    let huge = shared.join("elle/huge-scc.edn");
    println!("| history | tool | verdict | file to verdict | peak memory |");
    println!("|---|---|---|---|---|");
    let strict = "strict-serializable";
    row("list-append, 100 000 transactions", &lists, "list-append", strict, true);
    row("causal, 100 000 events, 300 sessions", &causal_file, "rw-register", "causal", false);
    if huge.exists() {
        row("huge-scc, 10 301 transactions", &huge, "list-append", strict, true);
    } else {
        println!("| huge-scc | skipped: there is no {} | | | |", huge.display());
    }
}

/// The best of several runs of each tool.
fn row(name: &str, file: &Path, model: &str, level: &str, with_adya: bool) {
    let bytes = std::fs::metadata(file).map_or(0, |file| file.len());
    let name = format!("{name} ({} MB), {level}", bytes.div_ceil(1_000_000));
    for tool in ["orrery", "adya"].into_iter().take(if with_adya { 2 } else { 1 }) {
        let runs = (0..RUNS).map(|_| {
            let program = std::env::current_exe().expect("this program");
            let output = Command::new(program)
                .args(["--one", tool])
                .arg(file)
                .args([model, level])
                .output()
                .expect("this program runs");
            let text = String::from_utf8(output.stdout).expect("text");
            let fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let number = |index: usize| fields[index].parse::<u64>().expect("a number");
            (number(0), number(1), fields[2..].join(" "))
        });
        let (micros, kilobytes, verdict) = runs.min().expect("at least one run");
        let (ms, tenths) = (micros / 1_000, micros % 1_000 / 100);
        println!("| {name} | {tool} | {verdict} | {ms}.{tenths} ms | {} MB |", kilobytes / 1_000);
    }
}

/// One run: microseconds, peak of memory in kilobytes, verdict.
fn one(tool: &str, file: &str, model: &str, level: &str) {
    let start = Instant::now();
    let verdict = if tool == "orrery" {
        let mut records =
            formats::read(File::open(file).expect("a file"), None).expect("a history");
        let options = Options { consistency: Some(level.to_owned()), ..Options::default() };
        let judge = subject(model).expect("a model").judge;
        let report = judge(&mut records, &options).expect("a history");
        match &report.finding {
            orrery_check::Finding::Holds(_) => "holds".to_owned(),
            orrery_check::Finding::Violated(why) => format!("violated: {}", why.pattern),
            orrery_check::Finding::Unknown(why) => format!("unknown: {why}"),
        }
    } else {
        let text = std::fs::read_to_string(file).expect("a file");
        let history = adya::History::parse(&text).expect("a history");
        let options = adya::Opts { models: vec![level.to_owned()], ..adya::Opts::default() };
        let report = adya::check(&history, adya::Workload::ListAppend, &options);
        format!("{:?}: {}", report.valid, report.anomaly_types.join(", "))
    };
    let micros = start.elapsed().as_micros();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next()).unwrap_or("0");
    println!("{micros} {peak} {verdict}");
}

/// A generator of numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

/// A strictly serializable history of appends and reads: every transaction happens when it returns.
fn list_append(count: usize, processes: usize) -> String {
    const PER_KEY: usize = 20;
    let mut dice = Dice(0x5eed);
    let mut text = String::new();
    let mut lists: Vec<Vec<usize>> = vec![Vec::new(); 10];
    let mut open: Vec<Option<Vec<(bool, usize)>>> = vec![None; processes];
    let (mut begun, mut ended, mut index) = (0, 0, 0);
    while ended < count {
        let process = dice.roll(processes);
        let line = |text: &mut String, kind: &str, index: usize, steps: &[String]| {
            let _ = writeln!(
                text,
                "{{\"index\": {index}, \"time\": {}, \"type\": \"{kind}\", \"process\": {process}, \
                 \"f\": \"txn\", \"value\": [{}]}}",
                index * 1_000,
                steps.join(", ")
            );
        };
        // A value is unknown until it is appended, so an invocation names the key and reserves the value.
        let (steps, kind): (Vec<String>, &str) = match open[process].take() {
            None if begun < count => {
                let mut plan = Vec::new();
                for _ in 0..=dice.roll(4) {
                    let key = lists.len() - 1 - dice.roll(10);
                    plan.push((dice.roll(2) == 0, key));
                }
                begun += 1;
                let value = |step: usize| begun * 8 + step;
                let name = |(step, &(append, key)): (usize, &(bool, usize))| {
                    if append {
                        format!("[\"append\", {key}, {}]", value(step))
                    } else {
                        format!("[\"r\", {key}, null]")
                    }
                };
                let steps = plan.iter().enumerate().map(name).collect();
                plan.push((true, begun));
                open[process] = Some(plan);
                (steps, "invoke")
            }
            None => continue,
            Some(plan) => {
                let number = plan[plan.len() - 1].1;
                let mut steps = Vec::new();
                for (step, &(append, key)) in plan[..plan.len() - 1].iter().enumerate() {
                    if append {
                        let value = number * 8 + step;
                        lists[key].push(value);
                        steps.push(format!("[\"append\", {key}, {value}]"));
                        if lists[key].len() == PER_KEY {
                            lists.push(Vec::new());
                        }
                    } else {
                        let names: Vec<String> =
                            lists[key].iter().map(ToString::to_string).collect();
                        steps.push(format!("[\"r\", {key}, [{}]]", names.join(", ")));
                    }
                }
                ended += 1;
                (steps, "ok")
            }
        };
        line(&mut text, kind, index, &steps);
        index += 1;
    }
    text
}

/// A causally consistent history: eight replicas, each with its own writes at once and those of the others from
/// time to time.
fn causal(events: usize, sessions: usize) -> String {
    const KEYS: usize = 1_000;
    const REPLICAS: usize = 8;
    const STEPS: usize = 5;
    let mut dice = Dice(0x00ca_05a1);
    let mut texts = vec![String::new(); sessions];
    // Every write in one order; what each replica has of each key, and how much of the order.
    let mut log: Vec<(usize, usize)> = Vec::new();
    let mut states = vec![vec![None::<usize>; KEYS]; REPLICAS];
    let mut applied = [0; REPLICAS];
    for txn in 0..events / STEPS {
        let session = dice.roll(sessions);
        let replica = session % REPLICAS;
        if dice.roll(20) == 0 {
            for &(key, value) in &log[applied[replica]..] {
                states[replica][key] = states[replica][key].max(Some(value));
            }
            applied[replica] = log.len();
        }
        let text = &mut texts[session];
        if !text.is_empty() {
            text.push_str("-----\n");
        }
        let mut own = Vec::new();
        for step in 0..STEPS {
            let key = dice.roll(KEYS);
            let mine = own.iter().rev().find(|(other, _)| *other == key).map(|(_, value)| *value);
            if mine.is_none() && dice.roll(2) == 0 {
                let value = txn * STEPS + step + 1;
                own.push((key, value));
                let _ = writeln!(text, "w {key} {value}");
            } else {
                match mine.or(states[replica][key]) {
                    Some(value) => drop(writeln!(text, "r {key} {value}")),
                    None => drop(writeln!(text, "r {key} nil")),
                }
            }
        }
        for (key, value) in own {
            states[replica][key] = states[replica][key].max(Some(value));
            log.push((key, value));
        }
    }
    texts.retain(|text| !text.is_empty());
    texts.join("=====\n")
}
