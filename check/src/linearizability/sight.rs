//! Who may have seen whose effect ([`Model::may_see`]).

use crate::history::Operation;
use crate::model::Model;

use super::search::OperationOf;

/// The operations of a window or key, asked about one by one.
pub(super) struct Sight<'a, M> {
    model: &'a M,
    in_parts: bool,
    facts: Option<&'a Facts>,
}

/// What real time says about who cannot have seen whom, in every order of some operations.
pub(super) struct Facts {
    /// For each completed operation that replaces the state: when it was invoked, and when the first of
    /// it and those after it returned. Ascending.
    replaced: Vec<(u64, u64)>,
}

impl Facts {
    pub(super) fn new<M: Model>(model: &M, operations: &[&OperationOf<M>]) -> Self {
        let is_replacing = |o: &&&OperationOf<M>| {
            model.replaces(&o.input, o.output()) && !model.is_pure(&o.input, o.output())
        };
        let interval = |o: &&OperationOf<M>| Some((o.invoked.time, o.completed()?.time));
        let mut replaced: Vec<(u64, u64)> =
            operations.iter().filter(is_replacing).filter_map(interval).collect();
        replaced.sort_unstable();
        let mut first = u64::MAX;
        for (_, returned) in replaced.iter_mut().rev() {
            first = first.min(*returned);
            *returned = first;
        }
        Self { replaced }
    }

    /// Whether the writer surely comes after the reader, or something that replaced the state surely
    /// between them.
    fn exclude<I, O>(&self, reader: &Operation<I, O>, writer: &Operation<I, O>) -> bool {
        if reader.completed().is_some_and(|returned| returned.time < writer.invoked.time) {
            return true;
        }
        let Some(returned) = writer.completed() else { return false };
        let after = self.replaced.partition_point(|&(invoked, _)| invoked <= returned.time);
        self.replaced.get(after).is_some_and(|&(_, first)| first < reader.invoked.time)
    }
}

impl<'a, M: Model> Sight<'a, M> {
    /// For pairs of `operations`.
    pub(super) fn new(model: &'a M, operations: &[&OperationOf<M>]) -> Self {
        let in_parts = operations.iter().any(|o| model.builds_on_state(&o.input));
        Self { model, in_parts, facts: None }
    }

    /// The same, knowing what real time excludes.
    pub(super) fn knowing(self, facts: Option<&'a Facts>) -> Self {
        Self { facts, ..self }
    }

    /// Whether `reader` may have seen the effect of `writer`. Where the model makes no promise,
    /// true: for decisions on which a verdict rests.
    pub(super) fn promised(&self, reader: &OperationOf<M>, writer: &OperationOf<M>) -> bool {
        let (input, output) = (&reader.input, reader.output());
        self.model
            .may_see(input, output, &writer.input, writer.output(), self.in_parts)
            .unwrap_or(true)
    }

    /// The same, but where the model makes no promise, whether `writer` alone turns the answer of
    /// `reader` from impossible to right: for decisions on which only an explanation rests.
    pub(super) fn guessed(&self, reader: &OperationOf<M>, writer: &OperationOf<M>) -> bool {
        if self.facts.is_some_and(|facts| facts.exclude(reader, writer)) {
            return false;
        }
        let (input, output) = (&reader.input, reader.output());
        self.model
            .may_see(input, output, &writer.input, writer.output(), self.in_parts)
            .unwrap_or_else(|| {
                let initial = self.model.initial();
                output.is_some()
                    && self.model.step(&initial, input, output).is_none()
                    && self
                        .model
                        .step(&initial, &writer.input, None)
                        .is_some_and(|state| self.model.step(&state, input, output).is_some())
            })
    }
}

/// Drops operations of unknown outcome that nobody can have seen: whether they happened makes no
/// difference, and each would double the configurations of a search.
///
/// If there is an order with such an operation, there is one without it, by the promise of
/// [`Model::may_see`]; and one without it is an order in which it never happened.
///
/// Returns the indexes of the others, ascending.
pub(super) fn that_matter<M: Model>(model: &M, operations: &[&OperationOf<M>]) -> Vec<usize> {
    let sight = Sight::new(model, operations);
    let (mut seen, mut unseen): (Vec<_>, Vec<_>) =
        (0..operations.len()).partition(|&index| operations[index].output().is_some());
    let mut next = 0;
    while next < seen.len() && !unseen.is_empty() {
        let reader = operations[seen[next]];
        next += 1;
        unseen.retain(|&writer| {
            let is_seen = sight.promised(reader, operations[writer]);
            if is_seen {
                seen.push(writer);
            }
            !is_seen
        });
    }
    seen.sort_unstable();
    seen
}
