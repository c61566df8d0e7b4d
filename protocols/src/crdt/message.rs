//! What clients ask, what replicas send, wait for and report.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use orrery_sim::OperationId;

use super::dot::{Dot, ReplicaId, Versions};
use super::state::State;

/// What a client asks. In a scenario: `{ Add = { element = "x" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Of a counter: adds a number, or takes it away if it is negative.
    Increment {
        /// How much.
        by: i64,
    },
    /// Of a set.
    Add {
        /// What.
        element: String,
    },
    /// Of a set: nothing happens where it is not there.
    Remove {
        /// What.
        element: String,
    },
    /// Of a register.
    Write {
        /// What.
        value: String,
    },
    /// Of a sequence: a letter behind so many others, or behind all.
    Insert {
        /// How many are before it.
        at: u32,
        /// Which.
        letter: char,
    },
    /// Of a sequence: the letter at a place, if there is one.
    Delete {
        /// How many are before it.
        at: u32,
    },
    /// Of all types.
    Read,
}

/// What a reader sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Value {
    /// Of a counter.
    Number(i64),
    /// Of a set; what was written to a register, more than one value if writes were concurrent.
    Elements(Vec<String>),
    /// Of a sequence.
    Text(String),
}

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// The update is here, and on its way.
    Done,
    /// What is read.
    Value(Value),
}

/// The name of an element of a sequence: by Lamport's clock, so that it is above all that its author had seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ElementId {
    /// One more than the highest that its author had seen.
    pub clock: u64,
    /// Who.
    pub replica: ReplicaId,
}

impl fmt::Debug for ElementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}@{:?}", self.clock, self.replica))
    }
}

/// As it prints.
impl Serialize for ElementId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

/// An update as its replica has prepared it: what others need to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Update {
    /// A counter's.
    Count {
        /// How much more.
        by: i64,
    },
    /// A set's.
    Add {
        /// What.
        element: String,
    },
    /// A set's.
    Remove {
        /// What.
        element: String,
        /// The additions of it that the replica has observed.
        dots: Vec<Dot>,
    },
    /// A register's.
    Write {
        /// When, in ticks.
        time: u64,
        /// What.
        value: String,
    },
    /// A sequence's.
    Insert {
        /// The new element.
        id: ElementId,
        /// Behind which; the beginning where absent.
        after: Option<ElementId>,
        /// What it is.
        letter: char,
    },
    /// A sequence's.
    Delete {
        /// Which element.
        id: ElementId,
    },
}

/// An update on its way to all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Op {
    /// Its name.
    pub dot: Dot,
    /// What it does.
    pub update: Update,
    /// What its replica knew before it: what it may depend on.
    pub known: Versions,
}

/// In the order of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// The whole state, or the part of it that is new.
    State {
        /// State or delta.
        state: State,
        /// The updates in it.
        known: Versions,
        /// Who sends it.
        sender: ReplicaId,
        /// Of deltas: up to which of the sender's the receiver has everything then.
        through: u64,
        /// Of deltas: who has acknowledged everything before; nobody if it is the whole state.
        base: Option<ReplicaId>,
    },
    /// To the sender of deltas: they are here.
    Ack {
        /// Who has them.
        replica: ReplicaId,
        /// Who sent them.
        of: ReplicaId,
        /// Up to which; nothing if the receiver is another than the one who acknowledged what was before.
        through: Option<u64>,
    },
    /// To all: updates.
    Ops {
        /// Which.
        ops: Vec<Op>,
    },
    /// What I have: send me what I lack.
    Known {
        /// The updates that the sender has.
        known: Versions,
    },
}

/// What a replica waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Time to send to another.
    Gossip,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A client's update happens here.
    Updated {
        /// Which operation.
        operation: OperationId,
        /// The update's name.
        dot: Dot,
        /// What it does.
        update: Update,
        /// What the replica knew before it.
        known: Versions,
    },
    /// A replica knows more than before.
    Merged {
        /// What it shows now.
        value: Value,
    },
}
