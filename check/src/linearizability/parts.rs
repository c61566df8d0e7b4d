//! Which operations are judged together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::history::History;
use crate::model::Model;

use super::search::OperationOf;

/// The operations on one key, or on several that operations touch together, in the order of their
/// invocations.
pub(super) struct Part<'a, M: Model> {
    pub(super) key: Option<Cow<'a, str>>,
    pub(super) operations: Vec<&'a OperationOf<M>>,
    /// Those that failed: no part of the search, but an answer may show that one happened.
    pub(super) failed: Vec<&'a OperationOf<M>>,
}

impl<'a, M: Model> Part<'a, M> {
    fn new(key: Option<Cow<'a, str>>) -> Self {
        Self { key, operations: Vec::new(), failed: Vec::new() }
    }

    fn push(&mut self, operation: &'a OperationOf<M>) {
        if operation.is_failed() {
            self.failed.push(operation);
        } else {
            self.operations.push(operation);
        }
    }
}

/// All of it as one part.
pub(super) fn whole<M: Model>(history: &History<M::Input, M::Output>) -> Vec<Part<'_, M>> {
    let mut part = Part::new(None);
    for operation in history.operations() {
        part.push(operation);
    }
    if history.is_empty() { Vec::new() } else { vec![part] }
}

/// The history by key, from the fewest operations up, then by name.
pub(super) fn by_key<'a, M: Model>(
    history: &'a History<M::Input, M::Output>,
    model: &M,
) -> Vec<Part<'a, M>> {
    let operations = history.operations();
    let mut parts = if operations.iter().all(|o| model.key(&o.input).is_some()) {
        let mut by_key = BTreeMap::new();
        for operation in operations {
            let key = model.key(&operation.input);
            by_key.entry(key.clone()).or_insert_with(|| Part::new(key)).push(operation);
        }
        by_key.into_values().collect()
    } else if operations.iter().all(|o| !model.keys(&o.input).is_empty()) {
        by_component(history, model)
    } else {
        whole(history)
    };
    // Stable, so that keys of one size stay in the order of their names.
    parts.sort_by_key(|part| part.operations.len());
    parts
}

/// One part for each set of keys that are connected by operations on several of them, in the order of
/// the first key of each.
fn by_component<'a, M: Model>(
    history: &'a History<M::Input, M::Output>,
    model: &M,
) -> Vec<Part<'a, M>> {
    let mut numbers = BTreeMap::new();
    // For each key, another of its component; the root names itself.
    let mut parent: Vec<usize> = Vec::new();
    for operation in history.operations() {
        let mut first = None;
        for key in model.keys(&operation.input) {
            let number = *numbers.entry(key).or_insert_with(|| {
                parent.push(parent.len());
                parent.len() - 1
            });
            let root = root(&mut parent, number);
            let first = *first.get_or_insert(root);
            parent[root] = self::root(&mut parent, first);
        }
    }
    let mut names: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (key, &number) in &numbers {
        names.entry(root(&mut parent, number)).or_default().push(key);
    }
    let mut parts: BTreeMap<usize, Part<'a, M>> = BTreeMap::new();
    for operation in history.operations() {
        let keys = model.keys(&operation.input);
        let root = root(&mut parent, numbers[&keys[0]]);
        let part = parts
            .entry(root)
            .or_insert_with(|| Part::new(Some(Cow::Owned(names[&root].join(", ")))));
        part.push(operation);
    }
    let mut parts: Vec<_> = parts.into_values().collect();
    parts.sort_by(|a, b| a.key.cmp(&b.key));
    parts
}

fn root(parent: &mut [usize], mut number: usize) -> usize {
    while parent[number] != number {
        parent[number] = parent[parent[number]];
        number = parent[number];
    }
    number
}
