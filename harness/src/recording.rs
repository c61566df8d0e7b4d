//! A run as a file: a header, one line per event, and an end that proves the rest whole. Each line is one JSON
//! object, so that any tool can read it.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use orrery_sim::Digest;

use crate::session::{Row, RowKind, Session};

/// The version of the format. A reader accepts its own.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingHeader {
    /// Says what the file is.
    pub orrery_recording: u32,
    /// The version of the engine that wrote it.
    pub engine: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The protocol's name.
    pub protocol: String,
    /// The seed.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u32,
    /// The planted bugs, by id.
    pub bugs: Vec<String>,
    /// What repeats the run.
    pub token: String,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingEnd {
    /// How many events come before it.
    pub end: u64,
    /// The digest of the run.
    pub digest: String,
    /// Its verdict.
    pub verdict: String,
    /// The digest of all lines before this one.
    pub checksum: String,
}

/// A line between the two.
#[derive(Serialize)]
struct Line<'a> {
    n: u64,
    t: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    effects: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violation: Option<&'a str>,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file itself.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The first line is no header.
    #[error(
        "{0} is no recording: its first line is not a header. A recording is made by `orrery run SCENARIO --record FILE`"
    )]
    NoHeader(String),
    /// Another version.
    #[error(
        "{path} has format {found}; this release reads format {FORMAT}. Use the release {engine} that wrote it, or record the run again"
    )]
    Format {
        /// Which.
        path: String,
        /// Its format.
        found: u32,
        /// What wrote it.
        engine: String,
    },
    /// There is no end.
    #[error(
        "{path} breaks off after line {lines}: it has no end line, so its writer was interrupted. Record the run again"
    )]
    Truncated {
        /// Which.
        path: String,
        /// How many lines there are.
        lines: usize,
    },
    /// The lines are not those that were written.
    #[error("{path} is damaged: {what}. Record the run again, or take the original file")]
    Corrupt {
        /// Which.
        path: String,
        /// How it shows.
        what: String,
    },
}

/// A recording that was read and found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The first line.
    pub header: RecordingHeader,
    /// The events, each as it stands in the file.
    pub lines: Vec<String>,
    /// The last line.
    pub end: RecordingEnd,
}

impl Recording {
    /// Writes down the whole of `session`.
    pub fn of(session: &dyn Session) -> Self {
        let (about, report) = (session.header(), session.report());
        let header = RecordingHeader {
            orrery_recording: FORMAT,
            engine: engine(),
            scenario: about.scenario.clone(),
            title: about.title.clone(),
            protocol: about.protocol.clone(),
            seed: about.seed,
            nodes: about.nodes,
            bugs: about.bugs.clone(),
            token: about.token.clone(),
        };
        let lines: Vec<String> = session.rows().map(|row| json(&line(&row))).collect();
        let end = RecordingEnd {
            end: lines.len() as u64,
            digest: report.digest.clone(),
            verdict: report.verdict.to_string(),
            checksum: checksum(&json(&header), &lines),
        };
        Self { header, lines, end }
    }

    /// Writes the recording to `path`. The file appears whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".tmp");
        let part = Path::new(&name);
        let written = self.write_part(part).and_then(|()| fs::rename(part, path));
        written.map_err(|error| {
            // What was begun is of no use to anybody; that it cannot be removed changes nothing.
            let _ = fs::remove_file(part);
            RecordingError::File { path: path.display().to_string(), error }
        })
    }

    fn write_part(&self, part: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(fs::File::create(part)?);
        writeln!(file, "{}", json(&self.header))?;
        for line in &self.lines {
            writeln!(file, "{line}")?;
        }
        writeln!(file, "{}", json(&self.end))?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }

    /// Reads the recording at `path` and checks that it is whole.
    ///
    /// # Errors
    /// Where it is no recording, of another format, cut short or damaged.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let shown = path.display().to_string();
        let bytes =
            fs::read(path).map_err(|error| RecordingError::File { path: shown.clone(), error })?;
        let text = String::from_utf8(bytes).map_err(|_| RecordingError::NoHeader(shown.clone()))?;
        Self::parse(&shown, &text)
    }

    fn parse(path: &str, text: &str) -> Result<Self, RecordingError> {
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        let path = path.to_string();
        let first = lines.first().map_or("", String::as_str);
        let Ok(header) = serde_json::from_str::<RecordingHeader>(first) else {
            return Err(RecordingError::NoHeader(path));
        };
        if header.orrery_recording != FORMAT {
            let (found, engine) = (header.orrery_recording, header.engine);
            return Err(RecordingError::Format { path, found, engine });
        }
        let header_line = lines.remove(0);
        let end = lines.last().and_then(|last| serde_json::from_str::<RecordingEnd>(last).ok());
        let (Some(end), true) = (end, text.ends_with('\n')) else {
            return Err(RecordingError::Truncated { path, lines: lines.len() + 1 });
        };
        lines.pop();
        if end.end != lines.len() as u64 {
            let what = format!("it should have {} events and has {}", end.end, lines.len());
            return Err(RecordingError::Corrupt { path, what });
        }
        if checksum(&header_line, &lines) != end.checksum {
            let what = String::from("its lines do not give the checksum of its end line");
            return Err(RecordingError::Corrupt { path, what });
        }
        Ok(Self { header, lines, end })
    }

    /// The first event in which `other` differs, with both lines; `None` where they are the same run.
    pub fn first_difference(&self, other: &Self) -> Option<(u64, String, String)> {
        let end = || String::from("(the run has ended)");
        let longest = self.lines.len().max(other.lines.len());
        let at = |lines: &[String], place: usize| lines.get(place).cloned().unwrap_or_else(end);
        (0..longest)
            .find(|place| self.lines.get(*place) != other.lines.get(*place))
            .map(|place| (place as u64 + 1, at(&self.lines, place), at(&other.lines, place)))
    }
}

