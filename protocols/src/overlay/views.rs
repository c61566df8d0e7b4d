//! The two views (HyParView, §4.1): who is a peer, and who could become one.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::NodeId;

/// Whom a node knows. Both views have a fixed greatest size; nobody is in two of them, and never the node itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Views {
    /// The active view: each peer, and the last of this node's periods of which it has given a sign of life.
    pub active: BTreeMap<NodeId, u64>,
    /// The passive view, in the order in which names came.
    pub passive: Vec<NodeId>,
    /// Peers that were silent, to be asked again some time.
    pub lost: Vec<NodeId>,
}

impl Views {
    /// Puts a name into the passive view. Where there is no room, one of `first_out` goes, or else the one at `place`.
    pub(super) fn remember(
        &mut self,
        own: NodeId,
        name: NodeId,
        size: u32,
        first_out: &[NodeId],
        place: u64,
    ) {
        let is_known = name == own
            || self.active.contains_key(&name)
            || self.passive.contains(&name)
            || self.lost.contains(&name);
        if is_known || size == 0 {
            return;
        }
        if size as usize <= self.passive.len() {
            let sent = self.passive.iter().position(|known| first_out.contains(known));
            let out = sent.unwrap_or(place as usize % self.passive.len());
            self.passive.remove(out);
        }
        self.passive.push(name);
    }

    /// Puts a peer into the active view.
    pub(super) fn activate(&mut self, peer: NodeId, round: u64) {
        self.forget(peer);
        self.active.insert(peer, round);
    }

    /// Remembers a silent one, in place of the one that has been lost for longest where there is no room.
    pub(super) fn lose(&mut self, name: NodeId, size: u32) {
        self.forget(name);
        if size as usize <= self.lost.len() && !self.lost.is_empty() {
            self.lost.remove(0);
        }
        self.lost.push(name);
    }

    /// Takes a name out of whichever view it is in.
    fn forget(&mut self, name: NodeId) {
        self.active.remove(&name);
        self.passive.retain(|known| *known != name);
        self.lost.retain(|known| *known != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u32]) -> Vec<NodeId> {
        numbers.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn who_is_full_forgets_first_what_it_just_gave_away() {
        let mut views = Views { passive: ids(&[2, 3, 4]), ..Views::default() };
        views.remember(NodeId(1), NodeId(5), 3, &ids(&[3]), 0);
        assert_eq!(views.passive, ids(&[2, 4, 5]));
        views.remember(NodeId(1), NodeId(6), 3, &ids(&[3]), 4);
        assert_eq!(views.passive, ids(&[2, 5, 6]));
        views.remember(NodeId(1), NodeId(1), 3, &[], 0);
        views.remember(NodeId(1), NodeId(2), 3, &[], 0);
        assert_eq!(views.passive, ids(&[2, 5, 6]), "oneself and who is known stay out");
    }

    #[test]
    fn a_name_is_in_one_view() {
        let mut views = Views { passive: ids(&[2, 3]), ..Views::default() };
        views.activate(NodeId(2), 0);
        assert_eq!((views.active.len(), views.passive.clone()), (1, ids(&[3])));
        views.lose(NodeId(2), 1);
        views.lose(NodeId(3), 1);
        assert_eq!((views.active.len(), views.passive.len(), views.lost), (0, 0, ids(&[3])));
    }
}
