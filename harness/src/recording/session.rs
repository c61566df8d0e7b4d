//! A recording in the debugger: it can be walked through, not changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use orrery_sim::SimTime;

use crate::report::{Failure, Report, Verdict};
use crate::session::{Header, OperationView, Row, Session, SessionError, WorldView};

use super::change::{Change, OperationsOnly, Rebuilt};
use super::lines::EventLine;
use super::read::{EVENT_START, Frame, Reader, Timed, VIEW_START, frame_text};
use super::{RecordingError, RecordingHeader};

/// A recorded run with a cursor. It holds all rows, and the changes of the frame at the cursor.
pub struct RecordedSession {
    recorded: RecordingHeader,
    header: Header,
    note: String,
    rows: Vec<Row>,
    operations: Vec<OperationView>,
    report: Report,
    path: String,
    file: BufReader<File>,
    frames: Vec<Frame>,
    /// The frame that was unpacked last.
    unpacked: Option<Unpacked>,
    current: Rebuilt,
}

/// A frame in memory.
struct Unpacked {
    /// Its place among the frames.
    place: usize,
    /// The world with which it begins, then what each event changed.
    changes: Vec<Timed<Change>>,
}

impl RecordedSession {
    /// Opens the recording at `path` with the cursor before the first event. One that was cut short shows the events of
    /// its whole frames, and says so.
    ///
    /// # Errors
    /// Where it is no recording, of another format, cut short in its first frame, or damaged.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::read(Reader::open(path)?)
    }

    fn read(mut reader: Reader) -> Result<Self, RecordingError> {
        let (mut rows, mut operations) = (Vec::new(), Vec::new());
        let missing = read_rows(&mut reader, &mut rows, &mut operations)?;
        let report = reader.report().unwrap_or_else(|| cut_short(reader.header(), &rows));
        if let Some(failure) = &report.violation
            && let Some(row) = failure.event.checked_sub(1).and_then(|i| rows.get_mut(i as usize))
        {
            row.violation = Some(failure.title());
        }
        let recorded = reader.header().clone();
        let mut note =
            format!("a recording, made by orrery {}: to look at, not to change", recorded.engine);
        if let Some(missing) = missing {
            note = format!("{note}; {missing}");
        }
        let (path, file, frames) = reader.into_frames();
        let mut session = Self {
            header: recorded.header(),
            current: Rebuilt::blank(recorded.nodes),
            unpacked: None,
            recorded,
            note,
            rows,
            operations,
            report,
            path,
            file,
            frames,
        };
        match session.go(0) {
            Ok(()) => Ok(session),
            Err(what) => Err(RecordingError::Corrupt { path: session.path, what }),
        }
    }

    /// The first line of the file.
    pub const fn first_line(&self) -> &RecordingHeader {
        &self.recorded
    }

    /// Says more about the recording, in one sentence, to whoever looks at it.
    #[must_use]
    pub fn noting(mut self, more: &str) -> Self {
        self.note = format!("{}; {more}", self.note);
        self
    }

    /// Makes the world after `event` again: on from the cursor where that is before it in the same frame, else from the
    /// beginning of its frame.
    fn go(&mut self, event: u64) -> Result<(), String> {
        let place = self.frames.partition_point(|frame| frame.first <= event).saturating_sub(1);
        let first = self.frames[place].first;
        let at = self.current.view.event;
        let is_ahead = self.unpacked.is_some() && first <= at && at <= event;
        let unpacked = match self.unpacked.take().filter(|unpacked| unpacked.place == place) {
            Some(unpacked) => unpacked,
            None => self.unpack(place)?,
        };
        if !is_ahead {
            self.current = Rebuilt::blank(self.header.nodes);
        }
        // The change at place 0 makes the world with which the frame begins.
        let next = if is_ahead { (at - first) as usize + 1 } else { 0 };
        let last = (event - first) as usize;
        let changes = unpacked.changes.get(next..=last).unwrap_or_default();
        if changes.len() < last + 1 - next {
            return Err(format!("event {event} is not in the recording"));
        }
        for (timed, place) in changes.iter().zip(next..) {
            let moment = (first + place as u64, SimTime::from_nanos(timed.t));
            self.current.apply(moment, &timed.change)?;
        }
        self.unpacked = Some(unpacked);
        self.current.view.operations = operations_at(&self.operations, event);
        Ok(())
    }

    fn unpack(&mut self, place: usize) -> Result<Unpacked, String> {
        let text = frame_text(&mut self.file, self.frames[place])?;
        let is_change = |line: &&str| line.starts_with(VIEW_START) || line.starts_with(EVENT_START);
        let changes = text.lines().filter(is_change).map(serde_json::from_str);
        let changes: Result<Vec<_>, _> = changes.collect();
        let changes = changes.map_err(|error| format!("a change cannot be read: {error}"))?;
        Ok(Unpacked { place, changes })
    }
}

