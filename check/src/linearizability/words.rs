//! How records speak of single operations: the functions and values of each model, as Jepsen and
//! its relatives write them.

use std::cell::Cell;

use crate::models::container::{Input as Contained, Output as Taken};
use crate::models::multi_register::Access;
use crate::models::token::Token;
use crate::models::{counter, keyed, kv, multi_register, register, semaphore, set};
use crate::record::{Record, Value};
use crate::vocabulary::{Answer, Vocabulary};

/// An error for a function that the model does not know.
fn unknown(record: &Record, known: &str) -> String {
    format!("there is no function `{}` here: it is one of {known}", record.function)
}

/// The value, if there is one.
fn some(value: &Value) -> Option<Token> {
    (!value.is_nil()).then(|| value.into())
}

/// The two halves of a value such as `[1 2]`.
fn pair(value: &Value, of: &str) -> Result<(Token, Token), String> {
    match value.list() {
        Some([first, second]) => Ok((first.into(), second.into())),
        _ => Err(format!("the value of `{of}` is a list of two, not `{value}`")),
    }
}

fn list<'a>(value: &'a Value, of: &str) -> Result<&'a [Value], String> {
    value.list().ok_or_else(|| format!("the answer of `{of}` is a list, not `{value}`"))
}

fn argument(record: &Record) -> Result<Token, String> {
    some(&record.value).ok_or_else(|| format!("`{}` needs a value", record.function))
}

/// The words of a model under the keys that records have.
pub(super) struct KeyedWords<V> {
    pub(super) words: V,
    /// Whether the first record had a key.
    has_key: Cell<Option<bool>>,
}

impl<V> KeyedWords<V> {
    pub(super) fn new(words: V) -> Self {
        Self { words, has_key: Cell::new(None) }
    }
}

impl<V: Vocabulary> Vocabulary for KeyedWords<V> {
    type Input = keyed::Input<V::Input>;
    type Output = V::Output;

    fn input(&self, record: &Record) -> Result<Self::Input, String> {
        let has_key = record.key.is_some();
        if self.has_key.replace(Some(has_key)).is_some_and(|had| had != has_key) {
            return Err("some operations have a key and some have none; all or none do".to_owned());
        }
        let key = record.key.as_ref().map(ToString::to_string);
        Ok(keyed::Input { key, input: self.words.input(record)? })
    }

    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        self.words.output(&input.input, record).map(lift)
    }

    fn failure(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        self.words.failure(&input.input, record).map(lift)
    }
}

fn lift<V: Vocabulary>(answer: Answer<V>) -> Answer<KeyedWords<V>> {
    match answer {
        Answer::Is(output) => Answer::Is(output),
        Answer::Failed => Answer::Failed,
        Answer::Unknown => Answer::Unknown,
    }
}

/// What a comparison that failed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailedCas {
    /// The value differed: an answer.
    Differed,
    /// It did not happen, for whatever reason.
    DidNotHappen,
}

impl FailedCas {
    /// A reason that is given says that something else than the comparison went wrong.
    fn differed(self, record: &Record) -> bool {
        self == Self::Differed && record.error.is_none()
    }
}

/// A register with read, write and, if allowed, compare-and-swap.
pub(super) struct Register {
    pub(super) initial: Option<Token>,
    pub(super) has_cas: bool,
    pub(super) failed_cas: FailedCas,
}

impl Vocabulary for Register {
    type Input = register::Input<Token>;
    type Output = register::Output<Token>;

    fn input(&self, record: &Record) -> Result<Self::Input, String> {
        match record.function.as_str() {
            "read" | "r" | "get" => Ok(register::Input::Read),
            "write" | "w" | "put" | "set" => Ok(register::Input::Write(argument(record)?)),
            "cas" | "compare-and-set" | "compare-and-swap" if self.has_cas => {
                let (expected, new) = pair(&record.value, &record.function)?;
                Ok(register::Input::Cas { expected, new })
            }
            "cas" => Err("a register has no `cas`: the model `cas-register` has".to_owned()),
            _ if self.has_cas => Err(unknown(record, "read, write, cas")),
            _ => Err(unknown(record, "read, write")),
        }
    }

    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(match input {
            // Nothing is no value of a register that begins with one: the answer is not told.
            register::Input::Read if record.value.is_nil() && self.initial.is_some() => {
                Answer::Failed
            }
            register::Input::Read => Answer::Is(register::Output::Value(some(&record.value))),
            register::Input::Write(_) => Answer::Is(register::Output::Written),
            register::Input::Cas { .. } => {
                let swapped = !matches!(record.value, Value::Bool(false));
                Answer::Is(register::Output::Swapped(swapped))
            }
        })
    }

    fn failure(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        let is_cas = matches!(input, register::Input::Cas { .. });
        Ok(if is_cas && self.failed_cas.differed(record) {
            Answer::Is(register::Output::Swapped(false))
        } else {
            Answer::Failed
        })
    }
}

