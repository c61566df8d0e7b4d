//! What atomic commit is for: no money is lost or made, and nobody sees half a transfer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::client::HistoryKind;
use orrery_sim::{Monitor, NodeId, OperationId, Step, Violation, World};

use crate::bank::{Operation, Output, Posting};
use crate::commit::{Commit, Note, Outcome, Participant, Site};

/// What a participant has, as it was seen last: a node that is down has what it had.
#[derive(Clone, Debug, Default, Serialize)]
struct Seen {
    total: i64,
    /// What it will get, or give, if the transactions that it is in doubt about commit.
    in_doubt: BTreeMap<OperationId, i64>,
}

impl Seen {
    fn of(participant: &Participant) -> Self {
        let amount = |postings: &[Posting]| postings.iter().map(|posting| posting.amount).sum();
        let in_doubt = participant.in_doubt().values();
        let in_doubt =
            in_doubt.map(|it| (it.branch.operation, amount(&it.branch.postings))).collect();
        Self { total: participant.bank.total(), in_doubt }
    }
}

/// Money Conserved: what is on all accounts, and what those who are in doubt will get or give in transactions that have committed
/// somewhere, is what there was at the start.
#[derive(Clone, Debug, Serialize)]
pub struct MoneyConserved {
    participants: Vec<NodeId>,
    money: i64,
    seen: BTreeMap<NodeId, Seen>,
    committed: BTreeSet<OperationId>,
}

impl MoneyConserved {
    /// The monitor, for so much money at the start.
    pub const fn new(participants: Vec<NodeId>, money: i64) -> Self {
        Self { participants, money, seen: BTreeMap::new(), committed: BTreeSet::new() }
    }
}

impl Monitor<Site> for MoneyConserved {
    fn name(&self) -> &'static str {
        "Money Conserved"
    }

    fn after(&mut self, step: &Step<Commit>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Decided { operation, outcome: Outcome::Commit, .. } = note {
                self.committed.insert(*operation);
            }
        }
        let Some(participant) = world.node(id).and_then(|site| site.participant.as_ref()) else {
            return Ok(());
        };
        self.seen.insert(id, Seen::of(participant));
        if self.seen.len() < self.participants.len() {
            return Ok(());
        }
        let accounts: i64 = self.seen.values().map(|seen| seen.total).sum();
        let in_doubt = self.seen.values().flat_map(|seen| &seen.in_doubt);
        let in_flight = in_doubt.filter(|(operation, _)| self.committed.contains(operation));
        let in_flight: i64 = in_flight.map(|(_, amount)| amount).sum();
        if accounts + in_flight == self.money {
            return Ok(());
        }
        Err(Violation {
            rule: "Money Conserved",
            source: "what a transfer takes from one account it puts on another",
            facts: vec![
                format!("there was {} at the start", self.money),
                format!(
                    "at {} there is {accounts} on the accounts and {in_flight} in flight",
                    step.time
                ),
            ],
            nodes: vec![id],
        })
    }
}

/// Isolation (BHG, §3): an audit that commits has read all the money there is, and no account is overdrawn.
#[derive(Clone, Debug, Serialize)]
pub struct Isolation {
    money: i64,
    audits: BTreeSet<OperationId>,
    /// How much of the clients' history was read.
    read: usize,
}

impl Isolation {
    const NAME: &'static str = "Isolation";

    /// The monitor, for so much money at the start.
    pub const fn new(money: i64) -> Self {
        Self { money, audits: BTreeSet::new(), read: 0 }
    }

    fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        let source = "BHG, §3: strict two-phase locking makes histories serializable";
        Violation { rule: Self::NAME, source, facts, nodes }
    }
}

impl Monitor<Site> for Isolation {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Commit>, world: &World<Site>) -> Result<(), Violation> {
        let history = world.history();
        for entry in history.range(self.read..history.len()) {
            match &entry.what {
                HistoryKind::Invoke(Operation::Audit {}) => {
                    self.audits.insert(entry.operation);
                }
                HistoryKind::Ok(Output::Committed { read })
                    if self.audits.remove(&entry.operation) =>
                {
                    let sum: i64 = read.iter().map(|posting| posting.amount).sum();
                    if sum != self.money {
                        let facts = vec![
                            format!("there was {} at the start", self.money),
                            format!("{} read {sum} at {}", entry.operation, step.time),
                        ];
                        return Err(Self::violation(facts, entry.node.into_iter().collect()));
                    }
                }
                HistoryKind::Invoke(Operation::Transfer { .. } | Operation::Exchange { .. })
                | HistoryKind::Ok(_)
                | HistoryKind::Fail
                | HistoryKind::Info => {}
            }
        }
        self.read = history.len();
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(participant) = world.node(id).and_then(|site| site.participant.as_ref()) else {
            return Ok(());
        };
        let mut balances = participant.bank.balances().iter();
        let Some((account, balance)) = balances.find(|(_, balance)| **balance < 0) else {
            return Ok(());
        };
        let fact = format!("{id} has {balance} on account {account} at {}", step.time);
        let rule = String::from("who takes money looks whether it is there, and locks it");
        Err(Self::violation(vec![rule, fact], vec![id]))
    }
}