/// Reads all events of a recording. Returns what is to be said of one that breaks off.
///
/// # Errors
/// Where it is damaged, or breaks off in its first block.
fn read_rows(
    reader: &mut Reader,
    rows: &mut Vec<Row>,
    operations: &mut Vec<OperationView>,
) -> Result<Option<String>, RecordingError> {
    loop {
        let event = match reader.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(None),
            Err(RecordingError::Truncated { .. }) if !rows.is_empty() => {
                return Ok(Some(String::from(
                    "it breaks off: what came later, and how the run ended, is missing",
                )));
            }
            Err(error) => return Err(error),
        };
        let line: EventLine<OperationsOnly> = reader.parse(&event.text)?;
        let (row, change) = line.into_row().map_err(|what| reader.corrupt(what))?;
        for operation in change.operations {
            let applied = operation.apply(operations, (row.number, row.time));
            applied.map_err(|what| reader.corrupt(what))?;
        }
        rows.push(row);
    }
}

/// What can be said of a run whose recording breaks off after these events: there is no verdict.
fn cut_short(header: &RecordingHeader, rows: &[Row]) -> Report {
    let (events, time) = rows.last().map_or((0, 0), |row| (row.number, row.time.as_nanos()));
    let failure = Failure {
        found_by: String::from("recording"),
        rule: String::from("no verdict"),
        source: String::from("the recording breaks off here"),
        facts: vec![String::from(
            "the end of the recording is missing: `replay` its token instead",
        )],
        event: events,
        time_ns: time,
        picture: None,
    };
    Report {
        scenario: header.scenario.clone(),
        seed: header.seed,
        verdict: Verdict::Unknown,
        expected: Verdict::Unknown,
        as_expected: false,
        token: header.token.clone(),
        digest: String::new(),
        events,
        messages: rows.iter().map(|row| row.sent.len() as u64).sum(),
        sim_ns: time,
        invariants: BTreeMap::new(),
        violation: Some(failure),
        goals: vec![],
        probes: BTreeMap::new(),
        ledger: BTreeMap::new(),
        stats: BTreeMap::new(),
        message_kinds: BTreeMap::new(),
    }
}

/// The operations as they stood after `event`.
fn operations_at(all: &[OperationView], event: u64) -> Vec<OperationView> {
    let begun = all.partition_point(|operation| operation.invoked_at <= event);
    let as_it_stood = |operation: &OperationView| {
        let mut operation = operation.clone();
        if operation.ended_at.is_some_and(|ended| event < ended) {
            (operation.ended, operation.ended_at, operation.ending) = (None, None, None);
        }
        operation
    };
    all[..begun].iter().map(as_it_stood).collect()
}

impl Session for RecordedSession {
    fn header(&self) -> &Header {
        &self.header
    }

    fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn cursor(&self) -> u64 {
        self.current.view.event
    }

    fn seek(&mut self, event: u64) -> Result<(), SessionError> {
        let event = event.min(self.rows.len() as u64);
        if event == self.cursor() {
            return Ok(());
        }
        self.go(event).map_err(|what| SessionError(format!("{} is damaged: {what}", self.path)))
    }

    fn view(&self) -> &WorldView {
        &self.current.view
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn recorded(&self) -> Option<&str> {
        Some(&self.note)
    }
}