/// A key-value store.
pub(super) struct Store {
    pub(super) failed_cas: FailedCas,
}

impl Store {
    /// Key and argument: the format's, or a value of two.
    fn split(record: &Record) -> Result<(String, Value), String> {
        if let Some(key) = &record.key {
            return Ok((key.to_string(), record.value.clone()));
        }
        match record.value.list() {
            Some([key, value]) => Ok((key.to_string(), value.clone())),
            _ => Err(format!(
                "an operation on a store has a key, or a value of key and value, not `{}`",
                record.value
            )),
        }
    }
}

impl Vocabulary for Store {
    type Input = kv::Input;
    type Output = kv::Output;

    fn input(&self, record: &Record) -> Result<kv::Input, String> {
        let (key, value) = Self::split(record)?;
        let argument = || match &value {
            Value::Nil => Err(format!("`{}` needs a value", record.function)),
            value => Ok(value.to_string()),
        };
        match record.function.as_str() {
            "get" | "read" | "r" => Ok(kv::Input::Get { key }),
            "put" | "write" | "w" | "set" => Ok(kv::Input::put(key, argument()?)),
            "append" => Ok(kv::Input::append(key, argument()?)),
            "delete" | "del" | "remove" => Ok(kv::Input::Delete { key }),
            "cas" | "compare-and-set" | "compare-and-swap" => {
                let (expected, new) = pair(&value, &record.function)?;
                let expected = some(&expected.0).map(|expected| expected.to_string());
                Ok(kv::Input::Cas { key, expected, new: new.to_string() })
            }
            _ => Err(unknown(record, "get, put, append, cas, delete")),
        }
    }

    fn output(&self, input: &kv::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Is(match input {
            kv::Input::Get { .. } => {
                // Only the invocation needs to tell keys and values apart.
                let (_, value) =
                    Self::split(record).unwrap_or((String::new(), record.value.clone()));
                kv::Output::Value(some(&value).map(|value| value.to_string()))
            }
            kv::Input::Put { .. } | kv::Input::Append { .. } => kv::Output::Written,
            kv::Input::Cas { .. } => {
                kv::Output::Swapped(!matches!(record.value, Value::Bool(false)))
            }
            kv::Input::Delete { .. } => match record.value {
                Value::Bool(found) => kv::Output::Deleted(found),
                _ => kv::Output::Written,
            },
        }))
    }

    fn failure(&self, input: &kv::Input, record: &Record) -> Result<Answer<Self>, String> {
        let is_cas = matches!(input, kv::Input::Cas { .. });
        Ok(if is_cas && self.failed_cas.differed(record) {
            Answer::Is(kv::Output::Swapped(false))
        } else {
            Answer::Failed
        })
    }
}

/// Several registers: `txn` with a list such as `[[read x nil] [write y 2]]`.
pub(super) struct MultiRegister {
    /// Whether registers begin with a value, so that a read of nothing tells nothing.
    pub(super) begins_with_values: bool,
}

impl MultiRegister {
    fn accesses(value: &Value) -> Result<&[Value], String> {
        let is_good = |list: &&[Value]| {
            list.iter().all(|one| one.list().is_some_and(|one| matches!(one.len(), 2 | 3)))
        };
        value.list().filter(is_good).ok_or_else(|| {
            format!("the value is a list such as [[read x nil] [write y 2]], not `{value}`")
        })
    }
}

impl Vocabulary for MultiRegister {
    type Input = Vec<Access<Token>>;
    type Output = multi_register::Output<Token>;

    fn input(&self, record: &Record) -> Result<Self::Input, String> {
        let access = |one: &Value| match one.list() {
            Some([function, key, rest @ ..]) => match (function.name(), rest) {
                (Some("read" | "r"), _) => Ok(Access::Read(key.to_string())),
                (Some("write" | "w"), [value]) => Ok(Access::Write(key.to_string(), value.into())),
                _ => Err(format!("a part is [read key nil] or [write key value], not `{one}`")),
            },
            _ => Err(format!("a part is [read key nil] or [write key value], not `{one}`")),
        };
        Self::accesses(&record.value)?.iter().map(access).collect()
    }

    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        let answered = Self::accesses(&record.value)?;
        if answered.len() != input.len() {
            return Err(format!(
                "{} parts were asked and {} are answered",
                input.len(),
                answered.len()
            ));
        }
        let found = |(access, answer): (&Access<Token>, &Value)| match access {
            Access::Write(..) => None,
            Access::Read(_) => {
                let value = answer.list().and_then(|one| one.get(2)).and_then(some);
                let is_untold = value.is_none() && self.begins_with_values;
                Some((!is_untold).then_some(value))
            }
        };
        let found = input.iter().zip(answered).filter_map(found).collect();
        Ok(Answer::Is(multi_register::Output(found)))
    }
}

/// A set.
pub(super) struct Set;

