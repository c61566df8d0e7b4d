//! A key-value store with client sessions: the state machine that the replicated logs of this crate
//! drive.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | what clients ask and get |
//! | [`administered`] | the same beside requests of an administrator |
//! | [`command`] | what a log carries: operations, and decisions about sessions |
//! | [`store`] | the state machine, which executes commands |
//! | [`service`] | how well its clients were served |
//! | `workload.rs` | what clients ask of their own accord |

pub mod administered;
pub mod command;
pub mod service;
pub mod store;
mod workload;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use administered::{Administered, Administration, of_the_store};
pub use command::{Command, Request};
pub use store::{Execution, Piece, Reply, Store};
pub use workload::generator;

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
    /// What an administrator asked for is so.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(file.operations[4], Operation::Append { key: "x".into(), value: "3".into() });
        let misspelt = r#"operations = [{ Put = { key = "x", values = "1" } }]"#;
        assert!(toml::from_str::<File>(misspelt).is_err());
    }
}
