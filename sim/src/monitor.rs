//! Monitors: they judge while the run goes.

use std::fmt;

use serde::Serialize;

use crate::digest::Digest;
use crate::id::NodeId;
use crate::node::Node;
use crate::step::Step;
use crate::world::World;

/// A rule was broken: who, what, when, and which rule of which paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule's name, such as `Election Safety`.
    pub rule: &'static str,
    /// Where it is stated, such as `Raft, figure 3`.
    pub source: &'static str,
    /// The two facts that conflict, each with node, term, index and time.
    pub facts: Vec<String>,
    /// The nodes that are concerned.
    pub nodes: Vec<NodeId>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.rule, self.source, self.facts.join("; "))
    }
}

/// Judges a run event by event.
pub trait Monitor<N: Node>: MonitorState<N> + Send {
    /// The name of the rule that it watches, or of the family of rules.
    fn name(&self) -> &'static str;

    /// Looks at the world after `step`.
    ///
    /// # Errors
    /// Where a rule is broken.
    fn after(&mut self, step: &Step<N::Protocol>, world: &World<N>) -> Result<(), Violation>;

    /// Looks at the world at the end of the run.
    ///
    /// # Errors
    /// Where a rule is broken.
    fn finish(&mut self, _world: &World<N>) -> Result<(), Violation> {
        Ok(())
    }
}

/// What every monitor is beside its rule: copied with the world, and part of the explorer's state. Comes
/// with `Clone + Serialize`.
pub trait MonitorState<N: Node> {
    /// A copy that judges on by itself.
    fn copy(&self) -> Box<dyn Monitor<N>>;
    /// The digest of its memory.
    fn memory(&self) -> Digest;
}

impl<N: Node, M: Monitor<N> + Clone + Serialize + 'static> MonitorState<N> for M {
    fn copy(&self) -> Box<dyn Monitor<N>> {
        Box::new(self.clone())
    }

    fn memory(&self) -> Digest {
        Digest::of(self).unwrap_or_default()
    }
}

impl<N: Node> Clone for Box<dyn Monitor<N>> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

impl<N: Node> fmt::Debug for Box<dyn Monitor<N>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
