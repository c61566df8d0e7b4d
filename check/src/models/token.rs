//! A value of a file, as models hold it.

use std::fmt;

use crate::record::Value;

/// A value that prints as it stands in its file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub Value);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<i64> for Token {
    fn from(number: i64) -> Self {
        Self(Value::Int(number))
    }
}

impl From<&Value> for Token {
    fn from(value: &Value) -> Self {
        Self(value.clone())
    }
}
