//! The histories that are judged: made from fixed seeds, or read.

use std::path::PathBuf;

use orrery_check::formats;
use orrery_check::kv;
use orrery_check::record::{Record, Value};
use orrery_check::register;
use orrery_check::vocabulary::{Answer, Vocabulary, read_history};
use orrery_check::{Entry, EntryKind, History, OperationId};

pub(crate) type Registers = History<register::Input<i64>, register::Output<i64>>;
pub(crate) type Stores = History<kv::Input, kv::Output>;

/// Knuth's linear congruence; the high bits are good enough to choose with.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A history of clients that are always busy. Each operation takes effect at a random moment of its
/// interval, where `effect` says what it answers.
pub(crate) fn busy<I: Clone, O>(
    random: &mut Random,
    count: u64,
    clients: u64,
    mut input: impl FnMut(&mut Random, u64) -> I,
    mut effect: impl FnMut(&I) -> O,
) -> Vec<Entry<I, O>> {
    let mut free: Vec<(u64, u64)> = (0..clients).map(|id| (id, id)).collect();
    let mut plans = Vec::new();
    for number in 0..count {
        free.sort_unstable();
        let (from, process) = free[0];
        let at = from + 1 + random.below(5_000);
        let to = at + 1 + random.below(5_000);
        free[0] = (to + 1 + random.below(500), process);
        plans.push((from, at, to, process, number, input(random, number)));
    }
    plans.sort_by_key(|plan| plan.1);
    let mut entries = Vec::new();
    for (from, _, to, process, number, input) in plans {
        let id = OperationId(number);
        let output = effect(&input);
        // Distinct moments: the number breaks ties.
        let (from, to) = (from * 2 * count + 2 * number, to * 2 * count + 2 * number + 1);
        entries.push(Entry::new(process, id, from, EntryKind::Invoke(input)));
        entries.push(Entry::new(process, id, to, EntryKind::Ok(output)));
    }
    entries.sort_by_key(|entry| entry.time);
    entries
}

/// A register: every write of its own value, or of one of a few, some of them compare-and-swap.
pub(crate) fn register(
    seed: u64,
    count: u64,
    clients: u64,
    few: Option<u64>,
) -> Vec<Entry<register::Input<i64>, register::Output<i64>>> {
    let mut value = None;
    let input = |random: &mut Random, number: u64| match (few, random.below(4)) {
        (None, 0 | 1) => register::Input::Write(number as i64),
        (Some(few), 0) => register::Input::Write(random.below(few) as i64),
        (Some(few), 1) => register::Input::Cas {
            expected: random.below(few) as i64,
            new: random.below(few) as i64,
        },
        (_, _) => register::Input::Read,
    };
    let effect = |input: &register::Input<i64>| match input {
        register::Input::Read => register::Output::Value(value),
        register::Input::Write(new) => {
            value = Some(*new);
            register::Output::Written
        }
        register::Input::Cas { expected, new } => {
            let swaps = value == Some(*expected);
            if swaps {
                value = Some(*new);
            }
            register::Output::Swapped(swaps)
        }
    };
    busy(&mut Random(seed), count, clients, input, effect)
}

/// A key-value store of ten keys with gets and appends of unique texts; one get in a hundred, from the
/// middle on, returns what it was one append ago.
pub(crate) fn stale_store(seed: u64, count: u64, clients: u64) -> Stores {
    let mut values = vec![(String::new(), String::new()); 10];
    let mut gets = 0;
    let input = |random: &mut Random, number: u64| {
        let key = random.below(10).to_string();
        match random.below(2) {
            0 => kv::Input::append(key, format!("x {number} y")),
            _ => kv::Input::get(key),
        }
    };
    let effect = |input: &kv::Input| {
        let (before, now) = &mut values[input.key().parse::<usize>().unwrap_or(0)];
        if let kv::Input::Append { value, .. } = input {
            before.clone_from(now);
            now.push_str(value);
            kv::Output::Written
        } else {
            gets += 1;
            let is_stale = gets > count / 4 && gets % 10 == 0;
            kv::Output::value(if is_stale { before.clone() } else { now.clone() })
        }
    };
    History::from_entries(busy(&mut Random(seed), count, clients, input, effect))
        .expect("a history")
}

/// Where other people's histories are.
fn folder() -> PathBuf {
    std::env::var_os("ORRERY_HISTORIES").map_or_else(|| "../shared/histories".into(), PathBuf::from)
}

