//! Builds histories and refuses what cannot be one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Entry, EntryKind, History, HistoryError, Moment, Operation, OperationId, Outcome, ProcessId,
};

/// Takes entries one by one and refuses what cannot follow.
#[derive(Clone, Debug)]
pub struct HistoryBuilder<I, O> {
    history: History<I, O>,
    open: BTreeMap<ProcessId, OperationId>,
    ended: BTreeMap<ProcessId, OperationId>,
    returned: BTreeSet<OperationId>,
    position: usize,
    time: u64,
    next_id: u64,
}

impl<I, O> Default for HistoryBuilder<I, O> {
    fn default() -> Self {
        Self {
            history: History { operations: Vec::new(), index: BTreeMap::new() },
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            returned: BTreeSet::new(),
            position: 0,
            time: 0,
            next_id: 0,
        }
    }
}

impl<I, O> HistoryBuilder<I, O> {
    /// An empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// The entry cannot follow those before it; the builder is unchanged.
    pub fn push(&mut self, entry: Entry<I, O>) -> Result<(), HistoryError> {
        let position = self.position;
        if entry.time < self.time {
            let (time, previous) = (entry.time, self.time);
            return Err(HistoryError::TimeGoesBack { position, time, previous });
        }
        if let Some(&ended) = self.ended.get(&entry.process) {
            let process = entry.process;
            return Err(HistoryError::ProcessAfterInfo { position, process, ended });
        }
        let time = entry.time;
        let Entry { process, operation, kind, node, event, commit, .. } = entry;
        let moment = Moment { time, position, node, event };
        match kind {
            EntryKind::Invoke(input) => self.invoked(process, operation, moment, input)?,
            EntryKind::Ok(output) => {
                self.close(process, operation, moment, Outcome::Ok(output))?;
            }
            EntryKind::Fail => self.close(process, operation, moment, Outcome::Fail)?,
            EntryKind::Info => {
                self.close(process, operation, moment, Outcome::Info)?;
                self.ended.insert(process, operation);
            }
        }
        if let (Some(commit), Some(&index)) = (commit, self.history.index.get(&operation)) {
            self.history.operations[index].commit = Some(commit);
        }
        self.time = time;
        self.position += 1;
        Ok(())
    }

    /// Appends an invocation by `process` at `time` nanoseconds, under a fresh operation id.
    ///
    /// # Errors
    /// The process has an operation open or has ended, or time goes back.
    pub fn invoke(
        &mut self,
        process: impl Into<ProcessId>,
        time: u64,
        input: I,
    ) -> Result<OperationId, HistoryError> {
        let id = OperationId(self.next_id);
        self.push(Entry::new(process, id, time, EntryKind::Invoke(input)))?;
        Ok(id)
    }

    /// Appends the result of an open operation at `time` nanoseconds.
    ///
    /// # Errors
    /// The operation is not open, or time goes back.
    pub fn ok(&mut self, id: OperationId, time: u64, output: O) -> Result<(), HistoryError> {
        self.push(Entry::new(self.process_of(id), id, time, EntryKind::Ok(output)))
    }

    /// Appends at `time` nanoseconds that an open operation certainly did not happen.
    ///
    /// # Errors
    /// The operation is not open, or time goes back.
    pub fn fail(&mut self, id: OperationId, time: u64) -> Result<(), HistoryError> {
        self.push(Entry::new(self.process_of(id), id, time, EntryKind::Fail))
    }

    /// Appends at `time` nanoseconds that the outcome of an open operation is unknown. Its process
    /// ends.
    ///
    /// # Errors
    /// The operation is not open, or time goes back.
    pub fn info(&mut self, id: OperationId, time: u64) -> Result<(), HistoryError> {
        self.push(Entry::new(self.process_of(id), id, time, EntryKind::Info))
    }

    /// The history so far; what is still open stays open for ever.
    pub fn finish(self) -> History<I, O> {
        self.history
    }

    fn invoked(
        &mut self,
        process: ProcessId,
        id: OperationId,
        invoked: Moment,
        input: I,
    ) -> Result<(), HistoryError> {
        let position = self.position;
        if let Some(&open) = self.open.get(&process) {
            return Err(HistoryError::InvokeWhileOpen { position, process, operation: id, open });
        }
        if self.history.index.contains_key(&id) {
            return Err(HistoryError::OperationReused { position, operation: id });
        }
        self.open.insert(process, id);
        self.next_id = self.next_id.max(id.0.saturating_add(1));
        self.history.index.insert(id, self.history.operations.len());
        let outcome = Outcome::Open;
        let (returned, commit) = (None, None);
        let operation = Operation { id, process, input, outcome, invoked, returned, commit };
        self.history.operations.push(operation);
        Ok(())
    }

    fn close(
        &mut self,
        process: ProcessId,
        operation: OperationId,
        at: Moment,
        outcome: Outcome<O>,
    ) -> Result<(), HistoryError> {
        let position = self.position;
        if self.open.get(&process) != Some(&operation) {
            let is_own = self.history.operation(operation).is_some_and(|o| o.process == process);
            return Err(if is_own && self.returned.contains(&operation) {
                HistoryError::ReturnTwice { position, process, operation }
            } else {
                HistoryError::ReturnWithoutInvoke { position, process, operation }
            });
        }
        self.open.remove(&process);
        self.returned.insert(operation);
        let index = self.history.index[&operation];
        self.history.operations[index].outcome = outcome;
        self.history.operations[index].returned = Some(at);
        Ok(())
    }

    /// Whose operation this is. An id that was never invoked is given to a process that cannot
    /// have invoked it, so that `push` refuses the entry.
    fn process_of(&self, id: OperationId) -> ProcessId {
        self.history.operation(id).map_or(ProcessId(u64::MAX), |operation| operation.process)
    }
}