impl Vocabulary for Set {
    type Input = set::Input<Token>;
    type Output = set::Output<Token>;

    fn input(&self, record: &Record) -> Result<Self::Input, String> {
        match record.function.as_str() {
            "add" | "insert" => Ok(set::Input::Add(argument(record)?)),
            "remove" | "delete" => Ok(set::Input::Remove(argument(record)?)),
            "contains" => Ok(set::Input::Contains(argument(record)?)),
            "read" | "r" => Ok(set::Input::Read),
            _ => Err(unknown(record, "add, remove, contains, read")),
        }
    }

    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Is(match (input, &record.value) {
            (set::Input::Read, value) => {
                set::Output::All(list(value, "read")?.iter().map(Token::from).collect())
            }
            // An add that says whether it changed something found the opposite there.
            (set::Input::Add(_), Value::Bool(changed)) => set::Output::Found(!changed),
            (set::Input::Remove(_) | set::Input::Contains(_), Value::Bool(found)) => {
                set::Output::Found(*found)
            }
            (set::Input::Add(_) | set::Input::Remove(_), _) => set::Output::Done,
            (set::Input::Contains(_), other) => {
                return Err(format!("the answer of `contains` is true or false, not `{other}`"));
            }
        }))
    }
}

/// A counter.
pub(super) struct Counter;

impl Vocabulary for Counter {
    type Input = counter::Input;
    type Output = counter::Output;

    fn input(&self, record: &Record) -> Result<counter::Input, String> {
        let amount = || match &record.value {
            Value::Nil => Ok(1),
            value => value.int().ok_or_else(|| {
                format!("the value of `{}` is a whole number, not `{value}`", record.function)
            }),
        };
        let negated = |amount: i64| {
            amount.checked_neg().ok_or_else(|| format!("{amount} is too large to subtract"))
        };
        match record.function.as_str() {
            "add" | "inc" | "increment" => Ok(counter::Input::Add(amount()?)),
            "dec" | "decrement" | "subtract" => Ok(counter::Input::Add(negated(amount()?)?)),
            "read" | "r" | "get" => Ok(counter::Input::Read),
            _ => Err(unknown(record, "add, inc, dec, read")),
        }
    }

    fn output(&self, input: &counter::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(match (input, &record.value) {
            (counter::Input::Add(_), _) => Answer::Is(counter::Output::Done),
            (counter::Input::Read, Value::Nil) => Answer::Failed,
            (counter::Input::Read, value) => {
                let sum = value.int().ok_or_else(|| {
                    format!("the answer of `read` is a whole number, not `{value}`")
                })?;
                Answer::Is(counter::Output::Value(sum))
            }
        })
    }
}

/// A semaphore or mutex.
pub(super) struct Semaphore;

impl Vocabulary for Semaphore {
    type Input = semaphore::Input;
    type Output = semaphore::Output;

    fn input(&self, record: &Record) -> Result<semaphore::Input, String> {
        // What an acquisition answers may be its fencing token, so only small lists are permits.
        let permits = match &record.value {
            Value::Int(permits) => u64::try_from(*permits)
                .map_err(|_| format!("a number of permits is not negative, as {permits} is"))?,
            _ => 1,
        };
        match record.function.as_str() {
            "acquire" | "lock" => Ok(semaphore::Input::Acquire(permits)),
            "release" | "unlock" => Ok(semaphore::Input::Release(permits)),
            _ => Err(unknown(record, "acquire, release")),
        }
    }

    fn output(&self, input: &semaphore::Input, record: &Record) -> Result<Answer<Self>, String> {
        let token = match (input, &record.value) {
            (semaphore::Input::Acquire(_), value) => value
                .field("token")
                .and_then(Value::int)
                .and_then(|token| u64::try_from(token).ok()),
            (semaphore::Input::Release(_), _) => None,
        };
        Ok(Answer::Is(token.map_or(semaphore::Output::Done, semaphore::Output::Token)))
    }
}

/// A queue, bag or stack.
pub(super) struct Container;

impl Vocabulary for Container {
    type Input = Contained<Token>;
    type Output = Taken<Token>;

    fn input(&self, record: &Record) -> Result<Self::Input, String> {
        match record.function.as_str() {
            "enqueue" | "push" | "put" | "add" | "send" => Ok(Contained::Put(argument(record)?)),
            "dequeue" | "pop" | "take" | "poll" => Ok(Contained::Take),
            "drain" => Ok(Contained::Drain),
            _ => Err(unknown(record, "enqueue, dequeue, push, pop, put, take, drain")),
        }
    }

    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Is(match input {
            Contained::Put(_) => Taken::Done,
            Contained::Take if record.value.name() == Some("empty") => Taken::Taken(None),
            Contained::Take => Taken::Taken(some(&record.value)),
            Contained::Drain => {
                Taken::Drained(list(&record.value, "drain")?.iter().map(Token::from).collect())
            }
        }))
    }
}
