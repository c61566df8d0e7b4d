//! What proposals must be so that no two values are chosen (§2.2): P2b, and P2c from which it
//! follows; and that no two have one number.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::paxos::ballot::{Ballot, Proposal};
use crate::paxos::process::{Note, Paxos, Process};

use super::ghost::Ghost;

/// P2b: if a proposal with value *v* is chosen, then every higher-numbered proposal that any proposer
/// issues has value *v*.
#[derive(Clone, Debug, Serialize)]
pub struct P2b {
    ghost: Ghost,
    /// Every proposal that was issued: by whom and when.
    issued: BTreeMap<Proposal, (NodeId, SimTime)>,
}

impl P2b {
    /// For a run of `nodes` processes of which so many are acceptors.
    pub fn new(nodes: u32, acceptors: usize) -> Self {
        Self { ghost: Ghost::new(nodes, acceptors), issued: BTreeMap::new() }
    }
}

impl Monitor<Process> for P2b {
    fn name(&self) -> &'static str {
        "P2b"
    }

    fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> Result<(), Violation> {
        let is_news = !self.ghost.after(step, world).is_empty();
        let mut is_issued = false;
        for (id, proposal) in issued(step) {
            self.issued.insert(proposal.clone(), (id, step.time));
            is_issued = true;
        }
        if !is_news && !is_issued {
            return Ok(());
        }
        // One that is chosen later may be numbered less: the lowest number says most.
        let lowest = self.ghost.chosen().iter().min_by_key(|chosen| &chosen.proposal);
        let Some(chosen) = lowest else { return Ok(()) };
        let (ballot, value) = (chosen.proposal.ballot, &chosen.proposal.value);
        let odd = self.issued.iter().rev().take_while(|(issued, _)| ballot < issued.ballot);
        let odd = odd.filter(|(issued, _)| issued.value != *value).last();
        let Some((proposal, (id, at))) = odd else { return Ok(()) };
        Err(Violation {
            rule: "P2b",
            source: "Paxos Made Simple, §2.2, P2b",
            facts: vec![chosen.fact(), format!("{id} proposed {proposal} at {at}")],
            nodes: vec![*id],
        })
    }
}

/// P2c: if a proposal with value *v* and number *n* is issued, then there is a majority of acceptors of
/// which none has accepted any proposal numbered less than *n*, or *v* is the value of the
/// highest-numbered of those that they have accepted.
#[derive(Clone, Debug, Serialize)]
pub struct P2c {
    ghost: Ghost,
    acceptors: usize,
}

impl P2c {
    /// For a run of `nodes` processes of which so many are acceptors.
    pub fn new(nodes: u32, acceptors: usize) -> Self {
        Self { ghost: Ghost::new(nodes, acceptors), acceptors }
    }

    /// Whether some majority allows the proposal.
    fn allows(&self, proposal: &Proposal) -> bool {
        let highest = self.ghost.highest_below(proposal);
        let untouched = self.acceptors - highest.len();
        if self.ghost.quorum() <= untouched {
            return true;
        }
        // A majority whose highest is a given one: those that have none higher, and it among them.
        highest.values().filter(|top| top.value == proposal.value).any(|top| {
            let up_to = highest.values().filter(|other| other.ballot <= top.ballot).count();
            self.ghost.quorum() <= untouched + up_to
        })
    }
}

impl Monitor<Process> for P2c {
    fn name(&self) -> &'static str {
        "P2c"
    }

    fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> Result<(), Violation> {
        self.ghost.after(step, world);
        let Some((id, proposal)) = issued(step).find(|(_, proposal)| !self.allows(proposal)) else {
            return Ok(());
        };
        let highest = self.ghost.highest_below(proposal);
        let facts = highest.iter().map(|(id, accepted)| format!("{id} had accepted {accepted}"));
        let own = format!("{id} proposed {proposal} at {}", step.time);
        Err(Violation {
            rule: "P2c",
            source: "Paxos Made Simple, §2.2, P2c",
            facts: [own].into_iter().chain(facts).collect(),
            nodes: vec![id],
        })
    }
}

/// The proposals that the last event issued.
fn issued(step: &Step<Paxos>) -> impl Iterator<Item = (NodeId, &Proposal)> {
    let id = step.handled_by;
    step.notes.iter().filter_map(move |note| match note {
        Note::Proposed { proposal } => Some((id?, proposal)),
        Note::Began { .. }
        | Note::Promised { .. }
        | Note::Accepted { .. }
        | Note::GaveWay { .. }
        | Note::Learned { .. }
        | Note::LostDisk => None,
    })
}

/// Unique Ballots: different proposals have different numbers, so no number is begun twice.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UniqueBallots {
    begun: BTreeMap<Ballot, (NodeId, SimTime)>,
}

impl Monitor<Process> for UniqueBallots {
    fn name(&self) -> &'static str {
        "Unique Ballots"
    }

    fn after(&mut self, step: &Step<Paxos>, _world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Began { ballot } = note else { continue };
            let Some((first, then)) = self.begun.insert(*ballot, (id, step.time)) else { continue };
            return Err(Violation {
                rule: "Unique Ballots",
                source: "Paxos Made Simple, §2.2 and §2.5",
                facts: vec![
                    format!("{first} began {ballot} at {then}"),
                    format!("{id} began {ballot} at {}", step.time),
                ],
                nodes: vec![first, id],
            });
        }
        Ok(())
    }
}
