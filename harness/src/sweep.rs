//! Many seeds of one scenario, on all cores. What is said of them depends on the seeds alone, not on who ran
//! which when.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use orrery_sim::ledger::Tally;

use crate::case::Case;
use crate::report::{Report, Verdict};
use crate::subject::{CaseError, RunOptions, Subject};

/// Seeds that are run before their results are added up.
const BATCH: u64 = 256;
/// From so many runs on, a family of faults that was switched on must have changed something.
const LEDGER_GATE: u64 = 200;

/// How a sweep is made.
pub struct SweepOptions<'a> {
    /// How many runs at a time; all cores where 0.
    pub jobs: usize,
    /// Stop after the batch in which the first run was not as expected.
    pub stops_at_failure: bool,
    /// How many failures are described.
    pub failures_shown: usize,
    /// Hears after each run how many are done and how many were not as expected.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

/// A run that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedSeed {
    /// Its seed.
    pub seed: u64,
    /// What repeats it.
    pub token: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Who found it.
    pub found_by: String,
    /// The first fact.
    pub fact: String,
    /// The event at which it showed.
    pub event: u64,
}

/// The values of one statistic over all runs, in the statistic's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many runs have it.
    pub n: u64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation between runs (divisor n - 1).
    pub sd: f64,
    /// The standard error of the mean.
    pub se: f64,
    /// The least.
    pub min: f64,
    /// The median: the value that half of the runs do not exceed.
    pub p50: f64,
    /// The value that 90 % of the runs do not exceed.
    pub p90: f64,
    /// The value that 99 % of the runs do not exceed.
    pub p99: f64,
    /// The value that 99.9 % of the runs do not exceed.
    pub p999: f64,
    /// The greatest.
    pub max: f64,
}

/// A family of faults over all runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FamilyOfRuns {
    /// Runs in which it was switched on.
    pub runs: u64,
    /// Runs in which it changed something.
    pub runs_effective: u64,
    /// Faults planned.
    pub planned: u64,
    /// Faults that struck.
    pub applied: u64,
    /// Faults that changed something.
    pub effective: u64,
}

/// A goal or probe over all runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// Runs that reached it.
    pub runs: u64,
    /// Times that it was reached.
    pub times: u64,
}

/// Everything that is said of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepReport {
    /// The scenario's name.
    pub scenario: String,
    /// The seeds that were run: the first, and the one after the last.
    pub seeds: [u64; 2],
    /// The verdict that every run was expected to have.
    pub expected: Verdict,
    /// Whether every run had it, and nothing else was amiss.
    pub as_expected: bool,
    /// Runs by verdict.
    pub counts: BTreeMap<&'static str, u64>,
    /// Statistics by name.
    pub stats: BTreeMap<String, Summary>,
    /// The first runs that were not as expected.
    pub failures: Vec<FailedSeed>,
    /// How many runs were not as expected.
    pub failed: u64,
    /// Goals by name.
    pub goals: BTreeMap<String, Reached>,
    /// Probes by name.
    pub probes: BTreeMap<String, Reached>,
    /// Faults by family.
    pub ledger: BTreeMap<String, FamilyOfRuns>,
    /// What is amiss with the sweep as a whole.
    pub problems: Vec<String>,
    /// How long it took; the one thing here that differs between two sweeps of the same seeds.
    pub wall_ns: u64,
}

/// Runs `case` with each of `seeds`. `token` gives what repeats the run of a seed.
///
/// # Errors
/// Where the case cannot be run at all.
pub fn sweep(
    subject: &dyn Subject,
    case: &Case,
    token: &(dyn Fn(u64) -> String + Sync),
    seeds: Range<u64>,
    options: &SweepOptions<'_>,
) -> Result<SweepReport, CaseError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|error| CaseError(format!("no threads to sweep with: {error}")))?;
    let mut sum = Sum::new(case, options.failures_shown);
    let done = std::sync::atomic::AtomicU64::new(0);
    let failed = std::sync::atomic::AtomicU64::new(0);
    let mut next = seeds.start;
    // Whoever looks for the first failure wants few runs beyond it.
    let mut size = if options.stops_at_failure { 4 } else { BATCH };
    while next < seeds.end {
        let batch = next..seeds.end.min(next.saturating_add(size));
        size = BATCH.min(2 * size);
        next = batch.end;
        let one = |seed: u64| -> Result<Report, CaseError> {
            let case = Case { seed, token: String::new(), ..case.clone() };
            let mut report = subject.run(&case, &RunOptions::default())?;
            if !report.as_expected {
                report.token = token(seed);
                failed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            (options.progress)(done, failed.load(std::sync::atomic::Ordering::Relaxed));
            Ok(report)
        };
        let reports: Vec<Result<Report, CaseError>> =
            pool.install(|| batch.into_par_iter().map(one).collect());
        // Added up in the order of the seeds, whoever was first.
        for report in reports {
            sum.add(&report?);
        }
        if options.stops_at_failure && 0 < sum.report.failed {
            break;
        }
    }
    sum.report.seeds = [seeds.start, next.max(seeds.start)];
    Ok(sum.finish(case))
}

/// The reports so far, added up.
struct Sum {
    report: SweepReport,
    failures_shown: usize,
    /// Values and scale by statistic.
    values: BTreeMap<String, (Vec<i64>, u64)>,
}

