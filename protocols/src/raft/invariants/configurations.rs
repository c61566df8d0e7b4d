//! Configuration Safety.

use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::raft::configuration::Configuration;
use crate::raft::numbers::{Index, Term};
use crate::raft::server::{Note, Raft, Server};

/// Configuration Safety (§6; dissertation, §4.1 and §4.3): configurations that can be in use at the same time have no two
/// quorums without a common server, and one change is under way at a time.
///
/// A leader uses the latest configuration in its log. So that one must meet the last committed one, which others may
/// be using still, and there must be no more than one uncommitted one behind that.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigurationSafety {
    /// The committed configuration that is furthest in the log.
    committed: Option<Known>,
}

/// A configuration that somebody knew to be committed.
#[derive(Clone, Debug, Serialize)]
struct Known {
    index: Index,
    configuration: Arc<Configuration>,
    by: NodeId,
    at: SimTime,
}

impl Known {
    fn fact(&self) -> String {
        let Self { index, configuration, by, at } = self;
        format!("{by} knew {configuration:?} at {index} to be committed at {at}")
    }
}

impl ConfigurationSafety {
    const NAME: &'static str = "Configuration Safety";

    fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        Violation { rule: Self::NAME, source: "Raft, §6; dissertation, §4.1", facts, nodes }
    }

    /// A configuration is committed.
    fn commits(&mut self, known: Known) {
        if self.committed.as_ref().is_none_or(|furthest| furthest.index < known.index) {
            self.committed = Some(known);
        }
    }

    /// `leader` leads by the latest configuration in its log.
    fn leads(&self, id: NodeId, leader: &Server, now: SimTime) -> Result<(), Violation> {
        let Some(committed) = &self.committed else { return Ok(()) };
        let used = leader.configuration();
        if used.meets(&committed.configuration) {
            return Ok(());
        }
        let (term, index) = (leader.current_term(), leader.configuration_index());
        let leads = format!(
            "{id} led {term} by {used:?} at {index} at {now}: a majority of each need share no server"
        );
        Err(Self::violation(vec![committed.fact(), leads], vec![committed.by, id]))
    }

    /// `leader` appended a configuration of its own.
    fn changes(id: NodeId, leader: &Server, now: SimTime) -> Result<(), Violation> {
        let commit_index = leader.commit_index();
        let pending: Vec<(Index, Term)> = leader.pending_configurations().collect();
        let [.., (first, _), (second, term)] = pending[..] else { return Ok(()) };
        if term != leader.current_term() {
            return Ok(()); // Inherited: each was alone in its own leader's log.
        }
        let facts = vec![
            format!(
                "{id} had a configuration at {first}, and knew only {commit_index} to be committed"
            ),
            format!("{id} appended another at {second} at {now}"),
        ];
        Err(Self::violation(facts, vec![id]))
    }
}

impl Monitor<Server> for ConfigurationSafety {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let leader = world.node(id).filter(|server| server.is_leader());
            match note {
                Note::Reconfigured { index, configuration } => {
                    let configuration = Arc::clone(configuration);
                    self.commits(Known { index: *index, configuration, by: id, at: step.time });
                    let leaders = world.up().filter(|(_, server)| server.is_leader());
                    for (leader, server) in leaders.filter(|(other, _)| *other == id) {
                        self.leads(leader, server, step.time)?;
                    }
                }
                Note::Reconfiguring { .. } => {
                    if let Some(leader) = leader {
                        Self::changes(id, leader, step.time)?;
                        self.leads(id, leader, step.time)?;
                    }
                }
                Note::Elected { .. } => {
                    if let Some(leader) = leader {
                        self.leads(id, leader, step.time)?;
                    }
                }
                Note::BecameCandidate { .. }
                | Note::BecamePreCandidate { .. }
                | Note::LostQuorum { .. }
                | Note::TransferBegun { .. }
                | Note::TransferAbandoned { .. }
                | Note::Voted { .. }
                | Note::SteppedDown { .. }
                | Note::Truncated { .. }
                | Note::Committed { .. }
                | Note::Applied { .. }
                | Note::Installed { .. } => {}
            }
        }
        Ok(())
    }
}
