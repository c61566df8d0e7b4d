//! `orrery compare`: protocols side by side, on the same seeds, clients, links and faults.

mod table;

use std::collections::BTreeMap;

use orrery_harness::Verdict;
use orrery_harness::sweep::{FailedSeed, Summary, SweepOptions, SweepReport, sweep};
use orrery_scenarios::Override;
use orrery_sim::registration::Statistic;
use serde::Serialize;

use super::args::{Compare, Which};
use super::output::Output;
use super::resolve::{Resolved, is_token, resolve};
use super::{Cli, CliError, Exit, environment, sweep as sweep_command};

/// Failures that are described of each that takes part.
const SHOWN: usize = 3;

/// One that takes part, and what came of it.
#[derive(Serialize)]
struct Row {
    /// What the table calls it.
    name: String,
    scenario: String,
    protocol: String,
    nodes: u32,
    /// What repeats its first run.
    token: String,
    as_expected: bool,
    /// Runs by verdict.
    counts: BTreeMap<&'static str, u64>,
    /// Completed operations per second of simulated time.
    operations_per_s: Option<f64>,
    messages_per_operation: Option<f64>,
    bytes_per_operation: Option<f64>,
    forced_writes_per_operation: Option<f64>,
    /// Every statistic over the runs.
    stats: BTreeMap<String, Summary>,
    failures: Vec<FailedSeed>,
    #[serde(skip)]
    known: Vec<Statistic>,
}

/// The whole, as `--json` prints it.
#[derive(Serialize)]
struct Comparison<'a> {
    /// The first seed, and the one after the last.
    seeds: [u64; 2],
    compared: &'a [Row],
}

pub(super) fn compare(
    cli: &Cli,
    arguments: &Compare,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let contestants = contestants(cli, arguments)?;
    let first = arguments.seed.unwrap_or_else(|| contestants[0].1.case.seed);
    let seeds = arguments.seeds.as_ref().map_or(first..first + 1, |seeds| seeds.0.clone());
    let total = (seeds.end - seeds.start) * contestants.len() as u64;
    let bar = sweep_command::progress(total, arguments.json);
    let mut rows = Vec::new();
    let mut exit = Exit::AsExpected;
    for (name, resolved) in contestants {
        let mut case = resolved.case.clone();
        // The scenario's choice is for its own reports: here everything is compared.
        let chosen = std::mem::take(&mut case.checks.statistics);
        let before = bar.position();
        let options = SweepOptions {
            jobs: arguments.jobs,
            stops_at_failure: false,
            failures_shown: SHOWN,
            progress: &|done, _| bar.set_position(before + done),
        };
        let token = |seed: u64| resolved.token(seed);
        let report = sweep(resolved.subject.as_ref(), &case, &token, seeds.clone(), &options)?;
        let own = sweep_command::exit(&report);
        if own != Exit::AsExpected && exit != Exit::NotAsExpected {
            exit = own;
        }
        rows.push(row(name, &resolved, &chosen, seeds.start, report));
    }
    bar.finish_and_clear();
    if arguments.json {
        output.json(&Comparison { seeds: [seeds.start, seeds.end], compared: &rows })?;
    } else {
        table::tell(&rows, &seeds, &environment::command(), output)?;
    }
    Ok(exit)
}

/// Those that take part, with their names.
fn contestants(cli: &Cli, arguments: &Compare) -> Result<Vec<(String, Resolved)>, CliError> {
    let mut all = Vec::new();
    for what in &arguments.what {
        if is_token(what) {
            return Err(CliError::Input(String::from(
                "a token names one run; a comparison takes scenarios, and `--seed` or `--seeds A..B`",
            )));
        }
        let scenario = cli.catalogue.load(what)?;
        let compared = scenario.compared();
        let choices: Vec<Option<Override>> = if !arguments.protocols.is_empty() {
            arguments.protocols.iter().map(|name| Some(chosen("protocol", name))).collect()
        } else if compared.is_empty() {
            vec![None]
        } else {
            compared.iter().map(|name| Some(chosen("compare", name))).collect()
        };
        for choice in choices {
            let name = match &choice {
                Some(choice) if arguments.what.len() == 1 => choice.value.clone(),
                Some(choice) => format!("{what} {}", choice.value),
                None => what.clone(),
            };
            let set = choice.into_iter().chain(arguments.set.iter().cloned()).collect();
            all.push((
                name,
                Which { what: what.clone(), seed: arguments.seed, set, ..Which::default() },
            ));
        }
    }
    for name in &arguments.only {
        if !all.iter().any(|(known, _)| known == name) {
            let known: Vec<&str> = all.iter().map(|(known, _)| known.as_str()).collect();
            let known = known.join(", ");
            return Err(CliError::Input(format!(
                "nothing called `{name}` takes part: there are {known}"
            )));
        }
    }
    let is_meant = |name: &String| arguments.only.is_empty() || arguments.only.contains(name);
    let meant = all.into_iter().filter(|(name, _)| is_meant(name));
    meant.map(|(name, which)| Ok((name, resolve(cli, &which)?))).collect()
}

fn chosen(key: &str, value: &str) -> Override {
    Override { key: key.into(), value: value.into() }
}

fn row(
    name: String,
    resolved: &Resolved,
    chosen: &[String],
    first: u64,
    report: SweepReport,
) -> Row {
    let is_shown = |statistic: &Statistic| {
        chosen.is_empty() || chosen.iter().any(|name| name == statistic.name)
    };
    let stats = &report.stats;
    Row {
        name,
        scenario: report.scenario.clone(),
        protocol: resolved.case.protocol.clone(),
        nodes: resolved.case.nodes,
        token: resolved.token(first),
        as_expected: report.as_expected,
        operations_per_s: ratio(stats, "operations", "sim_time"),
        messages_per_operation: ratio(stats, "messages", "operations"),
        bytes_per_operation: ratio(stats, "bytes", "operations"),
        forced_writes_per_operation: ratio(stats, "forced_writes", "operations"),
        known: resolved.subject.statistics().into_iter().filter(is_shown).collect(),
        counts: report.counts,
        stats: report.stats,
        failures: report.failures,
    }
}

/// How much there is of one statistic for each of another, over all runs.
#[expect(clippy::float_arithmetic, reason = "a printed decimal")]
fn ratio(stats: &BTreeMap<String, Summary>, of: &str, per: &str) -> Option<f64> {
    let (of, per) = (stats.get(of)?.mean, stats.get(per)?.mean);
    (0.0 < per).then(|| of / per)
}

impl Row {
    /// The mean of a statistic, where its runs have it.
    fn mean(&self, name: &str) -> Option<f64> {
        self.stats.get(name).map(|summary| summary.mean)
    }

    /// Its verdict, with how many runs have it where not all do.
    fn verdict(&self) -> String {
        let all: u64 = self.counts.values().sum();
        let worst = [Verdict::Error, Verdict::Fail, Verdict::Unknown, Verdict::Pass];
        let worst = worst.iter().find_map(|verdict| {
            let count = self.counts.get(verdict.word())?;
            Some((verdict.word(), *count))
        });
        match worst {
            None => String::from("-"),
            Some((word, count)) if count == all => String::from(word),
            Some((word, count)) => format!("{word} {count}/{all}"),
        }
    }
}
