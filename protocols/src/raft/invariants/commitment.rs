//! Leader Completeness and State Machine Safety.

use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, OperationId, Sequence, SimTime, Step, Violation, World};

use crate::raft::configuration::Configuration;
use crate::raft::numbers::{Index, Term};
use crate::raft::server::{Note, Raft, Record, Server};

/// Leader Completeness (figure 3): if an entry is committed in a given term, it will be present in
/// the logs of the leaders for all higher-numbered terms.
///
/// An entry counts as committed from the moment when a leader commits it, for then clients are
/// answered. At that moment a majority must have it (§5.3).
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeaderCompleteness {
    /// The furthest entry that was committed. By Log Matching, who has it has all those before it.
    committed: Option<Committed>,
}

/// A leader committed an entry.
#[derive(Clone, Debug, Serialize)]
struct Committed {
    index: Index,
    /// The term of the entry.
    term: Term,
    /// The term in which it was committed.
    in_term: Term,
    /// The configuration that its leader went by.
    configuration: Arc<Configuration>,
    by: NodeId,
    at: SimTime,
}

impl Committed {
    fn fact(&self) -> String {
        let Self { index, term, in_term, by, at, .. } = self;
        format!("{by} committed {index} of {term} as leader of {in_term} at {at}")
    }
}

impl LeaderCompleteness {
    const NAME: &'static str = "Leader Completeness";

    /// `id` leads: does it have what was committed before its term?
    fn leads(&self, id: NodeId, leader: &Server, now: SimTime) -> Result<(), Violation> {
        let Some(committed) = &self.committed else { return Ok(()) };
        let is_later = committed.in_term < leader.current_term();
        if !is_later || leader.log().covers(committed.index, committed.term) {
            return Ok(());
        }
        let index = committed.index;
        let there = match leader.log().term_at(index) {
            Some(other) => format!("has {index} of {other}"),
            None => format!("has a log up to {}", leader.log().last_index()),
        };
        Err(Violation {
            rule: Self::NAME,
            source: "Raft, figure 3 and §5.4.3",
            facts: vec![
                committed.fact(),
                format!("{id} leads {} and {there} at {now}", leader.current_term()),
            ],
            nodes: vec![committed.by, id],
        })
    }

    /// A leader committed an entry: a majority must have it, and so must leaders of later terms, if
    /// there are any already.
    fn commits(&mut self, committed: Committed, world: &World<Server>) -> Result<(), Violation> {
        let (index, term) = (committed.index, committed.term);
        let holders = NodeId::all(world.node_count()).filter(|id| has(world, *id, index, term));
        let holders: Vec<NodeId> = holders.collect();
        let governing = &committed.configuration;
        if !governing.is_quorum(|id| holders.contains(&id)) {
            return Err(Violation {
                rule: Self::NAME,
                source: "Raft, §5.3: committed once replicated on a majority of the servers",
                facts: vec![
                    committed.fact(),
                    format!("of the configuration {governing:?} it was on {holders:?} alone"),
                ],
                nodes: vec![committed.by],
            });
        }
        if self.committed.as_ref().is_none_or(|furthest| furthest.index < index) {
            self.committed = Some(committed);
        }
        let leaders = world.up().filter(|(_, server)| server.is_leader());
        for (id, leader) in leaders {
            self.leads(id, leader, world.now())?;
        }
        Ok(())
    }
}

impl Monitor<Server> for LeaderCompleteness {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Some(leader) = world.node(id).filter(|server| server.is_leader()) else { continue };
            match note {
                Note::Elected { .. } => self.leads(id, leader, step.time)?,
                Note::Committed { index, term } => {
                    let (index, term, in_term) = (*index, *term, leader.current_term());
                    let configuration = governing(leader, step);
                    let (by, at) = (id, step.time);
                    let committed = Committed { index, term, in_term, configuration, by, at };
                    self.commits(committed, world)?;
                }
                Note::BecameCandidate { .. }
                | Note::Voted { .. }
                | Note::SteppedDown { .. }
                | Note::Truncated { .. }
                | Note::Applied { .. }
                | Note::Reconfiguring { .. }
                | Note::Reconfigured { .. }
                | Note::Installed { .. }
                | Note::BecamePreCandidate { .. }
                | Note::LostQuorum { .. }
                | Note::TransferBegun { .. }
                | Note::TransferAbandoned { .. } => {}
            }
        }
        Ok(())
    }
}

/// The latest configuration in the log of `leader` before the event: what it appended in it came after what it committed.
fn governing(leader: &Server, step: &Step<Raft>) -> Arc<Configuration> {
    let appended = step.notes.iter().filter_map(|note| match note {
        Note::Reconfiguring { index, .. } => Some(*index),
        Note::BecameCandidate { .. }
        | Note::Voted { .. }
        | Note::Elected { .. }
        | Note::SteppedDown { .. }
        | Note::Truncated { .. }
        | Note::Committed { .. }
        | Note::Applied { .. }
        | Note::Reconfigured { .. }
        | Note::Installed { .. }
        | Note::BecamePreCandidate { .. }
        | Note::LostQuorum { .. }
        | Note::TransferBegun { .. }
        | Note::TransferAbandoned { .. } => None,
    });
    let before = appended.min().map_or(leader.log().last_index(), Index::previous);
    Arc::clone(leader.configuration_at(before))
}

