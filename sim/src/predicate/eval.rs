//! Whether a predicate holds of an event or of the world.

use std::cell::OnceCell;

use super::datum::{Datum, compare, has_member, number_of, walk};
use super::expr::{Expr, Fold, Members, NodeField, Path, Root, Sign};
use super::pattern::{EventKind, EventPattern, Who};
use super::{LEADER, Predicate};
use crate::id::{ClientId, NodeId};
use crate::time::SimTime;
use crate::value::Value;

/// The world as predicates see it. A node that is down has neither state nor role.
pub trait Scope {
    /// The time since the start of the run.
    fn now(&self) -> SimTime;
    /// How many nodes there are, `n1` to `nN`. Nothing is asked of others.
    fn node_count(&self) -> u32;
    /// Whether the node is running or paused, as against crashed or not started.
    fn is_up(&self, node: NodeId) -> bool;
    /// The node's word for what it is; empty if it is down.
    fn role(&self, node: NodeId) -> &str;
    /// The tree of the node's state. Asked at most once per node and evaluation, and only if the
    /// predicate comes to read a field of it.
    fn state(&self, node: NodeId) -> Option<Value>;
    /// The live node with this role and the highest term, the lowest id on a tie.
    fn node_with_role(&self, role: &str) -> Option<NodeId>;
    /// The node that the plan item `name` hit, once it did.
    fn item_node(&self, name: &str) -> Option<NodeId>;
}

/// One thing that happened. An event of the queue may be several: a delivery, its sends and its notes.
#[derive(Clone, Copy)]
pub struct EventFacts<'a> {
    /// What happened.
    pub kind: EventKind,
    /// The kind of message, note, timer or operation; empty where there is none.
    pub name: &'a str,
    /// The sender.
    pub from: Option<NodeId>,
    /// The receiver.
    pub to: Option<NodeId>,
    /// The links that it is about, where those are several: `from` and `to` match if one of them does.
    pub links: &'a [(NodeId, NodeId)],
    /// The node at which it happened: the sender of a `send`, the receiver of a `deliver`.
    pub node: Option<NodeId>,
    /// The client whose operation it is.
    pub client: Option<ClientId>,
    /// Builds the tree of the message, note, timer, operation or output. Called at most once per
    /// evaluation, and only if the pattern matches and the condition comes to read it.
    pub payload: Option<&'a dyn Fn() -> Value>,
    /// What the node was before the event, where it is a crash.
    pub former: Option<Former<'a>>,
}

/// What a node was before it crashed: by then it has neither role nor state.
#[derive(Clone, Copy)]
pub struct Former<'a> {
    /// Its word for what it was.
    pub role: &'a str,
    /// Whether it was the one that the role's name stood for.
    pub had_role: bool,
    /// Builds the tree of its state. Called only if a condition comes to read it.
    pub state: &'a dyn Fn() -> Value,
}

impl<'a> EventFacts<'a> {
    /// An event of this kind and name, of which nothing else is known.
    pub fn new(kind: EventKind, name: &'a str) -> Self {
        Self {
            kind,
            name,
            from: None,
            to: None,
            links: &[],
            node: None,
            client: None,
            payload: None,
            former: None,
        }
    }
}

impl Predicate {
    /// Whether it names an event and `facts` are one. Occurrences are the caller's to count, or
    /// [`Occurrences`]'s.
    pub fn matches_event(&self, facts: &EventFacts<'_>, scope: &dyn Scope) -> bool {
        let Some(event) = &self.event else { return false };
        let fits = event.fits(facts, scope);
        fits && self.condition.as_ref().is_none_or(|condition| {
            let evaluation = Evaluation::new(scope, Some(facts));
            evaluation.is_true(condition, None)
        })
    }

    /// Whether it names no event and its condition is true now.
    pub fn holds(&self, scope: &dyn Scope) -> bool {
        match (&self.event, &self.condition) {
            (None, Some(condition)) => Evaluation::new(scope, None).is_true(condition, None),
            (None | Some(_), None) | (Some(_), Some(_)) => false,
        }
    }
}

/// Counts the matches of one predicate towards its `#K`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    seen: u32,
    held: bool,
}

impl Occurrences {
    /// How many there were so far.
    pub const fn seen(self) -> u32 {
        self.seen
    }

    /// Whether `facts` are the match that the predicate means. False for a condition alone.
    pub fn after_fact(
        &mut self,
        predicate: &Predicate,
        facts: &EventFacts<'_>,
        scope: &dyn Scope,
    ) -> bool {
        predicate.matches_event(facts, scope) && self.count(predicate)
    }

    /// Whether the condition just became true for the time that the predicate means. To be asked after
    /// each event; false if the predicate names an event.
    pub fn after_event(&mut self, predicate: &Predicate, scope: &dyn Scope) -> bool {
        let held = std::mem::replace(&mut self.held, predicate.holds(scope));
        self.held && !held && self.count(predicate)
    }

