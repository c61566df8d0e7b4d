//! From the records of a file to a history of transactions.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Moment, OperationId};
use crate::record::{Place, ReadError, Record, RecordKind, Records, Value};

use super::history::{
    Action, Atom, Family, Key, Micro, Names, Status, Transaction, Transactions, Txn,
};

/// Reads a history of transactions over `family`.
///
/// # Errors
/// The first record that cannot be read or cannot follow those before it; a value written twice to one
/// key; a file without transactions.
pub(crate) fn read(
    records: &mut Records<'_>,
    family: Family,
    names: Names,
) -> Result<Transactions, ReadError> {
    let mut reader = Reader::new(family, names);
    for record in records {
        reader.push(&record?)?;
    }
    reader.finish()
}

struct Reader {
    history: Transactions,
    /// The open transaction of each process, and what it asked for.
    open: BTreeMap<u64, (Txn, Vec<Micro>)>,
    /// Processes that ended in *info*.
    closed: BTreeSet<u64>,
    time: u64,
    position: usize,
    place: Place,
    /// Buffer for one list.
    list: Vec<Atom>,
}

impl Reader {
    fn new(family: Family, names: Names) -> Self {
        Self {
            history: Transactions::new(family, names),
            open: BTreeMap::new(),
            closed: BTreeSet::new(),
            time: 0,
            position: 0,
            place: Place { line: 1, column: 1 },
            list: Vec::new(),
        }
    }

    fn push(&mut self, record: &Record) -> Result<(), ReadError> {
        self.place = record.place;
        self.step(record).map_err(|message| ReadError::new(record.place, message))?;
        self.position += 1;
        Ok(())
    }

    fn step(&mut self, record: &Record) -> Result<(), String> {
        let Record { process, time, .. } = *record;
        if time < self.time {
            return Err(format!(
                "time goes back, from {} to {time}: entries are in order",
                self.time
            ));
        }
        self.time = time;
        if record.kind == RecordKind::Invoke {
            return self.invoke(record);
        }
        let (txn, asked) = match self.open.remove(&process) {
            Some(open) => open,
            None if self.history.has_invocations => {
                return Err(format!(
                    "`{}` of process {process} returns nothing: an `invoke` of that process comes first",
                    record.kind.name(),
                ));
            }
            None => (self.begin(record, None), self.micros(&record.value, false)?),
        };
        let micros = if record.kind == RecordKind::Ok {
            let answered = self.micros(&record.value, true)?;
            self.compare(&asked, &answered)?;
            answered
        } else {
            asked
        };
        let returned = Some(self.moment(record));
        let transaction = &mut self.history.txns[txn as usize];
        transaction.status = match record.kind {
            RecordKind::Ok => Status::Ok,
            RecordKind::Fail => Status::Failed,
            RecordKind::Info | RecordKind::Invoke => Status::Maybe,
        };
        transaction.returned = returned;
        transaction.commit = record.commit.or(transaction.commit);
        if record.kind == RecordKind::Info {
            self.closed.insert(process);
        }
        self.keep(txn, &micros);
        Ok(())
    }

    fn invoke(&mut self, record: &Record) -> Result<(), String> {
        let process = record.process;
        if !self.history.has_invocations && !self.history.txns.is_empty() {
            return Err(
                "an `invoke`, though those before it have none: either all have one or none"
                    .to_owned(),
            );
        }
        if self.open.contains_key(&process) {
            return Err(format!(
                "process {process} is still busy: it has one transaction open at a time"
            ));
        }
        if self.closed.contains(&process) {
            return Err(format!(
                "process {process} ended in `info`: its client goes on under a new process"
            ));
        }
        self.history.has_invocations = true;
        let asked = self.micros(&record.value, false)?;
        let invoked = self.moment(record);
        let txn = self.begin(record, Some(invoked));
        self.open.insert(process, (txn, asked));
        Ok(())
    }

    fn begin(&mut self, record: &Record, invoked: Option<Moment>) -> Txn {
        let txn = self.history.txns.len();
        self.history.txns.push(Transaction {
            id: OperationId(txn as u64),
            process: record.process,
            status: Status::Maybe,
            first: 0,
            count: 0,
            invoked,
            returned: None,
            commit: record.commit,
            place: record.place,
        });
        txn as Txn
    }

    fn moment(&self, record: &Record) -> Moment {
        Moment {
            time: record.time,
            position: self.position,
            node: record.node,
            event: record.event,
        }
    }

