//! A state as a tree of lines, and what changed in it.

use orrery_sim::Value;

use crate::ui::signs::Signs;
use crate::ui::text::Line;
use crate::ui::theme::Tone;

use super::words::short_value;

/// Of a longer list only the last so many items are shown.
const ITEMS: usize = 100;
/// Deeper than this a value is shown in one line.
const DEPTH: usize = 8;

/// What a value is compared with.
#[derive(Clone, Copy)]
enum Earlier<'a> {
    /// Nothing is known.
    Unknown,
    /// It was not there.
    Absent,
    /// It was this.
    Was(&'a Value),
}

impl<'a> Earlier<'a> {
    const fn of(known: Option<&'a Value>) -> Self {
        match known {
            Some(value) => Self::Was(value),
            None => Self::Absent,
        }
    }
}

/// One thing that changed: where, what it was, what it is; `None` where it was or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where, such as `log[3]`.
    pub path: String,
    /// What it was.
    pub was: Option<Value>,
    /// What it is.
    pub is: Option<Value>,
}

/// What changed from `before` to `after`, as deep in the tree as both have the same shape.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if !is_same_shape(before, after) {
        let (was, is) = (Some(before.clone()), Some(after.clone()));
        return found.push(Change { path: path.into(), was, is });
    }
    let (old, new) = (children(before), children(after));
    for (label, value) in &new {
        let path = join(path, label);
        match old.iter().find(|(other, _)| other == label) {
            Some((_, earlier)) => compare(&path, earlier, value, found),
            None => found.push(Change { path, was: None, is: Some((*value).clone()) }),
        }
    }
    for (label, value) in
        old.iter().filter(|(label, _)| !new.iter().any(|(other, _)| other == label))
    {
        found.push(Change { path: join(path, label), was: Some((*value).clone()), is: None });
    }
}

/// Whether two values have children that can be compared one by one.
fn is_same_shape(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::List(_), Value::List(_))
        | (Value::Map(_), Value::Map(_))
        | (Value::Struct(..), Value::Struct(..)) => true,
        (Value::Variant(old, a), Value::Variant(new, b)) => old == new && is_same_shape(a, b),
        _ => false,
    }
}

/// The parts of a value with their labels.
fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::List(items) => {
            items.iter().enumerate().map(|(place, item)| (format!("[{place}]"), item)).collect()
        }
        Value::Map(pairs) => pairs.iter().map(|(key, item)| (key.to_string(), item)).collect(),
        Value::Struct(_, fields) => {
            fields.iter().map(|(name, item)| ((*name).to_owned(), item)).collect()
        }
        Value::Variant(_, inner) => children(inner),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Id(..) => Vec::new(),
    }
}

fn join(path: &str, label: &str) -> String {
    if path.is_empty() || label.starts_with('[') {
        format!("{path}{label}")
    } else {
        format!("{path}.{label}")
    }
}

/// `change` as a line: `voted_for: none → n4`.
pub fn change_line(change: &Change, width: usize, signs: &Signs) -> Line {
    let room = (width.saturating_sub(change.path.len() + 8) / 2).max(8);
    let show = |value: &Option<Value>| {
        value.as_ref().map(|value| short_value(value, room, signs.ellipsis))
    };
    let line = Line::of(Tone::Plain, "  ");
    // Of a variant that became another one the names say most.
    let kinds = |value: &Option<Value>| value.as_ref().and_then(Value::kind).map(str::to_owned);
    let texts = match (kinds(&change.was), kinds(&change.is)) {
        (Some(was), Some(is)) if was != is => (Some(was), Some(is)),
        _ => (show(&change.was), show(&change.is)),
    };
    match texts {
        (Some(was), Some(is)) => line
            .then(Tone::Changed, change.path.clone())
            .then(Tone::Faint, format!(" {was} {} ", signs.to))
            .then(Tone::Plain, is),
        (None, Some(is)) => line
            .then(Tone::Changed, format!("+ {}", change.path))
            .then(Tone::Plain, format!(" {is}")),
        (Some(was), None) => line
            .then(Tone::Changed, format!("- {}", change.path))
            .then(Tone::Faint, format!(" {was}")),
        (None, None) => line,
    }
}

/// The whole of `value` as lines of at most `width` cells. What differs from `before` is marked `~`, what is
/// new `+`.
pub fn lines(value: &Value, before: Option<&Value>, width: usize, signs: &Signs) -> Vec<Line> {
    let mut out = Vec::new();
    let earlier = before.map_or(Earlier::Unknown, Earlier::Was);
    let parts = children(value);
    if parts.is_empty() {
        grow("", value, earlier, 0, (width, signs), &mut out);
    } else {
        grow_children(value, earlier, 0, (width, signs), &mut out);
    }
    out
}

