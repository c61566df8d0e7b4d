//! A key-value store with client sessions: the state machine that the replicated logs of this crate
//! drive.
//!
//! **Source:** Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 6.3, for the
//! sessions: a client numbers its operations, the store keeps the number and output of the last one
//! that it applied for each client, and a retry that reaches the log twice takes effect once.
//! *Ours:* a client has one operation open at a time, so that one number and one output per client
//! are enough. *Left out:* the expiry of sessions; the table grows with the number of clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::random::Draw;
use orrery_sim::registration::Workload;
use orrery_sim::{ClientId, OperationId};

/// What a client asks. In a scenario: `{ Put = { key = "x", value = "1" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Sets the value. Output: `Written`.
    Put {
        /// What to set.
        key: String,
        /// The new value.
        value: String,
    },
    /// Reads the value. Output: `Value`.
    Get {
        /// What to read.
        key: String,
    },
    /// Sets the value if it is the expected one. Output: `Swapped`.
    Cas {
        /// What to set.
        key: String,
        /// The value to find there; without it, the key is expected to be absent.
        #[serde(default)]
        expected: Option<String>,
        /// The new value.
        new: String,
    },
    /// Adds text to the end of the value; an absent value counts as empty. Output: `Written`.
    Append {
        /// What to extend.
        key: String,
        /// The text to add.
        value: String,
    },
    /// Makes the key absent. Output: `Written`.
    Delete {
        /// What to remove.
        key: String,
    },
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// A put, append or delete was done.
    Written,
    /// A get found this; `None` if the key was absent.
    Value(Option<String>),
    /// Whether a compare-and-swap found what it expected, and so set the value.
    Swapped(bool),
}

/// What the store remembers of a client: enough to know its last operation when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Session {
    /// The number of the last operation that was applied.
    number: u64,
    /// What that one gave.
    output: Output,
}

/// The store and its sessions. Equal sequences of operations make equal stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Store {
    values: BTreeMap<String, String>,
    sessions: BTreeMap<ClientId, Session>,
}

impl Store {
    /// Applies `operation` unless it was applied before. Returns its output, the first time and
    /// again for a repetition; `None` for one whose client has since gone on to another, so that
    /// nobody waits for it.
    pub fn apply(&mut self, id: OperationId, operation: &Operation) -> Option<Output> {
        if self.has_passed(id) {
            return self.answer(id).cloned();
        }
        let output = self.outcome(operation);
        self.change(operation, &output);
        let session = Session { number: id.number, output: output.clone() };
        self.sessions.insert(id.client, session);
        Some(output)
    }

    /// The output of `id`, if it is the last operation that was applied for its client.
    pub fn answer(&self, id: OperationId) -> Option<&Output> {
        let session = self.sessions.get(&id.client)?;
        (session.number == id.number).then_some(&session.output)
    }

    /// Whether `id`, or a later operation of its client, was applied.
    fn has_passed(&self, id: OperationId) -> bool {
        self.sessions.get(&id.client).is_some_and(|session| id.number <= session.number)
    }

    /// What `operation` would give now.
    pub fn outcome(&self, operation: &Operation) -> Output {
        match operation {
            Operation::Put { .. } | Operation::Append { .. } | Operation::Delete { .. } => {
                Output::Written
            }
            Operation::Get { key } => Output::Value(self.values.get(key).cloned()),
            Operation::Cas { key, expected, .. } => {
                Output::Swapped(self.values.get(key) == expected.as_ref())
            }
        }
    }

    fn change(&mut self, operation: &Operation, output: &Output) {
        match operation {
            Operation::Put { key, value } => {
                self.values.insert(key.clone(), value.clone());
            }
            Operation::Cas { key, new, .. } => {
                if *output == Output::Swapped(true) {
                    self.values.insert(key.clone(), new.clone());
                }
            }
            Operation::Append { key, value } => {
                self.values.entry(key.clone()).or_default().push_str(value);
            }
            Operation::Delete { key } => {
                self.values.remove(key);
            }
            Operation::Get { .. } => {}
        }
    }
}

/// The kinds of operations that a workload may name.
const KINDS: [&str; 5] = ["put", "get", "cas", "append", "delete"];

