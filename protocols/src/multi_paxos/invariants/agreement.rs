//! What was chosen, whoever knows it: Agreement, P2c and Integrity.

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::multi_paxos::configuration::Configurations;
use crate::multi_paxos::message::Command;
use crate::multi_paxos::numbers::{Ballot, Slot};
use crate::multi_paxos::quorums::Quorums;
use crate::multi_paxos::registration::Parameters;
use crate::multi_paxos::server::{MultiPaxos, Note, Record, Server};
use crate::multi_paxos::slots::Slots;

use super::disk::Reader;

/// Agreement: in each slot one command is chosen at most, where *chosen* is a fact about disks, known to somebody or not: a quorum of
/// phase 2 of the configuration that governs the slot has accepted it at one ballot (Paxos Made Simple, §2.1).
///
/// Two rules beside it, on which it rests and which rest on it:
///
/// - P2c: if a command was chosen, then every proposal at a higher ballot in that slot is the same command (§2.2).
/// - Integrity: a replica performs, and a leader takes for chosen, only what was chosen (§2.1, §2.3).
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    disks: Reader,
    quorums: Quorums,
    alpha: usize,
    /// Who governs which slots: by the rule, and by what was chosen.
    configurations: Configurations,
    /// The first slot of which it is not known yet whether it changes the configuration.
    settled: Slot,
    slots: Slots<Ghost>,
}

/// What is known of one slot.
#[derive(Clone, Debug, Default, Serialize)]
struct Ghost {
    /// What was accepted at which ballot, and on whose disks it is.
    accepted: Vec<Accepted>,
    chosen: Option<Chosen>,
}

#[derive(Clone, Debug, Serialize)]
struct Accepted {
    ballot: Ballot,
    command: Command,
    by: Vec<NodeId>,
}

/// A command was chosen.
#[derive(Clone, Debug, Serialize)]
struct Chosen {
    ballot: Ballot,
    command: Command,
    by: Vec<NodeId>,
    at: SimTime,
}

impl Chosen {
    fn fact(&self, slot: Slot) -> String {
        let Self { ballot, command, by, at } = self;
        format!("{command:?} was chosen in {slot} at {at}: accepted at {ballot} by {by:?}")
    }
}

fn violation(
    rule: &'static str,
    source: &'static str,
    facts: Vec<String>,
    nodes: Vec<NodeId>,
) -> Violation {
    Violation { rule, source, facts, nodes }
}

impl Agreement {
    const NAME: &'static str = "Agreement";

    /// For a run of `nodes` processes.
    pub fn new(parameters: &Parameters, nodes: u32) -> Self {
        Self {
            disks: Reader::new(nodes),
            quorums: parameters.quorums.clone(),
            alpha: parameters.alpha as usize,
            configurations: Configurations::new(parameters.initial_members(nodes)),
            settled: Slot::FIRST,
            slots: Slots::new(Slot::FIRST),
        }
    }

    /// An acceptance is on the disk of `id`.
    fn accepted(
        &mut self,
        id: NodeId,
        (slot, ballot, command): (Slot, Ballot, &Command),
        now: SimTime,
    ) -> Result<(), Violation> {
        let Some(ghost) = self.slots.entry(slot, Ghost::default) else { return Ok(()) };
        if let Some(chosen) = &ghost.chosen {
            if chosen.command == *command {
                return Ok(()); // Nothing new can come of it.
            }
            if chosen.ballot < ballot {
                return Err(p2c(slot, chosen, (ballot, command), id, now));
            }
        }
        let known = ghost
            .accepted
            .iter()
            .position(|known| known.ballot == ballot && known.command == *command);
        let place = known.unwrap_or_else(|| {
            ghost.accepted.push(Accepted { ballot, command: command.clone(), by: vec![] });
            ghost.accepted.len() - 1
        });
        let accepted = &mut ghost.accepted[place];
        if accepted.by.contains(&id) {
            return Ok(());
        }
        accepted.by.push(id);
        if !self.quorums.is_phase_2(self.configurations.governing(slot), &accepted.by) {
            return Ok(());
        }
        let (command, by) = (accepted.command.clone(), accepted.by.clone());
        let chosen = Chosen { ballot, command, by, at: now };
        if let Some(first) = &ghost.chosen {
            let facts = vec![first.fact(slot), chosen.fact(slot)];
            let nodes = [first.by.as_slice(), &chosen.by].concat();
            return Err(violation(Self::NAME, "Paxos Made Simple, §2.1", facts, nodes));
        }
        ghost.chosen = Some(chosen);
        self.settle();
        Ok(())
    }

