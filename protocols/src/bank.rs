//! The bank: accounts at several nodes, transfers between them, and the locks that keep transactions apart.
//!
//! What atomic commit is for. A transfer takes money at one node and puts it down at another; if only one half happens, money is
//! lost or made. Locks are held from a transaction's work until its outcome is known, so that a transaction that nobody can
//! decide costs what it costs: everybody else who wants its accounts waits.
//!
//! **Source** of the locking rule: P. A. Bernstein, V. Hadzilacos and N. Goodman, *Concurrency Control and Recovery in Database
//! Systems*, 1987, chapter 3, strict two-phase locking.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::NodeId;
use orrery_sim::client::Generator;
use orrery_sim::registration::Workload;

/// The name of a transaction: who coordinates it, in which of its lives, and which one in that life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TxId {
    /// Its coordinator.
    pub coordinator: NodeId,
    /// How often the coordinator had started before: what came before a crash is never named again.
    pub incarnation: u32,
    /// The number, from 1.
    pub number: u64,
}

impl fmt::Debug for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}.{}", self.coordinator, self.incarnation, self.number))
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a transaction does to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// Which, from 0.
    pub account: u32,
    /// What is added to it; 0 where it is only read.
    pub amount: i64,
}

/// How a transaction over all accounts is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All banks can commit.
    Commit,
    /// One cannot.
    Abort,
    /// None has anything to commit.
    ReadOnly,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Moves money. In a scenario: `{ Transfer = { postings = [{ account = 0, amount = -5 }, { account = 1, amount = 5 }] } }`.
    Transfer {
        /// Each account once. The amounts add up to 0.
        postings: Vec<Posting>,
    },
    /// A transaction over all accounts that comes to this, if nothing goes wrong: to see what that costs. In a scenario:
    /// `{ Exchange = { ending = "commit" } }`.
    Exchange {
        /// `commit`: account 0 gives each other one 1. `abort`: it has not enough for that. `read-only`: all are read.
        ending: Ending,
    },
    /// Reads every account. In a scenario: `{ Audit = {} }`.
    Audit {},
}

impl Operation {
    /// What it does to the accounts of a bank that has so many; nothing where it makes no sense.
    pub fn postings(&self, accounts: u32) -> Option<Vec<Posting>> {
        match self {
            Self::Audit {} => {
                Some((0..accounts).map(|account| Posting { account, amount: 0 }).collect())
            }
            Self::Exchange { ending } => {
                let each = match ending {
                    Ending::Commit => 1,
                    Ending::Abort => 1_000_000_000,
                    Ending::ReadOnly => 0,
                };
                let others = i64::from(accounts) - 1;
                let amount = |account| if account == 0 { -others * each } else { each };
                let posting = |account| Posting { account, amount: amount(account) };
                (2 <= accounts).then(|| (0..accounts).map(posting).collect())
            }
            Self::Transfer { postings } => {
                let named: BTreeSet<u32> = postings.iter().map(|posting| posting.account).collect();
                let sum: i64 = postings.iter().map(|posting| posting.amount).sum();
                let is_sound = !postings.is_empty()
                    && named.len() == postings.len()
                    && sum == 0
                    && named.iter().all(|account| *account < accounts);
                is_sound.then(|| postings.clone())
            }
        }
    }
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// The transaction committed.
    Committed {
        /// What it read: accounts and what was on them.
        read: Vec<Posting>,
    },
}

/// The node that has an account: accounts go round.
pub fn home(account: u32, banks: &[NodeId]) -> NodeId {
    banks[account as usize % banks.len()]
}

/// Who holds an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Lock {
    Shared(BTreeSet<TxId>),
    Exclusive(TxId),
}

/// The accounts of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bank {
    balances: BTreeMap<u32, i64>,
    locks: BTreeMap<u32, Lock>,
}

impl Bank {
    /// With these accounts, and so much on each.
    pub fn new(accounts: impl IntoIterator<Item = u32>, balance: i64) -> Self {
        let balances = accounts.into_iter().map(|account| (account, balance)).collect();
        Self { balances, locks: BTreeMap::new() }
    }

