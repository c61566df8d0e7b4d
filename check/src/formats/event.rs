//! From a map in JSON or EDN to a record: the fields that histories have.

use super::notation::Notation;
use super::source::{Stop, wrong};
use crate::record::{Place, Record, RecordKind, Value};

/// Who wrote the file, which decides what may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Ourselves: every entry has a process, and time never goes back.
    Own,
    /// Jepsen and the tools around it. The process may be missing, or be that which injects faults. Workers
    /// read their clocks before they are listed, so the order of the file counts, not the times.
    Jepsen,
}

/// Whose entry it is, as its file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// It does not say.
    Unnamed,
    /// A client.
    Client(u64),
    /// What injects faults.
    Nemesis,
}

/// The fields of one entry.
pub(super) struct Event {
    actor: Actor,
    kind: RecordKind,
    function: String,
    key: Option<Value>,
    value: Value,
    time: Option<u64>,
    node: Option<u32>,
    recorded: Option<u64>,
    commit: Option<u64>,
    error: Option<String>,
}

/// The names of the fields.
const FIELDS: [&str; 10] =
    ["type", "process", "f", "value", "key", "time", "node", "event", "commit", "error"];

/// Takes one entry. Fields with other names are passed over.
pub(super) fn event<'a, N: Notation<'a>>(source: &mut N) -> Result<Event, Stop> {
    let start = source.at();
    source.open_map()?;
    let mut seen = [false; FIELDS.len()];
    let mut kind = None;
    let mut event = Event {
        actor: Actor::Unnamed,
        kind: RecordKind::Invoke,
        function: String::new(),
        key: None,
        value: Value::Nil,
        time: None,
        node: None,
        recorded: None,
        commit: None,
        error: None,
    };
    let mut is_first = true;
    while let Some(key) = source.next_key(is_first)? {
        is_first = false;
        let at = source.at();
        let Some(field) = FIELDS.iter().position(|&name| name == key) else {
            source.value()?;
            continue;
        };
        if std::mem::replace(&mut seen[field], true) {
            return Err(wrong(at, format!("this entry has a second `{key}`")));
        }
        match key {
            "type" => kind = Some(kind_of(source, at)?),
            "process" => event.actor = actor(&source.value()?).map_err(|text| wrong(at, text))?,
            "f" => event.function = function(source, at)?,
            "value" => event.value = source.value()?,
            "key" => event.key = some(source.value()?),
            "time" => event.time = natural("time", "nanoseconds", &source.value()?, at)?,
            "node" => event.node = node(&source.value()?),
            "event" => event.recorded = natural("event", "its number", &source.value()?, at)?,
            "commit" => event.commit = natural("commit", "a position", &source.value()?, at)?,
            _ => event.error = some(source.value()?).map(|error| error.to_string()),
        }
    }
    event.kind = kind.ok_or_else(|| {
        wrong(start, "this entry has no `type`: it is one of invoke, ok, fail, info")
    })?;
    Ok(event)
}

fn kind_of<'a, N: Notation<'a>>(source: &mut N, at: usize) -> Result<RecordKind, Stop> {
    match source.name()? {
        Some("invoke") => Ok(RecordKind::Invoke),
        Some("ok") => Ok(RecordKind::Ok),
        Some("fail") => Ok(RecordKind::Fail),
        Some("info") => Ok(RecordKind::Info),
        Some(other) => {
            let message =
                format!("`{other}` is no type of entry: it is one of invoke, ok, fail, info");
            Err(wrong(at, message))
        }
        None => Err(wrong(at, "the type of an entry is one of invoke, ok, fail, info")),
    }
}

fn function<'a, N: Notation<'a>>(source: &mut N, at: usize) -> Result<String, Stop> {
    if let Some(name) = source.name()? {
        return Ok(name.to_owned());
    }
    match source.value()? {
        Value::Text(name) | Value::Keyword(name) => Ok(name),
        Value::Nil => Ok(String::new()),
        Value::Bool(_) | Value::Int(_) | Value::List(_) | Value::Map(_) => {
            Err(wrong(at, "`f` names the operation, such as `read`"))
        }
    }
}

fn some(value: Value) -> Option<Value> {
    if value.is_nil() { None } else { Some(value) }
}