    /// Takes up the configurations that were chosen, as far as all slots before are chosen.
    fn settle(&mut self) {
        while let Some(Ghost { chosen: Some(chosen), .. }) = self.slots.get(self.settled) {
            if let Command::Reconfigure { members, .. } = &chosen.command {
                let from = self.settled.plus(self.alpha);
                self.configurations.add(from, members.clone());
            }
            self.settled = self.settled.next();
        }
    }

    fn chosen(&self, slot: Slot) -> Option<&Chosen> {
        self.slots.get(slot)?.chosen.as_ref()
    }

    /// `id` takes something for chosen.
    fn learned(
        &self,
        id: NodeId,
        slot: Slot,
        command: &Command,
        now: SimTime,
    ) -> Result<(), Violation> {
        let fact = match self.chosen(slot) {
            Some(chosen) if chosen.command == *command => return Ok(()),
            Some(chosen) => chosen.fact(slot),
            None => match self.slots.get(slot).and_then(|ghost| ghost.accepted.first()) {
                Some(first) => format!(
                    "in {slot} nothing was chosen: {:?} was accepted at {} by {:?}",
                    first.command, first.ballot, first.by
                ),
                None => format!("in {slot} nothing was accepted"),
            },
        };
        let learned = format!("{id} takes {command:?} for chosen in {slot} at {now}");
        let source = "Paxos Made Simple, §2.1: a process never learns that a value has been chosen unless it actually has been";
        Err(violation("Integrity", source, vec![fact, learned], vec![id]))
    }
}

fn p2c(
    slot: Slot,
    chosen: &Chosen,
    (ballot, command): (Ballot, &Command),
    id: NodeId,
    now: SimTime,
) -> Violation {
    let proposed = format!("{command:?} was proposed there at {ballot}, and {id} had it at {now}");
    let nodes = [chosen.by.as_slice(), &[id]].concat();
    violation("P2c", "Paxos Made Simple, §2.2", vec![chosen.fact(slot), proposed], nodes)
}

impl Monitor<Server> for Agreement {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<MultiPaxos>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for record in self.disks.news(id, world) {
            match record {
                Record::Accepted { slot, ballot, command } => {
                    self.accepted(id, (*slot, *ballot, command), step.time)?;
                }
                Record::InUse
                | Record::Snapshot(_)
                | Record::Promised { .. }
                | Record::Chosen { .. }
                | Record::Decided { .. } => {}
            }
        }
        for note in &step.notes {
            match note {
                Note::Performed { slot, command, .. } => {
                    self.learned(id, *slot, command, step.time)?;
                }
                Note::Proposed { slot, ballot, .. } => {
                    let server = world.node(id);
                    let pvalue = server.and_then(|server| server.acceptor().accepted.get(*slot));
                    let pvalue = pvalue.filter(|pvalue| pvalue.ballot == *ballot);
                    let chosen = self.chosen(*slot).filter(|chosen| chosen.ballot < *ballot);
                    if let (Some(pvalue), Some(chosen)) = (pvalue, chosen)
                        && pvalue.command != chosen.command
                    {
                        return Err(p2c(*slot, chosen, (*ballot, &pvalue.command), id, step.time));
                    }
                }
                Note::Scouting { .. }
                | Note::Adopted { .. }
                | Note::Preempted { .. }
                | Note::Chosen { .. }
                | Note::Reconfigured { .. }
                | Note::Retired { .. }
                | Note::SnapshotTaken { .. }
                | Note::Installed { .. }
                | Note::DiskLost => {}
            }
        }
        Ok(())
    }
}
