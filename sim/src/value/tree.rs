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

pub(super) struct TreeSerializer;

/// A list, map or struct that is being built, and what to wrap it in.
pub(super) struct Building {
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
