//! A run that is made while it is looked at: copies of its world lead back to any event, and on from there in another way.

mod checkpoints;
mod rows;
mod view;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value as Json;

use orrery_sim::plan::{Action, Item, Trigger};
use orrery_sim::registration::Registration;
use orrery_sim::{NodeId, Sequence};

use crate::case::Case;
use crate::describe::{self, Describer, Told};
use crate::marks::{Mark, MarkKind};
use crate::report::Report;
use crate::runner::Runner;
use crate::session::{Header, Row, RowKind, Session, SessionError, WorldView};
use crate::subject::{CaseError, RunOptions};

use checkpoints::{Checkpoints, Moment};
use rows::Rows;

pub use view::view;
pub(crate) use view::{node_view, operations};

/// Over so many events, what did not change of a view is kept.
const FEW: u64 = 16;

/// A run of a registered protocol, from its first event to its last.
pub struct LiveSession<R: Registration> {
    case: Case,
    header: Header,
    marks: Sequence<Mark>,
    report: Report,
    /// The first pass over the run, as far as it is; `None` once it came to the end.
    ahead: Option<Traveller<R>>,
    current: Traveller<R>,
    view: WorldView,
    kept: RefCell<Kept<R>>,
}

/// What is kept so that it need not be made again.
struct Kept<R: Registration> {
    checkpoints: Checkpoints<Traveller<R>>,
    rows: Rows,
    /// Who described a window last: rows are mostly asked for in order.
    scout: Option<Traveller<R>>,
}

/// A run at one of its moments, and what is to be told from there on.
struct Traveller<R: Registration> {
    runner: Runner<R>,
    describer: Describer,
}

// Not derived: a derived one would ask for `R: Clone`.
impl<R: Registration> Clone for Traveller<R> {
    fn clone(&self) -> Self {
        Self { runner: self.runner.clone(), describer: self.describer.clone() }
    }
}

impl<R: Registration> Moment for Traveller<R> {
    fn event(&self) -> u64 {
        self.runner.world().events()
    }

    fn bytes(&self) -> usize {
        self.runner.copy_bytes()
    }
}

impl<R: Registration> Traveller<R> {
    /// The run of `case` before its first event.
    fn first(case: &Case) -> Result<Self, CaseError> {
        let mut runner = Runner::<R>::new(case, &RunOptions::default())?;
        runner.trace();
        // A swarm may have drawn how many there are.
        let nodes = runner.world().node_count();
        Ok(Self { runner, describer: Describer::new(nodes, &case.narration) })
    }

    /// Whether its plan has no intervention but the first ones of these.
    fn knows_only(&self, interventions: &[Item<Json>]) -> bool {
        interventions.starts_with(self.runner.interventions())
    }

    /// Moves on by one event: what is to be told about it. `None` where the run has ended.
    fn step(&mut self) -> Option<Told> {
        self.runner.step().then(|| self.describer.look(self.runner.world()))
    }

    fn mark(&self, told: &Told) -> Mark {
        let mut mark = describe::mark(self.runner.world(), told);
        if self.runner.has_panicked() {
            mark.kind = MarkKind::Panic;
        }
        mark
    }

    fn row(&self, told: Told) -> Row {
        let mut row = describe::row(self.runner.world(), told);
        if self.runner.has_panicked() {
            row.kind = RowKind::Panic;
        }
        row
    }
}

impl<R: Registration> LiveSession<R> {
    /// The run of `case`, of which nothing is made yet; the cursor is before the first event.
    ///
    /// # Errors
    /// Where the case cannot be run.
    pub fn new(case: &Case) -> Result<Self, CaseError> {
        let first = Traveller::first(case)?;
        let checkpoints = Checkpoints::new(first.clone());
        let kept = Kept { checkpoints, rows: Rows::default(), scout: None };
        Ok(Self::from(case.clone(), first, Sequence::new(), kept))
    }

    /// The run that goes on from `first`, before which `marks` lie; the cursor is at `first`.
    fn from(case: Case, first: Traveller<R>, marks: Sequence<Mark>, kept: Kept<R>) -> Self {
        Self {
            header: Header::of(&case, first.runner.world().node_count()),
            view: view(first.runner.world()),
            case,
            marks,
            report: first.runner.so_far(),
            ahead: Some(first.clone()),
            current: first,
            kept: RefCell::new(kept),
        }
    }

    /// The run at `event` or before it, as near as it is kept, with all interventions in its plan.
    fn nearest(&self, kept: &Kept<R>, event: u64) -> Result<Traveller<R>, SessionError> {
        let nearest = kept.checkpoints.before(event);
        let nearest = nearest.ok_or_else(|| SessionError(String::from("there is no way back")))?;
        let mut traveller = Traveller::clone(nearest);
        // What is kept of the time before a fork does not know of it.
        let known = traveller.runner.intervene(&self.case.interventions);
        known.map_err(|error| SessionError(error.to_string()))?;
        Ok(traveller)
    }

    /// The nodes that the events between two places are about; `None` where these may have changed others, too, or are many.
    fn touched(&self, one: u64, other: u64) -> Option<BTreeSet<NodeId>> {
        let (first, last) = (one.min(other), one.max(other));
        if FEW < last - first {
            return None;
        }
        let mut touched = BTreeSet::new();
        for mark in self.marks.range(first as usize..last as usize) {
            match mark.kind {
                MarkKind::Fault(_) | MarkKind::Panic => return None,
                MarkKind::Start
                | MarkKind::Arrive(_)
                | MarkKind::Timer
                | MarkKind::Synced
                | MarkKind::Ask
                | MarkKind::GiveUp => touched.extend(mark.node),
            }
        }
        Some(touched)
    }

