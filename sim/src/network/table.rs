//! The places of links among too many nodes for a square table.

use crate::id::NodeId;

/// A cell that holds no link: no node has the number 0.
const FREE: (NodeId, NodeId) = (NodeId(0), NodeId(0));
/// Cells of a new table.
const CELLS_MIN: usize = 64;

/// Places by sender and receiver, with open addressing: looked up for every message, so that a search in a tree would show. Nothing
/// depends on the order of its cells.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// A power of two, at most half of them in use.
    cells: Vec<((NodeId, NodeId), u32)>,
    used: usize,
}

impl Table {
    /// A table of no links, with no room yet where there will be none.
    pub(super) fn new(is_needed: bool) -> Self {
        Self { cells: if is_needed { vec![(FREE, 0); CELLS_MIN] } else { vec![] }, used: 0 }
    }

    /// The place of the link, if it was put in.
    #[inline]
    pub(super) fn get(&self, from: NodeId, to: NodeId) -> Option<u32> {
        let (key, place) = self.cells[self.cell(from, to)];
        (key != FREE).then_some(place)
    }

    /// Puts in the place of a link that was not there.
    pub(super) fn insert(&mut self, from: NodeId, to: NodeId, place: u32) {
        if self.cells.len() <= 2 * self.used {
            let cells = vec![(FREE, 0); self.cells.len() * 2];
            for (key, place) in std::mem::replace(&mut self.cells, cells) {
                if key != FREE {
                    let cell = self.cell(key.0, key.1);
                    self.cells[cell] = (key, place);
                }
            }
        }
        let cell = self.cell(from, to);
        self.cells[cell] = ((from, to), place);
        self.used += 1;
    }

    /// The cell of a link, or the free one where it belongs.
    #[inline]
    fn cell(&self, from: NodeId, to: NodeId) -> usize {
        let mask = self.cells.len() - 1;
        let key = u64::from(from.0) << 32 | u64::from(to.0);
        // The golden ratio's bits spread numbers that are close together (Knuth, volume 3, 6.4); the high half is mixed best.
        let mut cell = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        while self.cells[cell].0 != FREE && self.cells[cell].0 != (from, to) {
            cell = (cell + 1) & mask;
        }
        cell
    }

    /// How many bytes a copy takes.
    pub(super) const fn bytes(&self) -> usize {
        size_of_val(self.cells.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_was_put_in_and_nothing_else() {
        let mut table = Table::new(true);
        let ends = |n: u32| (NodeId(n % 97 + 1), NodeId(n / 97 + 1));
        for n in 0..5_000 {
            let (from, to) = ends(n);
            assert_eq!(table.get(from, to), None);
            table.insert(from, to, n);
        }
        for n in 0..5_000 {
            let (from, to) = ends(n);
            assert_eq!(table.get(from, to), Some(n));
        }
        assert_eq!(table.get(NodeId(98), NodeId(1)), None);
        assert!(5_000 * 2 <= table.cells.len() && table.cells.len() <= 32_768);
    }
}
