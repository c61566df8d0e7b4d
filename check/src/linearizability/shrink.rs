//! Removes operations from a violating history while what is left still violates.
//!
//! Invariant: an operation is kept only together with all operations whose effect it may have seen
//! ([`Model::may_see`], less what real time excludes). If the whole history had a linearization, leaving out the other
//! operations would leave one of what is kept; so what is wrong here is wrong in the whole history,
//! and a stale read never shrinks to a read of a value that nobody wrote.

use crate::finding::Budget;
use crate::model::Model;

use super::Consistency;
use super::search::{Answer, OperationOf, Search};
use super::sight::{self, Facts, Sight};

/// What is left, and whether nothing more can be removed.
pub(crate) struct Shrunk {
    /// Indexes into the operations given, ascending.
    pub(crate) kept: Vec<usize>,
    /// False if the budget was spent first.
    pub(crate) is_minimal: bool,
}

/// A window with more operations than this is hard to read.
const READABLE: usize = 12;

/// Shrinks `operations`, which violate at the return of `furthest`.
///
/// What real time says about who cannot have seen whom is used only where the window is hard to read without: it leaves out the write
/// that a stale read saw.
pub(crate) fn shrink<M: Model>(
    model: &M,
    operations: &[&OperationOf<M>],
    furthest: &OperationOf<M>,
    consistency: Consistency,
    budget: Budget,
) -> Shrunk {
    let plain = shrink_knowing(model, operations, furthest, None, (consistency, budget));
    if plain.kept.len() <= READABLE || consistency == Consistency::Sequential {
        return plain;
    }
    let facts = Facts::new(model, operations);
    let other = shrink_knowing(model, operations, furthest, Some(&facts), (consistency, budget));
    if other.kept.len() < plain.kept.len() { other } else { plain }
}

fn shrink_knowing<M: Model>(
    model: &M,
    operations: &[&OperationOf<M>],
    furthest: &OperationOf<M>,
    facts: Option<&Facts>,
    (consistency, mut budget): (Consistency, Budget),
) -> Shrunk {
    // What was invoked after the return that nobody got past has no part in it.
    let end = match consistency {
        Consistency::Linearizable => furthest.completed().map_or(u64::MAX, |at| at.time),
        Consistency::Sequential => u64::MAX,
    };
    let mut len = operations.partition_point(|operation| operation.invoked.time <= end);
    // Unless a guard took what it knows from there.
    if Search::new(model, &operations[..len], consistency).run(budget) != Answer::None {
        len = operations.len();
    }
    let mut shrunk = Shrunk { kept: (0..len).collect(), is_minimal: true };
    // Pure operations go first: nobody sees them, so nobody need be asked who has seen whom.
    let mut is_pure_round = true;
    loop {
        // What an operation may have seen is asked anew of what is left: without the appends of a
        // history, a value is the work of one operation, and more can go.
        let left: Vec<_> = shrunk.kept.iter().map(|&index| operations[index]).collect();
        let mut shrinker = if is_pure_round {
            Shrinker::of_pure(model, &left, consistency, budget)
        } else {
            Shrinker::new(model, &left, facts, (consistency, budget))
        };
        shrinker.run();
        budget = shrinker.budget;
        shrunk.is_minimal = shrinker.is_minimal;
        if shrinker.kept.len() == left.len() && !is_pure_round {
            return shrunk;
        }
        is_pure_round = false;
        shrunk.kept = shrinker.kept.iter().map(|&index| shrunk.kept[index]).collect();
    }
}

struct Shrinker<'a, M: Model> {
    model: &'a M,
    operations: &'a [&'a OperationOf<M>],
    consistency: Consistency,
    /// For each operation, those that may have seen its effect: they go when it goes.
    seen_by: Vec<Vec<usize>>,
    /// Whether to try to remove each.
    may_go: Vec<bool>,
    kept: Vec<usize>,
    budget: Budget,
    /// The most steps to spend on one attempt: a hard one must not starve all others.
    most: u64,
    /// Whether the last pass decided every attempt.
    is_minimal: bool,
}

