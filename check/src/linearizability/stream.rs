//! Linearizability while a history is made: at which entry it ceases to be linearizable.
//!
//! **Source:** Lowe, *Testing for Linearizability* (2017), just-in-time linearization: between entries,
//! the checker has every *configuration* that explains what it saw: a state, and which of the open
//! operations have taken effect to reach it. When an operation returns, each configuration in which it
//! has not taken effect lets others take effect, if need be, and then it. When no configuration is
//! left, this is the entry at which the history ceased to be linearizable.
//!
//! *Ours:* an answer is not known before its operation returns. So a configuration remembers in which
//! state each open operation took effect, and for one that can change no state, all states it had
//! since the invocation; the answer then has to be right in it, or in one of them. Of operations of
//! unknown outcome with equal inputs, the first ones take effect.
//!
//! Entries count in the order in which they come, even at equal times. The model has to be
//! deterministic: where the next state depends on the answer, as with fencing tokens or a
//! [power set](crate::power_set), the stream may have to give up.

mod object;

use std::borrow::Cow;
use std::collections::BTreeMap;

use thiserror::Error;

use crate::history::{Entry, EntryKind, HistoryError, OperationId, ProcessId};
use crate::model::Model;

use object::{Failure, Object};

/// Judges entry by entry.
///
/// ```
/// use orrery_check::kv::{Input, Model, Output};
/// use orrery_check::linearizability::{Refusal, Stream};
/// use orrery_check::{Entry, EntryKind, OperationId};
///
/// let mut stream = Stream::new(Model);
/// let (put, get) = (OperationId(0), OperationId(1));
/// stream.push(Entry::new(1, put, 10, EntryKind::Invoke(Input::put("x", "1"))))?;
/// stream.push(Entry::new(1, put, 20, EntryKind::Ok(Output::Written)))?;
/// stream.push(Entry::new(2, get, 30, EntryKind::Invoke(Input::get("x"))))?;
/// let refused = stream.push(Entry::new(2, get, 40, EntryKind::Ok(Output::absent())));
/// let Err(Refusal::Violated { position, states, .. }) = refused else { panic!() };
/// assert_eq!((position, states), (3, vec!["1".to_owned()]));
/// # Ok::<(), Refusal>(())
/// ```
pub struct Stream<M: Model> {
    model: M,
    objects: BTreeMap<Option<String>, Object<M>>,
    /// Which object an open operation is on.
    open: BTreeMap<ProcessId, (OperationId, Option<String>)>,
    ended: BTreeMap<ProcessId, OperationId>,
    position: usize,
    time: u64,
}

/// Why the entry before was the last that counts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The entry cannot follow those before it.
    #[error(transparent)]
    NotAHistory(#[from] HistoryError),
    /// With this entry, the history is not linearizable.
    #[error("the history is not linearizable from entry {position} on: {description}")]
    Violated {
        /// The entry's index, from 0.
        position: usize,
        /// What returned.
        operation: OperationId,
        /// On which key.
        key: Option<String>,
        /// The operation and the states before it, in words.
        description: String,
        /// Every state that the object may have been in before, in words, sorted.
        states: Vec<String>,
    },
    /// Nobody knows whether the history is linearizable.
    #[error("from entry {position} on nobody knows: {reason}")]
    Unknown {
        /// The entry's index, from 0.
        position: usize,
        /// Why, in words.
        reason: &'static str,
    },
}

impl<M: Model> Stream<M> {
    /// Nothing seen yet.
    pub fn new(model: M) -> Self {
        Self {
            model,
            objects: BTreeMap::new(),
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            position: 0,
            time: 0,
        }
    }

    /// Takes the next entry. What follows a refusal means nothing.
    ///
    /// # Errors
    /// The entry cannot follow, or the history is not linearizable with it, or nobody knows.
    pub fn push(&mut self, entry: Entry<M::Input, M::Output>) -> Result<(), Refusal> {
        self.admit(&entry)?;
        let Entry { process, operation, kind, .. } = entry;
        let (key, outcome) = match kind {
            EntryKind::Invoke(input) => {
                let key = self.model.key(&input).map(Cow::into_owned);
                self.open.insert(process, (operation, key.clone()));
                let model = &self.model;
                let object = self.objects.entry(key.clone()).or_insert_with(|| Object::new(model));
                (key, object.invoke(model, operation, input))
            }
            EntryKind::Ok(output) => {
                self.returned(process, |object, model| object.ok(model, operation, &output))
            }
            EntryKind::Fail => {
                self.returned(process, |object, model| object.fail(model, operation))
            }
            EntryKind::Info => {
                self.ended.insert(process, operation);
                self.returned(process, |object, _| {
                    object.info(operation);
                    Ok(())
                })
            }
        };
        let position = self.position;
        outcome.map_err(|failure| match failure {
            Failure::Unknown(reason) => Refusal::Unknown { position, reason },
            Failure::Violated { description, states } => {
                Refusal::Violated { position, operation, key, description, states }
            }
        })?;
        self.position += 1;
        Ok(())
    }

    /// Closes the operation of this process.
    fn returned(
        &mut self,
        process: ProcessId,
        close: impl FnOnce(&mut Object<M>, &M) -> Result<(), Failure>,
    ) -> (Option<String>, Result<(), Failure>) {
        let (_, key) = self.open.remove(&process).expect("an entry that was admitted");
        let object = self.objects.get_mut(&key).expect("it was invoked there");
        let outcome = close(object, &self.model);
        (key, outcome)
    }

    /// How many entries were taken.
    pub fn len(&self) -> usize {
        self.position
    }

    /// Whether no entry was taken.
    pub fn is_empty(&self) -> bool {
        self.position == 0
    }

    /// Every state that the object under this key may be in now, in words, sorted. Empty for a key that
    /// no operation was on.
    pub fn states(&self, key: Option<&str>) -> Vec<String> {
        let object = self.objects.get(&key.map(str::to_owned));
        object.map_or_else(Vec::new, |object| object.possible(&self.model))
    }

    /// Refuses what cannot follow, by the rules of a history.
    fn admit(&mut self, entry: &Entry<M::Input, M::Output>) -> Result<(), HistoryError> {
        let (position, process, operation) = (self.position, entry.process, entry.operation);
        if entry.time < self.time {
            let (time, previous) = (entry.time, self.time);
            return Err(HistoryError::TimeGoesBack { position, time, previous });
        }
        if let Some(&ended) = self.ended.get(&process) {
            return Err(HistoryError::ProcessAfterInfo { position, process, ended });
        }
        let open = self.open.get(&process).map(|(open, _)| *open);
        match (&entry.kind, open) {
            (EntryKind::Invoke(_), Some(open)) => {
                return Err(HistoryError::InvokeWhileOpen { position, process, operation, open });
            }
            (EntryKind::Invoke(_), None) => {}
            (_, open) if open == Some(operation) => {}
            (EntryKind::Ok(_) | EntryKind::Fail | EntryKind::Info, _) => {
                return Err(HistoryError::ReturnWithoutInvoke { position, process, operation });
            }
        }
        self.time = entry.time;
        Ok(())
    }
}