impl Sum {
    fn new(case: &Case, failures_shown: usize) -> Self {
        let report = SweepReport {
            scenario: case.scenario.clone(),
            seeds: [0, 0],
            expected: case.expect,
            as_expected: true,
            counts: BTreeMap::new(),
            stats: BTreeMap::new(),
            failures: vec![],
            failed: 0,
            goals: BTreeMap::new(),
            probes: BTreeMap::new(),
            ledger: BTreeMap::new(),
            problems: vec![],
            wall_ns: 0,
        };
        Self { report, failures_shown, values: BTreeMap::new() }
    }

    fn add(&mut self, report: &Report) {
        let sum = &mut self.report;
        *sum.counts.entry(report.verdict.word()).or_default() += 1;
        if !report.as_expected {
            sum.failed += 1;
            if sum.failures.len() < self.failures_shown {
                sum.failures.push(failed_seed(report));
            }
        }
        for goal in &report.goals {
            let reached = sum.goals.entry(goal.name.clone()).or_default();
            reached.runs += u64::from(goal.reached_at_event.is_some());
            reached.times = reached.runs;
        }
        for (name, times) in &report.probes {
            let reached = sum.probes.entry(name.clone()).or_default();
            reached.runs += u64::from(0 < *times);
            reached.times += times;
        }
        for (name, tally) in &report.ledger {
            sum.ledger.entry(name.clone()).or_default().add(*tally);
        }
        for (name, measured) in &report.stats {
            let values = self.values.entry(name.clone());
            values.or_insert_with(|| (vec![], measured.scale)).0.push(measured.value);
        }
    }

    fn finish(self, case: &Case) -> SweepReport {
        let mut report = self.report;
        for (name, (values, scale)) in self.values {
            let is_shown =
                case.checks.statistics.is_empty() || case.checks.statistics.contains(&name);
            if is_shown {
                report.stats.insert(name, summarize(values, scale));
            }
        }
        for (name, family) in &report.ledger {
            if LEDGER_GATE <= family.runs && family.runs_effective == 0 {
                report.problems.push(format!(
                    "the faults of family `{name}` were switched on in {} runs and changed nothing in any",
                    family.runs
                ));
            }
        }
        for probe in &case.checks.sometimes {
            if report.probes.get(probe).is_none_or(|reached| reached.runs == 0) {
                report.problems.push(format!("no run reached the probe `{probe}`"));
            }
        }
        report.as_expected = report.failed == 0 && report.problems.is_empty();
        report
    }
}

impl FamilyOfRuns {
    fn add(&mut self, tally: Tally) {
        self.runs += u64::from(0 < tally.planned);
        self.runs_effective += u64::from(0 < tally.effective);
        self.planned += tally.planned;
        self.applied += tally.applied;
        self.effective += tally.effective;
    }
}

fn failed_seed(report: &Report) -> FailedSeed {
    let failure = report.violation.as_ref();
    FailedSeed {
        seed: report.seed,
        token: report.token.clone(),
        verdict: report.verdict,
        found_by: failure.map_or(String::new(), |failure| failure.found_by.clone()),
        fact: failure.and_then(|failure| failure.facts.first().cloned()).unwrap_or_default(),
        event: failure.map_or(0, |failure| failure.event),
    }
}

/// Sums and orders are exact, in 128-bit integers; only the printed numbers are decimals.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "exact integers become printed decimals here"
)]
fn summarize(mut values: Vec<i64>, scale: u64) -> Summary {
    values.sort_unstable();
    let n = values.len() as i128;
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    // n^2 times the variance, exactly: n * sum of squares - square of the sum.
    let squares: i128 = values.iter().map(|value| i128::from(*value) * i128::from(*value)).sum();
    let spread = n.saturating_mul(squares).saturating_sub(sum.saturating_mul(sum));
    let scale = scale as f64;
    let variance = if n < 2 { 0.0 } else { spread as f64 / (n as f64 * (n - 1) as f64) };
    let sd = variance.max(0.0).sqrt() / scale;
    let shown = |value: i64| value as f64 / scale;
    Summary {
        n: values.len() as u64,
        mean: sum as f64 / n as f64 / scale,
        sd,
        se: sd / (n as f64).sqrt(),
        min: shown(values[0]),
        p50: shown(quantile(&values, 500)),
        p90: shown(quantile(&values, 900)),
        p99: shown(quantile(&values, 990)),
        p999: shown(quantile(&values, 999)),
        max: shown(values[values.len() - 1]),
    }
}

/// The least of the sorted `values` that so many in a thousand of them do not exceed.
fn quantile(values: &[i64], permille: usize) -> i64 {
    values[(values.len() * permille).div_ceil(1_000).max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<i64> = (1..=10).collect();
        let quantiles = [0, 500, 900, 990, 999].map(|permille| quantile(&values, permille));
        assert_eq!(quantiles, [1, 5, 9, 10, 10]);
        assert_eq!(quantile(&[7], 500), 7);
        let many: Vec<i64> = (1..=2_000).collect();
        assert_eq!(quantile(&many, 999), 1_998);
    }

    #[test]
    fn a_summary_of_three_values() {
        let summary = summarize(vec![3_000, 1_000, 2_000], 1_000);
        let shown = [summary.mean, summary.sd, summary.min, summary.p50, summary.max];
        assert_eq!(format!("{shown:?}"), "[2.0, 1.0, 1.0, 2.0, 3.0]");
    }
}
