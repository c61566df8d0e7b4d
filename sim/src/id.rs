//! Names of the things in a run. Ids print as `n1`, `c2`, `c2.7`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// Defines a newtype of an integer that prints as a letter and the number.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(pub $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($letter, "{}"), self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let number = text.strip_prefix($letter).and_then(|n| n.parse().ok());
                number.map(Self).ok_or_else(|| {
                    format!(concat!("`{}` is not of the form `", $letter, "1`"), text)
                })
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// From text (`"n1"`) or from the number that [`Serialize`] writes.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl de::Visitor<'_> for Either {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("an id of the form \"", $letter, "1\""))
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$name, E> {
                        number.try_into().map($name).map_err(E::custom)
                    }
                    fn visit_i64<E: de::Error>(self, number: i64) -> Result<$name, E> {
                        number.try_into().map($name).map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Either)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": concat!("^", $letter, "[1-9][0-9]*$") })
            }
        }
    };
}

id! {
    /// A node of the run, `n1` to `nN`. Never renumbered, whatever is added or removed.
    NodeId(u32), "n"
}
id! {
    /// A client of the engine, `c1` to `cN`: it issues one operation at a time.
    ClientId(u32), "c"
}
id! {
    /// A logical process of the history. A client whose operation ended unknown goes on under a
    /// new one, because the old one may still act.
    ProcessId(u32), "p"
}
/// A client's operation: the client and how many it had asked before, plus one. Retries keep the id, so that
/// a protocol can tell a second try from a second wish. Prints as `c1.7`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId {
    /// Who asks.
    pub client: ClientId,
    /// The number of the operation among the client's, from 1.
    pub number: u64,
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.client, self.number))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl NodeId {
    /// The position in an array of all nodes: 0 for `n1`, and far beyond all for the `n0` that is none.
    #[inline]
    pub const fn index(self) -> usize {
        (self.0 as usize).wrapping_sub(1)
    }

    /// The node at `index` of an array of all nodes.
    pub const fn from_index(index: usize) -> Self {
        Self(index as u32 + 1)
    }

    /// All nodes of a run of `count`.
    pub fn all(count: u32) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (1..=count).map(NodeId)
    }
}

impl ClientId {
    /// The position in an array of all clients: 0 for `c1`, and far beyond all for the `c0` that is none.
    pub const fn index(self) -> usize {
        (self.0 as usize).wrapping_sub(1)
    }
}
