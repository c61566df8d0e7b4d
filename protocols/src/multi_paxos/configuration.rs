//! Who the acceptors are, slot by slot. A configuration is itself a command: chosen in slot *s*, it takes effect at slot
//! *s* + α (Lamport, Malkhi & Zhou, "Reconfiguring a State Machine", §3, where this is the method called `R_α`; Lamport 1998, §3.3.4, with α = 3).
//!
//! Until then, slots *s* + 1 to *s* + α − 1 belong to the configuration before, so that a leader may have α slots under way
//! at one time. It knows who decides a slot before it proposes anything there, because it has executed all slots that could say.

use serde::Serialize;

use orrery_sim::NodeId;

use super::numbers::Slot;

/// The configurations that are known, in the order of the slots from which on they govern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Configurations(Vec<Configuration>);

/// Who accepts commands, from some slot on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// The first slot that it governs.
    pub from: Slot,
    /// The acceptors.
    pub members: Vec<NodeId>,
}

impl Configurations {
    /// The first configuration.
    pub fn new(members: Vec<NodeId>) -> Self {
        Self(vec![Configuration { from: Slot::FIRST, members }])
    }

    /// The members that decide `slot`.
    pub fn governing(&self, slot: Slot) -> &[NodeId] {
        let known = self.0.iter().rev().find(|known| known.from <= slot);
        known.map_or(&[], |known| &known.members)
    }

    /// The configurations that decide `slot` and what comes behind it, as far as is known.
    pub fn governing_from(&self, slot: Slot) -> impl Iterator<Item = &Configuration> + Clone {
        let first = self.0.partition_point(|known| known.from <= slot);
        self.0[first.saturating_sub(1)..].iter()
    }

    /// Whether `node` takes part in deciding `slot` or anything behind it, as far as is known.
    pub fn is_member_from(&self, slot: Slot, node: NodeId) -> bool {
        self.governing_from(slot).any(|known| known.members.contains(&node))
    }

    /// The members of the last one.
    pub fn last(&self) -> &[NodeId] {
        self.0.last().map_or(&[], |known| &known.members)
    }

    /// How many there have been.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// From `from` on, these are the members.
    pub fn add(&mut self, from: Slot, members: Vec<NodeId>) {
        self.0.push(Configuration { from, members });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_belongs_to_the_last_configuration_that_began_before_it() {
        let mut all = Configurations::new(vec![NodeId(1), NodeId(2)]);
        all.add(Slot(8), vec![NodeId(2), NodeId(3)]);
        assert_eq!(all.governing(Slot(7)), [NodeId(1), NodeId(2)]);
        assert_eq!(all.governing(Slot(8)), [NodeId(2), NodeId(3)]);
        assert_eq!(all.governing_from(Slot(7)).count(), 2);
        assert_eq!(all.governing_from(Slot(8)).count(), 1);
        assert!(all.is_member_from(Slot(7), NodeId(1)) && !all.is_member_from(Slot(8), NodeId(1)));
    }
}