/// The files of a folder whose name has this in it, by name; or why there are none.
pub(crate) fn files(folder_name: &str, part: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let folder = folder().join(folder_name);
    let missing = |_| format!("{} is not there", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(missing)? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains(part) {
            files.push((name, std::fs::read(&path).map_err(|error| error.to_string())?));
        }
    }
    files.sort();
    if files.is_empty() { Err(format!("{} is empty", folder.display())) } else { Ok(files) }
}

/// The words of the registers. A cas that failed found another value, as in the logs of etcd.
struct RegisterWords {
    failed_cas_is_an_answer: bool,
    begins_with_nil: bool,
}

fn int(value: &Value) -> Result<i64, String> {
    value.int().ok_or_else(|| format!("`{value}` is no number"))
}

impl Vocabulary for RegisterWords {
    type Input = register::Input<i64>;
    type Output = register::Output<i64>;

    fn input(&self, record: &Record) -> Result<Self::Input, String> {
        match (&*record.function, record.value.list()) {
            ("read", _) => Ok(register::Input::Read),
            ("write", _) => Ok(register::Input::Write(int(&record.value)?)),
            ("cas", Some([expected, new])) => {
                Ok(register::Input::Cas { expected: int(expected)?, new: int(new)? })
            }
            (other, _) => Err(format!("what is `{other}`?")),
        }
    }

    fn output(&self, input: &Self::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(match input {
            register::Input::Read if record.value.is_nil() && !self.begins_with_nil => {
                Answer::Failed
            }
            register::Input::Read => Answer::Is(register::Output::Value(record.value.int())),
            register::Input::Write(_) => Answer::Is(register::Output::Written),
            register::Input::Cas { .. } => Answer::Is(register::Output::Swapped(true)),
        })
    }

    fn failure(&self, input: &Self::Input, _record: &Record) -> Result<Answer<Self>, String> {
        let is_cas = matches!(input, register::Input::Cas { .. });
        Ok(if is_cas && self.failed_cas_is_an_answer {
            Answer::Is(register::Output::Swapped(false))
        } else {
            Answer::Failed
        })
    }
}

/// A file as a history of a register.
pub(crate) fn read_register(
    text: &[u8],
    failed_cas_is_an_answer: bool,
    begins_with_nil: bool,
) -> Result<Registers, String> {
    let words = RegisterWords { failed_cas_is_an_answer, begins_with_nil };
    let mut records = formats::read(text, None).map_err(|error| error.to_string())?;
    read_history(&mut records, &words).map_err(|error| error.to_string())
}

struct StoreWords;

impl Vocabulary for StoreWords {
    type Input = kv::Input;
    type Output = kv::Output;

    fn input(&self, record: &Record) -> Result<kv::Input, String> {
        let key = record.key.as_ref().map(ToString::to_string).unwrap_or_default();
        let value = || record.value.to_string();
        match &*record.function {
            "get" => Ok(kv::Input::Get { key }),
            "put" => Ok(kv::Input::put(key, value())),
            "append" => Ok(kv::Input::append(key, value())),
            other => Err(format!("what is `{other}`?")),
        }
    }

    fn output(&self, input: &kv::Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Is(match input {
            kv::Input::Get { .. } => kv::Output::value(record.value.to_string()),
            _ => kv::Output::Written,
        }))
    }
}

/// A file of Porcupine's key-value logs.
pub(crate) fn read_store(text: &[u8]) -> Result<Stores, String> {
    let mut records = formats::read(text, None).map_err(|error| error.to_string())?;
    read_history(&mut records, &StoreWords).map_err(|error| error.to_string())
}

/// The histories of the keys, by name.
pub(crate) fn by_key(store: &Stores) -> Vec<Stores> {
    let mut keys: Vec<&str> = store.operations().iter().map(|o| o.input.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let of_key = |key: &str| {
        let entries = store
            .entries()
            .into_iter()
            .filter(|entry| store.operation(entry.operation).is_some_and(|o| o.input.key() == key));
        let owned = entries.map(|entry| {
            let kind = match entry.kind {
                EntryKind::Invoke(input) => EntryKind::Invoke(input.clone()),
                EntryKind::Ok(output) => EntryKind::Ok(output.clone()),
                EntryKind::Fail => EntryKind::Fail,
                EntryKind::Info => EntryKind::Info,
            };
            Entry::new(entry.process, entry.operation, entry.time, kind)
        });
        History::from_entries(owned).expect("a part of a history")
    };
    keys.into_iter().map(of_key).collect()
}
