//! The same commands in the same order.

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, Sequence, SimTime, Step, Violation, World};

use crate::kv::Command;

use super::{Milestone, Replica};

/// State Machine Safety: no two nodes execute different commands at one position, and each executes them in
/// order, without a gap.
#[derive(Clone, Debug, Serialize)]
pub struct SameOrder {
    /// What was executed at each position, by whom first.
    executed: Sequence<Known>,
    /// For each node, its life and the position of its last command.
    nodes: Vec<(u32, u64)>,
    source: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Known {
    command: Command,
    by: NodeId,
    at: SimTime,
}

impl Known {
    fn fact(&self, position: u64) -> String {
        let Self { command, by, at } = self;
        format!("{by} executed {command:?} at position {position} at {at}")
    }
}

impl SameOrder {
    const NAME: &'static str = "State Machine Safety";

    /// For a run of `nodes` nodes, by the rule of `source`.
    pub fn new(nodes: u32, source: &'static str) -> Self {
        Self { executed: Sequence::new(), nodes: vec![(0, 0); nodes as usize], source }
    }

    fn violation(&self, facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        Violation { rule: Self::NAME, source: self.source, facts, nodes }
    }

    fn executes(&mut self, position: u64, known: Known) -> Result<(), Violation> {
        let id = known.by;
        let last = &mut self.nodes[id.index()].1;
        let due = *last + 1;
        *last = position;
        if position != due {
            let facts =
                vec![format!("{id} was to execute position {due} next"), known.fact(position)];
            return Err(self.violation(facts, vec![id]));
        }
        let place = usize::try_from(position - 1).unwrap_or(usize::MAX);
        let Some(first) = self.executed.get(place) else {
            self.executed.push(known);
            return Ok(());
        };
        if first.command == known.command {
            return Ok(());
        }
        let facts = vec![first.fact(position), known.fact(position)];
        Err(self.violation(facts, vec![first.by, id]))
    }
}

impl<N: Replica> Monitor<N> for SameOrder {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<N::Protocol>, world: &World<N>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let life = world.incarnation(id);
        let (known_life, last) = &mut self.nodes[id.index()];
        if *known_life != life {
            (*known_life, *last) = (life, 0);
        }
        for note in &step.notes {
            match N::milestone(note) {
                Some(Milestone::Executed { position, command, .. }) => {
                    let known = Known { command: command.clone(), by: id, at: step.time };
                    self.executes(position, known)?;
                }
                Some(Milestone::Installed { position }) => self.nodes[id.index()].1 = position,
                None => {}
            }
        }
        Ok(())
    }
}
