//! One workload and nothing else, for those who count instructions: no clock, no table. The difference of two lengths is
//! what the messages cost, without the start.
//!
//! ```sh
//! BIN=$(cargo bench -p orrery-harness --bench count --no-run 2>&1 | sed -n 's/.*(\(.*\))/\1/p')
//! for n in 200000 1200000; do
//!   valgrind --tool=callgrind --callgrind-out-file=/dev/null "$BIN" flood $n 2>&1 | grep Collected
//! done   # the difference is a million messages
//! ```

#![expect(clippy::print_stdout, reason = "a program of its own")]

use orrery_harness::workloads::{Prepared, Workload, idle};

/// Messages where none are asked for: a moment's work, for `cargo bench` and `cargo test --benches`.
const FEW: u64 = 20_000;
/// All workloads use the same seed, so that two builds do the same.
const SEED: u64 = 1;

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let count = words.get(1).and_then(|word| word.replace('_', "").parse().ok()).unwrap_or(FEW);
    let name = words.first().map(String::as_str);
    let is_wanted = |own: &str| name.is_none_or(|name| name == own);
    for workload in Workload::ALL.into_iter().filter(|workload| is_wanted(workload.name())) {
        print(workload.name(), workload.engine(SEED), count);
    }
    for (own, nodes) in [("idle-5", 5), ("idle-10000", 10_000)] {
        if is_wanted(own) {
            print(own, idle(nodes, SEED), count);
        }
    }
}

fn print(name: &str, workload: Prepared, count: u64) {
    let work = workload(count);
    let digest = work.digest.map_or(String::new(), |digest| digest.to_string());
    println!("{name} {} messages {} events {digest}", work.deliveries, work.events);
}
