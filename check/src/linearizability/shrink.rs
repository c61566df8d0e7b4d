//! Removes operations from a violating history while what is left still violates.
//!
//! Invariant: an operation is kept only together with all operations whose effect it may have seen
//! ([`Model::dependencies`]). If the whole history had a linearization, leaving out the other
//! operations would leave one of what is kept; so what is wrong here is wrong in the whole history,
//! and a stale read never shrinks to a read of a value that nobody wrote.

use crate::finding::Budget;
use crate::model::Model;

use super::search::{Answer, OperationOf, Search};

/// What is left, and whether nothing more can be removed.
pub(crate) struct Shrunk {
    /// Indexes into the operations given, ascending.
    pub(crate) kept: Vec<usize>,
    /// False if the budget was spent first.
    pub(crate) is_minimal: bool,
}

/// Shrinks `operations`, which violate at the return of the operation at `furthest`.
pub(crate) fn shrink<M: Model>(
    model: &M,
    operations: &[&OperationOf<M>],
    furthest: usize,
    budget: Budget,
) -> Shrunk {
    let mut shrinker = Shrinker::new(model, operations, furthest, budget);
    let mut size = shrinker.kept.len().div_ceil(2);
    loop {
        let is_smaller = shrinker.pass(size);
        if size == 1 && !is_smaller {
            break;
        }
        // A pass that removed something may have made room for another of the same size, but
        // halving finds the same with fewer checks. Only single operations are tried to the end.
        size = size.div_ceil(2).min(shrinker.kept.len()).max(1);
    }
    Shrunk { kept: shrinker.kept, is_minimal: shrinker.is_minimal }
}

struct Shrinker<'a, M: Model> {
    model: &'a M,
    operations: &'a [&'a OperationOf<M>],
    /// For each operation, those that may have seen its effect: they go when it goes.
    seen_by: Vec<Vec<usize>>,
    kept: Vec<usize>,
    budget: Budget,
    is_minimal: bool,
}

impl<'a, M: Model> Shrinker<'a, M> {
    fn new(
        model: &'a M,
        operations: &'a [&'a OperationOf<M>],
        furthest: usize,
        budget: Budget,
    ) -> Self {
        // What was invoked after the return that nobody got past has no part in it.
        let end = operations[furthest].completed().map_or(u64::MAX, |returned| returned.time);
        let len = operations.partition_point(|operation| operation.invoked.time <= end);
        let operations = &operations[..len];
        let inputs: Vec<&M::Input> = operations.iter().map(|o| &o.input).collect();
        let mut seen_by = vec![Vec::new(); len];
        for (reader, operation) in operations.iter().enumerate() {
            let seen = model.dependencies(&operation.input, operation.output(), &inputs);
            for writer in seen.into_iter().filter(|&writer| writer != reader) {
                seen_by[writer].push(reader);
            }
        }
        Self { model, operations, seen_by, kept: (0..len).collect(), budget, is_minimal: true }
    }

    /// Tries to remove each group of `size` operations, from the last to the first, since an early
    /// operation is more often the cause than a late one. Whether any could be removed.
    fn pass(&mut self, size: usize) -> bool {
        let mut is_smaller = false;
        let mut end = self.kept.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let mut candidate = self.without(&self.kept[start..end]);
            if candidate.len() < self.kept.len() && self.is_violated(&candidate) {
                std::mem::swap(&mut self.kept, &mut candidate);
                is_smaller = true;
            }
            end = start.min(self.kept.len());
        }
        is_smaller
    }

    /// What stays when these go, and all that depends on them.
    fn without(&self, removed: &[usize]) -> Vec<usize> {
        let mut is_removed = vec![false; self.operations.len()];
        let mut queue = removed.to_vec();
        while let Some(index) = queue.pop() {
            if !std::mem::replace(&mut is_removed[index], true) {
                queue.extend(&self.seen_by[index]);
            }
        }
        self.kept.iter().copied().filter(|&index| !is_removed[index]).collect()
    }

    fn is_violated(&mut self, candidate: &[usize]) -> bool {
        let operations: Vec<_> = candidate.iter().map(|&index| self.operations[index]).collect();
        let mut search = Search::new(self.model, &operations);
        let answer = search.run(self.budget);
        // Building a search costs about as much as a step per operation.
        let cost = search.steps() + candidate.len() as u64;
        self.budget.steps = self.budget.steps.saturating_sub(cost);
        self.is_minimal &= answer != Answer::Spent;
        answer == Answer::None
    }
}