    /// Describes the window of `event`.
    fn describe(&self, kept: &mut Kept<R>, event: u64) -> Result<(), SessionError> {
        let (before, last) = rows::window(event);
        let near = kept.checkpoints.before(before).map_or(0, |near| near.event());
        let scout = kept.scout.take();
        let scout = scout.filter(|scout| (near..=before).contains(&scout.event()));
        let mut scout = match scout {
            Some(scout) => scout,
            None => self.nearest(kept, before)?,
        };
        while scout.event() < before && scout.step().is_some() {}
        let mut rows = Vec::new();
        while scout.event() < last
            && let Some(told) = scout.step()
        {
            rows.push(Rc::new(scout.row(told)));
        }
        kept.rows.keep(before, rows);
        kept.scout = Some(scout);
        Ok(())
    }

    /// How many copies of the world are kept: all along the run, and near the cursor.
    pub fn checkpoints(&self) -> (usize, usize) {
        self.kept.borrow().checkpoints.count()
    }
}

/// Sets or takes away the sign at the event at which the report finds a rule broken.
pub(crate) fn mark_violation(marks: &mut Sequence<Mark>, report: &Report, is_on: bool) {
    let event = report.violation.as_ref().map(|failure| failure.event);
    let place = event.and_then(|event| event.checked_sub(1));
    if let Some(mark) = place.and_then(|place| marks.get_mut(place as usize)) {
        *mark = mark.with_violation(is_on);
    }
}

impl<R: Registration> Session for LiveSession<R> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn marks(&self) -> &Sequence<Mark> {
        &self.marks
    }

    fn row(&self, event: u64) -> Option<Rc<Row>> {
        if !(1..=self.events()).contains(&event) {
            return None;
        }
        let kept = &mut *self.kept.borrow_mut();
        let mut row = kept.rows.get(event);
        if row.is_none() {
            self.describe(kept, event).ok()?;
            row = kept.rows.get(event);
        }
        let failure = self.report.violation.as_ref().filter(|failure| failure.event == event);
        match (row, failure) {
            (Some(row), Some(failure)) => {
                let violation = Some(failure.title());
                Some(Rc::new(Row { violation, ..Row::clone(&row) }))
            }
            (row, _) => row,
        }
    }

    fn cursor(&self) -> u64 {
        self.current.event()
    }

    fn seek(&mut self, event: u64) -> Result<(), SessionError> {
        let event = event.min(self.events());
        let at = self.cursor();
        if event == at {
            return Ok(());
        }
        let kept = &mut *self.kept.borrow_mut();
        let near = kept.checkpoints.before(event).map_or(0, |near| near.event());
        // Forwards, the cursor's own world may be nearer than any that is kept.
        if event < at || at < near {
            self.current = self.nearest(kept, event)?;
        }
        while self.current.event() < event && self.current.step().is_some() {
            kept.checkpoints.pass(&self.current, event);
        }
        let world = self.current.runner.world();
        self.view = match self.touched(at, self.current.event()) {
            Some(touched) => view::view_again(world, std::mem::take(&mut self.view), &touched),
            None => view(world),
        };
        match self.current.event() {
            at if at == event => Ok(()),
            at => Err(SessionError(format!("made once more, the run ends at event {at}"))),
        }
    }

    fn view(&self) -> &WorldView {
        &self.view
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn is_complete(&self) -> bool {
        self.ahead.is_none()
    }

    fn advance(&mut self, events: u64) -> bool {
        let Some(ahead) = &mut self.ahead else { return false };
        let kept = self.kept.get_mut();
        for _ in 0..events {
            let Some(told) = ahead.step() else {
                self.report = ahead.runner.conclude();
                self.ahead = None;
                mark_violation(&mut self.marks, &self.report, true);
                return false;
            };
            self.marks.push(ahead.mark(&told));
            kept.checkpoints.reach(ahead);
        }
        true
    }

    fn case(&self) -> Option<&Case> {
        Some(&self.case)
    }

    fn fork(&self, action: &Action<Json>) -> Result<Box<dyn Session>, SessionError> {
        let event = self.cursor();
        if self.current.runner.has_ended() {
            return Err(SessionError(format!(
                "the run ended with event {event}: go back to an earlier one to change what follows"
            )));
        }
        let failed = |error: CaseError| SessionError(error.to_string());
        let mut case = self.case.clone();
        case.interventions.retain(|item| item.behind().is_none_or(|behind| behind < event));
        let mut kept = Kept {
            checkpoints: self.kept.borrow().checkpoints.up_to(event),
            rows: self.kept.borrow().rows.up_to(event),
            scout: None,
        };
        kept.checkpoints.retain(|moment| moment.knows_only(&case.interventions));
        if kept.checkpoints.before(0).is_none() {
            kept.checkpoints = Checkpoints::new(Traveller::first(&case).map_err(failed)?);
        }
        let mut first = match kept.checkpoints.before(event) {
            _ if self.current.knows_only(&case.interventions) => self.current.clone(),
            Some(moment) => Traveller::clone(moment),
            None => Traveller::first(&case).map_err(failed)?,
        };
        first.runner.intervene(&case.interventions).map_err(failed)?;
        while first.event() < event && first.step().is_some() {}
        let trigger = Trigger::Behind(event);
        case.interventions.push(Item { name: None, trigger, within: None, action: action.clone() });
        first.runner.intervene(&case.interventions).map_err(failed)?;
        let mut marks = self.marks.clone();
        mark_violation(&mut marks, &self.report, false);
        marks.truncate(event as usize);
        let mut fork = Self::from(case, first, marks, kept);
        fork.advance(1);
        fork.seek(event + 1)?;
        Ok(Box::new(fork))
    }
}
