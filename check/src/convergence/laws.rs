//! The laws of a merge, on the states that a run reached.

/// A law that a merge breaks, and the states that show it: indexes into those given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Merging a state with itself changes it.
    Idempotent(usize),
    /// The order of two matters.
    Commutative(usize, usize),
    /// The grouping of three matters.
    Associative(usize, usize, usize),
    /// Merging the second into the first loses the first: merging the first again changes the result.
    Monotone(usize, usize),
}

/// The first law that `merge` breaks on `states`: it must be the least upper bound of a
/// semilattice. All triples are tried, so give it tens of states rather than thousands.
///
/// ```
/// use orrery_check::convergence::{Broken, broken_law};
///
/// let states = [1, 5, 3];
/// assert_eq!(broken_law(&states, |a, b| *a.max(b)), None);
/// assert_eq!(broken_law(&states, |a, b| a + b), Some(Broken::Idempotent(0)));
/// assert_eq!(broken_law(&states, |a, _| *a), Some(Broken::Commutative(0, 1)));
/// ```
pub fn broken_law<S: PartialEq>(states: &[S], merge: impl Fn(&S, &S) -> S) -> Option<Broken> {
    let all = || 0..states.len();
    let merged = |a: usize, b: usize| merge(&states[a], &states[b]);
    if let Some(a) = all().find(|&a| merged(a, a) != states[a]) {
        return Some(Broken::Idempotent(a));
    }
    let pairs = || all().flat_map(move |a| (a + 1..states.len()).map(move |b| (a, b)));
    if let Some((a, b)) = pairs().find(|&(a, b)| merged(a, b) != merged(b, a)) {
        return Some(Broken::Commutative(a, b));
    }
    let is_above = |a: usize, b: usize| {
        let both = merged(a, b);
        merge(&states[a], &both) == both && merge(&states[b], &both) == both
    };
    if let Some((a, b)) = pairs().find(|&(a, b)| !is_above(a, b)) {
        return Some(Broken::Monotone(a, b));
    }
    pairs().find_map(|(a, b)| {
        let is_wrong =
            |c: &usize| merge(&merged(a, b), &states[*c]) != merge(&states[a], &merged(b, *c));
        all().find(is_wrong).map(|c| Broken::Associative(a, b, c))
    })
}
