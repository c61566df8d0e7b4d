//! What explanations of every kind need: operations as they are shown, and the smallest set of them.

use crate::finding::WindowOperation;
use crate::history::{Operation, Outcome};

/// The operation as an explanation shows it.
pub(crate) fn shown<I, O>(operation: &Operation<I, O>, description: String) -> WindowOperation {
    WindowOperation {
        id: operation.id,
        process: operation.process,
        description,
        outcome: match &operation.outcome {
            Outcome::Ok(_) => Outcome::Ok(()),
            Outcome::Fail => Outcome::Fail,
            Outcome::Info => Outcome::Info,
            Outcome::Open => Outcome::Open,
        },
        invoked: operation.invoked,
        returned: operation.returned,
    }
}

/// Takes operations away one by one, from the last, as long as what is left `breaks` the rule in the
/// same way. `depends(a, b)`: without `b`, `a` would be a different fault, so `a` goes with it.
///
/// What is left is 1-minimal: no single one can go, with what depends on it.
pub(crate) fn minimal<T: Copy + PartialEq>(
    mut kept: Vec<T>,
    depends: impl Fn(T, T) -> bool,
    mut breaks: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    loop {
        let before = kept.len();
        for index in (0..before).rev() {
            let Some(&gone) = kept.get(index) else { continue };
            let rest: Vec<T> =
                kept.iter().copied().filter(|&one| one != gone && !depends(one, gone)).collect();
            if !rest.is_empty() && breaks(&rest) {
                kept = rest;
            }
        }
        if kept.len() == before {
            return kept;
        }
    }
}
