//! The small language of triggers, goals, notes, breakpoints, searches and filters.
//!
//! A predicate names an event, a state of the world, or an event that finds a certain state:
//!
//! ```text
//! note Elected #2
//! deliver AppendEntries to n3 where term = 2 and len(entries) > 0
//! crash leader
//! count(role = "leader") >= 2
//! n3.commit_index >= 4 and leader.term > 2 and time < 3s
//! ```
//!
//! # Grammar
//!
//! ```text
//! predicate  = ( event [ "where" condition ] | condition ) [ "#" K ]
//! event      = KIND [ NAME ] { ( "from" | "to" | "on" | "by" ) who }
//!              after crash, restart and their like the bare word is the node: `crash n1`
//! who        = n3 | c1 | leader | ROLE | ITEM.node
//! condition  = condition "or" condition | condition "and" condition | "not" condition
//!            | sum ( = == != < <= > >= ~ ) sum | sum "in" "[" literal, .. "]" | sum "in" path
//!            | sum
//! sum        = term { ( "+" | "-" ) term }
//! term       = literal | path | "(" condition ")"
//!            | len(path) | count(condition) | any(condition) | all(condition) | max(sum) | min(sum)
//!            | up(node) | role(node) | node(who)
//! path       = root { .FIELD | [literal] }
//! literal    = 3 | -3 | "text" | 'text' | true | false | null | n3 | t2 | 150ms | 1.5s
//! ```
//!
//! `||`, `&&` and `!` are `or`, `and` and `not`. `~` asks whether a text (or the printed form of a
//! tree) contains a text. `#K` is the K-th match, or for a condition alone the K-th time that it
//! becomes true.
//!
//! # What a path starts from
//!
//! - `n3.term`, `leader.term`, `node(ROLE).term`, `node(ITEM.node).term`: the state of that node. In a
//!   predicate without event, outside of `count` and its like, `ROLE.term` and `ITEM.node.term` do too.
//! - In the condition of an event a bare word is a field of the payload. `from`, `to` and `node` are the
//!   nodes of the event (`to.commit_index` is a field of the receiver's state), `client`, `name` and
//!   `payload` the rest of it.
//! - Inside of `count`, `any`, `all`, `max` and `min` a bare word is a field of each live node in turn,
//!   and `self` that node.
//! - `time` is the time since the start of the run.
//!
//! Of a crash, the node's role and state are those that it had just before.
//!
//! A node has three fields that its state need not have: `role`, `up` and `id`. They hide fields of those
//! names, except where a further step follows: `role.Leader.next_index` is a field of the state. A
//! variant's name is a step into it if the value is that variant. `[3]` is a position in a list (`[-1]`
//! is the last) and `[n3]` or `["x"]` the key of a map.
//!
//! # Values
//!
//! Ids compare by their number, whatever their letter, with ids and integers; durations by their
//! nanoseconds, with texts such as `150ms` too; a variant with a text by its name. A field that does not
//! exist makes every comparison false, `!=` too; a field that is `None` equals `null` alone. Where types do
//! not fit, `!=` is true and all else false. `all` needs one live node, so that a dead cluster
//! reaches no goal.

mod condition;
mod datum;
mod eval;
mod expr;
mod lex;
mod parse;
mod path;
mod pattern;
mod print;
mod suggest;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::NodeId;

pub use eval::{EventFacts, Former, Occurrences, Scope};
pub use expr::{Comparison, Expr, Fold, Literal, Members, Path, Root, Sign, Step};
pub use pattern::{EventKind, EventPattern, Who};

/// The role whose name stands for one node: the live one with that role and the highest term.
pub const LEADER: &str = "leader";

/// A parsed predicate. Two are equal that mean the same, however they were written; `Display` writes
/// a text that parses back to an equal one.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// The event it waits for; `None` for a condition on the state of the world.
    pub event: Option<EventPattern>,
    /// What must hold, of the event or of the world. A predicate without event has one.
    pub condition: Option<Expr>,
    /// Which match is meant, from 1.
    pub occurrence: u32,
    text: String,
    fields: Vec<FieldUse>,
    names: Vec<NameUse>,
}

impl Predicate {
    /// The text that it was parsed from; the spans of [`FieldUse`] and [`NameUse`] lie in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields that it reads, in the order of the text, so that a caller can warn of those that do
    /// not exist. `role`, `up`, `id` and the words for an event are not among them.
    pub fn fields(&self) -> &[FieldUse] {
        &self.fields
    }

    /// The nodes, clients, roles and plan items that it mentions, in the order of the text, so that a
    /// scenario can refuse `n9` of five.
    pub fn names(&self) -> &[NameUse] {
        &self.names
    }

    /// The nodes that it mentions by id.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, Range<usize>)> + '_ {
        self.names.iter().filter_map(|name| match name.who {
            Who::Node(node) => Some((node, name.span.clone())),
            Who::Client(_) | Who::Role(_) | Who::ItemNode(_) => None,
        })
    }
}

impl PartialEq for Predicate {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event
            && self.condition == other.condition
            && self.occurrence == other.occurrence
    }
}

impl Eq for Predicate {}

impl FromStr for Predicate {
    type Err = PredicateError;

    fn from_str(text: &str) -> Result<Self, PredicateError> {
        Self::parse(text)
    }
}

impl Serialize for Predicate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Predicate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| {
            let help = error.help.map(|help| format!("; {help}")).unwrap_or_default();
            de::Error::custom(format_args!("{}{help}", error.message))
        })
    }
}

impl JsonSchema for Predicate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Predicate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An event, a condition on the world, or both.",
            "examples": [
                "note Elected #2",
                "deliver AppendEntries to n3 where term = 2 and len(entries) > 0",
                "count(role = \"leader\") >= 2",
            ],
        })
    }
}

/// A field that a predicate reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldUse {
    /// Whose field it is.
    pub place: Place,
    /// The first step, which a caller can look up: `entries` of `entries[0].term`.
    pub name: String,
    /// The bytes of the whole path in the text.
    pub span: Range<usize>,
}

/// Whose field a predicate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The payload's of the event.
    Payload,
    /// A node's state's.
    State,
}

/// A node, client, role or plan item that a predicate mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameUse {
    /// Who is meant.
    pub who: Who,
    /// The bytes of the mention in the text.
    pub span: Range<usize>,
}

/// Why a text is no predicate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PredicateError {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The bytes of the text that are at fault; empty at its end.
    pub span: Range<usize>,
}

impl PredicateError {
    fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), help: None, span }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}