/// Whether a server has that entry: in its log, or on its disk while it is down.
fn has(world: &World<Server>, id: NodeId, index: Index, term: Term) -> bool {
    if let Some(server) = world.node(id) {
        return server.log().covers(index, term);
    }
    let mut there = None;
    for record in world.journal(id).records() {
        match record {
            Record::Append { index: place, entry } if *place == index => there = Some(entry.term),
            Record::TruncateFrom { index: from } if *from <= index => there = None,
            // It stands for committed entries: of those there is one per index.
            Record::Snapshot(snapshot) if index <= snapshot.last_included_index => {
                there = Some(term);
            }
            Record::Snapshot(_)
            | Record::Append { .. }
            | Record::TruncateFrom { .. }
            | Record::Vote { .. } => {}
        }
    }
    there == Some(term)
}

/// State Machine Safety (figure 3): if a server has applied an entry at a given index, no other
/// server will ever apply a different one for the same index. Servers apply in the order of the log
/// and never beyond what they know to be committed, and what is committed stays.
#[derive(Clone, Debug, Serialize)]
pub struct StateMachineSafety {
    /// What was applied at each index, by whom first.
    applied: Sequence<Applied>,
    servers: Vec<Progress>,
}

/// An entry was applied.
#[derive(Clone, Debug, Serialize)]
struct Applied {
    term: Term,
    operation: Option<OperationId>,
    by: NodeId,
    at: SimTime,
}

impl Applied {
    fn fact(&self, index: Index) -> String {
        let Self { term, operation, by, at } = self;
        let what = operation.map_or(String::from("no operation"), |id| id.to_string());
        format!("{by} applied {index} of {term} at {at}: {what}")
    }
}

/// How far one server got in its present life.
#[derive(Clone, Debug, Default, Serialize)]
struct Progress {
    incarnation: u32,
    commit_index: Index,
    last_applied: Index,
}

impl StateMachineSafety {
    const NAME: &'static str = "State Machine Safety";

    /// For a run of `nodes` servers.
    pub fn new(nodes: u32) -> Self {
        Self { applied: Sequence::new(), servers: vec![Progress::default(); nodes as usize] }
    }

    fn applies(&mut self, index: Index, applied: Applied) -> Result<(), Violation> {
        let id = applied.by;
        let progress = &mut self.servers[id.index()];
        let due = progress.last_applied.next();
        progress.last_applied = index;
        if index != due {
            let facts = vec![format!("{id} was to apply {due} next"), applied.fact(index)];
            return Err(violation(facts, vec![id]));
        }
        let Some(first) = self.applied.get(index.previous().0 as usize) else {
            self.applied.push(applied);
            return Ok(());
        };
        if (first.term, first.operation) == (applied.term, applied.operation) {
            return Ok(());
        }
        Err(violation(vec![first.fact(index), applied.fact(index)], vec![first.by, id]))
    }

    /// Commit index and log of `id` stand to each other as they should.
    fn stands(&mut self, id: NodeId, server: &Server, now: SimTime) -> Result<(), Violation> {
        let progress = &mut self.servers[id.index()];
        let (commit, last) = (server.commit_index(), server.log().last_index());
        let before = std::mem::replace(&mut progress.commit_index, commit);
        let (fact, conflict) = if commit < before {
            (format!("{id} knew {before} to be committed"), format!("knows only {commit}"))
        } else if commit < server.last_applied() {
            let applied = server.last_applied();
            (format!("{id} applied {applied}"), format!("knows only {commit} to be committed"))
        } else if last < commit {
            (
                format!("{id} knows {commit} to be committed"),
                format!("has a log up to {last} alone"),
            )
        } else {
            return Ok(());
        };
        let term = server.current_term();
        Err(violation(vec![fact, format!("{id} {conflict} in {term} at {now}")], vec![id]))
    }
}

fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
    let source = "Raft, figure 3 and §5.4.3";
    Violation { rule: StateMachineSafety::NAME, source, facts, nodes }
}

impl Monitor<Server> for StateMachineSafety {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let incarnation = world.incarnation(id);
        if self.servers[id.index()].incarnation != incarnation {
            self.servers[id.index()] = Progress { incarnation, ..Progress::default() };
        }
        for note in &step.notes {
            if let Note::Installed { index } = note {
                self.servers[id.index()].last_applied = *index;
            }
            if let Note::Applied { index, term, command, .. } = note {
                let (term, operation) = (*term, command.operation());
                self.applies(*index, Applied { term, operation, by: id, at: step.time })?;
            }
        }
        world.node(id).map_or(Ok(()), |server| self.stands(id, server, step.time))
    }
}
