//! Counters that only grow: a read is at least the sum of the adds that had returned when it was
//! asked, and at most the sum of those invoked before it returned. This finds contradictions only;
//! that every read is within its bounds does not make an order.

use crate::model::Shortcut;

/// An add, or a read with what it returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    pub(crate) index: usize,
    /// What was added; for a read, the sum read.
    pub(crate) amount: i64,
    pub(crate) is_read: bool,
    pub(crate) invoked: u32,
    pub(crate) returned: u32,
}

/// The first read out of its bounds, with adds that show it; `None` if there is none or if some
/// amount is negative.
pub(crate) fn contradiction(initial: i64, terms: &[Term]) -> Option<Shortcut> {
    if terms.iter().any(|term| !term.is_read && term.amount < 0) {
        return None;
    }
    let adds = |is_in: &dyn Fn(&Term) -> bool| -> Vec<Term> {
        terms.iter().filter(|term| !term.is_read && is_in(term)).copied().collect()
    };
    let (lows, highs) = (
        sums(adds(&|add| add.returned != u32::MAX), |add| add.returned),
        sums(adds(&|_| true), |add| add.invoked),
    );
    let below = |sums: &[(u32, i128)], end: u32| {
        let count = sums.partition_point(|&(at, _)| at < end);
        i128::from(initial) + count.checked_sub(1).map_or(0, |last| sums[last].1)
    };
    let mut reads: Vec<Term> = terms.iter().filter(|term| term.is_read).copied().collect();
    reads.sort_unstable_by_key(|read| read.returned);
    for read in reads {
        let sum = i128::from(read.amount);
        if sum < below(&lows, read.invoked) {
            return Some(too_low(i128::from(initial), &read, terms));
        }
        if sum > below(&highs, read.returned) {
            let shown = |term: &&Term| !term.is_read && term.invoked < read.returned;
            let calls = terms.iter().filter(shown).chain([&read]).map(|term| term.index);
            return Some(sorted(calls.collect()));
        }
    }
    None
}

/// Running sums in the order of `moment`.
fn sums(mut adds: Vec<Term>, moment: impl Fn(&Term) -> u32) -> Vec<(u32, i128)> {
    adds.sort_unstable_by_key(&moment);
    let mut sum = 0;
    let mut add = |term: &Term| {
        sum += i128::from(term.amount);
        (moment(term), sum)
    };
    adds.iter().map(&mut add).collect()
}

/// A few adds, the largest first, that are more than the read has.
fn too_low(initial: i128, read: &Term, terms: &[Term]) -> Shortcut {
    let is_before = |term: &&Term| !term.is_read && term.returned < read.invoked;
    let mut before: Vec<&Term> = terms.iter().filter(is_before).collect();
    before.sort_by_key(|term| std::cmp::Reverse(term.amount));
    let (mut sum, mut calls) = (initial, vec![read.index]);
    for add in before {
        if sum > i128::from(read.amount) {
            break;
        }
        sum += i128::from(add.amount);
        calls.push(add.index);
    }
    sorted(calls)
}

fn sorted(mut calls: Vec<usize>) -> Shortcut {
    calls.sort_unstable();
    Shortcut::Contradiction(calls)
}
