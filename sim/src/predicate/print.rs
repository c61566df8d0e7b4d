//! The canonical text of a predicate, which parses back to an equal one.

use std::fmt;

use super::expr::{Expr, Literal, Members, Path, Root, Sign, Step};
use super::lex::Quoted;
use super::parse::is_plain_name;
use super::pattern::{EventPattern, Who};
use super::{LEADER, Predicate};

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(event) = &self.event {
            write!(f, "{event}")?;
        }
        if let Some(expr) = &self.condition {
            let has_event = self.event.is_some();
            f.write_str(if has_event { " where " } else { "" })?;
            write!(f, "{}", Printed { expr, level: Level::Or, has_event, in_fold: false })?;
        }
        if self.occurrence != 1 {
            write!(f, " #{}", self.occurrence)?;
        }
        Ok(())
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        if let Some(name) = &self.name {
            write!(f, " {}", Name(name))?;
        }
        for (word, who) in [("from", &self.from), ("to", &self.to)] {
            if let Some(who) = who {
                write!(f, " {word} {who}")?;
            }
        }
        match &self.on {
            None => Ok(()),
            Some(who) if self.kind.is_of_node() => write!(f, " {who}"),
            Some(who @ Who::Client(_)) => write!(f, " by {who}"),
            Some(who) => write!(f, " on {who}"),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "{node}"),
            Self::Client(client) => write!(f, "{client}"),
            Self::Role(role) => write!(f, "{}", Name(role)),
            Self::ItemNode(item) => write!(f, "{}.node", Name(item)),
        }
    }
}

/// A name, in quotes where it would be taken for something else.
struct Name<'n>(&'n str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_name(self.0) { f.write_str(self.0) } else { write!(f, "{}", Quoted(self.0)) }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", Quoted(text)),
            Self::Id(letter, number) => write!(f, "{letter}{number}"),
            Self::Duration(duration) => write!(f, "{duration}"),
        }
    }
}

/// How tightly an expression holds together, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Term,
}

impl Level {
    fn of(expr: &Expr) -> Self {
        match expr {
            Expr::Or(_) => Self::Or,
            Expr::And(_) => Self::And,
            Expr::Not(_) => Self::Not,
            Expr::Compare(..) | Expr::In(..) => Self::Comparison,
            Expr::Sum(..) => Self::Sum,
            Expr::Literal(_) | Expr::Path(_) | Expr::Len(_) | Expr::Fold(..) => Self::Term,
        }
    }
}

/// An expression where one of `level` or tighter is expected.
#[derive(Clone, Copy)]
struct Printed<'e> {
    expr: &'e Expr,
    level: Level,
    has_event: bool,
    in_fold: bool,
}

impl<'e> Printed<'e> {
    fn inner(self, expr: &'e Expr, level: Level) -> Self {
        Self { expr, level, ..self }
    }

    fn joined(
        self,
        f: &mut fmt::Formatter<'_>,
        all: &'e [Expr],
        joint: &str,
        level: Level,
    ) -> fmt::Result {
        for (position, expr) in all.iter().enumerate() {
            f.write_str(if position == 0 { "" } else { joint })?;
            write!(f, "{}", self.inner(expr, level))?;
        }
        Ok(())
    }

    fn path(self, path: &'e Path) -> PrintedPath<'e> {
        PrintedPath { path, is_of_event: self.has_event, in_fold: self.in_fold }
    }

    fn open(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expr {
            Expr::Literal(literal) => write!(f, "{literal}"),
            Expr::Path(path) => write!(f, "{}", self.path(path)),
            Expr::Len(path) => write!(f, "len({})", self.path(path)),
            Expr::Not(inner) => write!(f, "not {}", self.inner(inner, Level::Not)),
            Expr::And(all) => self.joined(f, all, " and ", Level::Not),
            Expr::Or(all) => self.joined(f, all, " or ", Level::And),
            Expr::Compare(left, comparison, right) => {
                let (left, right) = (self.inner(left, Level::Sum), self.inner(right, Level::Sum));
                write!(f, "{left} {} {right}", comparison.symbol())
            }
            Expr::In(value, members) => {
                write!(f, "{} in ", self.inner(value, Level::Sum))?;
                match members {
                    Members::Of(path) => write!(f, "{}", self.path(path)),
                    Members::Listed(literals) => {
                        let literals: Vec<_> = literals.iter().map(Literal::to_string).collect();
                        write!(f, "[{}]", literals.join(", "))
                    }
                }
            }
            Expr::Sum(first, rest) => {
                write!(f, "{}", self.inner(first, Level::Term))?;
                rest.iter().try_for_each(|(sign, expr)| {
                    let sign = if *sign == Sign::Plus { '+' } else { '-' };
                    write!(f, " {sign} {}", self.inner(expr, Level::Term))
                })
            }
            Expr::Fold(fold, inner) => {
                let level = if fold.takes_condition() { Level::Or } else { Level::Sum };
                let inner = Self { in_fold: true, ..self.inner(inner, level) };
                write!(f, "{}({inner})", fold.word())
            }
        }
    }
}

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.level <= Level::of(self.expr) {
            return self.open(f);
        }
        f.write_str("(")?;
        self.open(f)?;
        f.write_str(")")
    }
}

struct PrintedPath<'p> {
    path: &'p Path,
    is_of_event: bool,
    in_fold: bool,
}

impl PrintedPath<'_> {
    /// Whether the first step may stand alone, because the place implies the root.
    fn implies_root(&self) -> bool {
        let is_implied = match self.path.root {
            Root::Payload => !self.in_fold,
            Root::Each => self.in_fold,
            Root::Node(_)
            | Root::From
            | Root::To
            | Root::At
            | Root::Client
            | Root::Name
            | Root::Time => false,
        };
        match self.path.steps.first() {
            Some(Step::Field(name)) => is_implied && is_plain_name(name) && name != LEADER,
            Some(Step::Index(_)) | None => false,
        }
    }

    /// Whether the root may stand without `node(..)` around it.
    fn is_plain(&self, who: &Who) -> bool {
        let is_at_head = !self.is_of_event && !self.in_fold;
        match (who, self.path.steps.first()) {
            (Who::Role(role), _) if role == LEADER => true,
            (Who::Node(_), first) => first.is_some(),
            (Who::Role(role), Some(Step::Field(field))) => {
                is_at_head && is_plain_name(role) && field != "node"
            }
            (Who::ItemNode(item), _) => is_at_head && is_plain_name(item) && item != LEADER,
            (Who::Role(_) | Who::Client(_), _) => false,
        }
    }

    fn root(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path.root {
            Root::Payload => f.write_str("payload"),
            Root::Each => f.write_str("self"),
            Root::Node(who) if self.is_plain(who) => write!(f, "{who}"),
            Root::Node(who) => write!(f, "node({who})"),
            Root::From => f.write_str("from"),
            Root::To => f.write_str("to"),
            Root::At => f.write_str("node"),
            Root::Client => f.write_str("client"),
            Root::Name => f.write_str("name"),
            Root::Time => f.write_str("time"),
        }
    }
}

impl fmt::Display for PrintedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let implies_root = self.implies_root();
        if !implies_root {
            self.root(f)?;
        }
        for (position, step) in self.path.steps.iter().enumerate() {
            match step {
                Step::Field(name) if implies_root && position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(literal) => write!(f, "[{literal}]")?,
            }
        }
        Ok(())
    }
}
