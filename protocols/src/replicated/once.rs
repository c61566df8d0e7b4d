//! Exactly once.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::kv::Command;

use super::ghost::Ghost;
use super::{Milestone, Replica};

/// Exactly Once: whatever a client repeats and a network doubles, an operation takes effect once, at one position of
/// the log, and every node executes it there and nowhere else.
///
/// Of nodes that execute different logs it says nothing: that breaks another rule.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExactlyOnce {
    ghost: Ghost,
    /// Where each operation took effect.
    effects: BTreeMap<OperationId, u64>,
}

impl ExactlyOnce {
    const NAME: &'static str = "Exactly Once";

    /// Before the first command.
    pub fn new() -> Self {
        Self::default()
    }

    fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        Violation { rule: Self::NAME, source: "dissertation, §6.3", facts, nodes }
    }

    /// `by` executed `command` at `position`, first of all or later.
    fn executes(
        &mut self,
        (position, command, took_effect): (u64, &Command, bool),
        by: NodeId,
        at: SimTime,
    ) -> Result<(), Violation> {
        let says = |who: NodeId, when: SimTime, did: bool| {
            let what = if did { "executed" } else { "passed over" };
            format!("{who} {what} {command:?} at position {position} at {when}")
        };
        if let Some(first) = self.ghost.first(position) {
            if first.command == *command && first.took_effect != took_effect {
                let facts =
                    vec![says(first.by, first.at, first.took_effect), says(by, at, took_effect)];
                return Err(Self::violation(facts, vec![first.by, by]));
            }
            return Ok(());
        }
        if position != self.ghost.end() + 1 {
            return Ok(()); // Over a gap: the order is broken.
        }
        let due = self.ghost.execute(command, by, at);
        let Some(id) = command.operation() else { return Ok(()) };
        let earlier = self.effects.get(&id).map(|place| {
            let first = self.ghost.first(*place);
            first.map_or(String::new(), |first| {
                format!("{} executed {id} at position {place} at {}", first.by, first.at)
            })
        });
        if took_effect {
            self.effects.entry(id).or_insert(position);
        }
        match earlier {
            Some(earlier) if took_effect => {
                Err(Self::violation(vec![earlier, says(by, at, true)], vec![by]))
            }
            None if due.took_effect != took_effect => {
                let what = if due.took_effect { "to be executed" } else { "to be passed over" };
                let session = format!("by its client's session, {id} was {what}");
                Err(Self::violation(vec![session, says(by, at, took_effect)], vec![by]))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl<N: Replica> Monitor<N> for ExactlyOnce {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<N::Protocol>, _world: &World<N>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match N::milestone(note) {
                Some(Milestone::Executed { position, command, took_effect }) => {
                    self.executes((position, command, took_effect), id, step.time)?;
                }
                Some(Milestone::Installed { .. }) | None => {}
            }
        }
        Ok(())
    }
}