/// Makes the clients' operations: `mix` names kinds, keys are `k1`, `k2` and so on, and every value
/// is written by one operation alone (`c1.7`), so that a checker can tell writes apart.
///
/// # Errors
/// Where the workload has no keys, no kinds, or kinds that the store does not know.
pub fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
    if let Some(kind) = workload.mix.keys().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(format!("the store knows no `{kind}`: there are {}", KINDS.join(", ")));
    }
    let weight = |kind: &str| workload.mix.get(kind).copied().unwrap_or(0);
    let weights: [u32; KINDS.len()] = KINDS.map(weight);
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if total == 0 {
        return Err(format!(
            "a mix needs a kind of weight above 0: there are {}",
            KINDS.join(", ")
        ));
    }
    let keys = u64::from(workload.keys);
    if keys == 0 {
        return Err(String::from("`keys` is 0: the operations need at least one key"));
    }
    Ok(Arc::new(move |client, number, draw| {
        let key = format!("k{}", draw.below(keys) + 1);
        let mut rest = draw.below(total);
        let drawn = KINDS.into_iter().zip(weights).find(|(_, weight)| {
            let is_it = rest < u64::from(*weight);
            rest = rest.saturating_sub(u64::from(*weight));
            is_it
        });
        drawn.map(|(kind, _)| operation(kind, key, (client, number), draw))
    }))
}

fn operation(
    kind: &str,
    key: String,
    (client, number): (ClientId, u64),
    draw: &mut Draw<'_>,
) -> Operation {
    let value = format!("{client}.{number}");
    match kind {
        "put" => Operation::Put { key, value },
        "get" => Operation::Get { key },
        "append" => Operation::Append { key, value: value + ";" },
        "delete" => Operation::Delete { key },
        // Expects what this client wrote a little earlier, or nothing: right often enough to swap
        // at times.
        "cas" => {
            let back = draw.below(3) + 1;
            let expected = number.checked_sub(back).filter(|earlier| 0 < *earlier);
            let expected = expected.map(|earlier| format!("{client}.{earlier}"));
            Operation::Cas { key, expected, new: value }
        }
        unknown => unreachable!("`{unknown}` was refused before the run"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(client: u32, number: u64) -> OperationId {
        OperationId { client: ClientId(client), number }
    }

    fn append(value: &str) -> Operation {
        Operation::Append { key: "x".into(), value: value.into() }
    }

    fn get(store: &Store) -> Output {
        store.outcome(&Operation::Get { key: "x".into() })
    }

    #[test]
    fn a_repeated_operation_takes_effect_once_and_gives_its_first_output() {
        let mut store = Store::default();
        let cas = Operation::Cas { key: "x".into(), expected: None, new: "1".into() };
        assert_eq!(store.apply(id(1, 1), &cas), Some(Output::Swapped(true)));
        assert_eq!(store.apply(id(1, 1), &cas), Some(Output::Swapped(true)));
        assert_eq!(store.apply(id(2, 1), &cas), Some(Output::Swapped(false)));
        assert_eq!(get(&store), Output::Value(Some("1".into())));
    }

    #[test]
    fn an_operation_that_its_client_has_left_behind_is_not_applied() {
        let mut store = Store::default();
        assert_eq!(store.apply(id(1, 2), &append("b")), Some(Output::Written));
        assert_eq!(store.apply(id(1, 1), &append("a")), None);
        assert_eq!(store.answer(id(1, 1)), None);
        assert_eq!(get(&store), Output::Value(Some("b".into())));
    }

    #[test]
    fn the_operations_do_what_they_say() {
        let mut store = Store::default();
        assert_eq!(get(&store), Output::Value(None));
        store.apply(id(1, 1), &append("a"));
        store.apply(id(1, 2), &append("b"));
        assert_eq!(get(&store), Output::Value(Some("ab".into())));
        store.apply(id(1, 3), &Operation::Delete { key: "x".into() });
        assert_eq!(get(&store), Output::Value(None));
    }

    #[test]
    fn operations_are_read_from_scenario_text() {
        #[derive(Deserialize)]
        struct File {
            operations: Vec<Operation>,
        }
        let text = r#"operations = [
            { Put = { key = "x", value = "1" } },
            { Get = { key = "x" } },
            { Cas = { key = "x", expected = "1", new = "2" } },
            { Cas = { key = "x", new = "2" } },
            { Append = { key = "x", value = "3" } },
            { Delete = { key = "x" } },
        ]"#;
        let file: File = toml::from_str(text).unwrap();
        assert_eq!(file.operations.len(), 6);
        assert_eq!(file.operations[4], append("3"));
        let misspelt = r#"operations = [{ Put = { key = "x", values = "1" } }]"#;
        assert!(toml::from_str::<File>(misspelt).is_err());
    }

    #[test]
    fn a_workload_must_name_what_the_store_knows() {
        let workload = |keys, kind: &str, weight| Workload {
            keys,
            mix: BTreeMap::from([(kind.to_owned(), weight)]),
        };
        assert!(generator(&workload(3, "put", 1)).is_ok());
        for (wrong, names) in [
            (workload(3, "push", 1), "push"),
            (workload(3, "put", 0), "weight"),
            (workload(0, "put", 1), "keys"),
        ] {
            let error = generator(&wrong).err().unwrap();
            assert!(error.contains(names), "{error}");
        }
    }
}
