//! What is on disk before anybody relies on it, and stays there.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::bank::TxId;
use crate::commit::{Commit, Form, Note, Outcome, Record, Settings, Site, Vote};

/// AC5 Log before Send (R\*, §2): a yes that a coordinator counts is on the participant's disk, and a commit that a participant
/// carries out is on the coordinator's.
#[derive(Clone, Debug, Serialize)]
pub struct LogBeforeSend {
    form: Form,
}

impl LogBeforeSend {
    const NAME: &'static str = "AC5 Log before Send";

    /// The monitor.
    pub const fn new(settings: &Settings) -> Self {
        Self { form: settings.protocol }
    }

    fn violation(fact: String, lacks: String, nodes: Vec<NodeId>) -> Violation {
        let source = "R*, §2: records are forced before the messages that they stand for";
        Violation { rule: Self::NAME, source, facts: vec![lacks, fact], nodes }
    }
}

/// Whether a participant's disk says that it voted on a transaction.
fn has_vote(world: &World<Site>, id: NodeId, tx: TxId) -> bool {
    world.journal(id).as_written().iter().any(|record| match record {
        Record::Prepared { branch, .. } => branch.tx == tx,
        Record::Checkpoint { finished, .. } => finished.contains_key(&tx),
        Record::Concluded { tx: other, .. } => *other == tx,
        Record::Collecting { .. }
        | Record::Decided { .. }
        | Record::End { .. }
        | Record::PreCommitted { .. }
        | Record::Accepted { .. } => false,
    })
}

/// Whether a coordinator's disk says that a transaction commits.
fn has_commit(world: &World<Site>, id: NodeId, wanted: TxId) -> bool {
    let mut records = world.journal(id).as_written().iter();
    records.any(|record| match record {
        Record::Decided { tx, outcome, .. } => *tx == wanted && *outcome == Outcome::Commit,
        Record::Collecting { .. }
        | Record::End { .. }
        | Record::Prepared { .. }
        | Record::PreCommitted { .. }
        | Record::Concluded { .. }
        | Record::Checkpoint { .. }
        | Record::Accepted { .. } => false,
    })
}

impl Monitor<Site> for LogBeforeSend {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Commit>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Counted { tx, from, vote: Vote::Yes } if !has_vote(world, *from, *tx) => {
                    let fact = format!("{id} counted {from}'s yes to {tx} at {}", step.time);
                    let lacks = format!("{from}'s disk does not have it");
                    return Err(Self::violation(fact, lacks, vec![*from, id]));
                }
                Note::Decided { tx, outcome: Outcome::Commit, .. }
                    if self.form.is_presuming()
                        && id != tx.coordinator
                        && !has_commit(world, tx.coordinator, *tx) =>
                {
                    let fact = format!("{id} committed {tx} at {}", step.time);
                    let lacks = format!("{}'s disk does not have the decision", tx.coordinator);
                    return Err(Self::violation(fact, lacks, vec![tx.coordinator, id]));
                }
                Note::Waits { .. }
                | Note::Began { .. }
                | Note::Voted { .. }
                | Note::Prepared { .. }
                | Note::Counted { .. }
                | Note::Decided { .. }
                | Note::TookOver { .. }
                | Note::BallotBegan { .. }
                | Note::Heuristic { .. }
                | Note::HeuristicDamage { .. } => {}
            }
        }
        Ok(())
    }
}

/// Prepared Is Remembered (Gray 1978): who voted yes is uncertain until it knows the outcome, and a crash does not change that.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PreparedRemembered {
    /// What participants voted yes to and have not heard of since.
    prepared: BTreeMap<(NodeId, TxId), (OperationId, SimTime)>,
}

impl Monitor<Site> for PreparedRemembered {
    fn name(&self) -> &'static str {
        "Prepared Is Remembered"
    }

    fn after(&mut self, step: &Step<Commit>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Prepared { tx, operation } = note {
                self.prepared.insert((id, *tx), (*operation, step.time));
            }
        }
        let Some(participant) = world.node(id).and_then(|site| site.participant.as_ref()) else {
            return Ok(());
        };
        let first = TxId { coordinator: NodeId(0), incarnation: 0, number: 0 };
        let own = self.prepared.range((id, first)..(NodeId(id.0 + 1), first));
        for ((_, tx), (operation, at)) in own {
            if participant.remembers(*tx) {
                continue;
            }
            return Err(Violation {
                rule: "Prepared Is Remembered",
                source: "Gray 1978: a prepared transaction is in doubt until its outcome is known",
                facts: vec![
                    format!("{id} was prepared for {operation} ({tx}) at {at}"),
                    format!("at {} it knows nothing of it", step.time),
                ],
                nodes: vec![id],
            });
        }
        Ok(())
    }
}
