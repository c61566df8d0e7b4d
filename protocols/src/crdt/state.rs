//! The types: each a join semilattice, which is merged by its least upper bound.
//!
//! The numbers are those of the specifications in M. Shapiro, N. Preguica, C. Baquero and M. Zawirski, *A comprehensive study of Convergent and Commutative Replicated
//! Data Types*, INRIA RR-7506, 2011.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::dot::{Dot, ReplicaId, Versions};
use super::message::{ElementId, Update, Value};
use super::parameters::Kind;

/// The state of a replica, or a delta of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// A counter (specifications 6 and 7): what each replica has added, and what it has taken away.
    Counter {
        /// Added.
        up: BTreeMap<ReplicaId, u64>,
        /// Taken away; nothing in a counter that only grows.
        down: BTreeMap<ReplicaId, u64>,
    },
    /// A set of what was ever added, and what was ever removed (specifications 11 and 12).
    TwoPhase {
        /// Added.
        added: BTreeSet<String>,
        /// Removed for good; nothing in a set that only grows.
        removed: BTreeSet<String>,
    },
    /// An observed-remove set (specification 15): every addition by its own name.
    Observed {
        /// The additions of each element.
        added: BTreeMap<String, BTreeSet<Dot>>,
        /// Additions that were removed.
        removed: BTreeSet<Dot>,
    },
    /// A register in which the last writer wins (specification 8).
    Last(Option<Written>),
    /// A register that keeps what was written concurrently (specification 10).
    Multi(BTreeMap<Dot, (String, Versions)>),
    /// A sequence, the replicated growable array (specification 19).
    Sequence {
        /// Every element that ever was, behind which one it was put, and what it is.
        inserted: BTreeMap<ElementId, (Option<ElementId>, char)>,
        /// Those that were deleted.
        removed: BTreeSet<ElementId>,
    },
}

/// A write of the register in which the last one wins: ordered by time, then by replica.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Written {
    /// When, in ticks.
    pub time: u64,
    /// Who, for equal times.
    pub replica: ReplicaId,
    /// What.
    pub value: String,
}

impl State {
    /// The bottom of a type's lattice.
    pub const fn empty(kind: Kind) -> Self {
        match kind {
            Kind::GCounter | Kind::PnCounter => {
                Self::Counter { up: BTreeMap::new(), down: BTreeMap::new() }
            }
            Kind::GSet | Kind::TwoPhaseSet => {
                Self::TwoPhase { added: BTreeSet::new(), removed: BTreeSet::new() }
            }
            Kind::OrSet => Self::Observed { added: BTreeMap::new(), removed: BTreeSet::new() },
            Kind::Lww => Self::Last(None),
            Kind::Mv => Self::Multi(BTreeMap::new()),
            Kind::Rga => Self::Sequence { inserted: BTreeMap::new(), removed: BTreeSet::new() },
        }
    }

    /// The least upper bound of both.
    pub fn join(&mut self, other: &Self) {
        match (self, other) {
            (Self::Counter { up, down }, Self::Counter { up: other_up, down: other_down }) => {
                join_counts(up, other_up);
                join_counts(down, other_down);
            }
            (
                Self::TwoPhase { added, removed },
                Self::TwoPhase { added: other_added, removed: other_removed },
            ) => {
                added.extend(other_added.iter().cloned());
                removed.extend(other_removed.iter().cloned());
            }
            (
                Self::Observed { added, removed },
                Self::Observed { added: other_added, removed: other_removed },
            ) => {
                for (element, dots) in other_added {
                    added.entry(element.clone()).or_default().extend(dots);
                }
                removed.extend(other_removed);
            }
            (Self::Last(own), Self::Last(other)) => {
                if *own < *other {
                    own.clone_from(other);
                }
            }
            (Self::Multi(own), Self::Multi(other)) => join_writes(own, other),
            (
                Self::Sequence { inserted, removed },
                Self::Sequence { inserted: other_inserted, removed: other_removed },
            ) => {
                inserted.extend(other_inserted.iter().map(|(id, element)| (*id, *element)));
                removed.extend(other_removed);
            }
            (own, other) => panic!("{own:?} and {other:?} are of different types"),
        }
    }

