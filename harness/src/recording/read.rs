//! Recordings read back, line by line, and proven whole on the way.

use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use zstd::stream::read::Decoder;

use orrery_sim::Digest;

use crate::report::Report;
use crate::session::Row;

use super::RecordingError;
use super::file::{check_start, other_format, without_mark};
use super::lines::{EventLine, RecordingEnd, RecordingHeader};

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
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) first: u64,
}

/// A recording that is being read. It holds the file as it is, compressed, and one frame of lines.
pub struct Reader {
    path: String,
    bytes: Vec<u8>,
    /// How many of the bytes are frames, and whether the file's mark says so.
    length: usize,
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
        let bytes = std::fs::read(path);
        let bytes = bytes.map_err(|error| RecordingError::File { path: shown.clone(), error })?;
        Self::new(shown, bytes)
    }

    pub(super) fn new(path: String, bytes: Vec<u8>) -> Result<Self, RecordingError> {
        check_start(&path, &bytes)?;
        let (frames, is_marked) = without_mark(&bytes);
        let length = frames.len();
        let broken = Broken { path: &path, is_marked, events: 0 };
        let (text, end) = match decode(frames) {
            Ok(decoded) => decoded,
            Err(cut) => return Err(broken.frame(&cut)),
        };
        let line = text.lines().next().unwrap_or_default();
        let header = match serde_json::from_str::<RecordingHeader>(line) {
            Ok(header) if header.orrery_recording == super::FORMAT => header,
            Ok(_) | Err(_) => return Err(other_format(&path, line)),
        };
        let mut checksum = Digest::default();
        checksum.feed(line).expect("a text has a digest");
        let read = line.len() + 1;
        let frames = vec![Frame { start: 0, end, first: 0 }];
        let (events, end) = (0, None);
        Ok(Self {
            path,
            bytes,
            length,
            is_marked,
            text,
            read,
            frames,
            checksum,
            events,
            header,
            end,
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

    /// The file as it is and where its frames are, once all events were read.
    pub(super) fn into_frames(self) -> (String, Vec<u8>, Vec<Frame>) {
        (self.path, self.bytes, self.frames)
    }

    fn next_line(&mut self) -> Result<Option<String>, RecordingError> {
        while self.text.len() <= self.read {
            let start = self.frames.last().map_or(0, |frame| frame.end);
            if self.length <= start {
                return self.check_end().map(|()| None);
            }
            if self.end.is_some() {
                return Err(self.after_end(start));
            }
            let broken =
                Broken { path: &self.path, is_marked: self.is_marked, events: self.events };
            let decoded = decode(&self.bytes[start..self.length]);
            let (text, used) = decoded.map_err(|cut| broken.frame(&cut))?;
            (self.text, self.read) = (text, 0);
            self.frames.push(Frame { start, end: start + used, first: self.events });
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

    /// There is something left that is not the file's mark.
    fn after_end(&self, start: usize) -> RecordingError {
        let mark = super::file::mark(start);
        if mark.starts_with(&self.bytes[start..]) {
            return self.truncated();
        }
        self.corrupt("it does not end as it should")
    }

    fn truncated(&self) -> RecordingError {
        RecordingError::Truncated { path: self.path.clone(), events: self.events }
    }
}

/// What is known when a frame cannot be read.
struct Broken<'a> {
    path: &'a str,
    is_marked: bool,
    events: u64,
}

impl Broken<'_> {
    /// A file whose end is there is damaged; another one was cut short.
    fn frame(&self, cut: &Cut) -> RecordingError {
        let path = self.path.to_string();
        if self.is_marked || cut.error.kind() != io::ErrorKind::UnexpectedEof {
            let what =
                format!("what follows event {} cannot be unpacked", self.events + cut.events);
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

/// The lines of the first frame in `bytes`, and how many bytes it takes.
fn decode(bytes: &[u8]) -> Result<(String, usize), Cut> {
    let mut text = Vec::new();
    let read = || -> io::Result<usize> {
        let mut decoder = Decoder::with_buffer(bytes)?.single_frame();
        decoder.read_to_end(&mut text)?;
        Ok(bytes.len() - decoder.finish().len())
    };
    let used = { read }();
    let used = used.map_err(|error| {
        let whole =
            text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let events = whole.filter(|line| line.starts_with(EVENT_START.as_bytes())).count() as u64;
        Cut { error, events }
    })?;
    match String::from_utf8(text) {
        Ok(text) => Ok((text, used)),
        Err(error) => Err(Cut { error: io::Error::other(error), events: 0 }),
    }
}

/// The lines of one frame of a file that was found whole.
pub(super) fn frame_text(bytes: &[u8], frame: Frame) -> Result<String, String> {
    let decoded = bytes.get(frame.start..frame.end).map(decode);
    match decoded {
        Some(Ok((text, _))) => Ok(text),
        Some(Err(_)) | None => Err(String::from("a part of the recording cannot be unpacked")),
    }
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
