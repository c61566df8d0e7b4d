//! Election Safety, and what it rests on: terms that never go back, and one vote per term.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::raft::numbers::Term;
use crate::raft::server::{Note, Raft, Server};

/// Election Safety (figure 3): at most one leader can be elected in a given term.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ElectionSafety {
    /// Who was elected in each term, and when.
    leaders: BTreeMap<Term, (NodeId, SimTime)>,
}

impl ElectionSafety {
    const NAME: &'static str = "Election Safety";

    /// `leader` was elected in `term`.
    fn elected(&mut self, leader: NodeId, term: Term, now: SimTime) -> Result<(), Violation> {
        let Some((first, then)) = self.leaders.insert(term, (leader, now)) else { return Ok(()) };
        Err(Violation {
            rule: Self::NAME,
            source: "Raft, figure 3 and §5.2",
            facts: vec![
                format!("{first} was elected in {term} at {then}"),
                format!("{leader} was elected in {term} at {now}"),
            ],
            nodes: vec![first, leader],
        })
    }
}

impl Monitor<Server> for ElectionSafety {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, _world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Elected { term, .. } = note {
                self.elected(id, *term, step.time)?;
            }
        }
        Ok(())
    }
}

/// A server's current term never goes back (§5.1), and it votes for one candidate per term (§5.2):
/// across crashes too, as far as anybody can have been told.
#[derive(Clone, Debug, Serialize)]
pub struct TermsAndVotes {
    servers: Vec<Pledges>,
}

/// What one server is bound to.
#[derive(Clone, Debug, Default, Serialize)]
struct Pledges {
    incarnation: u32,
    /// The term that it is in: in memory, and lost in a crash if it had not reached the disk.
    term: Term,
    /// The last term that was on its disk: it may have spoken of it.
    promised: Term,
    /// Its last vote that was on its disk: for whom, and since when.
    vote: Option<(Term, NodeId, SimTime)>,
}

impl TermsAndVotes {
    const NAME: &'static str = "One Vote per Term";

    /// For a run of `nodes` servers.
    pub fn new(nodes: u32) -> Self {
        Self { servers: vec![Pledges::default(); nodes as usize] }
    }
}

impl Pledges {
    fn voted(
        &mut self,
        voter: NodeId,
        (term, candidate): (Term, NodeId),
        now: SimTime,
    ) -> Result<(), Violation> {
        self.promised = self.promised.max(term);
        let Some((old_term, first, then)) = self.vote.replace((term, candidate, now)) else {
            return Ok(());
        };
        if old_term < term || (old_term == term && first == candidate) {
            return Ok(());
        }
        Err(Violation {
            rule: TermsAndVotes::NAME,
            source: "Raft, §5.2 and figure 2, persistent state",
            facts: vec![
                format!("{voter} voted for {first} in {old_term} at {then}"),
                format!("{voter} voted for {candidate} in {term} at {now}"),
            ],
            nodes: vec![voter, first, candidate],
        })
    }

    fn is_in(
        &mut self,
        id: NodeId,
        (term, incarnation): (Term, u32),
        now: SimTime,
    ) -> Result<(), Violation> {
        let has_crashed = self.incarnation != incarnation;
        let least = if has_crashed { self.promised } else { self.term };
        (self.term, self.incarnation) = (term, incarnation);
        if least <= term {
            return Ok(());
        }
        let where_from = if has_crashed { "on its disk" } else { "its current term" };
        Err(Violation {
            rule: "Terms Increase",
            source: "Raft, §5.1 and figure 2, persistent state",
            facts: vec![
                format!("{id} had {least} {where_from}"),
                format!("{id} is in {term} at {now}"),
            ],
            nodes: vec![id],
        })
    }
}

impl Monitor<Server> for TermsAndVotes {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let pledges = &mut self.servers[id.index()];
        for note in &step.notes {
            if let Note::Voted { term, candidate } = note {
                pledges.voted(id, (*term, *candidate), step.time)?;
            }
        }
        let Some(server) = world.node(id) else { return Ok(()) };
        pledges.is_in(id, (server.current_term(), world.incarnation(id)), step.time)?;
        if matches!(step.event, Event::Synced { .. }) {
            let journal = world.journal(id);
            let is_all_there = journal.synced() == journal.written();
            if is_all_there && world.waiting_for_disk(id).next().is_none() {
                pledges.promised = pledges.term;
            }
        }
        Ok(())
    }
}
