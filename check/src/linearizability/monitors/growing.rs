//! Sets that only grow, read as a whole: the reads come in the order of their sizes, and each element
//! right before the first read that has it. Every place is forced, so if this is no order, there is
//! none; the search then says why.

use std::collections::BTreeSet;
use std::hash::Hash;

use crate::model::Shortcut;
use crate::table::States;

/// What a call did.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action<'a, V> {
    Add(&'a V),
    Read(&'a BTreeSet<V>),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a, V> {
    pub(crate) index: usize,
    pub(crate) action: Action<'a, V>,
    pub(crate) invoked: u32,
    pub(crate) returned: u32,
}

/// The order; `None` if an element is added twice or read without an add.
pub(crate) fn order<V: Eq + Hash>(steps: &[Step<'_, V>]) -> Option<Shortcut> {
    let mut elements = States::new();
    for step in steps {
        if let Action::Add(element) = step.action {
            let before = elements.len();
            if elements.number(element) as usize != before {
                return None;
            }
        }
    }
    let added = elements.len();
    let mut reads: Vec<(usize, u32, &Step<'_, V>, &BTreeSet<V>)> = steps
        .iter()
        .filter_map(|step| match step.action {
            Action::Read(all) => Some((all.len(), step.invoked, step, all)),
            Action::Add(_) => None,
        })
        .collect();
    reads.sort_unstable_by_key(|&(size, invoked, ..)| (size, invoked));
    // The first read that has each element.
    let mut first = vec![usize::MAX; added];
    for (place, (.., all)) in reads.iter().enumerate() {
        // Sizes grow, so only a larger read has anything new.
        if place > 0 && reads[place - 1].0 == all.len() {
            continue;
        }
        for element in *all {
            let element = elements.number(element) as usize;
            let first = first.get_mut(element)?;
            *first = (*first).min(place);
        }
    }
    let mut order: Vec<(usize, bool, u32, usize)> = reads
        .iter()
        .enumerate()
        .map(|(place, (_, invoked, step, _))| (place, true, *invoked, step.index))
        .collect();
    for step in steps {
        let Action::Add(element) = step.action else { continue };
        let place = first[elements.number(element) as usize];
        // Of unknown outcome and never read: it need not have happened.
        if place != usize::MAX || step.returned != u32::MAX {
            order.push((place, false, step.invoked, step.index));
        }
    }
    order.sort_unstable();
    Some(Shortcut::Order(order.into_iter().map(|(.., index)| index).collect()))
}
