//! Operations of two sorts: those of clients, and those of whoever runs the servers.

use std::sync::Arc;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};

use orrery_sim::client::Generator;

use super::Operation;

/// What may be asked of a protocol that is administered while it runs: something of the store, or something of the protocol
/// itself, such as another set of servers. Both are written in the same way: `{ Get = { key = "x" } }`,
/// `{ AddServer = { server = "n4" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Administered<A> {
    /// For the store.
    Store(Operation),
    /// For the protocol.
    Administrative(A),
}

/// The names of what may be asked of a protocol itself: the variants of the type, as they are written.
pub trait Administration {
    /// All of them.
    const NAMES: &'static [&'static str];
}

impl<'de, A: Administration + DeserializeOwned> Deserialize<'de> for Administered<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let name = value.as_object().and_then(|object| object.keys().next()).map(String::as_str);
        let is_administrative = name.is_some_and(|name| A::NAMES.contains(&name));
        if is_administrative {
            return A::deserialize(value).map(Self::Administrative).map_err(Error::custom);
        }
        Operation::deserialize(value).map(Self::Store).map_err(|error| {
            let names = A::NAMES.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            Error::custom(format!("{error}; or, for an administrator, {}", names.join(", ")))
        })
    }
}

impl<A> From<Operation> for Administered<A> {
    fn from(operation: Operation) -> Self {
        Self::Store(operation)
    }
}

/// Clients that ask the store alone.
pub fn of_the_store<A: 'static>(generator: Generator<Operation>) -> Generator<Administered<A>> {
    Arc::new(move |client, number, draw| generator(client, number, draw).map(Administered::Store))
}

#[cfg(test)]
mod tests {
    use orrery_sim::NodeId;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    enum Change {
        AddServer { server: NodeId },
    }

    impl Administration for Change {
        const NAMES: &'static [&'static str] = &["AddServer"];
    }

    #[test]
    fn both_sorts_are_written_alike() {
        let read = |text: &str| serde_json::from_str::<Administered<Change>>(text);
        let add = read(r#"{ "AddServer": { "server": "n4" } }"#).unwrap();
        assert_eq!(add, Administered::Administrative(Change::AddServer { server: NodeId(4) }));
        let get = read(r#"{ "Get": { "key": "x" } }"#).unwrap();
        assert_eq!(get, Administered::Store(Operation::Get { key: "x".into() }));
        assert_eq!(serde_json::to_string(&get).unwrap(), r#"{"Get":{"key":"x"}}"#);
        let wrong = read(r#"{ "AddNode": { "server": "n4" } }"#).unwrap_err().to_string();
        assert!(wrong.contains("`Append`") && wrong.contains("`AddServer`"), "{wrong}");
        assert!(read(r#"{ "AddServer": { "node": "n4" } }"#).is_err());
    }
}
