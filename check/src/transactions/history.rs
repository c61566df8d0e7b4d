//! A history of transactions in flat arrays: numbered keys and values, and a list that was read kept as
//! a length, since most lists are the beginning of a longer one.

use crate::history::{Moment, OperationId, Outcome, ProcessId};
use crate::record::{Place, Value};
use crate::table::States;

/// The index of a transaction.
pub(crate) type Txn = u32;
/// The index of a key.
pub(crate) type Key = u32;

/// A value that can be written: a small whole number as it is, anything else by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Atom(u64);

/// What the values of the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Lists that grow by appending; every key is empty at first.
    Lists,
    /// Registers that are overwritten, with this value at first.
    Registers(Atom),
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It committed.
    Ok,
    /// Nobody knows, or it was still open when the history ended.
    Maybe,
    /// It aborted.
    Failed,
}

/// One step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Appends to a list, or overwrites a register.
    Write(Atom),
    /// Read this value of a register.
    Read(Atom),
    /// Read this list, and behind it as many appends of its own: all that it has made to the key so
    /// far. What others see of those, nobody knows yet. If it saw anything else of its own, all is in
    /// the list.
    ReadList(List, u32),
    /// Asked for a value that nobody knows.
    Asked,
}

/// A list that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// The first elements of the longest list of the key.
    Prefix(u32),
    /// Another list, by its index.
    Odd(u32),
}

/// One step of a transaction and the key it touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Micro {
    pub(crate) key: Key,
    pub(crate) action: Action,
}

impl Micro {
    /// What it writes, if it does.
    pub(crate) fn written(&self) -> Option<Atom> {
        match self.action {
            Action::Write(atom) => Some(atom),
            Action::Read(_) | Action::ReadList(..) | Action::Asked => None,
        }
    }
}

/// A transaction; its steps are in [`Transactions::steps`].
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// Its number in the whole history, also in a part of it.
    pub(crate) id: OperationId,
    pub(crate) process: u64,
    pub(crate) status: Status,
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// `None` if the file has no invocations.
    pub(crate) invoked: Option<Moment>,
    pub(crate) returned: Option<Moment>,
    /// Where the system itself put it in its commit order.
    pub(crate) commit: Option<u64>,
    /// Where its first entry stands in the file.
    pub(crate) place: Place,
}

/// Who wrote a value, and at which step of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    pub(crate) txn: Txn,
    pub(crate) step: u32,
}

/// A history of transactions.
pub(crate) struct Transactions {
    pub(crate) family: Family,
    pub(crate) txns: Vec<Transaction>,
    pub(crate) micros: Vec<Micro>,
    /// Whether the file says when transactions began; without that, nobody knows the real-time order.
    pub(crate) has_invocations: bool,
    names: Names,
    /// The longest list of each key that extends all those read before it.
    longest: Vec<Vec<Atom>>,
    odd: Vec<Box<[Atom]>>,
    /// What was written, numbered.
    elements: States<(Key, Atom)>,
    writers: Vec<Writer>,
}

/// Keys and values as the file has them.
#[derive(Clone)]
pub(crate) struct Names {
    keys: States<Value>,
    values: States<Value>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { keys: States::new(), values: States::new() }
    }

    pub(crate) fn key(&mut self, key: &Value) -> Key {
        self.keys.number_of(key)
    }

    pub(crate) fn atom(&mut self, value: &Value) -> Atom {
        match value {
            Value::Int(number) if (number << 1) >> 1 == *number => {
                Atom((number << 1).cast_unsigned() | 1)
            }
            other => Atom(u64::from(self.values.number_of(other)) << 1),
        }
    }
}

impl Transactions {
    pub(crate) fn new(family: Family, names: Names) -> Self {
        let longest = vec![Vec::new(); names.keys.len()];
        Self {
            family,
            txns: Vec::new(),
            micros: Vec::new(),
            has_invocations: false,
            names,
            longest,
            odd: Vec::new(),
            elements: States::new(),
            writers: Vec::new(),
        }
    }

    pub(crate) fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    /// The steps of a transaction, in its order.
    pub(crate) fn steps(&self, txn: Txn) -> &[Micro] {
        let Transaction { first, count, .. } = self.txns[txn as usize];
        &self.micros[first as usize..(first + count) as usize]
    }

    /// Every transaction.
    pub(crate) fn all(&self) -> std::ops::Range<Txn> {
        0..self.txns.len() as Txn
    }

    pub(crate) fn txn(&self, txn: Txn) -> &Transaction {
        &self.txns[txn as usize]
    }

    pub(crate) fn id(&self, txn: Txn) -> OperationId {
        self.txns[txn as usize].id
    }

    pub(crate) fn keys(&self) -> usize {
        self.names.keys.len()
    }

    /// The longest list of a key.
    pub(crate) fn longest(&self, key: Key) -> &[Atom] {
        self.longest.get(key as usize).map_or(&[], Vec::as_slice)
    }

    /// The elements of a list that was read.
    pub(crate) fn list(&self, key: Key, list: List) -> &[Atom] {
        match list {
            List::Prefix(length) => &self.longest(key)[..length as usize],
            List::Odd(index) => &self.odd[index as usize],
        }
    }

    /// Keeps a list that was read.
    pub(crate) fn add_list(&mut self, key: Key, list: &[Atom]) -> List {
        if self.longest.len() <= key as usize {
            self.longest.resize(key as usize + 1, Vec::new());
        }
        let longest = &mut self.longest[key as usize];
        let common = longest.len().min(list.len());
        if longest[..common] != list[..common] {
            self.odd.push(list.into());
            return List::Odd(self.odd.len() as u32 - 1);
        }
        longest.extend_from_slice(&list[common..]);
        List::Prefix(list.len() as u32)
    }

