//! When a failure became inevitable: the rest of a failing run, drawn again from several of its moments.
//!
//! Up to each moment the run is what it was; behind it, every draw is another. While nearly no other ending fails, the failure was bad
//! luck; from where all do, it was decided. The plan's faults stay what they are.

use serde::Serialize;

use orrery_sim::SimTime;
use orrery_sim::plan::Action;

use crate::report::Verdict;
use crate::session::{Session, SessionError};

/// How other endings go from one moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Endings {
    /// How many pass.
    pub passed: u64,
    /// How many break the same rule, or miss the same goal.
    pub same: u64,
    /// How many fail in another way.
    pub other: u64,
    /// How many come to no verdict.
    pub unknown: u64,
}

impl Endings {
    /// How many there are.
    pub const fn all(&self) -> u64 {
        self.passed + self.same + self.other + self.unknown
    }
}

/// A moment of the run, and what becomes of it from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The last event that is as it was; 0 where nothing is.
    pub event: u64,
    /// Its time, in nanoseconds.
    pub time_ns: u64,
    /// The endings.
    pub endings: Endings,
}

/// The moments, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inevitability {
    /// What failed: the rule or goal.
    pub failed: String,
    /// The event at which it failed.
    pub at: u64,
    /// What became of each moment.
    pub moments: Vec<Moment>,
}

impl Inevitability {
    /// From this moment on, every ending that was drawn fails in the same way; `None` where that is so at none.
    pub fn decided(&self) -> Option<&Moment> {
        let is_certain = |moment: &&Moment| moment.endings.same == moment.endings.all();
        let count = self.moments.iter().rev().take_while(is_certain).count();
        self.moments.get(self.moments.len() - count)
    }
}

/// What failed in a run: the name of what found it.
pub fn failure(session: &dyn Session) -> Option<String> {
    let report = session.report();
    if report.verdict != Verdict::Fail {
        return None;
    }
    let missed = || report.goals.iter().find(|goal| goal.reached_at_event.is_none());
    let found = report.violation.as_ref().map(|failure| failure.found_by.clone());
    Some(found.or_else(|| missed().map(|goal| goal.name.clone())).unwrap_or_default())
}

/// Draws `runs` other endings behind the event at the cursor and says how they go. Ending number `i` is that of the seed `seed + i`.
///
/// # Errors
/// Where the run had ended there or cannot be changed.
pub fn endings(
    session: &dyn Session,
    failed: Option<&str>,
    seed: u64,
    runs: u64,
) -> Result<Endings, SessionError> {
    let mut endings = Endings::default();
    for number in 0..runs {
        let mut other = session.fork(&Action::Reseed(seed.wrapping_add(number)))?;
        other.complete();
        match other.report().verdict {
            Verdict::Pass => endings.passed += 1,
            Verdict::Fail if failed.is_some() && failure(&*other).as_deref() == failed => {
                endings.same += 1;
            }
            Verdict::Fail => endings.other += 1,
            Verdict::Unknown | Verdict::Error => endings.unknown += 1,
        }
    }
    Ok(endings)
}

/// The curve of a failing run: `points` moments spread evenly over its events up to the failure, then as many between the last from
/// which some ending passes and the first from which none does.
///
/// # Errors
/// Where the run does not fail or cannot be changed.
pub fn inevitability(
    session: &mut dyn Session,
    points: u64,
    runs: u64,
) -> Result<Inevitability, SessionError> {
    session.complete();
    let Some(failed) = failure(session) else {
        let verdict = session.report().verdict;
        return Err(SessionError(format!(
            "the run's verdict is {verdict}: only of a failure can it be asked when it became inevitable"
        )));
    };
    let violation = session.report().violation.as_ref();
    let at = violation.map_or(session.events(), |failure| failure.event).max(1);
    let mut curve = Inevitability { failed, at, moments: vec![] };
    let last = (at - 1).min(session.events().saturating_sub(1));
    spread(session, &mut curve, (0, last), points, runs)?;
    let Some(decided) = curve.decided().copied() else { return Ok(curve) };
    let before = curve.moments.iter().rev().find(|moment| moment.event < decided.event).copied();
    if let Some(before) = before.filter(|before| before.event + 1 < decided.event) {
        spread(session, &mut curve, (before.event + 1, decided.event - 1), points, runs)?;
    }
    Ok(curve)
}

/// Adds moments between two events, both included.
fn spread(
    session: &mut dyn Session,
    curve: &mut Inevitability,
    (from, to): (u64, u64),
    points: u64,
    runs: u64,
) -> Result<(), SessionError> {
    let steps = points.saturating_sub(1).clamp(1, (to - from).max(1));
    let mut events: Vec<u64> = (0..=steps)
        .map(|step| from + (u128::from(to - from) * u128::from(step) / u128::from(steps)) as u64)
        .collect();
    events.dedup();
    for event in events {
        session.seek(event)?;
        let time = if event == 0 { SimTime::ZERO } else { session.view().time };
        let seed = session.header().seed.wrapping_add(1);
        let endings = endings(session, Some(&curve.failed), seed, runs)?;
        curve.moments.push(Moment { event, time_ns: time.as_nanos(), endings });
    }
    curve.moments.sort_by_key(|moment| moment.event);
    Ok(())
}
