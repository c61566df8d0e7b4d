//! Whom an action means, at the moment of the action.

use crate::id::NodeId;
use crate::node::Node;
use crate::plan::{Action, Cut, Target};

use super::World;

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

    /// The directed pairs that a cut closes, in order; `None` where a role has nobody.
    pub(super) fn cut_pairs(&self, cut: &Cut) -> Option<Vec<(NodeId, NodeId)>> {
        let all = || NodeId::all(self.node_count());
        let resolve_all = |targets: &[Target]| -> Option<Vec<NodeId>> {
            targets.iter().map(|target| self.resolve(target)).collect()
        };
        let mut pairs = Vec::new();
        match cut {
            Cut::Isolate(target) => {
                let alone = self.resolve(target)?;
                for other in all().filter(|id| *id != alone) {
                    pairs.extend([(alone, other), (other, alone)]);
                }
            }
            Cut::Between(..) | Cut::Halves | Cut::Minority | Cut::Ring | Cut::Bridge(_) => {}
            Cut::OneWay(from, to) => {
                let (from, to) = (resolve_all(from)?, resolve_all(to)?);
                for from in from {
                    pairs.extend(to.iter().filter(|to| **to != from).map(|to| (from, *to)));
                }
            }
            Cut::Groups(groups) => {
                let groups: Option<Vec<_>> = groups.iter().map(|g| resolve_all(g)).collect();
                let groups = groups?;
                let group = |id: NodeId| groups.iter().position(|group| group.contains(&id));
                for from in all() {
                    pairs.extend(all().filter(|to| group(from) != group(*to)).map(|to| (from, to)));
                }
            }
        }
        pairs.sort_unstable();
        Some(pairs)
    }
}
