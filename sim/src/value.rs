//! Any [`Data`](crate::Data) as a tree: what the debugger shows, predicates read and recordings keep.

use std::fmt;

use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, Serializer};

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
        match data.serialize(TreeSerializer) {
            Ok(value) => value,
            Err(error) => Self::Text(error.0),
        }
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

/// Why a value has no tree.
#[derive(Debug)]
struct TreeError(String);

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TreeError {}

impl ser::Error for TreeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct TreeSerializer;

/// A list, map or struct that is being built, and what to wrap it in.
struct Building {
    name: &'static str,
    variant: Option<&'static str>,
    items: Vec<Value>,
    pairs: Vec<(Value, Value)>,
    fields: Vec<(&'static str, Value)>,
    key: Option<Value>,
}

impl Building {
    fn new(name: &'static str, variant: Option<&'static str>) -> Self {
        Self { name, variant, items: vec![], pairs: vec![], fields: vec![], key: None }
    }

    fn wrap(variant: Option<&'static str>, value: Value) -> Value {
        match variant {
            Some(name) => Value::Variant(name, Box::new(value)),
            None => value,
        }
    }
}

/// Methods of [`TreeSerializer`] for one integer type each.
macro_rules! integers {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, number: $type) -> Result<Value, TreeError> {
            Ok(Value::Int(i128::from(number)))
        })*
    };
}

impl Serializer for TreeSerializer {
    type Ok = Value;
    type Error = TreeError;
    type SerializeSeq = Building;
    type SerializeTuple = Building;
    type SerializeTupleStruct = Building;
    type SerializeTupleVariant = Building;
    type SerializeMap = Building;
    type SerializeStruct = Building;
    type SerializeStructVariant = Building;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_i128: i128,
    }

    fn serialize_u128(self, number: u128) -> Result<Value, TreeError> {
        Ok(i128::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int))
    }
    fn serialize_bool(self, truth: bool) -> Result<Value, TreeError> {
        Ok(Value::Bool(truth))
    }
    fn serialize_f32(self, number: f32) -> Result<Value, TreeError> {
        Ok(Value::Text(number.to_string()))
    }
    fn serialize_f64(self, number: f64) -> Result<Value, TreeError> {
        Ok(Value::Text(number.to_string()))
    }
    fn serialize_char(self, letter: char) -> Result<Value, TreeError> {
        Ok(Value::Text(letter.to_string()))
    }
    fn serialize_str(self, text: &str) -> Result<Value, TreeError> {
        Ok(Value::Text(text.to_string()))
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, TreeError> {
        Ok(Value::List(bytes.iter().map(|byte| Value::Int(i128::from(*byte))).collect()))
    }
    fn serialize_none(self) -> Result<Value, TreeError> {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, inner: &T) -> Result<Value, TreeError> {
        inner.serialize(Self)
    }
    fn serialize_unit(self) -> Result<Value, TreeError> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<Value, TreeError> {
        Ok(Value::Variant(name, Box::new(Value::Null)))
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, TreeError> {
        Ok(Value::Variant(variant, Box::new(Value::Null)))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        inner: &T,
    ) -> Result<Value, TreeError> {
        Ok(match inner.serialize(Self)? {
            Value::Int(number) => Value::Id(name, number),
            other => other,
        })
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        inner: &T,
    ) -> Result<Value, TreeError> {
        Ok(Value::Variant(variant, Box::new(inner.serialize(Self)?)))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Building, TreeError> {
        Ok(Building::new("", None))
    }
    fn serialize_tuple(self, _: usize) -> Result<Building, TreeError> {
        Ok(Building::new("", None))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Building, TreeError> {
        Ok(Building::new("", None))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Building, TreeError> {
        Ok(Building::new("", Some(variant)))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Building, TreeError> {
        Ok(Building::new("", None))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Building, TreeError> {
        Ok(Building::new(name, None))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Building, TreeError> {
        Ok(Building::new(variant, Some(variant)))
    }
}

/// The four list-like builders of [`TreeSerializer`], which differ in the method's name only.
macro_rules! lists {
    ($($trait:ident::$method:ident),* $(,)?) => {
        $(impl ser::$trait for Building {
            type Ok = Value;
            type Error = TreeError;
            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), TreeError> {
                self.items.push(item.serialize(TreeSerializer)?);
                Ok(())
            }
            fn end(self) -> Result<Value, TreeError> {
                Ok(Self::wrap(self.variant, Value::List(self.items)))
            }
        })*
    };
}

lists! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

impl SerializeMap for Building {
    type Ok = Value;
    type Error = TreeError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), TreeError> {
        self.key = Some(key.serialize(TreeSerializer)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        let key = self.key.take().unwrap_or(Value::Null);
        self.pairs.push((key, value.serialize(TreeSerializer)?));
        Ok(())
    }
    fn end(self) -> Result<Value, TreeError> {
        Ok(Value::Map(self.pairs))
    }
}

/// The two struct-like builders of [`TreeSerializer`].
macro_rules! structs {
    ($($trait:ident),* $(,)?) => {
        $(impl ser::$trait for Building {
            type Ok = Value;
            type Error = TreeError;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), TreeError> {
                self.fields.push((key, value.serialize(TreeSerializer)?));
                Ok(())
            }
            fn end(self) -> Result<Value, TreeError> {
                Ok(Self::wrap(self.variant, Value::Struct(self.name, self.fields)))
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

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
}
