//! Laws of durations, and losses that come in bursts.

use std::sync::Arc;

use orrery_sim::{Burst, Duration, Law, Millionths};

use crate::error::{Problem, Problems};
use crate::suggest::did_you_mean;
use crate::tree::{Entry, Tree};

use super::fields::{Fields, duration, duration_range, list, millionths, needed, probability};

/// The laws, by their word in files.
const LAWS: [&str; 8] = [
    "constant",
    "uniform",
    "exponential",
    "normal",
    "log-normal",
    "pareto",
    "empirical",
    "shifted",
];

/// Deeper laws are refused, so that no file can exhaust the stack.
const DEPTH_MAX: u32 = 8;

/// A table with one law, such as `{ uniform = "1ms..10ms" }`; a bare duration is constant.
pub(super) fn law(tree: &Tree, problems: &mut Problems) -> Option<Law> {
    law_at(tree, 0, problems)
}

fn law_at(tree: &Tree, depth: u32, problems: &mut Problems) -> Option<Law> {
    if tree.as_text().is_some() {
        return duration(tree, problems).map(Law::Constant);
    }
    if depth == DEPTH_MAX {
        let message = format!("laws are nested deeper than {DEPTH_MAX} levels");
        problems.push(tree.problem(message).help("add the durations up into one shift"));
        return None;
    }
    let entries = tree.as_table().map(|table| table.0.as_slice()).unwrap_or_default();
    let [entry] = entries else {
        let help = "write one of `{ constant = \"5ms\" }`, `{ uniform = \"1ms..10ms\" }`, \
            `{ exponential = \"5ms\" }`, or another of the laws `normal`, `log-normal`, `pareto`, `empirical`, `shifted`";
        let found = if tree.as_table().is_some() { "not exactly one law" } else { tree.kind() };
        problems.push(tree.problem(format!("this is {found}, not a law of durations")).help(help));
        return None;
    };
    named(entry, depth, problems)
}

fn named(entry: &Entry, depth: u32, problems: &mut Problems) -> Option<Law> {
    let tree = &entry.value;
    match entry.key.as_str() {
        "constant" => duration(tree, problems).map(Law::Constant),
        "uniform" => duration_range(tree, problems).map(Law::Uniform),
        "exponential" => duration(tree, problems).map(Law::Exponential),
        "normal" => {
            const HELP: &str = "write `{ normal = { mean = \"10ms\", sd = \"2ms\" } }`";
            let (mean, sd) =
                pair(tree, "`normal`", ["mean", "sd"], HELP, problems, duration, duration)?;
            Some(Law::Normal { mean, sd })
        }
        "log-normal" => {
            const HELP: &str = "write `{ log-normal = { median = \"10ms\", sigma = 0.5 } }`";
            let keys = ["median", "sigma"];
            let (median, sigma) =
                pair(tree, "`log-normal`", keys, HELP, problems, duration, millionths)?;
            Some(Law::LogNormal { median, sigma: Millionths(sigma) })
        }
        "pareto" => {
            const HELP: &str = "write `{ pareto = { scale = \"1ms\", shape = 1.5 } }`";
            let keys = ["scale", "shape"];
            let (scale, shape) =
                pair(tree, "`pareto`", keys, HELP, problems, duration, millionths)?;
            Some(Law::Pareto { scale, shape: Millionths(shape) })
        }
        "empirical" => empirical(tree, problems),
        "shifted" => {
            const HELP: &str =
                "write `{ shifted = { by = \"5ms\", law = { exponential = \"1ms\" } } }`";
            let inner = |tree: &Tree, problems: &mut Problems| law_at(tree, depth + 1, problems);
            let (by, law) =
                pair(tree, "`shifted`", ["by", "law"], HELP, problems, duration, inner)?;
            Some(Law::Shifted { by, law: Arc::new(law) })
        }
        other => {
            let message = format!("there is no law `{other}`");
            let hint = did_you_mean(other, &LAWS, "laws");
            problems.push(Problem::at(&entry.key_place, message).help(hint));
            None
        }
    }
}

/// The two fields that a table needs, each read by its reader.
fn pair<A, B>(
    tree: &Tree,
    what: &'static str,
    [first, second]: [&'static str; 2],
    help: &str,
    problems: &mut Problems,
    read_first: impl FnOnce(&Tree, &mut Problems) -> Option<A>,
    read_second: impl FnOnce(&Tree, &mut Problems) -> Option<B>,
) -> Option<(A, B)> {
    let mut fields = Fields::of(tree, what, problems)?;
    let first = needed(&mut fields, first, tree, help, problems);
    let second = needed(&mut fields, second, tree, help, problems);
    fields.finish(problems);
    let first = first.and_then(|tree| read_first(tree, problems));
    let second = second.and_then(|tree| read_second(tree, problems));
    Some((first?, second?))
}

/// Durations as they were measured, in any order.
fn empirical(tree: &Tree, problems: &mut Problems) -> Option<Law> {
    let written = list(tree, "`empirical`", problems);
    let mut measured: Vec<Duration> =
        written.iter().filter_map(|tree| duration(tree, problems)).collect();
    if written.is_empty() {
        let help = "write what was measured, as in `{ empirical = [\"1ms\", \"2ms\", \"9ms\"] }`";
        problems.push(tree.problem("a table of no durations says nothing").help(help));
    }
    let is_whole = !measured.is_empty() && measured.len() == written.len();
    measured.sort_unstable();
    is_whole.then(|| Law::Empirical(measured.into()))
}

/// `{ begin = "1%", end = "20%", loss = "80%" }`.
pub(super) fn burst(tree: &Tree, problems: &mut Problems) -> Option<Burst> {
    const HELP: &str = "write `{ begin = \"1%\", end = \"20%\", loss = \"80%\" }`: how likely a good link \
        turns bad before a message, a bad one good, and how likely a bad one loses a message";
    let mut fields = Fields::of(tree, "`burst`", problems)?;
    let written =
        ["begin", "end", "loss"].map(|key| needed(&mut fields, key, tree, HELP, problems));
    fields.finish(problems);
    let [begin, end, loss] = written.map(|tree| tree.and_then(|tree| probability(tree, problems)));
    Some(Burst { begin: begin?, end: end?, loss: loss? })
}
