//! The three requirements of §2.1.

use std::collections::BTreeSet;

use serde::Serialize;

use orrery_sim::client::HistoryKind;
use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::paxos::ballot::Proposal;
use crate::paxos::process::{Note, Operation, Output, Paxos, Process};

use super::ghost::{Chosen, Ghost};

/// Agreement: only a single value is chosen, and learners learn no two.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    ghost: Ghost,
    /// What was learned first, by whom and when.
    learned: Option<(Proposal, NodeId, SimTime)>,
}

impl Agreement {
    /// For a run of `nodes` processes of which so many are acceptors.
    pub fn new(nodes: u32, acceptors: usize) -> Self {
        Self { ghost: Ghost::new(nodes, acceptors), learned: None }
    }

    fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        let source = "Paxos Made Simple, §2.1: only a single value is chosen";
        Violation { rule: "Agreement", source, facts, nodes }
    }

    /// `id` learned `proposal`.
    fn learns(&mut self, id: NodeId, proposal: &Proposal, now: SimTime) -> Result<(), Violation> {
        let (first, by, then) = self.learned.get_or_insert_with(|| (proposal.clone(), id, now));
        if first.value == proposal.value {
            return Ok(());
        }
        let facts = vec![
            format!("{by} learned {first} at {then}"),
            format!("{id} learned {proposal} at {now}"),
        ];
        Err(Self::violation(facts, vec![*by, id]))
    }
}

impl Monitor<Process> for Agreement {
    fn name(&self) -> &'static str {
        "Agreement"
    }

    fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> Result<(), Violation> {
        let is_news = !self.ghost.after(step, world).is_empty();
        if let [first, .., last] = self.ghost.chosen()
            && is_news
            && first.proposal.value != last.proposal.value
        {
            return Err(Self::violation(vec![first.fact(), last.fact()], last.by.clone()));
        }
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Learned { proposal } = note {
                self.learns(id, proposal, step.time)?;
            }
        }
        Ok(())
    }
}

/// Validity (§2.1, which calls it nontriviality elsewhere): only a value that has been proposed by
/// a client may be chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Validity {
    ghost: Ghost,
    asked: BTreeSet<String>,
    /// How much of the clients' history was read.
    read: usize,
}

impl Validity {
    /// For a run of `nodes` processes of which so many are acceptors.
    pub fn new(nodes: u32, acceptors: usize) -> Self {
        Self { ghost: Ghost::new(nodes, acceptors), asked: BTreeSet::new(), read: 0 }
    }
}

impl Monitor<Process> for Validity {
    fn name(&self) -> &'static str {
        "Validity"
    }

    fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> Result<(), Violation> {
        for entry in world.history().range(self.read..world.history().len()) {
            if let HistoryKind::Invoke(Operation::Propose { value }) = &entry.what {
                self.asked.insert(value.clone());
            }
        }
        self.read = world.history().len();
        let chosen = self.ghost.after(step, world);
        let Some(odd) = chosen.iter().find(|it| !self.asked.contains(&it.proposal.value)) else {
            return Ok(());
        };
        Err(Violation {
            rule: "Validity",
            source: "Paxos Made Simple, §2.1: only a value that has been proposed may be chosen",
            facts: vec![odd.fact(), format!("no client has asked for `{}`", odd.proposal.value)],
            nodes: odd.by.clone(),
        })
    }
}

/// Integrity: a process never learns that a value has been chosen unless it has been, and no client
/// is told so.
#[derive(Clone, Debug, Serialize)]
pub struct Integrity {
    ghost: Ghost,
    /// How much of the clients' history was read.
    read: usize,
}

impl Integrity {
    const NAME: &'static str = "Integrity";

    /// For a run of `nodes` processes of which so many are acceptors.
    pub fn new(nodes: u32, acceptors: usize) -> Self {
        Self { ghost: Ghost::new(nodes, acceptors), read: 0 }
    }

    fn violation(&self, fact: String, id: NodeId) -> Violation {
        let there = match self.ghost.chosen() {
            [] => String::from("nothing had been chosen"),
            [Chosen { proposal, at, .. }, ..] => format!("{proposal} was chosen at {at}"),
        };
        Violation {
            rule: Self::NAME,
            source: "Paxos Made Simple, §2.1: never learns a value unless it has been chosen",
            facts: vec![fact, there],
            nodes: vec![id],
        }
    }
}

impl Monitor<Process> for Integrity {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> Result<(), Violation> {
        self.ghost.after(step, world);
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Learned { proposal } = note else { continue };
            if self.ghost.chosen().iter().all(|chosen| chosen.proposal != *proposal) {
                let fact = format!("{id} learned {proposal} at {}", step.time);
                return Err(self.violation(fact, id));
            }
        }
        for entry in world.history().range(self.read..world.history().len()) {
            let HistoryKind::Ok(Output::Chosen { value }) = &entry.what else { continue };
            if self.ghost.chosen().iter().all(|chosen| chosen.proposal.value != *value) {
                let fact = format!("{id} told {} `{value}` at {}", entry.operation, step.time);
                return Err(self.violation(fact, id));
            }
        }
        self.read = world.history().len();
        Ok(())
    }
}
