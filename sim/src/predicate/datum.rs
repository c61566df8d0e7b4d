//! What expressions amount to, and how that compares.

use std::cmp::Ordering;

use super::expr::{Comparison, Literal, Step};
use crate::id::NodeId;
use crate::time::Duration;
use crate::value::Value;

/// What an expression amounts to.
#[derive(Clone, Copy)]
pub(super) enum Datum<'v> {
    /// A field that does not exist, of a node that is down, or beyond the end of a list.
    Missing,
    Null,
    Bool(bool),
    Number(i128),
    /// In nanoseconds.
    Duration(i128),
    Text(&'v str),
    Tree(&'v Value),
}

impl<'v> Datum<'v> {
    pub(super) fn of_value(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) | Value::Id(_, number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text),
            Value::List(_) | Value::Map(_) | Value::Struct(..) | Value::Variant(..) => {
                Self::Tree(value)
            }
        }
    }

    pub(super) fn of_literal(literal: &'v Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(truth) => Self::Bool(*truth),
            Literal::Int(number) => Self::Number(*number),
            Literal::Text(text) => Self::Text(text),
            Literal::Id(_, number) => Self::Number(i128::from(*number)),
            Literal::Duration(duration) => Self::Duration(i128::from(duration.as_nanos())),
        }
    }

    pub(super) fn of_node(node: Option<NodeId>) -> Self {
        node.map_or(Self::Missing, |node| Self::Number(i128::from(node.0)))
    }

    /// A number, also that within a variant; a text only `as_duration`.
    pub(super) fn number(self, as_duration: bool) -> Option<i128> {
        match self {
            Self::Number(number) | Self::Duration(number) => Some(number),
            Self::Text(text) if as_duration => {
                text.parse().ok().map(|duration: Duration| i128::from(duration.as_nanos()))
            }
            Self::Tree(Value::Variant(_, inner)) => Self::of_value(inner).number(as_duration),
            Self::Missing | Self::Null | Self::Bool(_) | Self::Text(_) | Self::Tree(_) => None,
        }
    }

    pub(super) fn is_duration(self) -> bool {
        matches!(self, Self::Duration(_))
    }

    pub(super) fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Tree(left), Self::Tree(right)) => left == right,
            (Self::Tree(Value::Variant(name, inner)), scalar)
            | (scalar, Self::Tree(Value::Variant(name, inner))) => {
                matches!(scalar, Self::Text(text) if text == *name)
                    || (**inner != Value::Null && Self::of_value(inner).equals(scalar))
            }
            _ => self.compared(other) == Some(Ordering::Equal),
        }
    }

    /// Which one is larger, if they are of kinds that have an order.
    pub(super) fn compared(self, other: Self) -> Option<Ordering> {
        if let (Self::Text(left), Self::Text(right)) = (self, other) {
            return Some(left.cmp(right));
        }
        let as_duration = self.is_duration() || other.is_duration();
        Some(self.number(as_duration)?.cmp(&other.number(as_duration)?))
    }

    pub(super) fn contains(self, other: Self) -> bool {
        match (self, other) {
            (Self::Text(text), Self::Text(part)) => text.contains(part),
            (Self::Tree(tree), Self::Text(part)) => tree.to_string().contains(part),
            _ => false,
        }
    }
}

/// A count, if there is something to count.
pub(super) fn number_of(count: Option<usize>) -> Datum<'static> {
    count.and_then(|count| i128::try_from(count).ok()).map_or(Datum::Missing, Datum::Number)
}

/// Whether `left` stands to `right` as `comparison` says; what is missing stands to nothing.
pub(super) fn compare(left: Datum<'_>, comparison: Comparison, right: Datum<'_>) -> bool {
    if matches!(left, Datum::Missing) || matches!(right, Datum::Missing) {
        return false;
    }
    match comparison {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => !left.equals(right),
        Comparison::Less => left.compared(right).is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => left.compared(right).is_some_and(Ordering::is_le),
        Comparison::Greater => left.compared(right).is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => left.compared(right).is_some_and(Ordering::is_ge),
        Comparison::Contains => left.contains(right),
    }
}

/// Where `steps` lead from `start`.
pub(super) fn walk<'v>(start: Option<&'v Value>, steps: &[Step]) -> Datum<'v> {
    let end = start.and_then(|start| steps.iter().try_fold(start, step));
    end.map_or(Datum::Missing, Datum::of_value)
}

fn step<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match (value, step) {
        (Value::Variant(name, inner), Step::Field(field)) if name == field => Some(inner),
        (_, Step::Field(field)) => value.field(field),
        (Value::Variant(_, inner), Step::Index(_)) => self::step(inner, step),
        (Value::List(items), Step::Index(Literal::Int(position))) => {
            let from_start = if position.is_negative() {
                i128::try_from(items.len()).ok()?.checked_add(*position)?
            } else {
                *position
            };
            items.get(usize::try_from(from_start).ok()?)
        }
        (Value::Map(pairs), Step::Index(key)) => {
            let key = Datum::of_literal(key);
            pairs.iter().find(|(own, _)| Datum::of_value(own).equals(key)).map(|(_, value)| value)
        }
        (_, Step::Index(_)) => None,
    }
}

/// Whether `value` is an element of the list or a key of the map `tree`.
pub(super) fn has_member(tree: &Value, value: Datum<'_>) -> bool {
    match tree {
        Value::List(items) => items.iter().any(|item| Datum::of_value(item).equals(value)),
        Value::Map(pairs) => pairs.iter().any(|(key, _)| Datum::of_value(key).equals(value)),
        Value::Variant(_, inner) => has_member(inner, value),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::Id(..)
        | Value::Struct(..) => false,
    }
}
