//! A TOML document as a tree in which every value knows where it was written.

use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Place, Problem, Problems};

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub place: Place,
    pub value: Value,
    /// The expression that it was computed from, where it was.
    pub written: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(Text),
    Integer(i128),
    /// A decimal number as written: it is never a float.
    Decimal(String),
    Boolean(bool),
    List(Vec<Tree>),
    Table(Table),
}

/// A string, and where each of its bytes was written, as far as that is known.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub text: String,
    /// The place of each byte and of the end; empty where escapes or expressions hide it.
    places: Vec<usize>,
}

impl Text {
    pub(crate) const fn computed(text: String) -> Self {
        Self { text, places: Vec::new() }
    }

    /// A text that stands without quotes from byte `start` on.
    pub(crate) fn verbatim(text: &str, start: usize) -> Self {
        Self { text: text.into(), places: (start..=start + text.len()).collect() }
    }
}

/// The entries of a table, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(pub Vec<Entry>);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub value: Tree,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.0.iter_mut().find(|entry| entry.key == key)
    }

    pub(crate) fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|entry| entry.key.as_str()).collect()
    }
}

impl Tree {
    pub(crate) const fn new(place: Place, value: Value) -> Self {
        Self { place, value, written: None }
    }

    /// What kind of value it is, with its article.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "a whole number",
            Value::Decimal(_) => "a decimal number",
            Value::Boolean(_) => "a boolean",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    pub(crate) const fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// A problem with this value. Where it was computed, the label says from what.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        let problem = Problem::at(&self.place, message);
        match &self.written {
            None => problem,
            Some(_) => problem.label(format!("this is {} here", self.shown())),
        }
    }

    /// A problem with the bytes `span` of this string; with all of it where their place is not known.
    pub(crate) fn problem_in(&self, span: &Range<usize>, message: impl Into<String>) -> Problem {
        let mut problem = self.problem(message);
        let Value::Text(Text { places, .. }) = &self.value else { return problem };
        if let (Some(start), Some(end)) = (places.get(span.start), places.get(span.end)) {
            problem.place = Some(Place { span: *start..*end, ..self.place.clone() });
        }
        problem
    }

    /// The value in one line, as TOML.
    pub(crate) fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("`\"{}\"`", text.text),
            Value::Integer(number) => format!("`{number}`"),
            Value::Decimal(number) => format!("`{number}`"),
            Value::Boolean(flag) => format!("`{flag}`"),
            Value::List(_) | Value::Table(_) => String::from(self.kind()),
        }
    }

    /// The same value as JSON. A decimal becomes what JSON makes of its digits.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Text(text) => Json::from(text.text.as_str()),
            Value::Integer(number) => i64::try_from(*number).map_or_else(
                |_| {
                    u64::try_from(*number)
                        .map_or_else(|_| Json::from(number.to_string()), Json::from)
                },
                Json::from,
            ),
            Value::Decimal(number) => serde_json::from_str(number).unwrap_or(Json::Null),
            Value::Boolean(flag) => Json::from(*flag),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(Table(entries)) => Json::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
            ),
        }
    }
}

/// The tree of a whole file; problems with its syntax are reported as far as the parser recovers.
pub(crate) fn parse_document(
    text: &str,
    place: &dyn Fn(Range<usize>) -> Place,
    problems: &mut Problems,
) -> Tree {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        problems.push(syntax_problem(text, place, &error));
    }
    let mut convert = Convert { text, place, problems };
    let value = convert.table(table.get_ref());
    Tree::new(place(table.span()), value)
}

/// The tree of one value that stands at `offset` in `argument`; `None` where it is no TOML.
pub(crate) fn parse_value(
    value: &str,
    place: &dyn Fn(Range<usize>) -> Place,
    problems: &mut Problems,
) -> Option<Tree> {
    let parsed = DeValue::parse(value).ok()?;
    let mut convert = Convert { text: value, place, problems };
    Some(convert.tree(&parsed))
}

