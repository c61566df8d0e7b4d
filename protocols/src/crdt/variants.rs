//! Wrong code that is longer than a condition.

use super::state::State;

/// G10: adds up what two replicas have counted.
pub(super) fn add_counts(own: &mut State, other: &State) {
    let (State::Counter { up, down }, State::Counter { up: other_up, down: other_down }) =
        (&mut *own, other)
    else {
        return own.join(other);
    };
    for (counts, others) in [(up, other_up), (down, other_down)] {
        for (replica, count) in others {
            let sum = counts.entry(*replica).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

/// G12: a removal of an element removes all additions of it that are ever heard of.
pub(super) fn remove_unseen(state: &mut State) {
    let State::Observed { added, removed } = state else { return };
    let seen = removed.clone();
    for dots in added.values().filter(|dots| dots.iter().any(|dot| seen.contains(dot))) {
        removed.extend(dots);
    }
}

/// G15: of two writes of one tick, the one that is here stays.
pub(super) fn keep_own_of_a_tie(own: &mut State, other: &State) {
    let is_tie = match (&*own, other) {
        (State::Last(Some(mine)), State::Last(Some(theirs))) => mine.time == theirs.time,
        (_, _) => false,
    };
    if !is_tie {
        own.join(other);
    }
}
