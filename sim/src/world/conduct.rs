//! What is done to wall clocks, and nodes that come to themselves.

use crate::id::NodeId;
use crate::ledger::Family;
use crate::node::Node;
use crate::step::Deed;
use crate::time::Duration;

use super::World;
use super::deeds::deed;

impl<N: Node> World<N> {
    /// All nodes are honest and as fast as they were from now on; whether some were not.
    pub(super) fn calm_nodes(&mut self) -> bool {
        let were_byzantine = !self.byzantine.is_empty();
        self.byzantine.clear();
        let all = NodeId::all(self.node_count());
        all.fold(were_byzantine, |changed, id| self.speed_up(id) || changed)
    }

    pub(super) fn do_clock_jump(&mut self, id: NodeId, by: i64) -> Deed {
        self.walls[id.index()].jump(by, self.now, &self.randomness);
        let sign = if by < 0 { "-" } else { "+" };
        let detail = format!("{sign}{}", Duration::from_nanos(by.unsigned_abs()));
        Deed { detail, changed: by != 0, ..deed("jump", Some(id)) }
    }

    /// Fixes what all wall clocks show now: corrections before this moment were drawn as they were drawn.
    pub(super) fn anchor_walls(&mut self) {
        for wall in &mut self.walls {
            wall.anchor(self.now, &self.randomness);
        }
    }

    /// A node looked at its wall clock: faults of clocks that show in it are effective.
    #[cold]
    pub(super) fn count_wall_read(&mut self, id: NodeId) {
        let has_jumped = self.walls[id.index()].count_jump(self.now, &self.randomness);
        self.ledger.tally_mut(Family::ClockJump).effective += u64::from(has_jumped);
        let slot = &mut self.nodes[id.index()];
        if slot.clock.ppb() != 0 && !slot.drift_was_effective {
            slot.drift_was_effective = true;
            self.ledger.tally_mut(Family::Clock).effective += 1;
        }
    }
}
