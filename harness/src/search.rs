//! A search by seeds: the first of many runs that shows something, on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::case::Case;
use crate::report::Report;
use crate::subject::{CaseError, RunOptions, Subject};

/// What a search came to. It depends on the seeds alone, not on who ran which when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Seeds tried, that of the hit included; all where there is no hit.
    pub tried: u64,
    /// Events of the runs of these seeds.
    pub events: u64,
    /// The run of the first seed that shows it.
    pub hit: Option<Report>,
}

/// What one thread did.
#[derive(Default)]
struct Share {
    /// Seeds and the events of their runs.
    runs: Vec<(u64, u64)>,
    hit: Option<Report>,
}

/// Runs `case` with each of `seeds` in order until one `is_hit`, on `jobs` threads, or on all cores where that is 0.
/// Threads take the next seed each, so that at most `jobs` - 1 runs behind the hit are made in vain. `progress` hears of
/// each run.
///
/// # Errors
/// Where the case cannot be run at all.
pub fn first(
    subject: &dyn Subject,
    case: &Case,
    seeds: Range<u64>,
    jobs: usize,
    is_hit: &(dyn Fn(&Report) -> bool + Sync),
    progress: &(dyn Fn() + Sync),
) -> Result<Search, CaseError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| CaseError(format!("no threads to search with: {error}")))?;
    let next = AtomicU64::new(seeds.start);
    // No seed from here on matters any more.
    let end = AtomicU64::new(seeds.end);
    let work = |_: rayon::BroadcastContext<'_>| -> Result<Share, CaseError> {
        let mut share = Share::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if end.load(Ordering::Relaxed) <= seed {
                return Ok(share);
            }
            let case = Case { seed, token: String::new(), ..case.clone() };
            let stop = |_: &CaseError| end.store(0, Ordering::Relaxed);
            let report = subject.run(&case, &RunOptions::default()).inspect_err(stop)?;
            share.runs.push((seed, report.events));
            progress();
            if is_hit(&report) {
                end.fetch_min(seed, Ordering::Relaxed);
                share.hit = Some(report);
                return Ok(share);
            }
        }
    };
    let shares: Result<Vec<Share>, CaseError> = pool.broadcast(work).into_iter().collect();
    let mut shares = shares?;
    let hits = shares.iter_mut().filter_map(|share| share.hit.take());
    let hit = hits.min_by_key(|report| report.seed);
    let last = hit.as_ref().map_or(seeds.end.saturating_sub(1), |report| report.seed);
    let runs = shares.iter().flat_map(|share| &share.runs).filter(|(seed, _)| *seed <= last);
    let (tried, events) = runs.fold((0, 0), |(n, sum), (_, events)| (n + 1, sum + events));
    Ok(Search { tried, events, hit })
}
