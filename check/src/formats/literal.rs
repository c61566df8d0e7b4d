//! One value, as a person types it.

use super::edn::Edn;
use super::json::Json;
use super::notation::Notation;
use crate::record::Value;

/// The value that `text` is in JSON or EDN; else the text itself.
///
/// ```
/// use orrery_check::{formats::literal, record::Value};
///
/// assert_eq!(literal("0"), Value::Int(0));
/// assert_eq!(literal("nil"), Value::Nil);
/// assert_eq!(literal("{:x 0, :y 0}").field("y"), Some(&Value::Int(0)));
/// assert_eq!(literal("hello"), Value::Text("hello".to_owned()));
/// ```
pub fn literal(text: &str) -> Value {
    // The blank ends the last word, which nothing else does.
    let padded = format!("{} ", text.trim());
    let bytes = padded.as_bytes();
    match whole::<Json<'_>>(bytes).or_else(|| whole::<Edn<'_>>(bytes)) {
        Some(Value::Keyword(_)) if !text.starts_with(':') => Value::Text(text.to_owned()),
        Some(value) => value,
        None => Value::Text(text.to_owned()),
    }
}

/// The value that takes all of the text.
fn whole<'a, N: Notation<'a>>(bytes: &'a [u8]) -> Option<Value> {
    let mut notation = N::new(bytes);
    let value = notation.value().ok()?;
    (notation.at() == bytes.len()).then_some(value)
}
