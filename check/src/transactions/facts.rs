//! What a history says for certain: who committed, who read from whom, and in which order the writes
//! of a key took effect, as far as anybody knows.

use super::history::{Action, Family, Key, Micro, Status, Transactions, Txn};
use super::lattice::Isolation;

/// What every key holds before the first transaction, as a writer.
pub(crate) const INITIAL: Txn = Txn::MAX;
/// The order of the key's writes is not known.
pub(crate) const UNPLACED: u32 = u32::MAX;

/// A transaction read what another had left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadFrom {
    pub(crate) txn: Txn,
    /// Which step of the transaction.
    pub(crate) step: u32,
    pub(crate) key: Key,
    /// Who wrote it, or [`INITIAL`].
    pub(crate) from: Txn,
    /// How many writes of the [chain](Chain) it shows the effect of, or [`UNPLACED`].
    pub(crate) seen: u32,
}

/// The order of the writes of a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// Writers one after the other; a transaction that appends twice is there twice.
    pub(crate) writers: Vec<Txn>,
    /// For lists: those who certainly come after all of these, in an order that nobody saw. For
    /// registers: all writers, if the order is not known.
    pub(crate) loose: Vec<Txn>,
    /// Whether the order of all writes but the loose ones is known.
    pub(crate) is_known: bool,
}

/// Something that a single read or two already show to be wrong.
#[derive(Clone, Debug)]
pub(crate) struct Direct {
    pub(crate) name: &'static str,
    /// The weakest level that does not allow it.
    pub(crate) level: Isolation,
    pub(crate) sentence: String,
    /// Those who show it.
    pub(crate) txns: Vec<Txn>,
    /// The first of them is to blame the least: the one who saw it.
    pub(crate) other: Option<Txn>,
}

/// What a history says for certain.
pub(crate) struct Facts {
    /// Those who committed: they said so, or somebody saw it.
    pub(crate) is_committed: Vec<bool>,
    /// In the order of the transactions and their steps.
    pub(crate) reads: Vec<ReadFrom>,
    /// By key.
    pub(crate) chains: Vec<Chain>,
    /// For registers: a key, who wrote it, and who read that and then overwrote it; sorted.
    pub(crate) updates: Vec<(Key, Txn, Txn)>,
    /// The first of each kind.
    pub(crate) direct: Vec<Direct>,
}

impl Facts {
    pub(crate) fn new(history: &Transactions) -> Self {
        let is_committed = history.txns.iter().map(|txn| txn.status == Status::Ok).collect();
        let chains = vec![Chain::default(); history.keys()];
        Self { is_committed, reads: Vec::new(), chains, updates: Vec::new(), direct: Vec::new() }
    }

    /// Adds an anomaly unless there is one of its kind at its level.
    pub(crate) fn add(&mut self, anomaly: Direct) {
        let is_known = |known: &Direct| known.name == anomaly.name && known.level <= anomaly.level;
        if !self.direct.iter().any(is_known) {
            self.direct.push(anomaly);
        }
    }

    /// Where the reads of each transaction begin; one more than there are transactions.
    pub(crate) fn read_starts(&self, txns: usize) -> Vec<u32> {
        let mut starts = vec![0; txns + 1];
        for read in &self.reads {
            starts[read.txn as usize + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        starts
    }

    /// Everybody whose write a read shows: of a list all that appended to it, of a register the last.
    pub(crate) fn shown_by<'a>(&'a self, family: Family, read: &'a ReadFrom) -> &'a [Txn] {
        match family {
            Family::Lists => &self.chains[read.key as usize].writers[..read.seen as usize],
            Family::Registers(_) if read.from == INITIAL => &[],
            Family::Registers(_) => std::slice::from_ref(&read.from),
        }
    }

    /// The same facts with the writes of each key in one of the orders that they leave open; `None` after the
    /// last one. Each is a permutation of the writers that have no place, by its number.
    pub(crate) fn ordered(&self, mut number: u64) -> Option<Self> {
        let mut chains = self.chains.clone();
        for chain in &mut chains {
            // The digits of the number in the factorial system choose one writer after the other.
            while !chain.loose.is_empty() {
                let count = chain.loose.len() as u64;
                let next = chain.loose.remove((number % count) as usize);
                chain.writers.push(next);
                number /= count;
            }
        }
        if number > 0 {
            return None;
        }
        let mut reads = self.reads.clone();
        for read in reads.iter_mut().filter(|read| !self.chains[read.key as usize].is_known) {
            let writers = &chains[read.key as usize].writers;
            let place = writers.iter().position(|&writer| writer == read.from);
            read.seen = place.map_or(0, |place| place as u32 + 1);
        }
        for chain in &mut chains {
            chain.is_known = true;
        }
        let (is_committed, updates) = (self.is_committed.clone(), self.updates.clone());
        Some(Self { is_committed, reads, chains, updates, direct: Vec::new() })
    }

    /// The committed transactions.
    pub(crate) fn committed(&self) -> impl Iterator<Item = Txn> {
        (0..).zip(&self.is_committed).filter(|(_, is_committed)| **is_committed).map(|(txn, _)| txn)
    }
}

/// Whether the transaction writes to the key.
pub(crate) fn writes_to(history: &Transactions, txn: Txn, key: Key) -> bool {
    let writes = |micro: &Micro| micro.key == key && matches!(micro.action, Action::Write(_));
    history.steps(txn).iter().any(writes)
}

/// The keys that the transaction writes to, each once.
pub(crate) fn written(history: &Transactions, txn: Txn) -> Vec<Key> {
    let write = |micro: &Micro| matches!(micro.action, Action::Write(_)).then_some(micro.key);
    let mut keys: Vec<Key> = history.steps(txn).iter().filter_map(write).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
