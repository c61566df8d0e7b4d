//! The levels by their definitions, for histories of a handful of transactions: every order is tried.

use std::collections::BTreeMap;

/// One step: a key, and a value written or what was read (a list; of a register nothing or one value).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write(u32, u32),
    Read(u32, Vec<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    Fail,
    Info,
}

/// A transaction; times are positions in the history.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) process: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
    pub(crate) invoked: usize,
    pub(crate) returned: usize,
}

pub(crate) struct Small {
    pub(crate) lists: bool,
    pub(crate) txns: Vec<Transaction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    Session,
    RealTime,
}

type State = BTreeMap<u32, Vec<u32>>;

impl Small {
    /// Whether the first must come before the second.
    fn precedes(&self, a: usize, b: usize, before: Before) -> bool {
        let (first, second) = (&self.txns[a], &self.txns[b]);
        let session = first.process == second.process && first.invoked < second.invoked;
        let time = first.end == End::Ok && first.returned < second.invoked;
        match before {
            Before::Nothing => false,
            Before::Session => session,
            Before::RealTime => session || time,
        }
    }

    /// Every set of transactions that may have committed.
    fn committed(&self) -> Vec<Vec<usize>> {
        let of = |end: End| (0..self.txns.len()).filter(move |&txn| self.txns[txn].end == end);
        let maybe: Vec<usize> = of(End::Info).collect();
        let sets = (0..1u32 << maybe.len()).map(|mask| {
            let chosen = maybe.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
            let mut set: Vec<usize> = of(End::Ok).chain(chosen.map(|(_, &txn)| txn)).collect();
            set.sort_unstable();
            set
        });
        sets.collect()
    }

    fn apply(&self, state: &mut State, txn: usize) {
        for step in &self.txns[txn].steps {
            if let Step::Write(key, value) = step {
                let held = state.entry(*key).or_default();
                if !self.lists {
                    held.clear();
                }
                held.push(*value);
            }
        }
    }

    /// Whether the transaction reads what it did in this state and with its own writes.
    fn reads(&self, state: &State, txn: usize) -> bool {
        if self.txns[txn].end != End::Ok {
            return true;
        }
        let mut state = state.clone();
        self.txns[txn].steps.iter().all(|step| match step {
            Step::Write(key, value) => {
                let held = state.entry(*key).or_default();
                if !self.lists {
                    held.clear();
                }
                held.push(*value);
                true
            }
            Step::Read(key, shown) => state.get(key).map_or(&[][..], Vec::as_slice) == *shown,
        })
    }

    pub(crate) fn writes(&self, txn: usize, key: u32) -> bool {
        self.txns[txn]
            .steps
            .iter()
            .any(|step| matches!(step, Step::Write(other, _) if *other == key))
    }

    fn conflict(&self, a: usize, b: usize) -> bool {
        self.txns[a]
            .steps
            .iter()
            .any(|step| matches!(step, Step::Write(key, _) if self.writes(b, *key)))
    }

    pub(crate) fn serializable(&self, before: Before) -> bool {
        self.committed().iter().any(|set| self.serial(set, &mut Vec::new(), &State::new(), before))
    }

    fn serial(&self, set: &[usize], done: &mut Vec<usize>, state: &State, before: Before) -> bool {
        if done.len() == set.len() {
            return true;
        }
        for &next in set {
            let is_free = |&other: &usize| {
                other == next || done.contains(&other) || !self.precedes(other, next, before)
            };
            if done.contains(&next) || !set.iter().all(is_free) || !self.reads(state, next) {
                continue;
            }
            let mut after = state.clone();
            self.apply(&mut after, next);
            done.push(next);
            if self.serial(set, done, &after, before) {
                return true;
            }
            done.pop();
        }
        false
    }

    /// Snapshot isolation, or prefix consistency if writers of one key may overlap.
    pub(crate) fn snapshot(&self, before: Before, may_overlap: bool) -> bool {
        self.committed().iter().any(|set| {
            let mut search = Snapshots { small: self, set, before, may_overlap };
            search.run(&mut Vec::new(), &mut Vec::new(), &State::new())
        })
    }

    /// Some total order and some visibility within it, by Cerone's axioms: read atomic, causal
    /// (transitive) or parallel snapshot isolation (and writers of one key see each other).
    pub(crate) fn visible(&self, before: Before, transitive: bool, conflicts: bool) -> bool {
        self.committed().iter().any(|set| {
            permutations(set).iter().any(|order| {
                let pairs: Vec<(usize, usize)> =
                    (0..order.len()).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
                (0..1u32 << pairs.len()).any(|mask| {
                    let sees = |a: usize, b: usize| {
                        let index = pairs.iter().position(|&pair| pair == (a, b));
                        index.is_some_and(|index| mask >> index & 1 == 1)
                    };
                    self.is_visible(order, &sees, before, transitive, conflicts)
                })
            })
        })
    }

