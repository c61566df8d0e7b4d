//! Any [`Data`](crate::Data) as a tree: what the debugger shows, predicates read and recordings keep.

mod tree;

use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use tree::TreeSerializer;

/// A tree made from a serializable value. Unlike JSON it keeps the names of newtypes and variants, so
/// that `Term(3)` prints as `t3` and an enum keeps its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: `None`, `()`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of any width.
    Int(i128),
    /// A text.
    Text(String),
    /// An integer in a newtype, such as `Term(3)`.
    Id(&'static str, i128),
    /// A list, tuple or set.
    List(Vec<Value>),
    /// A map, in its own order.
    Map(Vec<(Value, Value)>),
    /// A struct: its name and fields.
    Struct(&'static str, Vec<(&'static str, Value)>),
    /// A variant of an enum: its name and what it holds (`Null`, one value, a `List` or a `Struct`).
    Variant(&'static str, Box<Value>),
}

impl Value {
    /// The tree of `data`. Floats become [`Value::Text`]; [`digest`](crate::digest) refuses them.
    pub fn of<T: Serialize + ?Sized>(data: &T) -> Self {
        Self::brief(data, usize::MAX)
    }

    /// The tree of `data` for people: of lists and maps of more than twice `most` elements, the first ones are left out
    /// and counted, so that at least `most` are there. How many are left out changes seldom as a list grows, so that
    /// the trees of two moments compare.
    pub fn brief<T: Serialize + ?Sized>(data: &T, most: usize) -> Self {
        match data.serialize(TreeSerializer { most }) {
            Ok(value) => value,
            Err(error) => Self::Text(error.0),
        }
    }

    /// How many of `len` elements [`Value::brief`] leaves out.
    pub const fn left_out(len: usize, most: usize) -> usize {
        if most.saturating_mul(2) < len { (len - most) / most * most } else { 0 }
    }

    /// What stands for so many elements that are left out: the first of a list, and what the first key of a map,
    /// `...`, leads to.
    pub fn ellipsis(left_out: usize) -> Self {
        Self::Text(format!("{left_out} more before these"))
    }

    /// The field `name` of a struct, of a variant with fields, or of a map with text keys. A variant with
    /// one unnamed value passes the question on to it.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(_, fields) => fields.iter().find(|(key, _)| *key == name).map(|(_, v)| v),
            Self::Variant(_, inner) => inner.field(name),
            Self::Map(pairs) => pairs.iter().find(|(key, _)| key.is_text(name)).map(|(_, v)| v),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Text(_)
            | Self::Id(..)
            | Self::List(_) => None,
        }
    }

    /// The number of elements of a list or map, or of characters of a text.
    pub fn len(&self) -> Option<usize> {
        match self {
            Self::List(items) => Some(items.len()),
            Self::Map(pairs) => Some(pairs.len()),
            Self::Text(text) => Some(text.chars().count()),
            Self::Variant(_, inner) => inner.len(),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Id(..) | Self::Struct(..) => None,
        }
    }

    /// Whether [`Value::len`] is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The number in an integer or an id.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(number) | Self::Id(_, number) => Some(*number),
            Self::Null
            | Self::Bool(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Struct(..)
            | Self::Variant(..) => None,
        }
    }

    /// The name of a variant, such as `AppendEntries`.
    pub fn kind(&self) -> Option<&'static str> {
        if let Self::Variant(name, _) = self { Some(name) } else { None }
    }

    fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if own == text)
    }
}

impl fmt::Display for Value {
    /// One line in the words of `Debug`: `AppendEntries { term: t2, entries: [] }`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("-"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
            Self::Id(name, number) => write!(f, "{}{number}", id_letter(name)),
            Self::List(items) => {
                f.write_str("[")?;
                separated(f, items.iter())?;
                f.write_str("]")
            }
            Self::Map(pairs) => {
                f.write_str("{")?;
                separated(f, pairs.iter().map(|(key, value)| format!("{key}: {value}")))?;
                f.write_str("}")
            }
            Self::Struct(name, fields) => {
                write!(f, "{name} {{ ")?;
                separated(f, fields.iter().map(|(key, value)| format!("{key}: {value}")))?;
                f.write_str(" }")
            }
            Self::Variant(name, inner) => match &**inner {
                Self::Null => f.write_str(name),
                Self::Struct(..) => write!(f, "{inner}"),
                Self::List(items) => {
                    write!(f, "{name}(")?;
                    separated(f, items.iter())?;
                    f.write_str(")")
                }
                Self::Bool(_)
                | Self::Int(_)
                | Self::Text(_)
                | Self::Id(..)
                | Self::Map(_)
                | Self::Variant(..) => write!(f, "{name}({inner})"),
            },
        }
    }
}

fn separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    for (position, item) in items.enumerate() {
        if 0 < position {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// How an id of this newtype prints: the first letter of its name, in lower case (`Term` gives `t`).
pub fn id_letter(name: &str) -> String {
    name.chars().take(1).flat_map(char::to_lowercase).collect()
}

impl Serialize for Value {
    /// As JSON shows it: ids as their text, a variant as a map from its name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => match i64::try_from(*number) {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.collect_str(number),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Id(..) => serializer.collect_str(self),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(&key.to_string(), value)?;
                }
                map.end()
            }
            Self::Struct(_, fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::Variant(name, inner) if **inner == Self::Null => serializer.serialize_str(name),
            Self::Variant(name, inner) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(name, inner)?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Term(u64);

    #[derive(Serialize)]
    enum Message {
        Vote { term: Term, granted: bool },
        Ping(u8),
        Stop,
    }

    #[test]
    fn a_tree_keeps_names_and_prints_in_one_line() {
        let vote = Value::of(&Message::Vote { term: Term(3), granted: true });
        assert_eq!(vote.to_string(), "Vote { term: t3, granted: true }");
        assert_eq!(vote.kind(), Some("Vote"));
        assert_eq!(vote.field("term").and_then(Value::as_int), Some(3));
        assert_eq!(Value::of(&Message::Ping(7)).to_string(), "Ping(7)");
        assert_eq!(Value::of(&Message::Stop).to_string(), "Stop");
        assert_eq!(Value::of(&(1, [2, 3])).to_string(), "[1, [2, 3]]");
        assert_eq!(Value::of(&[(1, 2)]).len(), Some(1));
    }

    #[test]
    fn a_brief_tree_leaves_out_the_first_elements_by_the_round_number() {
        let whole: Vec<u64> = (0..20).collect();
        assert_eq!(Value::brief(&whole, 10), Value::of(&whole));
        for len in [21, 25, 29] {
            let list: Vec<u64> = (0..len).collect();
            let Value::List(items) = Value::brief(&list, 10) else { panic!("a list") };
            assert_eq!(items[0], Value::Text(String::from("10 more before these")));
            assert_eq!(items[1..], list[10..].iter().map(Value::of).collect::<Vec<_>>()[..]);
        }
        let map: std::collections::BTreeMap<u64, bool> = (0..35).map(|key| (key, true)).collect();
        let Value::Map(pairs) = Value::brief(&map, 10) else { panic!("a map") };
        assert_eq!((pairs.len(), &pairs[1].0), (16, &Value::Int(20)));
    }
}