/// The version of the engine, as headers and fingerprints have it.
pub fn engine() -> String {
    format!("{}+rng{}", env!("CARGO_PKG_VERSION"), orrery_sim::random::RNG_VERSION)
}

fn line(row: &Row) -> Line<'_> {
    Line {
        n: row.number,
        t: row.time.as_nanos(),
        node: row.node.map(|node| node.to_string()),
        cause: row.cause,
        event: &row.title,
        message: match &row.kind {
            RowKind::Arrive { message, .. } => Some(message.to_string()),
            RowKind::Start
            | RowKind::Timer
            | RowKind::Synced
            | RowKind::Ask { .. }
            | RowKind::GiveUp { .. }
            | RowKind::Fault { .. }
            | RowKind::Panic => None,
        },
        payload: row.payload.as_deref(),
        effects: &row.effects,
        notes: &row.notes,
        role: row.new_role.as_deref(),
        violation: row.violation.as_deref(),
    }
}

fn json<T: Serialize>(line: &T) -> String {
    serde_json::to_string(line).expect("a line has text keys and no floats")
}

fn checksum(header: &str, lines: &[String]) -> String {
    let mut digest = Digest::default();
    for line in std::iter::once(header).chain(lines.iter().map(String::as_str)) {
        digest.feed(line).expect("text has a digest");
    }
    digest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        let header = RecordingHeader {
            orrery_recording: FORMAT,
            engine: engine(),
            scenario: String::from("a/b"),
            title: String::new(),
            protocol: String::from("ping"),
            seed: 1,
            nodes: 2,
            bugs: vec![],
            token: String::from("a/b@1~00000000"),
        };
        let lines = vec![String::from(r#"{"n":1}"#), String::from(r#"{"n":2}"#)];
        let checksum = checksum(&json(&header), &lines);
        let end =
            RecordingEnd { end: 2, digest: String::new(), verdict: String::from("pass"), checksum };
        Recording { header, lines, end }
    }

    fn text(recording: &Recording) -> String {
        let lines = recording.lines.join("\n");
        format!("{}\n{lines}\n{}\n", json(&recording.header), json(&recording.end))
    }

    #[test]
    fn a_recording_reads_back_and_damage_is_told_from_interruption() {
        let whole = text(&recording());
        assert_eq!(Recording::parse("f", &whole).unwrap(), recording());
        for cut in 1..whole.len() {
            let error = Recording::parse("f", &whole[..cut]).unwrap_err();
            assert!(
                matches!(error, RecordingError::Truncated { .. } | RecordingError::NoHeader(_)),
                "{error}"
            );
        }
        let damaged = whole.replace(r#""n":2"#, r#""n":3"#);
        let error = Recording::parse("f", &damaged).unwrap_err();
        assert!(matches!(error, RecordingError::Corrupt { .. }), "{error}");
        let other = whole.replace(r#""orrery_recording":1"#, r#""orrery_recording":9"#);
        let error = Recording::parse("f", &other).unwrap_err();
        assert!(matches!(error, RecordingError::Format { found: 9, .. }), "{error}");
    }
}