    fn is_visible(
        &self,
        order: &[usize],
        sees: &dyn Fn(usize, usize) -> bool,
        before: Before,
        transitive: bool,
        conflicts: bool,
    ) -> bool {
        let places = 0..order.len();
        for b in places.clone() {
            for a in places.clone() {
                if self.precedes(order[a], order[b], before) && !sees(a, b) {
                    return false;
                }
                if conflicts && a < b && self.conflict(order[a], order[b]) && !sees(a, b) {
                    return false;
                }
                for c in places.clone() {
                    if transitive && sees(a, c) && sees(c, b) && !sees(a, b) {
                        return false;
                    }
                }
            }
        }
        places.clone().all(|b| {
            let mut state = State::new();
            for a in (0..b).filter(|&a| sees(a, b)) {
                self.apply(&mut state, order[a]);
            }
            self.reads(&state, order[b])
        })
    }

    /// Read committed by the axiom of Biswas and Enea, for registers: some order of the commits in which
    /// whatever an earlier step of a reader has read comes before what a later one reads instead.
    pub(crate) fn read_committed(&self) -> bool {
        self.committed().iter().any(|set| {
            permutations(set)
                .iter()
                .any(|order| set.iter().all(|&txn| self.is_committed(order, txn)))
        })
    }

    fn is_committed(&self, order: &[usize], txn: usize) -> bool {
        if self.txns[txn].end != End::Ok {
            return true;
        }
        let place = |txn: usize| order.iter().position(|&other| other == txn);
        // The last write of each key by this transaction; what its reads have seen of others.
        let (mut own, mut seen) = (BTreeMap::new(), Vec::new());
        for step in &self.txns[txn].steps {
            let (key, shown) = match step {
                Step::Write(key, value) => {
                    own.insert(*key, *value);
                    continue;
                }
                Step::Read(key, shown) => (*key, shown),
            };
            if let Some(own) = own.get(&key) {
                if *shown != [*own] {
                    return false;
                }
                continue;
            }
            let from = match shown.first() {
                None => None,
                Some(&value) => {
                    let last = |txn: usize| {
                        self.txns[txn].steps.iter().rev().find_map(|step| match step {
                            Step::Write(other, value) if *other == key => Some(*value),
                            _ => None,
                        })
                    };
                    let writer = order.iter().copied().find(|&txn| last(txn) == Some(value));
                    let Some(writer) = writer.filter(|&writer| writer != txn) else { return false };
                    Some(writer)
                }
            };
            if from.is_some_and(|from| place(from) > place(txn)) {
                return false;
            }
            let hides = |&other: &usize| {
                Some(other) != from
                    && self.writes(other, key)
                    && from.map(place) < Some(place(other))
            };
            if seen.iter().any(hides) {
                return false;
            }
            seen.extend(from);
        }
        true
    }
}

struct Snapshots<'a> {
    small: &'a Small,
    set: &'a [usize],
    before: Before,
    may_overlap: bool,
}

impl Snapshots<'_> {
    /// `started` and `done` so far; the state that the done ones left.
    fn run(
        &mut self,
        started: &mut Vec<(usize, usize)>,
        done: &mut Vec<usize>,
        state: &State,
    ) -> bool {
        if done.len() == self.set.len() {
            return true;
        }
        for &next in self.set {
            let is_started = started.iter().any(|&(txn, _)| txn == next);
            if !is_started {
                let is_free = |&other: &usize| {
                    done.contains(&other) || !self.small.precedes(other, next, self.before)
                };
                if self.set.iter().all(is_free) && self.small.reads(state, next) {
                    started.push((next, done.len()));
                    if self.run(started, done, state) {
                        return true;
                    }
                    started.pop();
                }
            } else if !done.contains(&next) {
                let from = started.iter().find(|&&(txn, _)| txn == next).unwrap().1;
                let clash = done[from..].iter().any(|&other| self.small.conflict(other, next));
                if clash && !self.may_overlap {
                    continue;
                }
                let mut after = state.clone();
                self.small.apply(&mut after, next);
                done.push(next);
                if self.run(started, done, &after) {
                    return true;
                }
                done.pop();
            }
        }
        false
    }
}

fn permutations(set: &[usize]) -> Vec<Vec<usize>> {
    if set.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, &first) in set.iter().enumerate() {
        let mut rest = set.to_vec();
        rest.remove(index);
        for mut order in permutations(&rest) {
            order.insert(0, first);
            all.push(order);
        }
    }
    all
}