    fn count(&mut self, predicate: &Predicate) -> bool {
        self.seen = self.seen.saturating_add(1);
        self.seen == predicate.occurrence
    }
}

impl EventPattern {
    /// Whether it is such an event. Cheapest question first: most events are none.
    fn fits(&self, facts: &EventFacts<'_>, scope: &dyn Scope) -> bool {
        self.kind == facts.kind
            && self.name.as_ref().is_none_or(|name| name == facts.name)
            && self.has_link(facts, scope)
            && self.on.as_ref().is_none_or(|who| who.is(facts.node, facts.client, facts, scope))
    }

    /// Whether it is about the link that is meant.
    fn has_link(&self, facts: &EventFacts<'_>, scope: &dyn Scope) -> bool {
        let is = |who: &Option<Who>, node| {
            who.as_ref().is_none_or(|who| who.is(node, None, facts, scope))
        };
        if facts.links.is_empty() {
            return is(&self.from, facts.from) && is(&self.to, facts.to);
        }
        facts.links.iter().any(|(from, to)| is(&self.from, Some(*from)) && is(&self.to, Some(*to)))
    }
}

impl Who {
    /// Whether `node` or `client` is meant.
    fn is(
        &self,
        node: Option<NodeId>,
        client: Option<ClientId>,
        facts: &EventFacts<'_>,
        scope: &dyn Scope,
    ) -> bool {
        match self {
            Self::Client(own) => client == Some(*own),
            Self::Role(role) if role != LEADER => {
                let node = node.filter(|node| is_in_run(*node, scope));
                node.is_some_and(|node| role_of(node, Some(facts), scope) == role)
            }
            Self::Node(_) | Self::Role(_) | Self::ItemNode(_) => {
                node.is_some() && node == self.node(Some(facts), scope)
            }
        }
    }

    /// The one node that is meant, if there is one now.
    fn node(&self, facts: Option<&EventFacts<'_>>, scope: &dyn Scope) -> Option<NodeId> {
        match self {
            Self::Node(node) => Some(*node),
            Self::Client(_) => None,
            Self::Role(role) => {
                let fallen = facts.filter(|facts| {
                    facts.former.is_some_and(|former| former.had_role && former.role == role)
                });
                fallen.map_or_else(|| scope.node_with_role(role), |facts| facts.node)
            }
            Self::ItemNode(item) => scope.item_node(item),
        }
    }
}

/// The role of a node, or the one that it had before the event.
fn role_of<'s>(node: NodeId, facts: Option<&'s EventFacts<'_>>, scope: &'s dyn Scope) -> &'s str {
    former(node, facts).map_or_else(|| scope.role(node), |former| former.role)
}

/// What `node` was before the event, if the event is its crash.
fn former<'f>(node: NodeId, facts: Option<&'f EventFacts<'_>>) -> Option<Former<'f>> {
    facts.filter(|facts| facts.node == Some(node)).and_then(|facts| facts.former)
}

fn is_in_run(node: NodeId, scope: &dyn Scope) -> bool {
    (1..=scope.node_count()).contains(&node.0)
}

/// One evaluation, which builds each tree once, when it is first read.
struct Evaluation<'e> {
    scope: &'e dyn Scope,
    facts: Option<&'e EventFacts<'e>>,
    payload: OnceCell<Option<Value>>,
    states: OnceCell<Vec<OnceCell<Option<Value>>>>,
}

impl<'e> Evaluation<'e> {
    fn new(scope: &'e dyn Scope, facts: Option<&'e EventFacts<'e>>) -> Self {
        Self { scope, facts, payload: OnceCell::new(), states: OnceCell::new() }
    }

    /// Whether `expr` is true, asked of the node `each` where it stands in a fold.
    fn is_true(&self, expr: &Expr, each: Option<NodeId>) -> bool {
        match expr {
            Expr::Not(inner) => !self.is_true(inner, each),
            Expr::And(all) => all.iter().all(|expr| self.is_true(expr, each)),
            Expr::Or(all) => all.iter().any(|expr| self.is_true(expr, each)),
            Expr::Compare(left, comparison, right) => {
                compare(self.datum(left, each), *comparison, self.datum(right, each))
            }
            Expr::In(value, members) => self.is_member(self.datum(value, each), members, each),
            Expr::Fold(Fold::Any, inner) => self.live().any(|node| self.is_true(inner, Some(node))),
            Expr::Fold(Fold::All, inner) => {
                self.live().next().is_some()
                    && self.live().all(|node| self.is_true(inner, Some(node)))
            }
            Expr::Fold(Fold::Count | Fold::Max | Fold::Min, _)
            | Expr::Literal(_)
            | Expr::Path(_)
            | Expr::Len(_)
            | Expr::Sum(..) => matches!(self.datum(expr, each), Datum::Bool(true)),
        }
    }

