//! Transactions in plain text, as the tools for weak isolation write them.
//!
//! AWDIT: `w KEY VALUE` and `r KEY VALUE`, one a line; `-----` ends a transaction, `=====` a session.
//! Plume: `w(key,value,session,transaction)` and `r(...)`, one a line; the lines of a transaction stand together.
//!
//! Neither has invocations or times, so each transaction is one record, an *ok* without an *invoke*: nothing is
//! known of the order between sessions.

use std::collections::BTreeMap;

use super::source::Source;
use crate::record::{Place, ReadError, Record, RecordKind, Value};

/// How many reads and writes a transaction may have.
const MAX_STEPS: usize = 1_000_000;

/// A transaction that is being read.
struct Open {
    place: Place,
    steps: Vec<Value>,
}

impl Open {
    fn add(open: &mut Option<Self>, step: Value, place: Place) -> Result<(), ReadError> {
        let open = open.get_or_insert_with(|| Self { place, steps: Vec::new() });
        if open.steps.len() == MAX_STEPS {
            let message = format!("this transaction has more than {MAX_STEPS} reads and writes");
            return Err(ReadError::new(open.place, message));
        }
        open.steps.push(step);
        Ok(())
    }

    fn record(self, process: u64, time: u64) -> Record {
        Record {
            place: self.place,
            process,
            kind: RecordKind::Ok,
            function: "txn".to_owned(),
            key: None,
            value: Value::List(self.steps),
            time,
            node: None,
            event: None,
            commit: None,
            error: None,
        }
    }
}

fn step(is_write: bool, key: i64, value: Value) -> Value {
    let function = Value::Keyword(if is_write { "w" } else { "r" }.to_owned());
    Value::List(vec![function, Value::Int(key), value])
}

/// A whole number, `nil` or `null`.
fn value(text: &str) -> Option<Value> {
    match text {
        "nil" | "null" => Some(Value::Nil),
        _ => text.parse().ok().map(Value::Int),
    }
}

/// A reader of AWDIT's text.
#[derive(Default)]
pub(super) struct Awdit {
    session: u64,
    read: u64,
    open: Option<Open>,
}

/// What a line of AWDIT's text is.
enum AwditLine {
    Blank,
    Step(Value),
    EndOfTransaction,
    EndOfSession,
}

impl Awdit {
    /// The next transaction; `None` at the end of the file.
    pub(super) fn next(&mut self, source: &mut Source<'_>) -> Result<Option<Record>, ReadError> {
        while let Some((line, place)) = source.line(awdit_line)? {
            let session = self.session;
            match line {
                AwditLine::Blank => continue,
                AwditLine::Step(step) => {
                    Open::add(&mut self.open, step, place)?;
                    continue;
                }
                AwditLine::EndOfTransaction => {}
                AwditLine::EndOfSession => self.session += 1,
            }
            if let Some(record) = self.close(session) {
                return Ok(Some(record));
            }
        }
        Ok(self.close(self.session))
    }

    fn close(&mut self, session: u64) -> Option<Record> {
        let open = self.open.take()?;
        self.read += 1;
        Some(open.record(session, self.read - 1))
    }
}

fn awdit_line(line: &str) -> Result<AwditLine, (usize, String)> {
    let text = line.trim();
    if text.is_empty() {
        return Ok(AwditLine::Blank);
    }
    if text.bytes().all(|byte| byte == b'-') {
        return Ok(AwditLine::EndOfTransaction);
    }
    if text.bytes().all(|byte| byte == b'=') {
        return Ok(AwditLine::EndOfSession);
    }
    let at = line.len() - line.trim_start().len();
    let expected =
        || (at, "`w KEY VALUE`, `r KEY VALUE`, `-----` or `=====` is expected here".to_owned());
    let mut words = text.split_whitespace();
    let (function, key, written) = (words.next(), words.next(), words.next());
    let is_write = match function {
        Some("w") => true,
        Some("r") => false,
        Some(_) | None => return Err(expected()),
    };
    let key = key.and_then(|key| key.parse().ok()).ok_or_else(expected)?;
    let written = written.and_then(value).ok_or_else(expected)?;
    if words.next().is_some() {
        return Err(expected());
    }
    Ok(AwditLine::Step(step(is_write, key, written)))
}

/// A reader of Plume's text.
#[derive(Default)]
pub(super) struct Plume {
    read: u64,
    /// The session and the number of the transaction that is being read.
    current: (u64, u64),
    open: Option<Open>,
    /// The last finished transaction of each session.
    finished: BTreeMap<u64, u64>,
}

/// A line of Plume's text.
struct PlumeLine {
    step: Value,
    session: u64,
    transaction: u64,
}

impl Plume {
    /// The next transaction; `None` at the end of the file.
    pub(super) fn next(&mut self, source: &mut Source<'_>) -> Result<Option<Record>, ReadError> {
        while let Some((line, place)) = source.line(plume_line)? {
            let Some(PlumeLine { step, session, transaction }) = line else { continue };
            let finished = if (session, transaction) == self.current { None } else { self.close() };
            if self.finished.get(&session).is_some_and(|&last| transaction <= last) {
                let message = format!(
                    "transaction {transaction} of session {session} comes after a later one: the lines of a \
                     transaction stand together, and its number grows in a session"
                );
                return Err(ReadError::new(place, message));
            }
            self.current = (session, transaction);
            Open::add(&mut self.open, step, place)?;
            if finished.is_some() {
                return Ok(finished);
            }
        }
        Ok(self.close())
    }

    fn close(&mut self) -> Option<Record> {
        let open = self.open.take()?;
        let (session, transaction) = self.current;
        self.finished.insert(session, transaction);
        self.read += 1;
        Some(open.record(session, self.read - 1))
    }
}

fn plume_line(line: &str) -> Result<Option<PlumeLine>, (usize, String)> {
    let text = line.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let expected = || {
        let at = line.len() - line.trim_start().len();
        (at, "`w(KEY,VALUE,SESSION,TRANSACTION)` or `r(...)` is expected here".to_owned())
    };
    let (is_write, rest) = match text.split_once('(') {
        Some(("w", rest)) => (true, rest),
        Some(("r", rest)) => (false, rest),
        Some(_) | None => return Err(expected()),
    };
    let mut numbers = rest.strip_suffix(')').ok_or_else(expected)?.split(',').map(str::trim);
    let key = numbers.next().and_then(|key| key.parse().ok()).ok_or_else(expected)?;
    let written = numbers.next().and_then(value).ok_or_else(expected)?;
    let session = numbers.next().and_then(|session| session.parse().ok()).ok_or_else(expected)?;
    let transaction = numbers.next().and_then(|number| number.parse().ok()).ok_or_else(expected)?;
    if numbers.next().is_some() {
        return Err(expected());
    }
    Ok(Some(PlumeLine { step: step(is_write, key, written), session, transaction }))
}
