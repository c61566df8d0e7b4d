//! Which nodes went on as they should since some time: what monitors may demand something of, within a bound.

use std::collections::BTreeSet;

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Node, NodeId, SimTime, Step, World};

/// What the plan did to nodes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Undisturbed {
    /// When each was last crashed, restarted, paused, slowed, or anything else.
    last: Vec<SimTime>,
    /// Whose clock was changed: its time is not to be relied upon.
    odd_clocks: BTreeSet<NodeId>,
}

impl Undisturbed {
    pub(crate) fn new(nodes: u32) -> Self {
        Self { last: vec![SimTime::ZERO; nodes as usize], odd_clocks: BTreeSet::new() }
    }

    /// Takes notice of a step.
    pub(crate) fn remember<N: Node>(&mut self, step: &Step<N::Protocol>) {
        let Event::Deed(deed) = &step.event else { return };
        let Some(id) = deed.node else { return };
        self.last[id.index()] = step.time;
        if deed.word == "clock" {
            self.odd_clocks.insert(id);
        }
    }

    /// Whether a node is up and has gone on undisturbed since `time`, and after it did something to be disturbed at.
    pub(crate) fn is_so_since<N: Node>(&self, id: NodeId, time: SimTime, world: &World<N>) -> bool {
        world.node(id).is_some()
            && self.last[id.index()] < time
            && !self.odd_clocks.contains(&id)
            && !world.is_paused(id)
            && !world.is_slow(id)
    }
}