fn grow(
    label: &str,
    value: &Value,
    earlier: Earlier<'_>,
    depth: usize,
    (width, signs): (usize, &Signs),
    out: &mut Vec<Line>,
) {
    let (sign, tone) = match earlier {
        Earlier::Was(was) if was != value => ("~ ", Tone::Changed),
        Earlier::Absent => ("+ ", Tone::Changed),
        Earlier::Was(_) | Earlier::Unknown => ("  ", Tone::Plain),
    };
    let head = format!("{}{label}", "  ".repeat(depth));
    let room = width.saturating_sub(head.chars().count() + 3);
    // One cell more than there is room for, so that a value that just fits is told from one that does not.
    let text = short_value(value, room + 1, signs.ellipsis);
    let fits = text.chars().count() <= room;
    let line = Line::of(tone_of_sign(tone), sign).then(Tone::Faint, head);
    if fits || children(value).is_empty() || DEPTH <= depth {
        return out.push(line.then(Tone::Plain, " ").then(tone, text));
    }
    let name = value.kind().map_or_else(|| count_words(value), str::to_owned);
    out.push(line.then(Tone::Plain, " ").then(tone, name));
    grow_children(value, earlier, depth + 1, (width, signs), out);
}

fn grow_children(
    value: &Value,
    earlier: Earlier<'_>,
    depth: usize,
    space: (usize, &Signs),
    out: &mut Vec<Line>,
) {
    let parts = children(value);
    let old = if let Earlier::Was(was) = earlier { children(was) } else { Vec::new() };
    let skipped = match value {
        Value::List(items) => items.len().saturating_sub(ITEMS),
        _ => 0,
    };
    if 0 < skipped {
        let text = format!("{}({skipped} earlier ones not shown)", "  ".repeat(depth + 1));
        out.push(Line::of(Tone::Faint, text));
    }
    for (label, part) in parts.into_iter().skip(skipped) {
        let earlier = match earlier {
            Earlier::Unknown => Earlier::Unknown,
            Earlier::Absent => Earlier::Absent,
            Earlier::Was(_) => {
                Earlier::of(old.iter().find(|(other, _)| *other == label).map(|(_, part)| *part))
            }
        };
        grow(&label, part, earlier, depth, space, out);
    }
}

/// The sign before a line is never underlined, only what changed is.
const fn tone_of_sign(tone: Tone) -> Tone {
    if matches!(tone, Tone::Changed) { Tone::Role } else { tone }
}

fn count_words(value: &Value) -> String {
    match value.len() {
        Some(1) => String::from("(1)"),
        Some(count) => format!("({count})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Theme, ThemeName};

    fn state(vote: Value, log: Vec<i128>) -> Value {
        let log = Value::List(log.into_iter().map(Value::Int).collect());
        Value::Struct("Raft", vec![("vote", vote), ("log", log)])
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| line.pieces().iter().map(|(_, text)| text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn changes_are_found_where_they_are() {
        let (before, after) = (state(Value::Null, vec![1, 2]), state(Value::Int(4), vec![1, 3, 5]));
        let found = changes(&before, &after);
        let paths: Vec<&str> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["vote", "log[1]", "log[2]"]);
        assert_eq!(found[2].was, None);
        let signs = &Theme::new(ThemeName::Mono, false).signs;
        assert_eq!(texts(&[change_line(&found[0], 40, signs)]), ["  vote none → 4"]);
        assert_eq!(changes(&after, &before)[2].is, None);
    }

    #[test]
    fn a_tree_opens_what_does_not_fit_and_marks_what_changed() {
        let signs = &Theme::new(ThemeName::Mono, false).signs;
        let before = state(Value::Null, vec![1, 2]);
        let after = state(Value::Null, vec![1, 2, 3]);
        assert_eq!(
            texts(&lines(&after, Some(&before), 40, signs)),
            ["  vote none", "~ log [1, 2, 3]"]
        );
        let narrow = lines(&after, Some(&before), 12, signs);
        assert_eq!(
            texts(&narrow),
            ["  vote none", "~ log (3)", "    [0] 1", "    [1] 2", "+   [2] 3"]
        );
        assert_eq!(texts(&lines(&Value::Null, None, 12, signs)), ["   none"]);
        let long = state(Value::Null, vec![7; 300]);
        assert_eq!(lines(&long, None, 40, signs).len(), 1 + 1 + 1 + ITEMS);
    }
}
