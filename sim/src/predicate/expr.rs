//! The tree of a condition.

use super::Who;
use crate::time::Duration;

/// A condition, or a value that a condition compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A constant.
    Literal(Literal),
    /// What a path leads to, if anything.
    Path(Path),
    /// The number of elements or characters at the end of a path.
    Len(Path),
    /// True unless its operand is.
    Not(Box<Expr>),
    /// True if all operands are; at least two.
    And(Vec<Expr>),
    /// True if one operand is; at least two.
    Or(Vec<Expr>),
    /// Two values, compared.
    Compare(Box<Expr>, Comparison, Box<Expr>),
    /// Whether a value is one of several.
    In(Box<Expr>, Members),
    /// The first value, then at least one that is added or taken away. Saturates.
    Sum(Box<Expr>, Vec<(Sign, Expr)>),
    /// One value made from what each live node gives.
    Fold(Fold, Box<Expr>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `~`: the left one's text contains the right one's.
    Contains,
}

impl Comparison {
    /// How it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "~",
        }
    }
}

/// Whether a value is added or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// What the live nodes are asked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Of how many the condition holds.
    Count,
    /// Whether it holds of one.
    Any,
    /// Whether it holds of all, of which there is one at least.
    All,
    /// The largest number.
    Max,
    /// The smallest number.
    Min,
}

impl Fold {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Count, Self::Any, Self::All, Self::Max, Self::Min];

    /// The name of the function.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Any => "any",
            Self::All => "all",
            Self::Max => "max",
            Self::Min => "min",
        }
    }

    /// Whether it asks for a condition rather than for a number.
    pub(super) const fn takes_condition(self) -> bool {
        matches!(self, Self::Count | Self::Any | Self::All)
    }
}

/// What a value may be one of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Constants: `in [2, 3]`.
    Listed(Vec<Literal>),
    /// The elements of a list or the keys of a map: `in votes`.
    Of(Path),
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `None`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A text.
    Text(String),
    /// The letter and number of an id, such as `n3`.
    Id(char, u64),
    /// A span of time.
    Duration(Duration),
}

/// A way into the world or into an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// Where it goes from there.
    pub steps: Vec<Step>,
}

/// Where a path starts. One that starts at a node and takes no step is that node's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// What the event carries: a message, note, timer, operation or output.
    Payload,
    /// The node that the surrounding [`Fold`] asks.
    Each,
    /// A node by name; never [`Who::Client`].
    Node(Who),
    /// The sender.
    From,
    /// The receiver.
    To,
    /// The node at which the event happens.
    At,
    /// The client whose operation it is.
    Client,
    /// The name of the message, note, timer or operation.
    Name,
    /// The time since the start of the run.
    Time,
}

impl Root {
    /// Whether it is a node, which has a state.
    pub const fn is_node(&self) -> bool {
        match self {
            Self::Each | Self::Node(_) | Self::From | Self::To | Self::At => true,
            Self::Payload | Self::Client | Self::Name | Self::Time => false,
        }
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A field, or the variant of this name. An identifier.
    Field(String),
    /// A position in a list, from 0 or back from -1, or the key of a map.
    Index(Literal),
}

/// A field that each node has, whatever its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeField {
    Role,
    Up,
    Id,
}

impl Path {
    /// The field that every node has, if the path leads to one.
    pub(super) fn node_field(&self) -> Option<NodeField> {
        let [Step::Field(name)] = &self.steps[..] else { return None };
        match name.as_str() {
            "role" if self.root.is_node() => Some(NodeField::Role),
            "up" if self.root.is_node() => Some(NodeField::Up),
            "id" if self.root.is_node() => Some(NodeField::Id),
            _ => None,
        }
    }

    /// The name, if the path is a bare word that stands for a field.
    pub(super) fn bare_word(&self) -> Option<&str> {
        match (&self.root, &self.steps[..]) {
            (Root::Payload | Root::Each, [Step::Field(name)]) => Some(name),
            (Root::Node(Who::Role(role)), []) => Some(role),
            _ => None,
        }
    }

    /// Whether it can lead to a truth value.
    fn may_be_truth(&self) -> bool {
        match self.node_field() {
            Some(NodeField::Up) => true,
            Some(NodeField::Role | NodeField::Id) => false,
            None => !self.steps.is_empty() || self.root == Root::Payload,
        }
    }
}

impl Expr {
    /// Whether it can be true, as against a number, a text or a node.
    pub(super) fn may_be_truth(&self) -> bool {
        match self {
            Self::Not(_) | Self::And(_) | Self::Or(_) | Self::Compare(..) | Self::In(..) => true,
            Self::Literal(literal) => matches!(literal, Literal::Bool(_)),
            Self::Path(path) => path.may_be_truth(),
            Self::Len(_) | Self::Sum(..) => false,
            Self::Fold(fold, _) => matches!(fold, Fold::Any | Fold::All),
        }
    }
}
