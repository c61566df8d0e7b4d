//! Proof that a run is a function of its case: made twice, handlers run twice, digests compared, and where they part,
//! the first event that differs.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use orrery_sim::registration::Registration;

use crate::case::Case;
use crate::describe::Describer;
use crate::report::Report;
use crate::runner::Runner;
use crate::session::{ArrivalFate, Row, RowKind};
use crate::subject::{CaseError, RunOptions, Subject};

/// What two runs of one case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Determinism {
    /// They agree, event by event.
    Same(Box<Report>),
    /// They do not.
    Differs(Difference),
}

/// Where two runs of one case part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first event that differs; 0 where only the ends do.
    pub event: u64,
    /// What is known of it, in words: the handler, and the event on each side.
    pub facts: Vec<String>,
}

/// What is kept of a run to compare it with another, in this process or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The digest of the whole run.
    pub digest: String,
    /// How many events it has.
    pub events: u64,
    /// Events between two links of the chain.
    pub spacing: u64,
    /// The digest after every so many events.
    pub chain: Vec<String>,
    /// Some of the events, in full.
    pub shown: Vec<Shown>,
}

/// One event of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its number.
    pub event: u64,
    /// When, in nanoseconds.
    pub time_ns: u64,
    /// The node and its handler, such as `n2 on_message`; `the plan` where no handler ran.
    pub handler: String,
    /// What happened, in a few words.
    pub title: String,
    /// What it said.
    pub payload: Option<String>,
    /// What came of it.
    pub effects: Vec<String>,
    /// The milestones that it reported.
    pub notes: Vec<String>,
}

/// Runs `case` twice in this process, the first time with every handler called twice on copies.
///
/// # Errors
/// Where the case cannot be run.
pub fn verify(subject: &dyn Subject, case: &Case) -> Result<Determinism, CaseError> {
    let first = subject.run(case, &RunOptions { check_purity: true })?;
    if let Some(failure) = first.violation.as_ref().filter(|f| f.found_by == "purity") {
        let (event, facts) = (failure.event, failure.facts.clone());
        return Ok(Determinism::Differs(Difference { event, facts }));
    }
    let second = subject.run(case, &RunOptions::default())?;
    if first == second {
        return Ok(Determinism::Same(Box::new(first)));
    }
    let make = |events: Range<u64>| subject.trace(case, events);
    let found = first_difference(make, make)?;
    // Runs that are never twice the same may agree when they are made once more; the digests did not.
    let ends = || Difference {
        event: 0,
        facts: vec![format!("one digest is {}, the other {}", first.digest, second.digest)],
    };
    Ok(Determinism::Differs(found.unwrap_or_else(ends)))
}

/// Makes both runs, bisects their chains of digests to the stretch in which they part, and finds the first event
/// there that differs; `None` where they are the same.
///
/// # Errors
/// Those of `one` and `other`, which make a run and show a range of its events.
pub fn first_difference<E>(
    one: impl Fn(Range<u64>) -> Result<Trace, E>,
    other: impl Fn(Range<u64>) -> Result<Trace, E>,
) -> Result<Option<Difference>, E> {
    let (a, b) = (one(0..0)?, other(0..0)?);
    if a == b {
        return Ok(None);
    }
    let stretch = stretch(&a, &b);
    let (a, b) = (one(stretch.clone())?, other(stretch.clone())?);
    let longest = a.shown.len().max(b.shown.len());
    let differs = (0..longest).find(|place| a.shown.get(*place) != b.shown.get(*place));
    Ok(Some(match differs {
        Some(place) => side_by_side(a.shown.get(place), b.shown.get(place)),
        None => Difference {
            event: 0,
            facts: vec![format!(
                "the digests part between the events {} and {}, but nothing that is shown of them differs",
                stretch.start, stretch.end
            )],
        },
    }))
}

/// The events among which two runs part: behind the last link of the chains up to which they agree, by bisection.
fn stretch(a: &Trace, b: &Trace) -> Range<u64> {
    // A longer run may have thinned its chain out: links are compared where both have them.
    let spacing = a.spacing.max(b.spacing);
    let link = |trace: &Trace, number: u64| {
        let place = number.checked_mul(spacing)?.checked_div(trace.spacing)?.checked_sub(1)?;
        trace.chain.get(usize::try_from(place).ok()?).cloned()
    };
    let count = |trace: &Trace| trace.chain.len() as u64 * trace.spacing / spacing;
    let (mut same, mut differs) = (0, count(a).min(count(b)) + 1);
    while same + 1 < differs {
        let middle = same.midpoint(differs);
        if link(a, middle) == link(b, middle) { same = middle } else { differs = middle }
    }
    let end = if differs <= count(a).min(count(b)) { differs * spacing } else { u64::MAX };
    same * spacing + 1..end.saturating_add(1)
}

