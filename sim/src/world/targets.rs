//! Whom an action means, at the moment of the action.

use crate::id::NodeId;
use crate::node::Node;
use crate::plan::{Action, Cut, Target};
use crate::random::Draw;

use super::World;
use super::shapes::{self, Pairs};

impl<N: Node> World<N> {
    /// Whether there is somebody to act on.
    pub(super) fn finds_target<O>(&self, action: &Action<O>) -> bool {
        if let Action::Restart(node) = action {
            return self.resolve_down(node).is_some();
        }
        action.targets().into_iter().all(|target| self.resolve(target).is_some())
    }

    /// The node that is meant; `None` where nobody has the role now.
    pub(super) fn resolve(&self, target: &Target) -> Option<NodeId> {
        match target {
            Target::Node(id) => Some(*id),
            Target::Role(role) => self.with_role(role),
            Target::Item(name) => self.plan.node_of(name),
        }
    }

    /// A restart is for a node that is down: a role cannot name one.
    pub(super) fn resolve_down(&self, target: &Target) -> Option<NodeId> {
        match target {
            Target::Role(_) => None,
            Target::Node(_) | Target::Item(_) => self.resolve(target),
        }
    }

    /// The node that is up, has `role` and is of the highest epoch; the lowest id on a tie.
    pub fn with_role(&self, role: &str) -> Option<NodeId> {
        let holders = self.up().filter(|(_, node)| node.role() == role);
        holders.max_by_key(|(id, node)| (node.epoch(), std::cmp::Reverse(*id))).map(|(id, _)| id)
    }

    pub(super) fn cut_node(&self, cut: &Cut) -> Option<NodeId> {
        match cut {
            Cut::Isolate(target) | Cut::Bridge(target) => self.resolve(target),
            Cut::Groups(_)
            | Cut::OneWay(..)
            | Cut::Between(..)
            | Cut::Halves
            | Cut::Minority
            | Cut::Ring => None,
        }
    }

    /// The directed pairs that a cut closes, in order; `None` where a role has nobody. A shape that draws does so from
    /// `draw`.
    pub(super) fn cut_pairs(&self, cut: &Cut, draw: &mut Draw<'_>) -> Option<Pairs> {
        let count = self.node_count();
        let resolve_all = |targets: &[Target]| -> Option<Vec<NodeId>> {
            targets.iter().map(|target| self.resolve(target)).collect()
        };
        let mut pairs = match cut {
            Cut::Isolate(target) => shapes::isolate(self.resolve(target)?, count),
            Cut::Bridge(target) => shapes::bridge(self.resolve(target)?, count, draw),
            Cut::Halves => shapes::halves(count, draw),
            Cut::Minority => shapes::minority(count, draw),
            Cut::Ring => shapes::ring(count, draw),
            Cut::OneWay(from, to) => shapes::one_way(&resolve_all(from)?, &resolve_all(to)?),
            Cut::Between(left, right) => shapes::between(&resolve_all(left)?, &resolve_all(right)?),
            Cut::Groups(groups) => {
                let groups: Option<Vec<_>> = groups.iter().map(|g| resolve_all(g)).collect();
                shapes::groups(&groups?, count)
            }
        };
        pairs.sort_unstable();
        Some(pairs)
    }
}
