//! What has been chosen: what only somebody who sees all disks at all times can know.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{NodeId, SimTime, Step, World};

use crate::paxos::ballot::Proposal;
use crate::paxos::process::{Paxos, Process, Record};
use crate::quorum::majority;

/// Reads every record that becomes durable, once.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Disks {
    /// For each process, its life and how many records of its disk were read in it.
    read: Vec<(u32, usize)>,
}

impl Disks {
    pub(super) fn new(nodes: u32) -> Self {
        Self { read: vec![(0, 0); nodes as usize] }
    }

    /// The records that the last event made durable, and whose they are. After a restart the disk is
    /// read afresh: a crash may have kept records that nobody was told of.
    pub(super) fn news(
        &mut self,
        step: &Step<Paxos>,
        world: &World<Process>,
    ) -> Option<(NodeId, Vec<Record>)> {
        let id = step.event.node()?;
        let (life, read) = &mut self.read[id.index()];
        let journal = world.journal(id);
        if *life != world.incarnation(id) || journal.as_written().len() < *read {
            (*life, *read) = (world.incarnation(id), 0);
        }
        // What a crash tore was never written as a whole.
        let records: Vec<Record> =
            journal.entries_from(*read).map_while(Result::ok).cloned().collect();
        if records.is_empty() {
            return None;
        }
        *read += records.len();
        Some((id, records))
    }
}

/// A proposal that a majority has accepted.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Chosen {
    pub(super) proposal: Proposal,
    pub(super) by: Vec<NodeId>,
    pub(super) at: SimTime,
}

impl Chosen {
    pub(super) fn fact(&self) -> String {
        let Self { proposal, by, at } = self;
        format!("{proposal} was chosen at {at}, accepted by {by:?}")
    }
}

/// What every acceptor has ever accepted, and what has been chosen by that.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Ghost {
    disks: Disks,
    quorum: usize,
    /// Who has accepted each proposal.
    accepted: BTreeMap<Proposal, Vec<NodeId>>,
    chosen: Vec<Chosen>,
}

impl Ghost {
    pub(super) fn new(nodes: u32, acceptors: usize) -> Self {
        let quorum = majority(acceptors as u32) as usize;
        Self { disks: Disks::new(nodes), quorum, accepted: BTreeMap::new(), chosen: vec![] }
    }

    /// Takes note of the last event. Returns what was chosen by it.
    pub(super) fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> &[Chosen] {
        let before = self.chosen.len();
        let Some((id, records)) = self.disks.news(step, world) else { return &[] };
        for record in records {
            let Record::Accepted { proposal } = record else { continue };
            let by = self.accepted.entry(proposal.clone()).or_default();
            if by.contains(&id) {
                continue;
            }
            by.push(id);
            if by.len() == self.quorum {
                let by = by.clone();
                self.chosen.push(Chosen { proposal, by, at: step.time });
            }
        }
        &self.chosen[before..]
    }

    /// Everything that was chosen, the earliest first.
    pub(super) fn chosen(&self) -> &[Chosen] {
        &self.chosen
    }

    /// How many acceptors are a majority.
    pub(super) const fn quorum(&self) -> usize {
        self.quorum
    }

    /// For each acceptor that has accepted any proposal numbered less than that of `below`: the highest
    /// of them.
    pub(super) fn highest_below(&self, below: &Proposal) -> BTreeMap<NodeId, &Proposal> {
        let mut highest = BTreeMap::new();
        for (proposal, by) in &self.accepted {
            if proposal.ballot < below.ballot {
                highest.extend(by.iter().map(|id| (*id, proposal)));
            }
        }
        highest
    }
}