fn actor(value: &Value) -> Result<Actor, String> {
    match value {
        Value::Nil => Ok(Actor::Unnamed),
        Value::Int(number) => u64::try_from(*number)
            .map(Actor::Client)
            .map_err(|_| "processes are numbered from 0".to_owned()),
        Value::Text(name) | Value::Keyword(name) if name == "nemesis" => Ok(Actor::Nemesis),
        Value::Bool(_) | Value::Text(_) | Value::Keyword(_) | Value::List(_) | Value::Map(_) => {
            Err(format!("process `{value}` is neither a number nor `nemesis`"))
        }
    }
}

fn natural(field: &str, unit: &str, value: &Value, at: usize) -> Result<Option<u64>, Stop> {
    match value {
        Value::Nil => Ok(None),
        Value::Int(number) if *number >= 0 => Ok(Some(number.unsigned_abs())),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::Keyword(_)
        | Value::List(_)
        | Value::Map(_) => {
            Err(wrong(at, format!("`{field}` is {unit}, a whole number from 0, not `{value}`")))
        }
    }
}

/// The number of a node, `3` or `n3`. Other names of nodes are for people.
fn node(value: &Value) -> Option<u32> {
    match value {
        Value::Int(number) => u32::try_from(*number).ok(),
        Value::Text(name) | Value::Keyword(name) => name.strip_prefix('n')?.parse().ok(),
        Value::Nil | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// Turns entries into records: whose they are and when.
pub(super) struct Joiner {
    dialect: Dialect,
    /// Whether entries have times, once it is known.
    is_timed: Option<bool>,
    /// The time of the entry before, or how many there were.
    last: Option<u64>,
    /// Whether an operation without a process is open.
    unnamed_open: bool,
    /// How many made-up processes have ended.
    made_up: u64,
    /// How many results came without an invocation and without a process.
    lone: u64,
}

/// Where made-up processes start: no file numbers its own so.
const MADE_UP: u64 = 1 << 40;
/// Where those of results without an invocation start.
const LONE: u64 = 1 << 41;

impl Joiner {
    pub(super) fn new(dialect: Dialect) -> Self {
        let (is_timed, last) = (None, None);
        Self { dialect, is_timed, last, unnamed_open: false, made_up: 0, lone: 0 }
    }

    /// The record of an entry; `None` if it is none of a client.
    pub(super) fn record(&mut self, event: Event, place: Place) -> Result<Option<Record>, String> {
        let process = match event.actor {
            Actor::Nemesis => return Ok(None),
            Actor::Client(process) => process,
            Actor::Unnamed if self.dialect == Dialect::Own => {
                return Err("this entry has no `process`, the number of a client (which `elle-json` files may leave out)".to_owned());
            }
            Actor::Unnamed => self.unnamed(event.kind)?,
        };
        let time = self.time(event.time)?;
        let Event { kind, function, key, value, node, recorded, commit, error, .. } = event;
        Ok(Some(Record {
            place,
            process,
            kind,
            function,
            key,
            value,
            time,
            node,
            event: recorded,
            commit,
            error,
        }))
    }

    /// The process of an entry that names none. They take turns as one process; results that no invocation
    /// comes before are of processes of their own, since nobody knows what came before what.
    fn unnamed(&mut self, kind: RecordKind) -> Result<u64, String> {
        if kind != RecordKind::Invoke && !self.unnamed_open {
            self.lone += 1;
            return Ok(LONE + self.lone);
        }
        let process = MADE_UP + self.made_up;
        if kind == RecordKind::Invoke && self.unnamed_open {
            let message = "a second operation is open and neither says whose it is: each entry needs a `process`";
            return Err(message.to_owned());
        }
        self.unnamed_open = kind == RecordKind::Invoke;
        // Nobody acts after an unknown outcome.
        self.made_up += u64::from(kind == RecordKind::Info);
        Ok(process)
    }

    fn time(&mut self, time: Option<u64>) -> Result<u64, String> {
        let is_timed = *self.is_timed.get_or_insert(time.is_some());
        let time = match time {
            Some(_) if !is_timed => {
                return Err(
                    "the entries before this one have no `time`: all of them have one or none"
                        .to_owned(),
                );
            }
            None if is_timed => {
                return Err("this entry has no `time`: all of them have one or none".to_owned());
            }
            Some(time) if self.dialect == Dialect::Jepsen => {
                time.max(self.last.filter(|&last| time < last).map_or(0, |last| last + 1))
            }
            Some(time) => time,
            None => self.last.map_or(0, |last| last + 1),
        };
        self.last = Some(time);
        Ok(time)
    }
}