    /// What a disk kept; no locks are held.
    pub const fn restored(balances: BTreeMap<u32, i64>) -> Self {
        Self { balances, locks: BTreeMap::new() }
    }

    /// Locks all accounts of a transaction, or none if any is held against it.
    pub fn lock(&mut self, tx: TxId, postings: &[Posting]) -> bool {
        let is_free = postings.iter().all(|posting| match self.locks.get(&posting.account) {
            None => true,
            Some(Lock::Shared(by)) => posting.amount == 0 || by.iter().all(|holder| *holder == tx),
            Some(Lock::Exclusive(by)) => *by == tx,
        });
        if !is_free {
            return false;
        }
        for posting in postings {
            if posting.amount != 0 {
                self.locks.insert(posting.account, Lock::Exclusive(tx));
                continue;
            }
            match self.locks.entry(posting.account).or_insert_with(|| Lock::Shared(BTreeSet::new()))
            {
                Lock::Shared(by) => drop(by.insert(tx)),
                Lock::Exclusive(_) => {}
            }
        }
        true
    }

    /// Gives up all locks of a transaction.
    pub fn unlock(&mut self, tx: TxId) {
        self.locks.retain(|_, lock| match lock {
            Lock::Exclusive(by) => *by != tx,
            Lock::Shared(by) => {
                by.remove(&tx);
                !by.is_empty()
            }
        });
    }

    /// Whether there is enough on the accounts.
    pub fn covers(&self, postings: &[Posting]) -> bool {
        let covers = |posting: &Posting| {
            let balance = self.balances.get(&posting.account);
            balance.is_some_and(|balance| 0 <= balance + posting.amount)
        };
        postings.iter().all(covers)
    }

    /// What is on the accounts that are only read.
    pub fn read(&self, postings: &[Posting]) -> Vec<Posting> {
        let read = postings.iter().filter(|posting| posting.amount == 0);
        let balance = |account| self.balances.get(&account).copied().unwrap_or(0);
        read.map(|posting| Posting { amount: balance(posting.account), ..*posting }).collect()
    }

    /// Adds the amounts to the accounts.
    pub fn apply(&mut self, postings: &[Posting]) {
        for posting in postings {
            *self.balances.entry(posting.account).or_default() += posting.amount;
        }
    }

    /// What is on all accounts together.
    pub fn total(&self) -> i64 {
        self.balances.values().sum()
    }

    /// What is on each account.
    pub const fn balances(&self) -> &BTreeMap<u32, i64> {
        &self.balances
    }
}

/// The kinds of operations that clients ask of their own accord.
const KINDS: [&str; 2] = ["transfer", "audit"];

/// Clients that move a little money between two of the first `keys` accounts, or read them all.
///
/// # Errors
/// Where the workload has fewer than two accounts, no kinds, or kinds that the bank does not know.
pub fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
    if let Some(kind) = workload.mix.keys().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(format!("the bank knows no `{kind}`: there are {}", KINDS.join(", ")));
    }
    let weight = |kind: &str| u64::from(workload.mix.get(kind).copied().unwrap_or(0));
    let (transfers, audits) = (weight("transfer"), weight("audit"));
    if transfers + audits == 0 {
        return Err(format!(
            "a mix needs a kind of weight above 0: there are {}",
            KINDS.join(", ")
        ));
    }
    let accounts = u64::from(workload.keys);
    if accounts < 2 {
        return Err(format!("`keys` is {accounts}: a transfer needs at least 2 accounts"));
    }
    Ok(Arc::new(move |_, _, draw| {
        let is_transfer = draw.below(transfers + audits) < transfers;
        let from = draw.below(accounts);
        let to = (from + 1 + draw.below(accounts - 1)) % accounts;
        let amount = draw.below(60).cast_signed() + 1;
        if !is_transfer {
            return Some(Operation::Audit {});
        }
        let posting = |account: u64, amount| Posting { account: account as u32, amount };
        Some(Operation::Transfer { postings: vec![posting(from, -amount), posting(to, amount)] })
    }))
}