fn side_by_side(a: Option<&Shown>, b: Option<&Shown>) -> Difference {
    let told = |side: Option<&Shown>| {
        side.map_or_else(|| String::from("(the run has ended)"), ToString::to_string)
    };
    let some = a.or(b);
    Difference {
        event: some.map_or(0, |shown| shown.event),
        facts: vec![
            some.map_or_else(String::new, |shown| format!("in {}", shown.handler)),
            format!("once:  {}", told(a)),
            format!("again: {}", told(b)),
        ],
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { time_ns, handler, title, payload, effects, notes, .. } = self;
        write!(f, "{} {handler}: {title}", orrery_sim::SimTime::from_nanos(*time_ns))?;
        if let Some(payload) = payload {
            write!(f, " {payload}")?;
        }
        for note in notes {
            write!(f, "; note {note}")?;
        }
        effects.iter().try_for_each(|effect| write!(f, "; {effect}"))
    }
}

/// Runs `case` and shows those of its events whose numbers lie in `events`.
pub(crate) fn trace<R: Registration>(case: &Case, events: &Range<u64>) -> Result<Trace, CaseError> {
    let mut runner = Runner::<R>::new(case, &RunOptions::default())?;
    let mut describer = Describer::new(runner.case().nodes, &[]);
    let mut shown = Vec::new();
    if !events.is_empty() {
        runner.trace();
    }
    while runner.step() {
        if events.contains(&runner.world().events()) {
            shown.push(show(describer.row(runner.world())));
        }
    }
    let (chain, spacing) = runner.world().digest_chain();
    Ok(Trace {
        digest: runner.world().digest().to_string(),
        events: runner.world().events(),
        spacing,
        chain: chain.iter().map(ToString::to_string).collect(),
        shown,
    })
}

fn show(row: Row) -> Shown {
    let handler = match &row.kind {
        RowKind::Start | RowKind::Fault { word: "restart", .. } => "on_start",
        RowKind::Arrive { fate: ArrivalFate::Handled, .. } => "on_message",
        RowKind::Timer => "on_timer",
        RowKind::Synced => "on_synced",
        RowKind::Ask { .. } => "on_operation",
        RowKind::Arrive { .. } | RowKind::GiveUp { .. } | RowKind::Fault { .. } => "no handler",
        RowKind::Panic => "a panic",
    };
    let node = row.node.map_or_else(|| String::from("the plan"), |node| node.to_string());
    Shown {
        event: row.number,
        time_ns: row.time.as_nanos(),
        handler: format!("{node} {handler}"),
        title: row.title,
        payload: row.payload,
        effects: row.effects,
        notes: row.notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trace of so many events that differs from its like from `bad` on.
    fn trace(events: u64, spacing: u64, bad: u64, asked: Range<u64>) -> Trace {
        let word = |event: u64| if bad <= event { "bad" } else { "good" };
        let shown = |event: u64| Shown {
            event,
            time_ns: event,
            handler: String::from("n1 on_timer"),
            title: word(event).into(),
            payload: None,
            effects: vec![],
            notes: vec![],
        };
        Trace {
            digest: word(events).into(),
            events,
            spacing,
            chain: (1..=events / spacing).map(|link| word(link * spacing).into()).collect(),
            shown: (1..=events).filter(|event| asked.contains(event)).map(shown).collect(),
        }
    }

    #[test]
    fn bisection_finds_the_first_event_wherever_it_is() {
        for (events, bad) in [(10, 10), (100, 1), (100, 40), (100, 41), (100, 97), (100, 100)] {
            let found = first_difference(
                |asked| Ok::<_, ()>(trace(events, 10, u64::MAX, asked)),
                |asked| Ok(trace(events, 10, bad, asked)),
            );
            assert_eq!(found.unwrap().unwrap().event, bad);
        }
    }

    #[test]
    fn a_stretch_is_no_longer_than_the_chain_is_wide() {
        let (good, bad) = (trace(100, 10, u64::MAX, 0..0), trace(100, 10, 47, 0..0));
        assert_eq!(stretch(&good, &bad), 41..51);
        // One of the runs went on and thinned its chain out.
        let longer = trace(1_000, 20, 47, 0..0);
        assert_eq!(stretch(&good, &longer), 41..61);
    }

    #[test]
    fn runs_that_are_the_same_have_no_difference_and_one_that_ends_early_has() {
        let make = |events| move |asked| Ok::<_, ()>(trace(events, 10, u64::MAX, asked));
        assert_eq!(first_difference(make(35), make(35)).unwrap(), None);
        let found = first_difference(make(35), make(33)).unwrap().unwrap();
        assert_eq!(found.event, 34);
        assert!(found.facts[2].contains("the run has ended"), "{:?}", found.facts);
    }
}
