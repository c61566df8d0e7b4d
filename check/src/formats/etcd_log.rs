//! Logs of Jepsen, as Porcupine ships them: `INFO  jepsen.util - 2  :invoke  :cas  [3 0]`.
//!
//! Fields stand apart by tabs or by blanks. Lines of anything else are passed over.

use super::edn::Edn;
use super::notation::Notation;
use super::source::{Source, Stop};
use crate::record::{Place, ReadError, Record, RecordKind, Value};

/// A reader of such a log. It has no times, so entries are counted.
#[derive(Default)]
pub(super) struct EtcdLog {
    read: u64,
}

impl EtcdLog {
    /// The next record of a client; `None` at the end of the file.
    pub(super) fn next(&mut self, source: &mut Source<'_>) -> Result<Option<Record>, ReadError> {
        while let Some((record, place)) = source.line(parse)? {
            if let Some(mut record) = record {
                record.place = place;
                record.time = self.read;
                self.read += 1;
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

/// Whether a line looks like an entry.
pub(super) fn is_entry(line: &str) -> bool {
    let mut words = entry_of(line).split_whitespace();
    let is_actor =
        |word: &str| word == ":nemesis" || word.bytes().all(|byte| byte.is_ascii_digit());
    words.next().is_some_and(is_actor) && words.next().is_some_and(|word| kind(word).is_some())
}

/// The part of a line after the name of its logger.
fn entry_of(line: &str) -> &str {
    line.split_once(" - ").map_or(line, |(_, entry)| entry)
}

fn kind(word: &str) -> Option<RecordKind> {
    [RecordKind::Invoke, RecordKind::Ok, RecordKind::Fail, RecordKind::Info]
        .into_iter()
        .find(|kind| word.strip_prefix(':') == Some(kind.name()))
}

/// The first word of `text`, where it starts in `line`, and what follows it.
fn word<'a>(line: &str, text: &'a str) -> (&'a str, usize, &'a str) {
    let text = text.trim_start();
    let at = line.len() - text.len();
    let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    (word, at, rest)
}

fn parse(line: &str) -> Result<Option<Record>, (usize, String)> {
    let (actor, at, rest) = word(line, entry_of(line));
    if actor.is_empty() || !actor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let process =
        actor.parse().map_err(|_| (at, "the number of the process is too large".to_owned()))?;
    let (type_, at, rest) = word(line, rest);
    let Some(kind) = kind(type_) else {
        let message =
            format!("`{type_}` is no type of entry: it is one of :invoke, :ok, :fail, :info");
        return Err((at, message));
    };
    let (function, at, rest) = word(line, rest);
    let Some(function) = function.strip_prefix(':').filter(|name| !name.is_empty()) else {
        return Err((at, "the name of the operation is expected here, such as `:read`".to_owned()));
    };
    let (value, error) = values(line, rest)?;
    let (key, time, node, event, commit) = (None, 0, None, None, None);
    let (place, function) = (Place { line: 1, column: 1 }, function.to_owned());
    Ok(Some(Record {
        place,
        process,
        kind,
        function,
        key,
        value,
        time,
        node,
        event,
        commit,
        error,
    }))
}

/// The value of an entry and what went wrong. The value may be missing, and a keyword is never one.
fn values(line: &str, rest: &str) -> Result<(Value, Option<String>), (usize, String)> {
    let base = line.len() - rest.len();
    // The blank ends the last word, which nothing else does.
    let text = format!("{rest} ");
    let mut edn = Edn::new(text.as_bytes());
    let (mut value, mut error) = (None, None);
    while edn.at() < text.len() {
        let at = base + edn.at();
        match edn.value() {
            Ok(Value::Keyword(name)) => error = error.or(Some(name)),
            Ok(other) if value.is_none() && error.is_none() => value = Some(other),
            Ok(other) => error = error.or(Some(other.to_string())),
            Err(Stop::Wrong(wrong)) => return Err((base + wrong.0, wrong.1)),
            Err(Stop::Incomplete | Stop::Blank) => {
                return Err((at, "the line ends inside this value".to_owned()));
            }
        }
    }
    Ok((value.unwrap_or(Value::Nil), error))
}
