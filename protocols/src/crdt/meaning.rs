//! What a set of updates means, by itself: no replica, no message, no order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::dot::{Dot, Versions};
use super::message::{ElementId, Update, Value};
use super::parameters::Kind;

/// An update that a client made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    /// What it does.
    pub update: Update,
    /// What its replica knew before it: the updates that it comes after. All others are concurrent.
    pub known: Versions,
}

/// The value that the updates that `known` names add up to.
pub fn meaning(kind: Kind, made: &BTreeMap<Dot, Made>, known: &Versions) -> Value {
    let updates: Vec<(Dot, &Made)> =
        made.iter().filter(|(dot, _)| known.has(**dot)).map(|(dot, made)| (*dot, made)).collect();
    match kind {
        Kind::GCounter | Kind::PnCounter => Value::Number(count(&updates)),
        Kind::GSet | Kind::TwoPhaseSet => Value::Elements(never_removed(&updates)),
        Kind::OrSet => Value::Elements(add_wins(&updates)),
        Kind::Lww => Value::Elements(last(&updates)),
        Kind::Mv => Value::Elements(not_overwritten(&updates)),
        Kind::Rga => Value::Text(text(&updates)),
    }
}

type Updates<'a> = [(Dot, &'a Made)];

fn count(updates: &Updates<'_>) -> i64 {
    let numbers = updates.iter().map(|(_, made)| match made.update {
        Update::Count { by } => by,
        Update::Add { .. }
        | Update::Remove { .. }
        | Update::Write { .. }
        | Update::Insert { .. }
        | Update::Delete { .. } => 0,
    });
    numbers.sum()
}

/// Elements that were added and never removed.
fn never_removed(updates: &Updates<'_>) -> Vec<String> {
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    for (_, made) in updates {
        match &made.update {
            Update::Add { element } => added.insert(element.clone()),
            Update::Remove { element, .. } => removed.insert(element.clone()),
            Update::Count { .. }
            | Update::Write { .. }
            | Update::Insert { .. }
            | Update::Delete { .. } => false,
        };
    }
    added.difference(&removed).cloned().collect()
}

/// Elements with an addition that no removal of them knew of.
fn add_wins(updates: &Updates<'_>) -> Vec<String> {
    let removals = |element: &String| {
        let is_removal = |made: &&&Made| matches!(&made.update, Update::Remove { element: of, .. } if of == element);
        updates
            .iter()
            .map(|(_, made)| made)
            .filter(is_removal)
            .map(|made| &made.known)
            .collect::<Vec<_>>()
    };
    let there = updates.iter().filter_map(|(dot, made)| match &made.update {
        Update::Add { element } => {
            let is_removed = removals(element).iter().any(|known| known.has(*dot));
            (!is_removed).then(|| element.clone())
        }
        Update::Count { .. }
        | Update::Remove { .. }
        | Update::Write { .. }
        | Update::Insert { .. }
        | Update::Delete { .. } => None,
    });
    there.collect::<BTreeSet<String>>().into_iter().collect()
}

/// The value of the last write: by time, then by replica.
fn last(updates: &Updates<'_>) -> Vec<String> {
    let last = writes(updates).max_by_key(|(dot, time, ..)| (*time, dot.replica, dot.number));
    last.map(|(_, _, value, _)| value.clone()).into_iter().collect()
}

/// The values of the writes that no other write knew of.
fn not_overwritten(updates: &Updates<'_>) -> Vec<String> {
    let is_left = |dot: Dot| !writes(updates).any(|(_, _, _, known)| known.has(dot));
    let left = writes(updates).filter(|(dot, ..)| is_left(*dot));
    let mut values: Vec<String> = left.map(|(_, _, value, _)| value.clone()).collect();
    values.sort();
    values
}

fn writes<'a>(
    updates: &'a Updates<'_>,
) -> impl Iterator<Item = (Dot, u64, &'a String, &'a Versions)> {
    updates.iter().filter_map(|(dot, made)| match &made.update {
        Update::Write { time, value } => Some((*dot, *time, value, &made.known)),
        Update::Count { .. }
        | Update::Add { .. }
        | Update::Remove { .. }
        | Update::Insert { .. }
        | Update::Delete { .. } => None,
    })
}

/// The letters, put in one after the other in the order of their ids: each goes directly behind the one that it was put behind.
fn text(updates: &Updates<'_>) -> String {
    let mut inserts: BTreeMap<ElementId, (Option<ElementId>, char)> = BTreeMap::new();
    let mut deleted = BTreeSet::new();
    for (_, made) in updates {
        match &made.update {
            Update::Insert { id, after, letter } => {
                inserts.insert(*id, (*after, *letter));
            }
            Update::Delete { id } => {
                deleted.insert(*id);
            }
            Update::Count { .. }
            | Update::Add { .. }
            | Update::Remove { .. }
            | Update::Write { .. } => {}
        }
    }
    let mut line: Vec<ElementId> = vec![];
    for (id, (after, _)) in &inserts {
        let place = after.and_then(|after| line.iter().position(|other| *other == after));
        line.insert(place.map_or(0, |place| place + 1), *id);
    }
    line.iter().filter(|id| !deleted.contains(*id)).map(|id| inserts[id].1).collect()
}
