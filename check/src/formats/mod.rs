//! Reads histories as other tools, and we, write them.
//!
//! [`read`] yields [`Record`]s one by one, in memory bounded by the longest operation, with line and
//! column in every error. The format is [guessed](guess) from the content unless it is named.
//!
//! | format | what |
//! |---|---|
//! | `jsonl` | one JSON object a line: `{"time": 1000, "type": "invoke", "process": 0, "f": "write", "value": 1}`; optional: `key`, `node`, `event`, `commit`, `error`; without `time`, entries are counted |
//! | `edn` | Jepsen's `history.edn`: a map a line, or one vector or list of maps; comments, tags, entries of the nemesis |
//! | `etcd-log` | lines of a Jepsen log: `INFO  jepsen.util - 2  :invoke  :cas  [3 0]` |
//! | `kv-log` | EDN maps with a `:key`, as Porcupine has them |
//! | `elle-json` | what `edn` has, in JSON: an array of objects, or one object a line |
//! | `awdit` | `r KEY VALUE`, `w KEY VALUE`; `-----` ends a transaction, `=====` a session |
//! | `plume` | `r(key,value,session,transaction)`, one a line |
//!
//! ```
//! use orrery_check::formats::{self, Format};
//!
//! let file = r#"{:process 0, :type :invoke, :f :write, :value 1}
//! {:process 0, :type :ok, :f :write, :value 1}
//! {:process :nemesis, :type :info, :f :start}
//! "#;
//! let records = formats::read(file.as_bytes(), None)?;
//! assert_eq!(records.format(), Format::Edn);
//! let records: Result<Vec<_>, _> = records.collect();
//! assert_eq!(records?.len(), 2, "the nemesis is no client");
//!
//! let cut = formats::read("{\"type\": \"invoke\",\n \"process\": x}".as_bytes(), None)?;
//! let error = cut.last().unwrap().unwrap_err();
//! assert_eq!(error.to_string(), "2:13: a value is expected here");
//! # Ok::<(), orrery_check::record::ReadError>(())
//! ```

mod edn;
mod etcd_log;
mod event;
mod events;
mod export;
mod json;
mod literal;
mod notation;
mod source;
mod transactions;

use std::fmt;
use std::io::Read;

use crate::record::{Place, ReadError, Record};
use etcd_log::EtcdLog;
use event::Dialect;
use events::Events;
pub use export::{write_edn, write_jsonl};
pub use literal::literal;
use source::Source;
pub use source::{MAX_FILE_BYTES, MAX_FORM_BYTES};
use transactions::{Awdit, Plume};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Our own JSON lines.
    Jsonl,
    /// Jepsen's EDN.
    Edn,
    /// A log of Jepsen's.
    EtcdLog,
    /// Porcupine's key-value logs.
    KvLog,
    /// Elle's JSON.
    ElleJson,
    /// AWDIT's text.
    Awdit,
    /// Plume's text.
    Plume,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::Jsonl,
        Self::Edn,
        Self::EtcdLog,
        Self::KvLog,
        Self::ElleJson,
        Self::Awdit,
        Self::Plume,
    ];

    /// As the command line names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Edn => "edn",
            Self::EtcdLog => "etcd-log",
            Self::KvLog => "kv-log",
            Self::ElleJson => "elle-json",
            Self::Awdit => "awdit",
            Self::Plume => "plume",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The format of a file that starts like this; a few lines are enough. `None` if it is like none.
pub fn guess(start: &[u8]) -> Option<Format> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let text = String::from_utf8_lossy(&start[..start.len().min(1 << 16)]);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next()?;
    let signs: Vec<char> = text.chars().filter(|sign| !sign.is_whitespace()).take(2).collect();
    match *signs {
        ['{', '"'] => Some(Format::Jsonl),
        ['[', '{'] if first_inside(&text) == Some('"') => Some(Format::ElleJson),
        ['{', ':'] if is_kv(first) => Some(Format::KvLog),
        ['{' | '[' | '(' | ';' | '#', ..] => Some(Format::Edn),
        ['r' | 'w', '('] => Some(Format::Plume),
        ['r' | 'w', '0'..='9' | '-'] | ['-', '-'] | ['=', '='] => Some(Format::Awdit),
        _ => std::iter::once(first).chain(lines).any(etcd_log::is_entry).then_some(Format::EtcdLog),
    }
}

/// The first sign inside `[{`.
fn first_inside(text: &str) -> Option<char> {
    text.chars().filter(|sign| !sign.is_whitespace()).nth(2)
}

/// Whether a line is an entry of a key-value log.
fn is_kv(line: &str) -> bool {
    line.contains(":key ") && [":f :get", ":f :put", ":f :append"].iter().any(|f| line.contains(f))
}

/// Reads a history. Takes the format that its start looks like if `format` is `None`.
///
/// # Errors
/// The file cannot be read, or looks like no format.
pub fn read<'a>(input: impl Read + 'a, format: Option<Format>) -> Result<Reader<'a>, ReadError> {
    let source = Source::new(Box::new(input))?;
    let Some(format) = format.or_else(|| guess(source.window())) else {
        return Err(ReadError::new(source.place(), unlike(source.window())));
    };
    let entries = match format {
        Format::Jsonl => Entries::Events(Events::json(Dialect::Own)),
        Format::ElleJson => Entries::Events(Events::json(Dialect::Jepsen)),
        Format::Edn | Format::KvLog => Entries::Events(Events::edn()),
        Format::EtcdLog => Entries::EtcdLog(EtcdLog::default()),
        Format::Awdit => Entries::Awdit(Awdit::default()),
        Format::Plume => Entries::Plume(Plume::default()),
    };
    Ok(Reader { source, format, entries, has_read: false, has_ended: false })
}

/// What is said of a file whose format nobody knows.
fn unlike(start: &[u8]) -> String {
    if start.is_empty() {
        return NOTHING.to_owned();
    }
    if start.starts_with(&[0x1f, 0x8b]) || start.starts_with(b"PK") || start.contains(&0) {
        return "this is no text: is the file packed? Unpack it first".to_owned();
    }
    let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    format!("this looks like no format that is known here; they are {}", names.join(", "))
}

/// The start of a file.
const START: Place = Place { line: 1, column: 1 };
/// What is said of a file without an operation.
const NOTHING: &str =
    "there is no operation here, so there is nothing to judge: is it the right file and format?";

/// The records of a file, one by one. After an error nothing follows; a file without a record ends in an
/// error, because a history of nothing proves nothing.
pub struct Reader<'a> {
    source: Source<'a>,
    format: Format,
    entries: Entries,
    has_read: bool,
    has_ended: bool,
}

enum Entries {
    Events(Events),
    EtcdLog(EtcdLog),
    Awdit(Awdit),
    Plume(Plume),
}

impl Reader<'_> {
    /// How the file is written.
    pub fn format(&self) -> Format {
        self.format
    }

    fn entry(&mut self) -> Result<Option<Record>, ReadError> {
        match &mut self.entries {
            Entries::Events(events) => events.next(&mut self.source),
            Entries::EtcdLog(log) => log.next(&mut self.source),
            Entries::Awdit(awdit) => awdit.next(&mut self.source),
            Entries::Plume(plume) => plume.next(&mut self.source),
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        match self.entry() {
            Ok(Some(record)) => {
                self.has_read = true;
                Some(Ok(record))
            }
            Ok(None) => {
                self.has_ended = true;
                (!self.has_read).then(|| Err(ReadError::new(START, NOTHING)))
            }
            Err(error) => {
                self.has_ended = true;
                Some(Err(error))
            }
        }
    }
}
