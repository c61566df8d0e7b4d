//! Recordings read back, line by line, and proven whole on the way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use zstd::stream::read::Decoder;

use orrery_sim::Digest;

use crate::marks::Mark;
use crate::report::Report;
use crate::session::Row;

use super::RecordingError;
use super::file::{check_start, mark, mark_says, other_format};
use super::lines::{EventLine, MarkLine, RecordingEnd, RecordingHeader};

/// What the lines of events and of whole worlds begin with.
pub(super) const EVENT_START: &str = r#"{"n":"#;
pub(super) const VIEW_START: &str = r#"{"view":"#;

/// One event of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub number: u64,
    /// Its line.
    pub text: String,
}

/// Where a frame stands in the file, and the event after which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) first: u64,
}

/// A recording that is being read. It holds one frame of lines and where the frames are.
pub struct Reader {
    path: String,
    file: BufReader<File>,
    /// How many bytes of the file are frames, and whether its mark says so.
    length: u64,
    is_marked: bool,
    /// The lines of the current frame, and how much of them was read.
    text: String,
    read: usize,
    frames: Vec<Frame>,
    checksum: Digest,
    events: u64,
    header: RecordingHeader,
    end: Option<RecordingEnd>,
}

impl Reader {
    /// Opens the recording at `path` and reads its header.
    ///
    /// # Errors
    /// Where it is no recording, of another format, cut short or damaged.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let shown = path.display().to_string();
        let failed = |error| RecordingError::File { path: shown.clone(), error };
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        check_start(&shown, &mut file)?;
        let (length, is_marked) = mark_says(&mut file).map_err(failed)?;
        let decoded = decode(&mut file, 0, length).map_err(failed)?;
        let broken = Broken { path: &shown, is_marked, start: 0, events: 0 };
        let (text, end) = decoded.map_err(|cut| broken.frame(&cut))?;
        let line = text.lines().next().unwrap_or_default();
        let header = match serde_json::from_str::<RecordingHeader>(line) {
            Ok(header) if header.orrery_recording == super::FORMAT => header,
            Ok(_) | Err(_) => return Err(other_format(&shown, line)),
        };
        let mut checksum = Digest::default();
        checksum.feed(line).expect("a text has a digest");
        let read = line.len() + 1;
        let frames = vec![Frame { start: 0, end, first: 0 }];
        Ok(Self {
            path: shown,
            file,
            length,
            is_marked,
            text,
            read,
            frames,
            checksum,
            events: 0,
            header,
            end: None,
        })
    }

    /// The first line.
    pub const fn header(&self) -> &RecordingHeader {
        &self.header
    }

    /// The last line, once all events were read.
    pub const fn end(&self) -> Option<&RecordingEnd> {
        self.end.as_ref()
    }

    /// What came of the run, once all events were read.
    pub fn report(&self) -> Option<Report> {
        let end = self.end.as_ref()?;
        Some(Report { stats: end.stats.clone(), ..end.report.clone() })
    }

    /// The next event; `None` after the last, once the whole file has proven to be as it was written.
    ///
    /// # Errors
    /// Where the file is cut short or damaged.
    pub fn next_event(&mut self) -> Result<Option<Event>, RecordingError> {
        while let Some(text) = self.next_line()? {
            if text.starts_with(EVENT_START) {
                let number = self.events + 1;
                self.check(&text, EVENT_START, number)?;
                self.events = number;
                self.feed(&text);
                return Ok(Some(Event { number, text }));
            }
            if text.starts_with(VIEW_START) {
                self.check(&text, VIEW_START, self.events)?;
                self.feed(&text);
            } else {
                self.finish(&text)?;
            }
        }
        Ok(None)
    }

    /// The row of an event of this recording. A violation that was found at the end of the run is not in it: the
    /// report names it.
    ///
    /// # Errors
    /// Where its line is no event.
    pub fn row(&self, event: &Event) -> Result<Row, RecordingError> {
        let line: EventLine<serde::de::IgnoredAny> = self.parse(&event.text)?;
        let row = line.into_row().map_err(|what| self.corrupt(what))?;
        Ok(row.0)
    }

    /// Reads `text` as a line of some kind.
    pub(super) fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, RecordingError> {
        let wrong =
            |error| self.corrupt(format!("`{}` is no line of a recording: {error}", start(text)));
        serde_json::from_str(text).map_err(wrong)
    }

    pub(super) fn corrupt(&self, what: impl Into<String>) -> RecordingError {
        RecordingError::Corrupt { path: self.path.clone(), what: what.into() }
    }

    /// The mark of the next event; `None` after the last.
    pub(super) fn next_mark(&mut self) -> Result<Option<Mark>, RecordingError> {
        let Some(event) = self.next_event()? else { return Ok(None) };
        let line: MarkLine = self.parse(&event.text)?;
        Ok(Some(line.mark()))
    }

    /// The last block so far that begins behind `event` or before: its place, and the event behind which it begins.
    pub(super) fn block_at(&self, event: u64) -> (usize, u64) {
        let place = self.frames.partition_point(|frame| frame.first <= event).saturating_sub(1);
        (place, self.frames[place].first)
    }

    /// The lines of a block that was found whole.
    pub(super) fn block_text(&mut self, place: usize) -> Result<String, String> {
        let Frame { start, end, .. } = self.frames[place];
        match decode(&mut self.file, start, end) {
            Ok(Ok((text, _))) => Ok(text),
            Ok(Err(Cut { error, .. })) | Err(error) => Err(format!(
                "the block that begins at byte {start} cannot be unpacked any more: {error}"
            )),
        }
    }

    /// How much of the file was unpacked, in percent.
    pub(super) fn percent_read(&self) -> u64 {
        let end = self.frames.last().map_or(0, |frame| frame.end);
        end.saturating_mul(100).checked_div(self.length).unwrap_or(100)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn next_line(&mut self) -> Result<Option<String>, RecordingError> {
        while self.text.len() <= self.read {
            let start = self.frames.last().map_or(0, |frame| frame.end);
            if self.length <= start {
                return self.check_end().map(|()| None);
            }
            if self.end.is_some() {
                return self.after_end(start).map(|()| None);
            }
            let broken =
                Broken { path: &self.path, is_marked: self.is_marked, start, events: self.events };
            let decoded = decode(&mut self.file, start, self.length);
            let decoded =
                decoded.map_err(|error| RecordingError::File { path: self.path.clone(), error })?;
            let (text, end) = decoded.map_err(|cut| broken.frame(&cut))?;
            (self.text, self.read) = (text, 0);
            self.frames.push(Frame { start, end, first: self.events });
        }
        let rest = &self.text[self.read..];
        let line = rest.lines().next().unwrap_or_default().to_string();
        self.read += line.len() + 1;
        if self.end.is_some() {
            return Err(self.corrupt("it goes on after its end"));
        }
        Ok(Some(line))
    }

    fn feed(&mut self, text: &str) {
        self.checksum.feed(text).expect("a text has a digest");
    }

    /// The number in a line must be the one that comes now.
    fn check(&self, text: &str, start_of: &str, wanted: u64) -> Result<(), RecordingError> {
        let digits = text.get(start_of.len()..).unwrap_or_default();
        let found = digits.split(',').next().and_then(|digits| digits.parse().ok());
        if found == Some(wanted) {
            return Ok(());
        }
        Err(self.corrupt(format!("where number {wanted} should come there is `{}`", start(text))))
    }

    fn finish(&mut self, text: &str) -> Result<(), RecordingError> {
        let end: RecordingEnd = self.parse(text)?;
        if end.end != self.events {
            let what = format!("it should have {} events and has {}", end.end, self.events);
            return Err(self.corrupt(what));
        }
        if end.checksum != self.checksum.to_string() {
            return Err(self.corrupt("its lines do not give the checksum of its end"));
        }
        self.end = Some(end);
        Ok(())
    }

    /// There is no frame left.
    fn check_end(&self) -> Result<(), RecordingError> {
        match (&self.end, self.is_marked) {
            (Some(_), true) => Ok(()),
            (None, true) => Err(self.corrupt("its end is missing")),
            (_, false) => Err(self.truncated()),
        }
    }

    /// There is something left that is not the file's mark: a part of that, or what does not belong there.
    fn after_end(&mut self, start: u64) -> Result<(), RecordingError> {
        let mut rest = Vec::new();
        let read = self.file.seek(SeekFrom::Start(start));
        let read = read.and_then(|_| (&mut self.file).take(64).read_to_end(&mut rest));
        read.map_err(|error| RecordingError::File { path: self.path.clone(), error })?;
        if mark(start).starts_with(&rest) {
            return Err(self.truncated());
        }
        Err(self.corrupt(format!("it does not end at byte {start}, as it should")))
    }

    fn truncated(&self) -> RecordingError {
        RecordingError::Truncated { path: self.path.clone(), events: self.events }
    }
}

