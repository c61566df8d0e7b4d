//! A recording in the debugger: it can be walked through, not changed.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::rc::Rc;

use serde::de::IgnoredAny;

use orrery_sim::{Sequence, SimTime};

use crate::live::mark_violation;
use crate::marks::Mark;
use crate::report::{Failure, Report, Verdict};
use crate::session::{Header, Row, Session, SessionError, WorldView};

use super::change::{Change, Rebuilt};
use super::lines::EventLine;
use super::read::{EVENT_START, Reader, Timed, VIEW_START};
use super::{RecordingError, RecordingHeader};

/// Blocks whose rows are kept at most.
const BLOCKS_MOST: usize = 16;

/// A recorded run with a cursor. It holds the marks of all events, and the words and changes of a few blocks.
pub struct RecordedSession {
    recorded: RecordingHeader,
    header: Header,
    note: String,
    marks: Sequence<Mark>,
    report: Report,
    is_complete: bool,
    /// Why nothing comes after the last event, where that is not the end of the run.
    problem: Option<RecordingError>,
    blocks: RefCell<Blocks>,
    current: Rebuilt,
}

/// The file, and what was unpacked of it lately.
struct Blocks {
    reader: Reader,
    /// The block at the cursor: its place, the world with which it begins, then what each event changed.
    changes: Option<(usize, Vec<Timed<Change>>)>,
    /// The events of blocks in words, by the block's place.
    rows: VecDeque<(usize, Vec<Rc<Row>>)>,
}

impl RecordedSession {
    /// Opens the recording at `path`, reads it to its end, and puts the cursor before the first event. One that was cut
    /// short shows the events of its whole blocks, and says so.
    ///
    /// # Errors
    /// Where it is no recording, of another format, cut short in its first block, or damaged.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let mut session = Self::begin(path)?;
        while session.advance(u64::MAX) {}
        match session.problem {
            Some(RecordingError::Truncated { .. }) | None => Ok(session),
            Some(error) => Err(error),
        }
    }

    /// The same with nothing read yet but the first block: who looks at it [reads it](Session::advance), bit by bit. Where
    /// it turns out to be damaged it ends, and [says why](Self::problem).
    ///
    /// # Errors
    /// Where it is no recording, of another format, or cut short or damaged in its first block.
    pub fn begin(path: &Path) -> Result<Self, RecordingError> {
        let reader = Reader::open(path)?;
        let recorded = reader.header().clone();
        let note =
            format!("a recording, made by orrery {}: to look at, not to change", recorded.engine);
        let mut session = Self {
            header: recorded.header(),
            current: Rebuilt::blank(recorded.nodes),
            report: unfinished(&recorded, &Sequence::new()),
            recorded,
            note,
            marks: Sequence::new(),
            is_complete: false,
            problem: None,
            blocks: RefCell::new(Blocks { reader, changes: None, rows: VecDeque::new() }),
        };
        let begun = session.go(0);
        begun.map_err(|what| session.blocks.get_mut().reader.corrupt(what))?;
        Ok(session)
    }

    /// The first line of the file.
    pub const fn first_line(&self) -> &RecordingHeader {
        &self.recorded
    }

    /// Why the recording has no more events than these, where it does not come to the end of its run.
    pub const fn problem(&self) -> Option<&RecordingError> {
        self.problem.as_ref()
    }

    /// Says more about the recording, in one sentence, to whoever looks at it.
    #[must_use]
    pub fn noting(mut self, more: &str) -> Self {
        self.note = format!("{}; {more}", self.note);
        self
    }

    /// There are no more events: the file came to its end, or to a place where it cannot be read.
    fn finish(&mut self, problem: Option<RecordingError>) {
        self.is_complete = true;
        let word = match &problem {
            None => None,
            Some(RecordingError::Truncated { .. }) => Some("breaks off"),
            Some(_) => Some("is damaged"),
        };
        if let Some(word) = word {
            let missing = "what came later, and how the run ended, is missing";
            self.note =
                format!("{}; it {word} behind event {}: {missing}", self.note, self.events());
        }
        let told = self.blocks.get_mut().reader.report();
        self.report = told.unwrap_or_else(|| {
            let report = unfinished(&self.recorded, &self.marks);
            let facts = problem.iter().map(ToString::to_string).collect();
            let failure = Failure {
                found_by: String::from("recording"),
                rule: String::from("no verdict"),
                source: format!("the recording {}", word.unwrap_or("has no end")),
                facts,
                event: report.events,
                time_ns: report.sim_ns,
                picture: None,
            };
            Report { violation: Some(failure), ..report }
        });
        self.problem = problem;
        mark_violation(&mut self.marks, &self.report, true);
    }

    /// Makes the world after `event` again: on from the cursor where that is before it in the same block, else from the
    /// beginning of its block.
    fn go(&mut self, event: u64) -> Result<(), String> {
        let at = self.current.view.event;
        let blocks = self.blocks.get_mut();
        let (place, first) = blocks.reader.block_at(event);
        let is_ahead = blocks.changes.is_some() && first <= at && at <= event;
        let changes = blocks.changes_of(place)?;
        if !is_ahead {
            self.current = Rebuilt::blank(self.header.nodes);
        }
        // The change at place 0 makes the world with which the block begins.
        let next = if is_ahead { (at - first) as usize + 1 } else { 0 };
        let last = (event - first) as usize;
        let wanted = changes.get(next..=last);
        let wanted = wanted.ok_or_else(|| format!("event {event} is not in the recording"))?;
        for (timed, place) in wanted.iter().zip(next..) {
            let moment = (first + place as u64, SimTime::from_nanos(timed.t));
            self.current.apply(moment, &timed.change)?;
        }
        Ok(())
    }
}

