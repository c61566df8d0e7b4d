//! From what stands in a file to the operations of a model.

use std::collections::BTreeMap;

use crate::history::{Entry, EntryKind, History, HistoryBuilder, OperationId, ProcessId};
use crate::record::{ReadError, Record, RecordKind, Records};

/// The words a model understands.
pub trait Vocabulary {
    /// What can be asked.
    type Input;
    /// What can be answered.
    type Output;

    /// What this *invoke* asks.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    fn input(&self, record: &Record) -> Result<Self::Input, String>;

    /// What this *ok* answers to `input`.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String>;

    /// What this *fail* says of `input`. Most often that it did not happen; a comparison that failed
    /// is an answer too.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    fn failure(&self, _input: &Self::Input, _record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Failed)
    }
}

/// What a return says.
pub enum Answer<V: Vocabulary + ?Sized> {
    /// It happened, with this answer.
    Is(V::Output),
    /// It certainly did not happen; or it has no effect and its answer is not told, such as a read that
    /// timed out, which is as if it had never been.
    Failed,
    /// Nobody knows whether it happened.
    Unknown,
}

/// Reads a history in the words of `vocabulary`.
///
/// # Errors
/// The first record that cannot be read or cannot follow those before it, and a file without
/// operations: a history of nothing proves nothing.
pub fn read_history<V: Vocabulary>(
    records: &mut Records<'_>,
    vocabulary: &V,
) -> Result<History<V::Input, V::Output>, ReadError>
where
    V::Input: Clone,
{
    let mut builder = HistoryBuilder::new();
    let mut open: BTreeMap<u64, (OperationId, V::Input)> = BTreeMap::new();
    let mut next = 0;
    let mut place = crate::record::Place { line: 1, column: 1 };
    for record in records {
        let record = record?;
        place = record.place;
        let at = |message: String| ReadError::new(record.place, message);
        let (operation, kind) = if record.kind == RecordKind::Invoke {
            let input = vocabulary.input(&record).map_err(at)?;
            let operation = OperationId(next);
            next += 1;
            // A second invocation of a process is for the builder to refuse.
            open.entry(record.process).or_insert((operation, input.clone()));
            (operation, EntryKind::Invoke(input))
        } else {
            let Some((operation, input)) = open.remove(&record.process) else {
                return Err(at(format!(
                    "`{}` of process {} returns nothing: an `invoke` of that process comes first",
                    record.kind.name(),
                    record.process,
                )));
            };
            let answer = match record.kind {
                RecordKind::Ok => vocabulary.output(&input, &record).map_err(at)?,
                RecordKind::Fail => vocabulary.failure(&input, &record).map_err(at)?,
                RecordKind::Info | RecordKind::Invoke => Answer::Unknown,
            };
            match answer {
                Answer::Is(output) => (operation, EntryKind::Ok(output)),
                Answer::Failed => (operation, EntryKind::Fail),
                Answer::Unknown => (operation, EntryKind::Info),
            }
        };
        let entry = Entry {
            process: ProcessId(record.process),
            operation,
            time: record.time,
            kind,
            node: record.node,
            event: record.event,
            commit: record.commit,
        };
        builder.push(entry).map_err(|error| at(error.to_string()))?;
    }
    let history = builder.finish();
    if history.is_empty() {
        let message = "there is no operation here, so there is nothing to judge: is it the right file and format?";
        return Err(ReadError::new(place, message));
    }
    Ok(history)
}
