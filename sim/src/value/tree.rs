//! From serializable data to a tree.

use std::fmt;

use serde::ser::{self, Serialize, SerializeMap, Serializer};

use super::Value;

/// Why a value has no tree.
#[derive(Debug)]
pub(super) struct TreeError(pub(super) String);

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

/// Of long lists and maps, only the last elements are kept.
#[derive(Clone, Copy)]
pub(super) struct TreeSerializer {
    /// How many at least; those of up to twice as many are kept whole.
    pub(super) most: usize,
}

impl TreeSerializer {
    /// How many of `len` elements are left out.
    const fn skipped(self, len: Option<usize>) -> usize {
        match len {
            Some(len) => Value::left_out(len, self.most),
            None => 0,
        }
    }
}

/// A list, map or struct that is being built, and what to wrap it in.
pub(super) struct Building {
    serializer: TreeSerializer,
    /// How many elements are still to be left out, and how many are in all.
    skip: usize,
    skipped: usize,
    name: &'static str,
    variant: Option<&'static str>,
    items: Vec<Value>,
    pairs: Vec<(Value, Value)>,
    fields: Vec<(&'static str, Value)>,
    key: Option<Value>,
}

impl Building {
    const fn new(
        serializer: TreeSerializer,
        name: &'static str,
        variant: Option<&'static str>,
    ) -> Self {
        Self {
            serializer,
            skip: 0,
            skipped: 0,
            name,
            variant,
            items: vec![],
            pairs: vec![],
            fields: vec![],
            key: None,
        }
    }

    fn skipping(self, count: usize) -> Self {
        Self { skip: count, skipped: count, ..self }
    }

    /// Whether the next element is one of those that are left out.
    const fn skips(&mut self) -> bool {
        let is_skipped = 0 < self.skip;
        self.skip = self.skip.saturating_sub(1);
        is_skipped
    }

    /// What stands for the elements that are left out.
    fn ellipsis(&self) -> Option<Value> {
        (0 < self.skipped).then(|| Value::ellipsis(self.skipped))
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
        inner.serialize(self)
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
        Ok(match inner.serialize(self)? {
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
        Ok(Value::Variant(variant, Box::new(inner.serialize(self)?)))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<Building, TreeError> {
        Ok(Building::new(self, "", None).skipping(self.skipped(len)))
    }
    fn serialize_tuple(self, _: usize) -> Result<Building, TreeError> {
        Ok(Building::new(self, "", None))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Building, TreeError> {
        Ok(Building::new(self, "", None))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Building, TreeError> {
        Ok(Building::new(self, "", Some(variant)))
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Building, TreeError> {
        Ok(Building::new(self, "", None).skipping(self.skipped(len)))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Building, TreeError> {
        Ok(Building::new(self, name, None))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Building, TreeError> {
        Ok(Building::new(self, variant, Some(variant)))
    }
}

/// The four list-like builders of [`TreeSerializer`], which differ in the method's name only.
macro_rules! lists {
    ($($trait:ident::$method:ident),* $(,)?) => {
        $(impl ser::$trait for Building {
            type Ok = Value;
            type Error = TreeError;
            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), TreeError> {
                if !self.skips() {
                    self.items.push(item.serialize(self.serializer)?);
                }
                Ok(())
            }
            fn end(mut self) -> Result<Value, TreeError> {
                if let Some(ellipsis) = self.ellipsis() {
                    self.items.insert(0, ellipsis);
                }
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
        self.key = if self.skips() { None } else { Some(key.serialize(self.serializer)?) };
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TreeError> {
        if let Some(key) = self.key.take() {
            self.pairs.push((key, value.serialize(self.serializer)?));
        }
        Ok(())
    }
    fn end(mut self) -> Result<Value, TreeError> {
        if let Some(ellipsis) = self.ellipsis() {
            self.pairs.insert(0, (Value::Text(String::from("...")), ellipsis));
        }
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
                self.fields.push((key, value.serialize(self.serializer)?));
                Ok(())
            }
            fn end(self) -> Result<Value, TreeError> {
                Ok(Self::wrap(self.variant, Value::Struct(self.name, self.fields)))
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);
