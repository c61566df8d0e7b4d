//! What the engine asks of a message beyond its digest: its kind and its size on the wire.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// The kind of a message, timer or note: the name of its variant and its place in the enum. Data that is
/// no enum has the one kind with its type's name, or `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The place of the variant in its enum, from 0.
    pub index: u32,
    /// The variant's name.
    pub name: &'static str,
}

impl Kind {
    /// The kind of `data`.
    #[inline]
    pub fn of<T: Serialize + ?Sized>(data: &T) -> Self {
        data.serialize(Namer).unwrap_or(UNNAMED)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// The size of `data` in bytes, as a plain binary encoding would have it: integers at their width, 4 bytes for
/// a length, 1 for a variant or an option.
#[inline]
pub fn size_of<T: Serialize + ?Sized>(data: &T) -> u64 {
    let mut size = 0;
    // Counting cannot fail unless the data refuses to be serialized, which the digest reports.
    let _ = data.serialize(Counter(&mut size));
    size
}

const UNNAMED: Kind = Kind { index: 0, name: "value" };

/// The error type of serializers that do not fail by themselves.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data refused to be serialized")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Namer;

/// A compound whose parts do not matter to its kind.
struct Named(Kind);

/// Methods of [`Namer`] for data without a name.
macro_rules! unnamed {
    ($($method:ident($($type:ty),*)),* $(,)?) => {
        $(#[inline] fn $method(self, $(_: $type),*) -> Result<Kind, Refused> { Ok(UNNAMED) })*
    };
}

impl Serializer for Namer {
    type Ok = Kind;
    type Error = Refused;
    type SerializeSeq = Named;
    type SerializeTuple = Named;
    type SerializeTupleStruct = Named;
    type SerializeTupleVariant = Named;
    type SerializeMap = Named;
    type SerializeStruct = Named;
    type SerializeStructVariant = Named;

    unnamed! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32),
        serialize_i64(i64), serialize_u8(u8), serialize_u16(u16), serialize_u32(u32),
        serialize_u64(u64), serialize_f32(f32), serialize_f64(f64), serialize_char(char),
        serialize_str(&str), serialize_bytes(&[u8]), serialize_none(), serialize_unit(),
    }

    fn serialize_some<T: Serialize + ?Sized>(self, inner: &T) -> Result<Kind, Refused> {
        inner.serialize(self)
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<Kind, Refused> {
        Ok(Kind { index: 0, name })
    }
    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
    ) -> Result<Kind, Refused> {
        Ok(Kind { index, name })
    }
    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: &T,
    ) -> Result<Kind, Refused> {
        Ok(Kind { index: 0, name })
    }
    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: &T,
    ) -> Result<Kind, Refused> {
        Ok(Kind { index, name })
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Named, Refused> {
        Ok(Named(UNNAMED))
    }
    fn serialize_tuple(self, _: usize) -> Result<Named, Refused> {
        Ok(Named(UNNAMED))
    }
    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Named, Refused> {
        Ok(Named(Kind { index: 0, name }))
    }
    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Named, Refused> {
        Ok(Named(Kind { index, name }))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Named, Refused> {
        Ok(Named(UNNAMED))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Named, Refused> {
        Ok(Named(Kind { index: 0, name }))
    }
    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Named, Refused> {
        Ok(Named(Kind { index, name }))
    }
}

struct Counter<'a>(&'a mut u64);

/// Bytes of a length prefix.
const LENGTH: u64 = 4;
/// Bytes of a variant's or an option's tag.
const TAG: u64 = 1;

/// Methods of [`Counter`] for data of a fixed size.
macro_rules! sized {
    ($($method:ident($($type:ty),*): $bytes:expr),* $(,)?) => {
        $(#[inline] fn $method(self, $(_: $type),*) -> Result<(), Refused> { *self.0 += $bytes; Ok(()) })*
    };
}

impl Serializer for Counter<'_> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    sized! {
        serialize_bool(bool): 1, serialize_i8(i8): 1, serialize_i16(i16): 2, serialize_i32(i32): 4,
        serialize_i64(i64): 8, serialize_i128(i128): 16, serialize_u8(u8): 1, serialize_u16(u16): 2,
        serialize_u32(u32): 4, serialize_u64(u64): 8, serialize_u128(u128): 16, serialize_f32(f32): 4,
        serialize_f64(f64): 8, serialize_char(char): 4, serialize_none(): TAG, serialize_unit(): 0,
        serialize_unit_struct(&'static str): 0,
        serialize_unit_variant(&'static str, u32, &'static str): TAG,
    }

    fn is_human_readable(&self) -> bool {
        false
    }
    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        *self.0 += LENGTH + text.len() as u64;
        Ok(())
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        *self.0 += LENGTH + bytes.len() as u64;
        Ok(())
    }
    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, inner: &T) -> Result<(), Refused> {
        *self.0 += TAG;
        inner.serialize(self)
    }
    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        inner: &T,
    ) -> Result<(), Refused> {
        inner.serialize(self)
    }
    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        inner: &T,
    ) -> Result<(), Refused> {
        *self.0 += TAG;
        inner.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refused> {
        *self.0 += LENGTH;
        Ok(Self(self.0))
    }
    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }
    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }
    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        *self.0 += TAG;
        Ok(self)
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Self, Refused> {
        self.serialize_seq(len)
    }
    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }
    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        *self.0 += TAG;
        Ok(self)
    }
}

/// The list-like compounds of both serializers.
macro_rules! lists {
    ($($trait:ident::$method:ident),* $(,)?) => {
        $(
            impl ser::$trait for Named {
                type Ok = Kind;
                type Error = Refused;
                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refused> {
                    Ok(())
                }
                #[inline]
                fn end(self) -> Result<Kind, Refused> {
                    Ok(self.0)
                }
            }
            impl ser::$trait for Counter<'_> {
                type Ok = ();
                type Error = Refused;
                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Refused> {
                    part.serialize(Counter(self.0))
                }
                #[inline]
                fn end(self) -> Result<(), Refused> {
                    Ok(())
                }
            }
        )*
    };
}

lists! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

/// The struct-like compounds of both serializers.
macro_rules! structs {
    ($($trait:ident),* $(,)?) => {
        $(
            impl ser::$trait for Named {
                type Ok = Kind;
                type Error = Refused;
                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    _: &'static str,
                    _: &T,
                ) -> Result<(), Refused> {
                    Ok(())
                }
                #[inline]
                fn end(self) -> Result<Kind, Refused> {
                    Ok(self.0)
                }
            }
            impl ser::$trait for Counter<'_> {
                type Ok = ();
                type Error = Refused;
                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    _: &'static str,
                    part: &T,
                ) -> Result<(), Refused> {
                    part.serialize(Counter(self.0))
                }
                #[inline]
                fn end(self) -> Result<(), Refused> {
                    Ok(())
                }
            }
        )*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Named {
    type Ok = Kind;
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refused> {
        Ok(())
    }
    fn end(self) -> Result<Kind, Refused> {
        Ok(self.0)
    }
}

impl ser::SerializeMap for Counter<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(Counter(self.0))
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(Counter(self.0))
    }
    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    enum Message {
        Ping,
        Pong { round: u32, text: &'static str },
    }

    #[test]
    fn kinds_and_sizes() {
        let pong = Message::Pong { round: 1, text: "abc" };
        assert_eq!(Kind::of(&Message::Ping), Kind { index: 0, name: "Ping" });
        assert_eq!(Kind::of(&pong), Kind { index: 1, name: "Pong" });
        assert_eq!((size_of(&Message::Ping), size_of(&pong)), (1, 1 + 4 + 4 + 3));
    }
}