    /// What an update adds to the state of the replica that makes it: its delta (Almeida, Shoker and Baquero 2018).
    pub fn delta(&self, dot: Dot, update: &Update, known: &Versions) -> Self {
        match (self, update) {
            (Self::Counter { up, down }, Update::Count { by }) => {
                let of = |counts: &BTreeMap<ReplicaId, u64>, more: u64| match more {
                    0 => BTreeMap::new(),
                    more => {
                        let before = counts.get(&dot.replica).copied().unwrap_or(0);
                        BTreeMap::from([(dot.replica, before + more)])
                    }
                };
                let more = by.unsigned_abs();
                let (added, taken) = if 0 < *by { (more, 0) } else { (0, more) };
                Self::Counter { up: of(up, added), down: of(down, taken) }
            }
            (Self::TwoPhase { .. }, Update::Add { element }) => Self::TwoPhase {
                added: BTreeSet::from([element.clone()]),
                removed: BTreeSet::new(),
            },
            (Self::TwoPhase { .. }, Update::Remove { element, .. }) => Self::TwoPhase {
                added: BTreeSet::new(),
                removed: BTreeSet::from([element.clone()]),
            },
            (Self::Observed { .. }, Update::Add { element }) => Self::Observed {
                added: BTreeMap::from([(element.clone(), BTreeSet::from([dot]))]),
                removed: BTreeSet::new(),
            },
            (Self::Observed { .. }, Update::Remove { dots, .. }) => {
                Self::Observed { added: BTreeMap::new(), removed: dots.iter().copied().collect() }
            }
            (Self::Last(_), Update::Write { time, value }) => {
                let (time, replica, value) = (*time, dot.replica, value.clone());
                Self::Last(Some(Written { time, replica, value }))
            }
            (Self::Multi(_), Update::Write { value, .. }) => {
                Self::Multi(BTreeMap::from([(dot, (value.clone(), known.clone()))]))
            }
            (Self::Sequence { .. }, Update::Insert { id, after, letter }) => Self::Sequence {
                inserted: BTreeMap::from([(*id, (*after, *letter))]),
                removed: BTreeSet::new(),
            },
            (Self::Sequence { .. }, Update::Delete { id }) => {
                Self::Sequence { inserted: BTreeMap::new(), removed: BTreeSet::from([*id]) }
            }
            (own, update) => panic!("{own:?} knows no {update:?}"),
        }
    }

    /// What a reader sees.
    pub fn value(&self) -> Value {
        match self {
            Self::Counter { up, down } => {
                let sum = |counts: &BTreeMap<ReplicaId, u64>| counts.values().sum::<u64>();
                Value::Number(sum(up).cast_signed() - sum(down).cast_signed())
            }
            Self::TwoPhase { added, removed } => {
                Value::Elements(added.difference(removed).cloned().collect())
            }
            Self::Observed { added, removed } => {
                let is_there = |dots: &BTreeSet<Dot>| dots.iter().any(|dot| !removed.contains(dot));
                let there = added.iter().filter(|(_, dots)| is_there(dots));
                Value::Elements(there.map(|(element, _)| element.clone()).collect())
            }
            Self::Last(written) => {
                Value::Elements(written.iter().map(|written| written.value.clone()).collect())
            }
            Self::Multi(writes) => {
                let mut values: Vec<String> =
                    writes.values().map(|(value, _)| value.clone()).collect();
                values.sort();
                Value::Elements(values)
            }
            Self::Sequence { .. } => {
                let letters = self.visible().into_iter().map(|(_, letter)| letter);
                Value::Text(letters.collect())
            }
        }
    }

    /// The additions of an element that are not removed.
    pub fn dots(&self, element: &str) -> Vec<Dot> {
        let Self::Observed { added, removed } = self else { return vec![] };
        let dots = added.get(element).into_iter().flatten().copied();
        dots.filter(|dot| !removed.contains(dot)).collect()
    }

    /// The elements of a sequence that are not deleted, in order.
    pub fn visible(&self) -> Vec<(ElementId, char)> {
        let Self::Sequence { inserted, removed } = self else { return vec![] };
        let mut children: BTreeMap<Option<ElementId>, Vec<ElementId>> = BTreeMap::new();
        for (id, (after, _)) in inserted {
            children.entry(*after).or_default().push(*id);
        }
        // Depth first, the newest of several behind the same element first: the last that is pushed is taken first, and ids come in order.
        let mut open = children.get(&None).cloned().unwrap_or_default();
        let mut letters = vec![];
        while let Some(id) = open.pop() {
            if !removed.contains(&id) {
                letters.push((id, inserted[&id].1));
            }
            open.extend(children.get(&Some(id)).into_iter().flatten());
        }
        letters
    }
}

fn join_counts(own: &mut BTreeMap<ReplicaId, u64>, other: &BTreeMap<ReplicaId, u64>) {
    for (replica, count) in other {
        let mine = own.entry(*replica).or_default();
        *mine = (*mine).max(*count);
    }
}

/// Keeps the writes that no other one knew of.
fn join_writes(
    own: &mut BTreeMap<Dot, (String, Versions)>,
    other: &BTreeMap<Dot, (String, Versions)>,
) {
    own.extend(other.iter().map(|(dot, write)| (*dot, write.clone())));
    let known: Vec<Versions> = own.values().map(|(_, known)| known.clone()).collect();
    own.retain(|dot, _| !known.iter().any(|known| known.has(*dot)));
}