impl<'a, M: Model> Shrinker<'a, M> {
    fn new(
        model: &'a M,
        operations: &'a [&'a OperationOf<M>],
        facts: Option<&Facts>,
        (consistency, budget): (Consistency, Budget),
    ) -> Self {
        let sight = Sight::new(model, operations).knowing(facts);
        let seen_by = |writer: usize| {
            let sees = |reader: &usize| {
                *reader != writer && sight.guessed(operations[*reader], operations[writer])
            };
            if is_pure(model, operations[writer]) {
                return Vec::new();
            }
            (0..operations.len()).filter(sees).collect()
        };
        let seen_by = (0..operations.len()).map(seen_by).collect();
        Self::with(model, operations, seen_by, vec![true; operations.len()], (consistency, budget))
    }

    /// Removes only pure operations.
    fn of_pure(
        model: &'a M,
        operations: &'a [&'a OperationOf<M>],
        consistency: Consistency,
        budget: Budget,
    ) -> Self {
        let may_go = operations.iter().map(|operation| is_pure(model, operation)).collect();
        Self::with(
            model,
            operations,
            vec![Vec::new(); operations.len()],
            may_go,
            (consistency, budget),
        )
    }

    fn with(
        model: &'a M,
        operations: &'a [&'a OperationOf<M>],
        seen_by: Vec<Vec<usize>>,
        may_go: Vec<bool>,
        (consistency, budget): (Consistency, Budget),
    ) -> Self {
        let kept = (0..operations.len()).collect();
        Self {
            model,
            operations,
            consistency,
            seen_by,
            may_go,
            kept,
            budget,
            most: budget.steps / 16,
            is_minimal: true,
        }
    }

    /// Removes large groups first, then single operations until none can go.
    fn run(&mut self) {
        let mut size = self.kept.len().div_ceil(2).max(1);
        loop {
            self.is_minimal = true;
            let is_smaller = self.pass(size);
            if size <= 1 && !is_smaller {
                return;
            }
            size = size.div_ceil(2).min(self.kept.len()).max(1);
        }
    }

    /// Tries to remove each group of `size` operations, from the last to the first, since an early
    /// operation is more often the cause than a late one. Whether any could be removed.
    fn pass(&mut self, size: usize) -> bool {
        let mut is_smaller = false;
        let targets: Vec<usize> =
            self.kept.iter().copied().filter(|&index| self.may_go[index]).collect();
        for group in targets.rchunks(size) {
            let candidate = self.without(group);
            if candidate.len() < self.kept.len() && self.is_violated(&candidate) {
                self.kept = candidate;
                is_smaller = true;
            }
        }
        is_smaller
    }

    /// What stays when these go, all that depends on them, and what then matters no more.
    fn without(&self, removed: &[usize]) -> Vec<usize> {
        let mut is_removed = vec![false; self.operations.len()];
        let mut queue = removed.to_vec();
        while let Some(index) = queue.pop() {
            if !std::mem::replace(&mut is_removed[index], true) {
                queue.extend(&self.seen_by[index]);
            }
        }
        let left: Vec<usize> =
            self.kept.iter().copied().filter(|&index| !is_removed[index]).collect();
        let matter = sight::that_matter(self.model, &self.all(&left));
        matter.into_iter().map(|index| left[index]).collect()
    }

    fn is_violated(&mut self, candidate: &[usize]) -> bool {
        let operations = self.all(candidate);
        let mut search = Search::new(self.model, &operations, self.consistency);
        let answer = search.run(Budget { steps: self.budget.steps.min(self.most), ..self.budget });
        // Building a search costs about as much as a step per operation.
        let cost = search.steps() + candidate.len() as u64;
        self.budget.steps = self.budget.steps.saturating_sub(cost);
        self.is_minimal &= answer != Answer::Spent;
        answer == Answer::None
    }

    fn all(&self, indexes: &[usize]) -> Vec<&'a OperationOf<M>> {
        indexes.iter().map(|&index| self.operations[index]).collect()
    }
}

fn is_pure<M: Model>(model: &M, operation: &OperationOf<M>) -> bool {
    model.is_pure(&operation.input, operation.output())
}
