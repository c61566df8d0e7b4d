//! What is judged.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Duration, Monitor, NodeId, SimTime, Step, Violation, World};

use super::dot::{Dot, Versions};
use super::meaning::{Made, meaning};
use super::message::{Note, Value};
use super::parameters::Kind;
use super::registration::Crdt;
use super::replica::Replica;

/// Unique Updates, Meaning and Strong Eventual Consistency: replicas that have the same updates show the same value, and it is the one that these updates mean,
/// in whatever order and how often they came.
#[derive(Clone, Debug, Serialize)]
pub struct Meaning {
    kind: Kind,
    /// All updates of clients.
    made: BTreeMap<Dot, Made>,
    /// What each replica had and showed when it was last looked at, `n1` first.
    seen: Vec<Option<(Versions, Value)>>,
}

impl Meaning {
    /// Of that type, over so many nodes.
    pub fn new(kind: Kind, nodes: u32) -> Self {
        Self { kind, made: BTreeMap::new(), seen: vec![None; nodes as usize] }
    }

    fn make(&mut self, id: NodeId, step: &Step<Crdt>) -> Result<(), Violation> {
        for note in &step.notes {
            let Note::Updated { dot, update, known, .. } = note else { continue };
            let made = Made { update: update.clone(), known: known.clone() };
            if let Some(before) = self.made.insert(*dot, made) {
                return Err(Violation {
                    rule: "Unique Updates",
                    source: "Shapiro et al. 2011, section 2.1",
                    facts: vec![
                        format!("{id} made the update {dot:?} at {}: {update:?}", step.time),
                        format!("there was one of that name: {:?}", before.update),
                    ],
                    nodes: vec![id],
                });
            }
        }
        Ok(())
    }
}

impl Monitor<Replica> for Meaning {
    fn name(&self) -> &'static str {
        "Meaning"
    }

    fn after(&mut self, step: &Step<Crdt>, world: &World<Replica>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        self.make(id, step)?;
        let Some(replica) = world.node(id) else { return Ok(()) };
        let now = Some((replica.known.clone(), replica.value()));
        if self.seen[id.index()] == now {
            return Ok(());
        }
        self.seen[id.index()] = now;
        let (value, expected) = (replica.value(), meaning(self.kind, &self.made, &replica.known));
        if value == expected {
            return Ok(());
        }
        Err(Violation {
            rule: "Meaning",
            source: "strong eventual consistency: Shapiro et al. 2011, section 2.2",
            facts: vec![
                format!("{id} shows {value:?} at {}", step.time),
                format!("the updates that it has, {:?}, mean {expected:?}", replica.known),
            ],
            nodes: vec![id],
        })
    }
}

/// Convergence: once nothing has happened for a while, all replicas have the same updates.
#[derive(Clone, Debug, Serialize)]
pub struct Convergence {
    settle: Option<Duration>,
    disturbed: SimTime,
}

impl Convergence {
    /// Of so many nodes that send so often.
    pub fn new(period: Duration, nodes: u32) -> Self {
        // As long as a simple epidemic takes, but for chance that strikes once in 10^12 runs; and half as long again for what is lost.
        let cycles = 3 * u64::from(nodes.max(2).ilog2() + 1) + 45;
        Self { settle: period.checked_mul_ratio(cycles, 1), disturbed: SimTime::ZERO }
    }
}

impl Monitor<Replica> for Convergence {
    fn name(&self) -> &'static str {
        "Convergence"
    }

    fn after(&mut self, step: &Step<Crdt>, _world: &World<Replica>) -> Result<(), Violation> {
        let is_update = |note: &Note| matches!(note, Note::Updated { .. });
        if matches!(step.event, Event::Deed(_)) || step.notes.iter().any(is_update) {
            self.disturbed = step.time;
        }
        Ok(())
    }

    fn finish(&mut self, world: &World<Replica>) -> Result<(), Violation> {
        let is_calm = self.settle.is_some_and(|s| self.disturbed.saturating_add(s) <= world.now());
        let is_whole = world.closed_pairs().is_empty() && world.clogged_pairs().is_empty();
        let works = |id| world.node(id).is_some() && !world.is_paused(id) && !world.is_slow(id);
        if !is_calm || !is_whole || !NodeId::all(world.node_count()).all(works) {
            return Ok(());
        }
        let mut up = world.up();
        let Some((first, one)) = up.next() else { return Ok(()) };
        let Some((id, other)) = up.find(|(_, other)| other.known != one.known) else {
            return Ok(());
        };
        Err(Violation {
            rule: "Convergence",
            source: "eventual delivery: Shapiro et al. 2011, section 2.2",
            facts: vec![
                format!("{first} has {:?}, {id} has {:?}", one.known, other.known),
                format!("nothing happened from {} to {}", self.disturbed, world.now()),
            ],
            nodes: vec![first, id],
        })
    }
}
