//! Ballots: promises only rise, and nobody shares a ballot.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::multi_paxos::numbers::Ballot;
use crate::multi_paxos::server::{MultiPaxos, Note, Record, Server};

use super::disk::Reader;

/// An acceptor's ballot never falls, and it accepts nothing below it: across crashes too, as far as anybody can have been told (PMMC,
/// §2.2, invariants A1 and A2; Paxos Made Simple, P1a).
#[derive(Clone, Debug, Serialize)]
pub struct PromisesIncrease {
    disks: Reader,
    acceptors: Vec<Promised>,
}

/// What one acceptor is bound to.
#[derive(Clone, Debug, Default, Serialize)]
struct Promised {
    incarnation: u32,
    /// Its ballot in memory: lost in a crash, if it had not reached the disk.
    now: Option<Ballot>,
    /// Its highest ballot that was on its disk, and since when: it may have told of it.
    on_disk: Option<(Ballot, SimTime)>,
}

impl PromisesIncrease {
    const NAME: &'static str = "Promises Increase";

    /// For a run of `nodes` processes.
    pub fn new(nodes: u32) -> Self {
        Self { disks: Reader::new(nodes), acceptors: vec![Promised::default(); nodes as usize] }
    }
}

fn violation(id: NodeId, facts: Vec<String>) -> Violation {
    let source = "PMMC, §2.2, invariants A1 and A2";
    Violation { rule: PromisesIncrease::NAME, source, facts, nodes: vec![id] }
}

impl Promised {
    /// A promise, or an acceptance, came to be on the disk of `id`.
    fn wrote(
        &mut self,
        id: NodeId,
        ballot: Ballot,
        what: &str,
        now: SimTime,
    ) -> Result<(), Violation> {
        match self.on_disk {
            Some((highest, then)) if ballot < highest => Err(violation(
                id,
                vec![
                    format!("{id} had {highest} on its disk at {then}"),
                    format!("{id} {what} {ballot} at {now}"),
                ],
            )),
            Some((highest, _)) if highest == ballot => Ok(()),
            Some(_) | None => {
                self.on_disk = Some((ballot, now));
                Ok(())
            }
        }
    }

    /// The ballot of `id` is this now.
    fn is_at(
        &mut self,
        id: NodeId,
        (ballot, incarnation): (Option<Ballot>, u32),
        now: SimTime,
    ) -> Result<(), Violation> {
        let has_crashed = self.incarnation != incarnation;
        let least = if has_crashed { self.on_disk.map(|(ballot, _)| ballot) } else { self.now };
        (self.now, self.incarnation) = (ballot, incarnation);
        let (Some(least), true) = (least, ballot < least) else { return Ok(()) };
        let where_from = if has_crashed { "on its disk" } else { "promised" };
        let is_at = ballot.map_or(String::from("no ballot"), |ballot| ballot.to_string());
        Err(violation(
            id,
            vec![format!("{id} had {least} {where_from}"), format!("{id} is at {is_at} at {now}")],
        ))
    }
}

impl Monitor<Server> for PromisesIncrease {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<MultiPaxos>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let promised = &mut self.acceptors[id.index()];
        let mut highest_of_slots = None;
        for record in self.disks.news(id, world) {
            match record {
                // After a checkpoint, acceptances follow that are older than the promise before them.
                Record::Snapshot(_) => highest_of_slots = promised.on_disk,
                Record::Promised { ballot } => {
                    promised.wrote(id, *ballot, "promised", step.time)?;
                }
                Record::Accepted { ballot, .. } if highest_of_slots.is_none() => {
                    promised.wrote(id, *ballot, "accepted at", step.time)?;
                }
                Record::Accepted { .. }
                | Record::InUse
                | Record::Chosen { .. }
                | Record::Decided { .. } => {}
            }
        }
        let Some(server) = world.node(id) else { return Ok(()) };
        // Who has lost its disk and knows it promises nothing.
        let acceptor = server.acceptor();
        if !acceptor.can_vote {
            return Ok(());
        }
        promised.is_at(id, (acceptor.ballot_num, world.incarnation(id)), step.time)
    }
}

/// Each ballot is adopted once at most, by the leader whose name it bears (PMMC, §2.2): so that at one ballot there is one command for
/// each slot.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UniqueBallots {
    adopted: BTreeMap<Ballot, (NodeId, SimTime)>,
}

impl UniqueBallots {
    const NAME: &'static str = "Unique Ballots";
}

impl Monitor<Server> for UniqueBallots {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<MultiPaxos>, _world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Adopted { ballot, .. } = note else { continue };
            let before = self.adopted.insert(*ballot, (id, step.time));
            let first = match before {
                Some((first, then)) => format!("{first} led {ballot} at {then}"),
                None if ballot.leader != id => format!("{ballot} is of {}", ballot.leader),
                None => continue,
            };
            return Err(Violation {
                rule: Self::NAME,
                source: "PMMC, §2.2: ballot numbers are unique to leaders",
                facts: vec![first, format!("{id} led {ballot} at {}", step.time)],
                nodes: vec![before.map_or(ballot.leader, |(first, _)| first), id],
            });
        }
        Ok(())
    }
}
