//! Several registers that one operation may read and write together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

use crate::model;

/// The registers. Those that operations touch together are judged together.
///
/// ```
/// use orrery_check::multi_register::{Access, Model, Output};
/// use orrery_check::{Budget, HistoryBuilder, linearizability};
///
/// // Both registers are written at once, yet a reader sees one of the two writes.
/// let (x, y) = ("x".to_owned(), "y".to_owned());
/// let mut history = HistoryBuilder::new();
/// let write = vec![Access::Write(x.clone(), 1), Access::Write(y.clone(), 1)];
/// let write = history.invoke(1, 10, write)?;
/// let read = history.invoke(2, 20, vec![Access::Read(x), Access::Read(y)])?;
/// history.ok(read, 40, Output(vec![Some(Some(1)), Some(None)]))?;
/// history.ok(write, 50, Output(vec![]))?;
/// let report = linearizability::check(&history.finish(), &Model::default(), Budget::default());
/// assert!(report.is_violated());
/// # Ok::<(), orrery_check::HistoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model<V> {
    /// What registers hold before the first write; the others hold `rest`.
    pub initial: BTreeMap<String, V>,
    /// What registers hold that `initial` does not name; `None` is never written.
    pub rest: Option<V>,
}

impl<V> Default for Model<V> {
    fn default() -> Self {
        Self { initial: BTreeMap::new(), rest: None }
    }
}

/// What an operation does with one register. An input is a list of these, done in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Access<V> {
    /// Reads it.
    Read(String),
    /// Writes it.
    Write(String, V),
}

impl<V> Access<V> {
    /// The register.
    pub fn key(&self) -> &str {
        match self {
            Self::Read(key) | Self::Write(key, _) => key,
        }
    }
}

/// What the reads of an operation found, in their order: a value, or `Some(None)` for a register
/// that was never written, or `None` if it is not told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Output<V>(pub Vec<Option<Option<V>>>);

impl<V: Clone + Eq + Hash + Debug> Model<V> {
    fn before<'a>(&'a self, state: &'a BTreeMap<String, V>, key: &str) -> Option<&'a V> {
        state.get(key).or_else(|| self.initial.get(key)).or(self.rest.as_ref())
    }
}

impl<V: Clone + Eq + Hash + Debug> model::Model for Model<V> {
    /// What was written.
    type State = BTreeMap<String, V>;
    type Input = Vec<Access<V>>;
    type Output = Output<V>;

    fn initial(&self) -> BTreeMap<String, V> {
        BTreeMap::new()
    }

    fn step(
        &self,
        state: &BTreeMap<String, V>,
        input: &Vec<Access<V>>,
        output: Option<&Output<V>>,
    ) -> Option<BTreeMap<String, V>> {
        let mut found = output.map(|output| output.0.iter());
        let mut after = state.clone();
        for access in input {
            match access {
                Access::Write(key, value) => _ = after.insert(key.clone(), value.clone()),
                Access::Read(key) => {
                    let Some(found) = &mut found else { continue };
                    let found = found.next()?;
                    if found
                        .as_ref()
                        .is_some_and(|found| found.as_ref() != self.before(&after, key))
                    {
                        return None;
                    }
                }
            }
        }
        found.is_none_or(|mut found| found.next().is_none()).then_some(after)
    }

    fn keys<'a>(&self, input: &'a Vec<Access<V>>) -> Vec<Cow<'a, str>> {
        input.iter().map(|access| Cow::Borrowed(access.key())).collect()
    }

    fn is_pure(&self, input: &Vec<Access<V>>, _output: Option<&Output<V>>) -> bool {
        input.iter().all(|access| matches!(access, Access::Read(_)))
    }

    fn may_see(
        &self,
        input: &Vec<Access<V>>,
        output: Option<&Output<V>>,
        writer: &Vec<Access<V>>,
        _written: Option<&Output<V>>,
        _in_parts: bool,
    ) -> Option<bool> {
        let Some(output) = output else { return Some(false) };
        let reads = input.iter().filter(|access| matches!(access, Access::Read(_)));
        let sees = |(read, found): (&Access<V>, &Option<Option<V>>)| {
            let Some(Some(found)) = found else { return false };
            let wrote = |access: &Access<V>| matches!(access, Access::Write(key, value) if key == read.key() && value == found);
            writer.iter().any(wrote)
        };
        Some(reads.zip(&output.0).any(sees))
    }

    fn describe(&self, input: &Vec<Access<V>>, output: Option<&Output<V>>) -> String {
        let mut found = output.iter().flat_map(|output| &output.0);
        let one = |access: &Access<V>| match access {
            Access::Write(key, value) => format!("write({key}, {value:?})"),
            Access::Read(key) => match found.next() {
                Some(Some(Some(value))) => format!("read({key}) -> {value:?}"),
                Some(Some(None)) => format!("read({key}) -> nothing"),
                Some(None) | None => format!("read({key}) -> ?"),
            },
        };
        let text = input.iter().map(one).collect::<Vec<_>>().join(", ");
        if output.is_none() { format!("{text} -> ?") } else { text }
    }
}
