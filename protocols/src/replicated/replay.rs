//! The state is what the log makes of it.

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use super::ghost::Ghost;
use super::{Milestone, Replica};

/// State Equals Replay: the state after position *p*, values and sessions, is what executing the commands 1 to *p* makes,
/// whether a node executed them itself or took over a snapshot.
///
/// States are compared at every 64th position, whenever one is taken over, and at the end of the run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StateEqualsReplay {
    ghost: Ghost,
}

impl StateEqualsReplay {
    const NAME: &'static str = "State Equals Replay";
    /// How many commands a node executes between two looks at its state.
    const SPACING: u64 = 64;

    /// Before the first command.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares the state of `id`, now.
    fn compare<N: Replica>(&self, id: NodeId, node: &N, now: SimTime) -> Result<(), Violation> {
        let position = node.executed();
        let Some(expected) = self.ghost.state_after(position) else { return Ok(()) };
        if expected == *node.store() {
            return Ok(());
        }
        Err(Violation {
            rule: Self::NAME,
            source: "the state machine approach (Schneider 1990); dissertation, §5.1",
            facts: vec![
                format!("the commands up to position {position} make {expected:?}"),
                format!("{id} has {:?} at {now}", node.store()),
            ],
            nodes: vec![id],
        })
    }
}

impl<N: Replica> Monitor<N> for StateEqualsReplay {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<N::Protocol>, world: &World<N>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let mut is_due = false;
        for note in &step.notes {
            match N::milestone(note) {
                Some(Milestone::Executed { position, command, .. }) => {
                    if position == self.ghost.end() + 1 {
                        self.ghost.execute(command, id, step.time);
                    }
                    is_due |= position.is_multiple_of(Self::SPACING);
                }
                Some(Milestone::Installed { .. }) => is_due = true,
                None => {}
            }
        }
        match world.node(id) {
            Some(node) if is_due => self.compare(id, node, step.time),
            Some(_) | None => Ok(()),
        }
    }

    fn finish(&mut self, world: &World<N>) -> Result<(), Violation> {
        for (id, node) in world.up() {
            self.compare(id, node, world.now())?;
        }
        Ok(())
    }
}