    /// Numbers everything that was written.
    ///
    /// # Errors
    /// The transaction that writes a value which has been written to the key before, and who wrote it.
    pub(crate) fn index_writes(&mut self) -> Result<(), (Txn, Writer, Key, Atom)> {
        for txn in self.all() {
            let Transaction { first, count, .. } = self.txns[txn as usize];
            for step in 0..count {
                let Micro { key, action: Action::Write(atom) } =
                    self.micros[(first + step) as usize]
                else {
                    continue;
                };
                let number = self.elements.number((key, atom));
                if let Some(&writer) = self.writers.get(number as usize) {
                    return Err((txn, writer, key, atom));
                }
                self.writers.push(Writer { txn, step });
            }
        }
        Ok(())
    }

    /// The number of what was written, if anybody wrote it.
    pub(crate) fn element(&self, key: Key, atom: Atom) -> Option<u32> {
        self.elements.find(&(key, atom))
    }

    pub(crate) fn elements(&self) -> usize {
        self.writers.len()
    }

    /// Who wrote this, by its number.
    pub(crate) fn writer(&self, element: u32) -> Writer {
        self.writers[element as usize]
    }

    /// Who wrote this, if anybody.
    pub(crate) fn writer_of(&self, key: Key, atom: Atom) -> Option<Writer> {
        self.element(key, atom).map(|element| self.writer(element))
    }

    /// The history of these transactions alone, in ascending order: what others wrote is taken out of
    /// the lists, and a read of a register that shows it is left out. An order that explains
    /// the whole history explains this one too.
    pub(crate) fn restrict(&self, kept: &[Txn]) -> Self {
        let mut part = Self::new(self.family, self.names.clone());
        part.has_invocations = self.has_invocations;
        let is_kept = |writer: Writer| kept.binary_search(&writer.txn).is_ok();
        let remains = |key: Key, atom: Atom| self.writer_of(key, atom).is_none_or(is_kept);
        for &txn in kept {
            let first = part.micros.len() as u32;
            for &Micro { key, action } in self.steps(txn) {
                let action = match action {
                    Action::Read(atom) if !remains(key, atom) => continue,
                    Action::ReadList(list, own) => {
                        let list = self.list(key, list).iter().copied();
                        let list: Vec<Atom> = list.filter(|&atom| remains(key, atom)).collect();
                        Action::ReadList(part.add_list(key, &list), own)
                    }
                    Action::Write(_) | Action::Read(_) | Action::Asked => action,
                };
                part.micros.push(Micro { key, action });
            }
            let count = part.micros.len() as u32 - first;
            part.txns.push(Transaction { first, count, ..self.txn(txn).clone() });
        }
        part.index_writes().expect("a part of a history writes nothing twice");
        part
    }

    pub(crate) fn key_name(&self, key: Key) -> String {
        self.names.keys.get(key).to_string()
    }

    pub(crate) fn atom_name(&self, atom: Atom) -> String {
        if atom.0 & 1 == 1 {
            (atom.0.cast_signed() >> 1).to_string()
        } else {
            self.names.values.get((atom.0 >> 1) as u32).to_string()
        }
    }

    /// A list as people write it, long ones without their middle.
    pub(crate) fn list_name(&self, list: &[Atom]) -> String {
        let names = |part: &[Atom]| {
            part.iter().map(|&atom| self.atom_name(atom)).collect::<Vec<_>>().join(" ")
        };
        if list.len() <= 8 {
            return format!("[{}]", names(list));
        }
        format!("[{} .. {}]", names(&list[..2]), names(&list[list.len() - 4..]))
    }

    /// One step in words, after those before it: `append(x, 1)`, `read(x) -> [1]`.
    fn step_name(&self, before: &[Micro], Micro { key, action }: Micro) -> String {
        let name = self.key_name(key);
        match action {
            Action::Write(atom) => {
                let verb = if self.family == Family::Lists { "append" } else { "write" };
                format!("{verb}({name}, {})", self.atom_name(atom))
            }
            Action::Read(atom) => format!("read({name}) -> {}", self.atom_name(atom)),
            Action::ReadList(list, own) => {
                let mut list = self.list(key, list).to_vec();
                let mine =
                    before.iter().filter(|micro| micro.key == key).filter_map(Micro::written);
                let mine: Vec<Atom> = mine.collect();
                list.extend_from_slice(&mine[mine.len() - own as usize..]);
                format!("read({name}) -> {}", self.list_name(&list))
            }
            Action::Asked => format!("read({name})"),
        }
    }

    /// Steps of a transaction in words.
    pub(crate) fn describe(&self, micros: &[Micro]) -> String {
        let names =
            (0..).zip(micros).map(|(index, &micro)| self.step_name(&micros[..index], micro));
        names.collect::<Vec<_>>().join(", ")
    }

    /// A transaction as an explanation shows it.
    pub(crate) fn window(&self, txn: Txn) -> crate::finding::WindowOperation {
        let transaction = self.txn(txn);
        let nothing = Moment { time: 0, position: 0, node: None, event: None };
        let invoked = transaction.invoked.or(transaction.returned).unwrap_or(nothing);
        let outcome = match (transaction.status, transaction.returned) {
            (Status::Ok, _) => Outcome::Ok(()),
            (Status::Failed, _) => Outcome::Fail,
            (Status::Maybe, Some(_)) => Outcome::Info,
            (Status::Maybe, None) => Outcome::Open,
        };
        crate::finding::WindowOperation {
            id: transaction.id,
            process: ProcessId(transaction.process),
            description: self.describe(self.steps(txn)),
            outcome,
            invoked,
            returned: transaction.returned,
        }
    }
}
