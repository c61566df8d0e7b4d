//! One entry of a recorded history as its file has it: before any model says what it means.
//!
//! A format's reader yields [`Record`]s one by one, so that a file of any size is read in bounded
//! memory. A model's [`Vocabulary`](crate::vocabulary::Vocabulary) turns them into operations.

use std::fmt;

use thiserror::Error;

/// What stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `nil`, `null`, or nothing at all.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string.
    Text(String),
    /// A keyword or a symbol: `:read` has the name `read`.
    Keyword(String),
    /// A list, a vector, or a set in the order of the file.
    List(Vec<Value>),
    /// A map, in the order of the file.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// The name, if it is a keyword or a string.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Text(name) | Self::Keyword(name) => Some(name),
            Self::Nil | Self::Bool(_) | Self::Int(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> Option<&[Value]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// What the map has under this name; `None` if it is no map or has nothing there.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| key.name() == Some(name)).map(|(_, value)| value)
    }

    /// Whether it is nothing.
    pub fn is_nil(&self) -> bool {
        *self == Self::Nil
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for Value {
    /// As people write it: text without quotes, keywords without a colon, `nil` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Text(text) | Self::Keyword(text) => f.write_str(text),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, element) in list.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key} {value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A place in a file, both numbers from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What an entry says of its operation: the four kinds of [`crate::history`], payloads apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// The process asks.
    Invoke,
    /// It happened.
    Ok,
    /// It certainly did not happen.
    Fail,
    /// Nobody knows.
    Info,
}

impl RecordKind {
    /// As files spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Info => "info",
        }
    }
}

/// One entry of a recorded history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands in its file.
    pub place: Place,
    /// Who acts.
    pub process: u64,
    /// What it says.
    pub kind: RecordKind,
    /// The operation, such as `read` or `txn`; empty where the format has none.
    pub function: String,
    /// The key, where the format keeps it apart from the value.
    pub key: Option<Value>,
    /// Argument or answer.
    pub value: Value,
    /// Nanoseconds since the start of the run. Formats without times count their lines.
    pub time: u64,
    /// The node that was asked or that answered, where known.
    pub node: Option<u32>,
    /// The number of the event in a recording, where there is one.
    pub event: Option<u64>,
    /// Where the system itself put the operation in its commit order, where it says so: a revision,
    /// a log index.
    pub commit: Option<u64>,
    /// Why it failed or is unknown, where the file says so, such as `timed-out`.
    pub error: Option<String>,
}

/// Why a file cannot be judged: what is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {message}")]
pub struct ReadError {
    /// Where in the file.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl ReadError {
    /// An error at `place`.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

/// The records of a file, one by one. After an error nothing follows.
pub type Records<'a> = dyn Iterator<Item = Result<Record, ReadError>> + 'a;