    fn keep(&mut self, txn: Txn, micros: &[Micro]) {
        let first = self.history.micros.len() as u32;
        self.history.micros.extend_from_slice(micros);
        let transaction = &mut self.history.txns[txn as usize];
        (transaction.first, transaction.count) = (first, micros.len() as u32);
    }

    fn micros(&mut self, value: &Value, is_answer: bool) -> Result<Vec<Micro>, String> {
        let Some(list) = value.list() else {
            return Err(format!(
                "`{value}` is no transaction: a list of [function key value] is one"
            ));
        };
        let mut micros = Vec::with_capacity(list.len());
        for micro in list {
            let micro = self.micro(micro, is_answer, &micros)?;
            micros.push(micro);
        }
        Ok(micros)
    }

    fn micro(&mut self, micro: &Value, is_answer: bool, before: &[Micro]) -> Result<Micro, String> {
        let lists = self.history.family == Family::Lists;
        let wrong = || {
            let write = if lists { "append key value" } else { "w key value" };
            format!("`{micro}` is no step of a transaction: [r key nil] or [{write}] is one")
        };
        let [function, key, rest @ ..] = micro.list().ok_or_else(wrong)? else {
            return Err(wrong());
        };
        let value = match rest {
            [] => &Value::Nil,
            [value] => value,
            _ => return Err(wrong()),
        };
        let key = self.history.names().key(key);
        let action = match function.name().ok_or_else(wrong)? {
            "r" | "read" if !is_answer => Action::Asked,
            "r" | "read" if lists => self.list(key, value, before)?,
            "r" | "read" => Action::Read(self.history.names().atom(value)),
            "append" if lists => Action::Write(self.history.names().atom(value)),
            "w" | "write" if !lists => {
                let atom = self.history.names().atom(value);
                if self.history.family == Family::Registers(atom) {
                    return Err(format!(
                        "`{micro}` writes what is there at first, so nobody can tell who wrote it: \
                         choose another initial value"
                    ));
                }
                Action::Write(atom)
            }
            _ => return Err(wrong()),
        };
        Ok(Micro { key, action })
    }

    fn list(&mut self, key: Key, value: &Value, before: &[Micro]) -> Result<Action, String> {
        let elements: &[Value] = match value {
            Value::Nil => &[],
            Value::List(elements) => elements,
            other => return Err(format!("`{other}` was read from a list: `[..]` or nil can be")),
        };
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        list.extend(elements.iter().map(|element| self.history.names().atom(element)));
        let own = before.iter().filter(|micro| micro.key == key).filter_map(Micro::written);
        let own: Vec<Atom> = own.collect();
        let own = if list.ends_with(&own) { own.len() } else { 0 };
        let kept = self.history.add_list(key, &list[..list.len() - own]);
        self.list = list;
        Ok(Action::ReadList(kept, own as u32))
    }

    /// Whether the answer has the steps that were asked for.
    fn compare(&self, asked: &[Micro], answered: &[Micro]) -> Result<(), String> {
        let is_same = |(asked, answered): (&Micro, &Micro)| {
            asked.key == answered.key
                && match (asked.action, answered.action) {
                    (Action::Write(asked), Action::Write(answered)) => asked == answered,
                    (Action::Asked, Action::Read(_) | Action::ReadList(..)) => true,
                    _ => false,
                }
        };
        if asked.len() == answered.len() && asked.iter().zip(answered).all(is_same) {
            return Ok(());
        }
        Err(format!(
            "the answer `{}` is not to what was asked, `{}`: it has the same steps",
            self.history.describe(answered),
            self.history.describe(asked)
        ))
    }

    fn finish(mut self) -> Result<Transactions, ReadError> {
        for (txn, asked) in std::mem::take(&mut self.open).into_values() {
            self.keep(txn, &asked);
        }
        if self.history.txns.is_empty() {
            let message = "there is no transaction here, so there is nothing to judge: is it the right file and format?";
            return Err(ReadError::new(self.place, message));
        }
        self.history.index_writes().map_err(|(txn, writer, key, atom)| {
            let history = &self.history;
            let message = format!(
                "{} writes {} to {}, which {} has written before (at {}): every write to a key needs a \
                 value of its own, or nobody can tell whose value was read",
                history.id(txn),
                history.atom_name(atom),
                history.key_name(key),
                history.id(writer.txn),
                history.txn(writer.txn).place,
            );
            ReadError::new(history.txn(txn).place, message)
        })?;
        Ok(self.history)
    }
}