    fn datum<'s>(&'s self, expr: &'s Expr, each: Option<NodeId>) -> Datum<'s> {
        match expr {
            Expr::Literal(literal) => Datum::of_literal(literal),
            Expr::Path(path) => self.follow(path, each),
            Expr::Len(path) => match self.follow(path, each) {
                Datum::Text(text) => number_of(Some(text.chars().count())),
                Datum::Tree(tree) => number_of(tree.len()),
                _ => Datum::Missing,
            },
            Expr::Sum(first, rest) => self.sum(first, rest, each),
            Expr::Fold(Fold::Count, inner) => {
                number_of(Some(self.live().filter(|node| self.is_true(inner, Some(*node))).count()))
            }
            Expr::Fold(fold @ (Fold::Max | Fold::Min), inner) => {
                let all =
                    self.live().filter_map(|node| self.datum(inner, Some(node)).number(false));
                let best = if *fold == Fold::Max { all.max() } else { all.min() };
                best.map_or(Datum::Missing, Datum::Number)
            }
            Expr::Fold(Fold::Any | Fold::All, _)
            | Expr::Not(_)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Compare(..)
            | Expr::In(..) => Datum::Bool(self.is_true(expr, each)),
        }
    }

    fn sum(&self, first: &Expr, rest: &[(Sign, Expr)], each: Option<NodeId>) -> Datum<'_> {
        let first = self.datum(first, each);
        let Some(mut total) = first.number(false) else { return Datum::Missing };
        let mut is_duration = first.is_duration();
        for (sign, expr) in rest {
            let next = self.datum(expr, each);
            let Some(number) = next.number(false) else { return Datum::Missing };
            is_duration |= next.is_duration();
            total = match sign {
                Sign::Plus => total.saturating_add(number),
                Sign::Minus => total.saturating_sub(number),
            };
        }
        if is_duration { Datum::Duration(total) } else { Datum::Number(total) }
    }

    fn is_member(&self, value: Datum<'_>, members: &Members, each: Option<NodeId>) -> bool {
        if matches!(value, Datum::Missing) {
            return false;
        }
        match members {
            Members::Listed(all) => all.iter().any(|one| value.equals(Datum::of_literal(one))),
            Members::Of(path) => match self.follow(path, each) {
                Datum::Tree(tree) => has_member(tree, value),
                _ => false,
            },
        }
    }

    fn live(&self) -> impl Iterator<Item = NodeId> + '_ {
        NodeId::all(self.scope.node_count()).filter(|node| self.scope.is_up(*node))
    }

    /// Where `path` leads.
    fn follow<'s>(&'s self, path: &'s Path, each: Option<NodeId>) -> Datum<'s> {
        let node = match &path.root {
            Root::Payload => return walk(self.payload(), &path.steps),
            Root::Time => return Datum::Duration(i128::from(self.scope.now().as_nanos())),
            Root::Name => {
                return self.facts.map_or(Datum::Missing, |facts| Datum::Text(facts.name));
            }
            Root::Client => {
                let client = self.facts.and_then(|facts| facts.client);
                return client.map_or(Datum::Missing, |client| Datum::Number(client.0.into()));
            }
            Root::Each => each,
            Root::Node(who) => who.node(self.facts, self.scope),
            Root::From => self.facts.and_then(|facts| facts.from),
            Root::To => self.facts.and_then(|facts| facts.to),
            Root::At => self.facts.and_then(|facts| facts.node),
        };
        let Some(node) = node.filter(|node| is_in_run(*node, self.scope)) else {
            return Datum::Missing;
        };
        match path.node_field() {
            Some(NodeField::Role) => Datum::Text(role_of(node, self.facts, self.scope)),
            Some(NodeField::Up) => Datum::Bool(self.scope.is_up(node)),
            Some(NodeField::Id) => Datum::of_node(Some(node)),
            None if path.steps.is_empty() => Datum::of_node(Some(node)),
            None => walk(self.state(node), &path.steps),
        }
    }

    fn payload(&self) -> Option<&Value> {
        let build = || self.facts.and_then(|facts| facts.payload).map(|build| build());
        self.payload.get_or_init(build).as_ref()
    }

    /// The state of a node that is in the run.
    fn state(&self, node: NodeId) -> Option<&Value> {
        let count = self.scope.node_count();
        let states =
            self.states.get_or_init(|| NodeId::all(count).map(|_| OnceCell::new()).collect());
        let build = || match former(node, self.facts) {
            Some(former) => Some((former.state)()),
            None => self.scope.state(node),
        };
        states.get(node.index())?.get_or_init(build).as_ref()
    }
}
