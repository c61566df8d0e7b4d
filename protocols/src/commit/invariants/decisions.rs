//! AC1 to AC4: what is decided.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::commit::{Commit, Note, Outcome, Site, Vote};

/// Which rule a monitor watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Rule {
    /// AC1.
    Agreement,
    /// AC2.
    Irrevocable,
    /// AC3.
    Unanimity,
    /// AC4.
    NonTriviality,
}

impl Rule {
    const fn name(self) -> &'static str {
        match self {
            Self::Agreement => "AC1 Agreement",
            Self::Irrevocable => "AC2 Irrevocable",
            Self::Unanimity => "AC3 Unanimity",
            Self::NonTriviality => "AC4 Non-Triviality",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Agreement => "BHG, §7.3: AC1, all processes that decide decide the same",
            Self::Irrevocable => "BHG, §7.3: AC2, a process cannot reverse its decision",
            Self::Unanimity => "BHG, §7.3: AC3, commit only if all processes voted yes",
            Self::NonTriviality => "BHG, §7.3: AC4, commit if all voted yes and nothing failed",
        }
    }
}

/// A decision.
#[derive(Clone, Copy, Debug, Serialize)]
struct Decision {
    outcome: Outcome,
    by: NodeId,
    at: SimTime,
}

impl Decision {
    fn fact(self, operation: OperationId) -> String {
        let Self { outcome, by, at } = self;
        let word = match outcome {
            Outcome::Commit => "committed",
            Outcome::Abort => "aborted",
        };
        format!("{by} {word} {operation} at {at}")
    }
}

/// What happened to one transaction.
#[derive(Clone, Debug, Default, Serialize)]
struct Ghost {
    participants: Vec<NodeId>,
    consents: BTreeSet<NodeId>,
    /// The first decision of each kind.
    decisions: Vec<Decision>,
    /// What each node decided first.
    by_node: BTreeMap<NodeId, Decision>,
}

/// AC1 to AC4 of BHG, §7.3, one per monitor.
#[derive(Clone, Debug, Serialize)]
pub struct Decisions {
    rule: Rule,
    transactions: BTreeMap<OperationId, Ghost>,
}

impl Decisions {
    /// The monitor of one rule.
    pub const fn new(rule: Rule) -> Self {
        Self { rule, transactions: BTreeMap::new() }
    }

    fn violation(&self, facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        Violation { rule: self.rule.name(), source: self.rule.source(), facts, nodes }
    }

    fn decides(
        &mut self,
        operation: OperationId,
        new: Decision,
        world: &World<Site>,
    ) -> Result<(), Violation> {
        let ghost = self.transactions.entry(operation).or_default();
        let other = ghost.decisions.iter().find(|old| old.outcome != new.outcome).copied();
        let own = ghost.by_node.get(&new.by).filter(|old| old.outcome != new.outcome).copied();
        if ghost.decisions.iter().all(|old| old.outcome != new.outcome) {
            ghost.decisions.push(new);
        }
        ghost.by_node.entry(new.by).or_insert(new);
        let missing = ghost.participants.iter().find(|id| !ghost.consents.contains(id)).copied();
        let is_known = !ghost.participants.is_empty();
        let conflict = match self.rule {
            Rule::Agreement => other.filter(|old| old.by != new.by),
            Rule::Irrevocable => own,
            Rule::Unanimity => {
                let Some(missing) = missing.filter(|_| new.outcome == Outcome::Commit) else {
                    return Ok(());
                };
                let fact = format!("{missing} has not voted yes");
                return Err(self.violation(vec![fact, new.fact(operation)], vec![missing, new.by]));
            }
            Rule::NonTriviality => {
                let is_ground = missing.is_some() || !is_known || has_failed(world);
                if is_ground || new.outcome == Outcome::Commit {
                    return Ok(());
                }
                let fact = String::from("all participants voted yes, and nothing had failed");
                return Err(self.violation(vec![fact, new.fact(operation)], vec![new.by]));
            }
        };
        let Some(old) = conflict else { return Ok(()) };
        let facts = vec![old.fact(operation), new.fact(operation)];
        Err(self.violation(facts, vec![old.by, new.by]))
    }
}

/// Whether anything has gone wrong so far, by the ledger.
fn has_failed(world: &World<Site>) -> bool {
    world.ledger().families().any(|(_, tally)| tally.applied != 0)
}

impl Monitor<Site> for Decisions {
    fn name(&self) -> &'static str {
        self.rule.name()
    }

    fn after(&mut self, step: &Step<Commit>, world: &World<Site>) -> Result<(), Violation> {
        let Some(by) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Began { operation, participants, .. } => {
                    let ghost = self.transactions.entry(*operation).or_default();
                    ghost.participants.clone_from(participants);
                }
                Note::Voted { operation, vote, .. } => {
                    let consents = &mut self.transactions.entry(*operation).or_default().consents;
                    if *vote != Vote::No {
                        consents.insert(by);
                    }
                }
                Note::Decided { operation, outcome, .. } => {
                    let decision = Decision { outcome: *outcome, by, at: step.time };
                    self.decides(*operation, decision, world)?;
                }
                Note::Waits { .. }
                | Note::Prepared { .. }
                | Note::Counted { .. }
                | Note::TookOver { .. }
                | Note::BallotBegan { .. }
                | Note::Heuristic { .. }
                | Note::HeuristicDamage { .. } => {}
            }
        }
        Ok(())
    }
}