/// What is known when a frame cannot be read.
struct Broken<'a> {
    path: &'a str,
    is_marked: bool,
    /// The byte at which it begins.
    start: u64,
    events: u64,
}

impl Broken<'_> {
    /// A file whose end is there is damaged; another one was cut short.
    fn frame(&self, cut: &Cut) -> RecordingError {
        let (path, Self { start, events, .. }) = (self.path.to_string(), self);
        if self.is_marked || cut.error.kind() != io::ErrorKind::UnexpectedEof {
            let what = format!(
                "the block that begins at byte {start}, behind event {events}, cannot be unpacked: {}",
                cut.error
            );
            return RecordingError::Corrupt { path, what };
        }
        RecordingError::Truncated { path, events: self.events + cut.events }
    }
}

/// A frame that cannot be read, and how many whole events come before the place where it breaks.
struct Cut {
    error: io::Error,
    events: u64,
}

/// The lines of the frame that begins at byte `start`, and where it ends, before byte `length`.
fn decode(
    file: &mut BufReader<File>,
    start: u64,
    length: u64,
) -> io::Result<Result<(String, u64), Cut>> {
    file.seek(SeekFrom::Start(start))?;
    let mut text = Vec::new();
    if let Err(error) = unpack(file.by_ref().take(length.saturating_sub(start)), &mut text) {
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        let whole = lines.filter(|line| line.ends_with(b"\n"));
        let events = whole.filter(|line| line.starts_with(EVENT_START.as_bytes())).count() as u64;
        return Ok(Err(Cut { error, events }));
    }
    let end = file.stream_position()?;
    Ok(match String::from_utf8(text) {
        Ok(text) => Ok((text, end)),
        Err(error) => Err(Cut { error: io::Error::other(error), events: 0 }),
    })
}

fn unpack(frame: impl BufRead, text: &mut Vec<u8>) -> io::Result<()> {
    Decoder::with_buffer(frame)?.single_frame().read_to_end(text).map(|_| ())
}

/// As much of a line as a message has room for.
fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A line of which only the time matters and what it changed.
#[derive(Deserialize)]
pub(super) struct Timed<C> {
    pub(super) t: u64,
    pub(super) change: C,
}