impl Blocks {
    fn changes_of(&mut self, place: usize) -> Result<&[Timed<Change>], String> {
        let known = self.changes.take().filter(|(known, _)| *known == place);
        let changes = match known {
            Some((_, changes)) => changes,
            None => self.unpack(place)?,
        };
        Ok(&self.changes.insert((place, changes)).1)
    }

    fn unpack(&mut self, place: usize) -> Result<Vec<Timed<Change>>, String> {
        let text = self.reader.block_text(place)?;
        let is_change = |line: &&str| line.starts_with(VIEW_START) || line.starts_with(EVENT_START);
        let changes = text.lines().filter(is_change).map(serde_json::from_str);
        let changes: Result<Vec<_>, _> = changes.collect();
        changes.map_err(|error| format!("a change cannot be read: {error}"))
    }

    fn row(&mut self, event: u64) -> Result<Option<Rc<Row>>, String> {
        // A block begins behind the event that it is named by.
        let (place, first) = self.reader.block_at(event.saturating_sub(1));
        if !self.rows.iter().any(|(known, _)| *known == place) {
            let text = self.reader.block_text(place)?;
            let lines = text.lines().filter(|line| line.starts_with(EVENT_START));
            let rows: Result<Vec<_>, String> = lines.map(row).collect();
            self.rows.truncate(BLOCKS_MOST - 1);
            self.rows.push_front((place, rows?));
        }
        let known = self.rows.iter().find(|(known, _)| *known == place);
        let place = event.checked_sub(first + 1);
        Ok(known.zip(place).and_then(|((_, rows), place)| rows.get(place as usize)).cloned())
    }
}

fn row(line: &str) -> Result<Rc<Row>, String> {
    let line: EventLine<IgnoredAny> =
        serde_json::from_str(line).map_err(|error| format!("an event cannot be read: {error}"))?;
    let (row, _) = line.into_row()?;
    Ok(Rc::new(row))
}

/// What can be said of a run of which these events were read, and not the end.
fn unfinished(header: &RecordingHeader, marks: &Sequence<Mark>) -> Report {
    Report {
        scenario: header.scenario.clone(),
        seed: header.seed,
        verdict: Verdict::Unknown,
        expected: header.expected,
        as_expected: header.expected == Verdict::Unknown,
        token: header.token.clone(),
        digest: String::new(),
        events: marks.len() as u64,
        messages: 0,
        sim_ns: marks.last().map_or(0, |mark| mark.time.as_nanos()),
        invariants: BTreeMap::new(),
        violation: None,
        goals: vec![],
        probes: BTreeMap::new(),
        ledger: BTreeMap::new(),
        stats: BTreeMap::new(),
        message_kinds: BTreeMap::new(),
    }
}

impl Session for RecordedSession {
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
        let row = self.blocks.borrow_mut().row(event).ok()??;
        match self.report.violation.as_ref().filter(|failure| failure.event == event) {
            Some(failure) => {
                Some(Rc::new(Row { violation: Some(failure.title()), ..Row::clone(&row) }))
            }
            None => Some(row),
        }
    }

    fn cursor(&self) -> u64 {
        self.current.view.event
    }

    fn seek(&mut self, event: u64) -> Result<(), SessionError> {
        let event = event.min(self.events());
        if event == self.cursor() {
            return Ok(());
        }
        let path = self.blocks.get_mut().reader.path().to_string();
        self.go(event).map_err(|what| SessionError(format!("{path} is damaged: {what}")))
    }

    fn view(&self) -> &WorldView {
        &self.current.view
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn advance(&mut self, events: u64) -> bool {
        if self.is_complete {
            return false;
        }
        for _ in 0..events {
            match self.blocks.get_mut().reader.next_mark() {
                Ok(Some(mark)) => self.marks.push(mark),
                Ok(None) => {
                    self.finish(None);
                    return false;
                }
                Err(problem) => {
                    self.finish(Some(problem));
                    return false;
                }
            }
        }
        true
    }

    fn percent_made(&self) -> Option<u64> {
        Some(if self.is_complete { 100 } else { self.blocks.borrow().reader.percent_read() })
    }

    fn recorded(&self) -> Option<&str> {
        Some(&self.note)
    }
}
