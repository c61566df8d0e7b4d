//! From a failing run to the smallest one that still fails in the same way: delta debugging over everything that a run is
//! made of. A run is data before it starts, and every random draw has an address, so that what is taken out changes
//! nothing else; who takes a thing out sees what it was good for.
//!
//! The order: the run is written down ([`Witness`]), then ends where it fails, then loses items of its plan and operations of its
//! clients in ever smaller chunks, then nodes from the last one on, then its laws and numbers become plainer; all of it until nothing
//! more goes. Each candidate is run, and kept only where it fails with the same [`Fingerprint`].

mod edit;
mod explicit;
mod fingerprint;
mod search;
mod story;
mod values;
mod witness;

use orrery_sim::SimTime;
use serde::Serialize;

use crate::case::Case;
use crate::report::{Report, Verdict};
use crate::subject::{CaseError, RunOptions, Subject};

use explicit::Extent;
use fingerprint::is_goal;
use search::Search;

pub use explicit::draws;
pub use fingerprint::Fingerprint;
pub use story::last_events;
pub use witness::{Asked, Happened, Witness};

/// Runs that are made at most unless somebody says otherwise.
pub const RUNS: u64 = 2_000;

/// How a failure is shrunk.
#[derive(Clone, Copy)]
pub struct ShrinkOptions<'a> {
    /// So many runs are made at most.
    pub runs: u64,
    /// Hears after each run how many were made, and how many items and operations are left.
    pub progress: &'a dyn Fn(u64, usize),
}

impl Default for ShrinkOptions<'_> {
    fn default() -> Self {
        Self { runs: RUNS, progress: &|_, _| {} }
    }
}

/// How large a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Items of its plan that are no requests.
    pub items: usize,
    /// Operations that clients ask.
    pub operations: usize,
    /// Nodes.
    pub nodes: u32,
    /// Events.
    pub events: u64,
    /// Its end, in nanoseconds.
    pub stop_at_ns: u64,
}

impl Size {
    fn of(case: &Case, report: &Report) -> Self {
        let operations = case.plan.items.iter().filter(|item| edit::is_operation(item)).count();
        Self {
            items: case.plan.items.len() - operations,
            operations,
            nodes: case.nodes,
            events: report.events,
            stop_at_ns: case.stop_at.as_nanos(),
        }
    }

    /// Items and operations together.
    pub const fn total(&self) -> usize {
        self.items + self.operations
    }
}

/// What became of a failure that was shrunk.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest case that was found.
    pub case: Case,
    /// What its run comes to.
    pub report: Report,
    /// What was kept the same.
    pub fingerprint: Fingerprint,
    /// How large it was: what the plan had, and what clients asked before the end.
    pub before: Size,
    /// How large it is.
    pub after: Size,
    /// How many runs were made.
    pub runs: u64,
    /// Whether there were no more, so that it may be larger than it need be.
    pub is_spent: bool,
    /// Whether each smaller run was also made without the planted bugs, and did not fail so then.
    pub has_control: bool,
    /// Whether all is at a time and on a node. Otherwise the failure was gone when it was written down so.
    pub is_explicit: bool,
}

/// Makes the failing run of `case` as small as it gets.
///
/// # Errors
/// Where it cannot be run, or does not fail.
pub fn shrink(
    subject: &dyn Subject,
    case: &Case,
    options: &ShrinkOptions<'_>,
) -> Result<Shrunk, CaseError> {
    let witness = subject.witness(case)?;
    let failure = match (&witness.report.violation, witness.report.verdict) {
        (Some(failure), Verdict::Fail) => failure.clone(),
        (_, verdict) => {
            return Err(CaseError(format!(
                "the run of seed {} ends {verdict}: only a failing one can be shrunk",
                case.seed
            )));
        }
    };
    let fingerprint = Fingerprint::of(&failure);
    let is_goal = is_goal(&failure);
    let control = has_control(subject, case, &fingerprint)?;
    let mut search = Search::new(subject, &witness, fingerprint, is_goal, control, options);
    search.runs += 1 + u64::from(!case.bugs.is_empty());
    let is_explicit = start(&mut search, &witness)?;
    let before = size_before(&witness);
    search.shrink();
    let after = Size::of(&search.best, &search.report);
    Ok(Shrunk {
        before,
        after,
        runs: search.runs,
        is_spent: search.is_spent(),
        has_control: search.control,
        is_explicit,
        fingerprint: search.wanted,
        case: search.best,
        report: search.report,
    })
}

/// What was planned, and what was asked.
fn size_before(witness: &Witness) -> Size {
    let own = Size::of(&witness.case, &witness.report);
    Size { operations: own.operations + witness.asked.len(), ..own }
}

/// Whether the planted bugs are to blame: without them, the run does not fail so. Then smaller runs are asked the same.
fn has_control(
    subject: &dyn Subject,
    case: &Case,
    fingerprint: &Fingerprint,
) -> Result<bool, CaseError> {
    if case.bugs.is_empty() {
        return Ok(false);
    }
    let without = Case { bugs: vec![], ..case.clone() };
    let report = subject.run(&without, &RunOptions::default())?;
    Ok(report.violation.as_ref().map(Fingerprint::of).as_ref() != Some(fingerprint))
}

/// Finds the most explicit form of the run that still fails. Whether all of it is explicit.
fn start(search: &mut Search<'_>, witness: &Witness) -> Result<bool, CaseError> {
    const EXTENTS: [Extent; 5] = [
        Extent { operations: true, moments: true, effective: true },
        Extent { operations: true, moments: true, effective: false },
        Extent { operations: false, moments: true, effective: false },
        Extent { operations: true, moments: false, effective: false },
        Extent { operations: false, moments: false, effective: false },
    ];
    for extent in EXTENTS {
        let mut case = explicit::explicit(witness, extent);
        search.judge_only_what_failed(&mut case);
        if search.attempt(case) {
            return Ok(extent.operations && extent.moments);
        }
    }
    Err(CaseError(format!(
        "the failure of seed {} is gone once its swarm is written down as a plan; please report this scenario",
        witness.case.seed
    )))
}

/// The end of a run that fails at `time`: it sees what happens then.
const fn end_after(time: u64) -> SimTime {
    SimTime::from_nanos(time).saturating_add(explicit::NANOSECOND)
}
