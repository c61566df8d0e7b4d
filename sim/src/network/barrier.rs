//! Cuts and clogs in force: where messages do not arrive, or wait.

use crate::id::NodeId;

/// What happens to a message that arrives at a closed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// It is lost.
    Cut,
    /// It waits until the link is open.
    Clog,
}

/// Directed pairs that something closed.
#[derive(Clone, Debug)]
struct Active {
    number: u64,
    item: Option<usize>,
    barrier: Barrier,
    /// In order.
    pairs: Vec<(NodeId, NodeId)>,
    /// Whether it ever kept a message from arriving.
    was_effective: bool,
}

/// All cuts and clogs in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Barriers {
    active: Vec<Active>,
    made: u64,
    /// One bit per receiver for each sender of whom something is closed; empty rows are open.
    closed: Vec<Vec<u64>>,
}

impl Barriers {
    /// Whether a message from `from` reaches `to` now.
    #[inline]
    pub(crate) fn is_open(&self, from: NodeId, to: NodeId) -> bool {
        match self.closed.get(from.index()) {
            None => true,
            Some(row) => {
                let word = row.get(to.index() / 64).copied().unwrap_or(0);
                word >> (to.index() % 64) & 1 == 0
            }
        }
    }

    /// What stops a message from `from` to `to` now. It waits at a clog before it comes to a cut.
    pub(crate) fn between(&self, from: NodeId, to: NodeId) -> Option<Barrier> {
        if self.is_open(from, to) {
            return None;
        }
        let has = |barrier| {
            let mut own = self.active.iter().filter(|active| active.barrier == barrier);
            own.any(|active| active.pairs.binary_search(&(from, to)).is_ok())
        };
        [Barrier::Clog, Barrier::Cut].into_iter().find(|barrier| has(*barrier))
    }

    /// Closes `pairs` for `item`. Returns the number by which they are [opened](Self::open).
    pub(crate) fn close(
        &mut self,
        item: Option<usize>,
        barrier: Barrier,
        mut pairs: Vec<(NodeId, NodeId)>,
    ) -> u64 {
        pairs.sort_unstable();
        self.made += 1;
        let number = self.made;
        self.active.push(Active { number, item, barrier, pairs, was_effective: false });
        self.refresh();
        number
    }

    /// Opens what was closed under `number`; nothing where it is open again already.
    pub(crate) fn open(&mut self, number: u64) {
        self.active.retain(|active| active.number != number);
        self.refresh();
    }

    /// Ends the cuts and clogs of `item`, or all; whether there were any.
    pub(crate) fn heal(&mut self, item: Option<usize>) -> bool {
        let before = self.active.len();
        self.active.retain(|active| item.is_some() && active.item != item);
        self.refresh();
        self.active.len() < before
    }

    /// Notes that a message from `from` to `to` was stopped; how many cuts or clogs this made effective.
    pub(crate) fn note_stopped(&mut self, barrier: Barrier, from: NodeId, to: NodeId) -> u64 {
        let mut newly = 0;
        for active in self.active.iter_mut().filter(|active| active.barrier == barrier) {
            if !active.was_effective && active.pairs.binary_search(&(from, to)).is_ok() {
                active.was_effective = true;
                newly += 1;
            }
        }
        newly
    }

    /// All directed pairs that are closed in one way now, in order.
    pub(crate) fn pairs(&self, barrier: Barrier) -> Vec<(NodeId, NodeId)> {
        let own = self.active.iter().filter(|active| active.barrier == barrier);
        let mut pairs: Vec<_> = own.flat_map(|active| active.pairs.iter().copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    fn refresh(&mut self) {
        self.closed.clear();
        for (from, to) in self.active.iter().flat_map(|active| &active.pairs) {
            if self.closed.len() <= from.index() {
                self.closed.resize(from.index() + 1, vec![]);
            }
            let row = &mut self.closed[from.index()];
            if row.len() <= to.index() / 64 {
                row.resize(to.index() / 64 + 1, 0);
            }
            row[to.index() / 64] |= 1 << (to.index() % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const C: NodeId = NodeId(3);

    #[test]
    fn overlapping_cuts_heal_one_by_one() {
        let mut barriers = Barriers::default();
        barriers.close(Some(0), Barrier::Cut, vec![(B, A), (A, B)]);
        let second = barriers.close(Some(1), Barrier::Cut, vec![(A, B), (A, C)]);
        assert!(!barriers.is_open(A, B) && !barriers.is_open(B, A) && barriers.is_open(C, A));
        assert!(barriers.heal(Some(0)));
        assert!(!barriers.is_open(A, B) && barriers.is_open(B, A) && !barriers.is_open(A, C));
        assert_eq!(barriers.note_stopped(Barrier::Cut, A, C), 1);
        assert_eq!(barriers.note_stopped(Barrier::Cut, A, B), 0);
        assert!(!barriers.heal(Some(0)));
        barriers.open(second);
        assert!(!barriers.heal(None) && barriers.is_open(A, B));
    }

    #[test]
    fn a_message_comes_to_the_clog_before_it_comes_to_the_cut() {
        let mut barriers = Barriers::default();
        let clog = barriers.close(None, Barrier::Clog, vec![(A, B), (A, C)]);
        barriers.close(Some(3), Barrier::Cut, vec![(A, B)]);
        assert_eq!(barriers.between(A, B), Some(Barrier::Clog));
        assert_eq!(barriers.note_stopped(Barrier::Clog, A, B), 1);
        barriers.open(clog);
        assert_eq!(barriers.between(A, B), Some(Barrier::Cut));
        assert_eq!(barriers.between(A, C), None);
        assert_eq!(barriers.pairs(Barrier::Cut), [(A, B)]);
        assert_eq!(barriers.pairs(Barrier::Clog), []);
    }
}
