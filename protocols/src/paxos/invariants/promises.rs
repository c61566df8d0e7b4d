//! Promises are kept, whatever happens to the acceptor.

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::paxos::ballot::Ballot;
use crate::paxos::process::{Note, Paxos, Process, Record};

use super::ghost::Disks;

/// Promises Kept: an acceptor never goes back behind a number that it has promised, in a crash or
/// otherwise (§2.5), and accepts nothing that is numbered less (§2.2, P1a).
#[derive(Clone, Debug, Serialize)]
pub struct PromisesKept {
    disks: Disks,
    /// The highest number that each process promised when it was asked to, as far as anybody can have
    /// been told, and since when.
    promised: Vec<Option<(Ballot, SimTime)>>,
    /// The same, with the numbers that it accepted: these promise too.
    bound: Vec<Option<(Ballot, SimTime)>>,
    /// The life in which each process was seen last. A disk that is read anew is no news.
    lives: Vec<u32>,
}

impl PromisesKept {
    const NAME: &'static str = "Promises Kept";

    /// For a run of `nodes` processes.
    pub fn new(nodes: u32) -> Self {
        let none = vec![None; nodes as usize];
        let lives = vec![0; nodes as usize];
        Self { disks: Disks::new(nodes), promised: none.clone(), bound: none, lives }
    }

    fn promises(&mut self, id: NodeId, ballot: Ballot, now: SimTime) {
        raise(&mut self.promised[id.index()], ballot, now);
        raise(&mut self.bound[id.index()], ballot, now);
    }

    fn violation((ballot, then): (Ballot, SimTime), what: String, id: NodeId) -> Violation {
        Violation {
            rule: Self::NAME,
            source: "Paxos Made Simple, §2.2, P1a, and §2.5",
            facts: vec![format!("{id} promised {ballot} at {then}"), what],
            nodes: vec![id],
        }
    }

    /// What reached the disk of `id`, in its order.
    fn reads(&mut self, id: NodeId, records: Vec<Record>, now: SimTime) -> Result<(), Violation> {
        for record in records {
            match record {
                Record::Joined | Record::Tried { .. } => {}
                Record::Promised { ballot } => self.promises(id, ballot, now),
                Record::Accepted { proposal } => {
                    let bound = &mut self.bound[id.index()];
                    if let Some(known) = bound.filter(|(highest, _)| proposal.ballot < *highest) {
                        let what = format!("{id} accepted {proposal} at {now}");
                        return Err(Self::violation(known, what, id));
                    }
                    raise(bound, proposal.ballot, now);
                }
            }
        }
        Ok(())
    }
}

fn raise(known: &mut Option<(Ballot, SimTime)>, ballot: Ballot, now: SimTime) {
    if known.is_none_or(|(highest, _)| highest < ballot) {
        *known = Some((ballot, now));
    }
}

impl Monitor<Process> for PromisesKept {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Paxos>, world: &World<Process>) -> Result<(), Violation> {
        let news = self.disks.news(step, world);
        if let Some((id, records)) = news {
            let is_new_life = self.lives[id.index()] != world.incarnation(id);
            self.lives[id.index()] = world.incarnation(id);
            if !is_new_life {
                self.reads(id, records, step.time)?;
            }
        }
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Promised { ballot } = note {
                self.promises(id, *ballot, step.time);
            }
        }
        let acceptor = world.node(id).and_then(Process::acceptor);
        let Some((acceptor, known)) = acceptor.zip(self.promised[id.index()]) else {
            return Ok(());
        };
        if acceptor.promised < Some(known.0) {
            let now = acceptor.promised.map_or(String::from("nothing"), |it| it.to_string());
            let what = format!("{id} has promised {now} at {}", step.time);
            return Err(Self::violation(known, what, id));
        }
        Ok(())
    }
}
