//! The lanes of the diagram: which columns they have, and the signs of one line across them.

use orrery_harness::session::{ArrivalFate, Row, RowKind};
use orrery_sim::NodeId;

use crate::ui::index::{Index, Lane};
use crate::ui::theme::{Theme, Tone};

use super::words;

/// Cells between two lanes, at most and at least.
const SPACING: (usize, usize) = (8, 4);
/// Cells between two lanes when not all of them fit.
const SPACING_OF_WINDOW: usize = 5;

/// The columns of the lanes that are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// The place of the first node that is seen, from 0.
    pub first: usize,
    /// How many are seen.
    pub count: usize,
    /// How many there are.
    pub total: usize,
    spacing: usize,
}

impl Lanes {
    /// As many lanes as fit into `width` cells, the selected one among them.
    pub fn fit(width: usize, total: usize, selected: NodeId) -> Self {
        let spacing = (width.saturating_sub(1) / total.max(1)).min(SPACING.0);
        if SPACING.1 <= spacing {
            return Self { first: 0, count: total, total, spacing };
        }
        let count = (width.saturating_sub(1) / SPACING_OF_WINDOW).clamp(1, total.max(1));
        let first = selected.index().saturating_sub(count / 2).min(total.saturating_sub(count));
        Self { first, count, total, spacing: SPACING_OF_WINDOW }
    }

    /// How many cells they take.
    pub const fn width(&self) -> usize {
        1 + self.count * self.spacing
    }

    /// Whether some lanes are not seen.
    pub const fn is_window(&self) -> bool {
        self.count < self.total
    }

    /// The nodes that are seen.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (self.first..self.first + self.count).map(NodeId::from_index)
    }

    /// The column of `node`, if it is seen.
    pub fn column(&self, node: NodeId) -> Option<usize> {
        let place = node.index().checked_sub(self.first).filter(|place| *place < self.count)?;
        Some(1 + place * self.spacing)
    }

    /// The column of `node`, or the edge behind which it is.
    fn column_or_edge(&self, node: NodeId) -> usize {
        let edge = if node.index() < self.first { 0 } else { self.width() - 1 };
        self.column(node).unwrap_or(edge)
    }
}

/// One line across the lanes.
pub struct Strip<'a> {
    lanes: Lanes,
    theme: &'a Theme,
    cells: Vec<(Tone, &'static str)>,
}

impl<'a> Strip<'a> {
    /// The lanes as they run right after `event`.
    pub fn new(lanes: Lanes, index: &Index, event: u64, theme: &'a Theme) -> Self {
        let signs = &theme.signs;
        let mut cells = vec![(Tone::Plain, " "); lanes.width()];
        for node in lanes.nodes() {
            let sign = match index.lane(node, event) {
                Lane::Unborn => signs.lane_unborn,
                Lane::Up => signs.lane,
                Lane::Paused => signs.paused,
                Lane::Down => signs.lane_down,
            };
            if let Some(cell) = lanes.column(node).and_then(|column| cells.get_mut(column)) {
                *cell = (Tone::Frame, sign);
            }
        }
        Self { lanes, theme, cells }
    }

