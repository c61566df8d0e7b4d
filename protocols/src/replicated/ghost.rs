//! The state that a log's commands should make, kept beside the run.

use serde::Serialize;

use orrery_sim::{NodeId, Sequence, SimTime};

use crate::kv::{Command, Execution, Store};

/// One executed command, as it was first seen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct First {
    pub(super) command: Command,
    /// What executing it should do.
    pub(super) took_effect: bool,
    pub(super) by: NodeId,
    pub(super) at: SimTime,
}

/// Executes every command once, by the one who executes it first, and keeps a copy of the state every so often.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Ghost {
    firsts: Sequence<First>,
    state: Store,
    /// The states after [`Ghost::SPACING`], twice as many commands and so on.
    copies: Sequence<Store>,
}

impl Ghost {
    /// How many commands lie between two copies.
    const SPACING: u64 = 64;

    /// The position of the last command.
    pub(super) fn end(&self) -> u64 {
        self.firsts.len() as u64
    }

    /// Who executed the command at `position` first.
    pub(super) fn first(&self, position: u64) -> Option<&First> {
        self.firsts.get(usize::try_from(position.checked_sub(1)?).ok()?)
    }

    /// Executes the command behind the last one.
    pub(super) fn execute(&mut self, command: &Command, by: NodeId, at: SimTime) -> Execution {
        let execution = self.state.execute(command);
        let took_effect = execution.took_effect;
        self.firsts.push(First { command: command.clone(), took_effect, by, at });
        if self.end().is_multiple_of(Self::SPACING) {
            self.copies.push(self.state.clone());
        }
        execution
    }

    /// The state after the command at `position`, if that has been executed.
    pub(super) fn state_after(&self, position: u64) -> Option<Store> {
        if self.end() == position {
            return Some(self.state.clone());
        }
        let copies = position / Self::SPACING;
        let mut state = match usize::try_from(copies).ok()?.checked_sub(1) {
            Some(place) => self.copies.get(place)?.clone(),
            None => Store::default(),
        };
        for place in copies * Self::SPACING + 1..=position {
            state.execute(&self.first(place)?.command);
        }
        Some(state)
    }
}