fn syntax_problem(
    text: &str,
    place: &dyn Fn(Range<usize>) -> Place,
    error: &toml::de::Error,
) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let message = error.message();
    let problem = Problem::at(&place(span), format!("this is not TOML: {message}"));
    let is_bare = message.contains("string values must be quoted");
    match message {
        _ if message.contains("duplicate key") => {
            problem.help("each key stands once in its table: remove one of the two")
        }
        _ if is_bare => {
            problem.help("texts, durations and node ids stand in quotes, as in \"150ms\"")
        }
        _ => problem,
    }
}

/// Turns the parser's tree into ours.
struct Convert<'a> {
    text: &'a str,
    place: &'a dyn Fn(Range<usize>) -> Place,
    problems: &'a mut Problems,
}

impl Convert<'_> {
    fn tree(&mut self, value: &Spanned<DeValue<'_>>) -> Tree {
        let place = (self.place)(value.span());
        let converted = match value.get_ref() {
            DeValue::String(text) => Value::Text(self.string(text, value.span())),
            DeValue::Integer(number) => self.integer(number, &place),
            DeValue::Float(number) => Value::Decimal(number.as_str().into()),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(date) => Value::Text(Text::computed(date.to_string())),
            DeValue::Array(items) => {
                Value::List(items.iter().map(|item| self.tree(item)).collect())
            }
            DeValue::Table(table) => self.table(table),
        };
        Tree::new(place, converted)
    }

    fn integer(&mut self, number: &toml::de::DeInteger<'_>, place: &Place) -> Value {
        let value = i128::from_str_radix(number.as_str(), number.radix());
        Value::Integer(value.unwrap_or_else(|_| {
            self.problems.push(Problem::at(place, format!("`{number}` is too large a number")));
            0
        }))
    }

    fn table(&mut self, table: &DeTable<'_>) -> Value {
        let entries = table.iter().map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_place: (self.place)(key.span()),
            value: self.tree(value),
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|entry| entry.key_place.span.start);
        Value::Table(Table(entries))
    }

    fn string(&self, text: &str, span: Range<usize>) -> Text {
        let raw = self.text.get(span.clone()).unwrap_or("");
        let places = byte_places(raw, text).unwrap_or_default();
        let places =
            places.into_iter().map(|at| (self.place)(span.start + at..span.start + at).span.start);
        Text { text: text.into(), places: places.collect() }
    }
}

/// Where in `raw`, a TOML string with its quotes, each byte of `text` stands, then its end; `None` for
/// escapes other than the one-letter ones.
fn byte_places(raw: &str, text: &str) -> Option<Vec<usize>> {
    let quote = raw.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let triple: String = [quote; 3].iter().collect();
    let width = if raw.starts_with(&triple) && 6 <= raw.len() { 3 } else { 1 };
    let mut at = width;
    if width == 3 {
        let rest = &raw[at..];
        at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let end = raw.len().checked_sub(width)?;
    let mut places = Vec::with_capacity(text.len() + 1);
    for byte in text.bytes() {
        places.push(at);
        let written = *raw.as_bytes().get(at)?;
        let is_escape = quote == '"' && written == b'\\';
        let letter = if is_escape { *raw.as_bytes().get(at + 1)? } else { written };
        let meant = match (is_escape, letter) {
            (true, b'n') => b'\n',
            (true, b't') => b'\t',
            (_, letter) => letter,
        };
        if meant != byte {
            return None;
        }
        at += 1 + usize::from(is_escape);
    }
    places.push(at);
    (at == end).then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_simple_escapes_only() {
        assert_eq!(byte_places(r#""ab""#, "ab"), Some(vec![1, 2, 3]));
        assert_eq!(byte_places(r#""a\"b""#, "a\"b"), Some(vec![1, 2, 4, 5]));
        assert_eq!(byte_places("'''\nab'''", "ab"), Some(vec![4, 5, 6]));
        assert_eq!(byte_places("\"\\u0061\"", "a"), None);
        assert_eq!(byte_places("\"\"", ""), Some(vec![1]));
    }

    #[test]
    fn entries_keep_the_order_of_the_file() {
        let mut problems = Problems::default();
        let tree = parse_document("b = 1\na = 0.10\n", &Place::in_file, &mut problems);
        assert!(problems.is_empty());
        assert_eq!(tree.as_table().unwrap().keys(), ["b", "a"]);
        assert_eq!(tree.as_table().unwrap().0[1].value.shown(), "`0.10`");
    }
}