    /// The cells, left to right.
    pub fn cells(&self) -> &[(Tone, &'static str)] {
        &self.cells
    }

    /// Draws what happened at `row`.
    pub fn draw_row(&mut self, row: &Row) {
        if let RowKind::Arrive { message, fate, .. } = &row.kind {
            let is_lost = *fate == ArrivalFate::CutOff;
            self.draw_way(message.from, message.to, is_lost);
        }
        if let RowKind::Fault { word: "cut", pairs } = &row.kind {
            self.draw_cut(pairs);
        }
        if let Some(node) = row.node.or(row_receiver(row)) {
            let (tone, sign) = self.sign_of(row);
            self.put_node(node, tone, sign);
        }
    }

    /// Draws what the network lost of what was sent at `row`.
    pub fn draw_lost(&mut self, row: &Row) {
        for sent in row.sent.iter().filter(|sent| sent.is_lost) {
            self.draw_way(sent.message.from, sent.message.to, true);
            self.put_node(sent.message.to, Tone::Lost, self.theme.signs.lost);
        }
    }

    /// The sign of a row on the lane of its node.
    fn sign_of(&self, row: &Row) -> (Tone, &'static str) {
        let signs = &self.theme.signs;
        match (&row.kind, &row.new_role) {
            (
                RowKind::Arrive { fate: ArrivalFate::Waits | ArrivalFate::Clogged, .. }
                | RowKind::Fault { word: "pause", .. },
                _,
            ) => (Tone::Fault, signs.paused),
            (
                RowKind::Arrive {
                    fate: ArrivalFate::Down | ArrivalFate::CutOff | ArrivalFate::Damaged,
                    ..
                },
                _,
            ) => (Tone::Lost, signs.lost),
            (RowKind::Fault { word: "crash" | "wipe", .. } | RowKind::Panic, _) => {
                (Tone::Fault, signs.crash)
            }
            (_, Some(role)) if words::leads(role) => (Tone::Role, signs.star),
            (RowKind::Arrive { .. }, _) => (Tone::Message, signs.arrived),
            (RowKind::Ask { .. } | RowKind::GiveUp { .. }, _) => (Tone::Client, signs.client),
            (RowKind::Fault { .. }, _) => (Tone::Fault, signs.local),
            (RowKind::Start | RowKind::Timer | RowKind::Synced, _) => (Tone::Plain, signs.local),
        }
    }

    fn put_node(&mut self, node: NodeId, tone: Tone, sign: &'static str) {
        let hidden = if node.index() < self.lanes.first {
            self.theme.signs.more_left
        } else {
            self.theme.signs.more_right
        };
        let is_seen = self.lanes.column(node).is_some();
        self.put(self.lanes.column_or_edge(node), tone, if is_seen { sign } else { hidden });
    }

    fn put(&mut self, column: usize, tone: Tone, sign: &'static str) {
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = (tone, sign);
        }
    }

    /// Draws the way of a message up to the lane of its receiver.
    fn draw_way(&mut self, from: NodeId, to: NodeId, is_lost: bool) {
        let signs = &self.theme.signs;
        let (tone, wire) =
            if is_lost { (Tone::Lost, signs.wire_lost) } else { (Tone::Message, signs.wire) };
        let (start, end) = (self.lanes.column_or_edge(from), self.lanes.column_or_edge(to));
        if start == end {
            return;
        }
        for column in start.min(end) + 1..start.max(end) {
            let is_lane = self.cells.get(column).is_some_and(|(_, sign)| *sign == signs.lane);
            self.put(column, tone, if is_lane { signs.crossing } else { wire });
        }
        let is_right = start < end;
        if !is_lost {
            let (before, head) =
                if is_right { (end - 1, signs.head_right) } else { (end + 1, signs.head_left) };
            self.put(before, tone, head);
        }
        self.put_node(from, tone, if is_right { signs.send_right } else { signs.send_left });
    }

    /// Marks the gaps between neighbours whose link was cut.
    fn draw_cut(&mut self, pairs: &[(NodeId, NodeId)]) {
        let is_cut = |a, b| pairs.contains(&(a, b)) || pairs.contains(&(b, a));
        for (left, right) in self.lanes.nodes().zip(self.lanes.nodes().skip(1)) {
            if let Some(column) = self.lanes.column(left).filter(|_| is_cut(left, right)) {
                self.put(column + self.lanes.spacing / 2, Tone::Fault, self.theme.signs.cut);
            }
        }
    }
}

fn row_receiver(row: &Row) -> Option<NodeId> {
    if let RowKind::Arrive { message, .. } = &row.kind { Some(message.to) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_spread_and_become_a_window_when_they_do_not_fit() {
        let wide = Lanes::fit(60, 5, NodeId(1));
        assert_eq!((wide.spacing, wide.count, wide.is_window()), (8, 5, false));
        assert_eq!(Lanes::fit(21, 5, NodeId(1)).spacing, 4);
        let many = Lanes::fit(46, 50, NodeId(30));
        assert_eq!((many.first, many.count, many.is_window()), (25, 9, true));
        assert!(many.column(NodeId(30)).is_some());
        assert_eq!(Lanes::fit(46, 50, NodeId(50)).first, 41);
        assert_eq!(Lanes::fit(0, 5, NodeId(5)).count, 1);
    }
}
