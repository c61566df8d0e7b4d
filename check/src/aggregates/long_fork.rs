//! Long fork: two reads of the same keys that saw two writes in different orders. Parallel snapshot
//! isolation permits it; snapshot isolation does not (Sovran et al., *Transactional Storage for
//! Geo-replicated Systems*, SOSP 2011).
//!
//! Each key is written once. A read takes a whole group of keys at once, so that of two reads of a
//! group one must have seen all that the other saw.
//!
//! ```
//! use orrery_check::aggregates::long_fork::{self, Input};
//! use orrery_check::{Finding, HistoryBuilder, record::Value};
//!
//! let read = |x: Value, y: Value| vec![("x".to_owned(), x), ("y".to_owned(), y)];
//! let mut history = HistoryBuilder::new();
//! for (process, answer) in [(1, read(1.into(), Value::Nil)), (2, read(Value::Nil, 1.into()))] {
//!     let operation = history.invoke(process, 0, Input::Read)?;
//!     history.ok(operation, 0, answer)?;
//! }
//! let report = long_fork::check(&history.finish(), None);
//! let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
//! assert_eq!(explanation.pattern, "long-fork");
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

use std::collections::BTreeMap;

use crate::finding::{Finding, Report, Unknown};
use crate::history::{History, Operation};
use crate::record::{ReadError, Record, Records, Value};
use crate::shown::{Contradiction, drawn, shown};
use crate::subject::{Options, Subject};
use crate::vocabulary::{Answer, Vocabulary, read_history};

use super::report;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// All keys of a group.
    Read,
    /// To write a key, which nobody else writes.
    Write {
        /// The key.
        key: String,
        /// Its only value.
        value: Value,
    },
}

/// The keys read and what they held; nothing for a write.
pub type Output = Vec<(String, Value)>;

type Op = Operation<Input, Output>;

/// The words: lists of `[r KEY VALUE]`, or one `[w KEY VALUE]`.
struct Words;

impl Words {
    /// Function, key and value of each step.
    fn steps(value: &Value) -> Result<Vec<(&str, String, Value)>, String> {
        let wrong = || "a list of steps `[r KEY VALUE]` or `[w KEY VALUE]` is expected".to_owned();
        let step = |step: &'_ Value| match step.list() {
            Some([_, key, value]) => Some((key.to_string(), value.clone())),
            Some([_, key]) => Some((key.to_string(), Value::Nil)),
            _ => None,
        };
        let all = value.list().ok_or_else(wrong)?;
        all.iter()
            .map(|one| {
                let name = one.list().and_then(|list| list.first()?.name()).ok_or_else(wrong)?;
                let (key, value) = step(one).ok_or_else(wrong)?;
                Ok((name, key, value))
            })
            .collect()
    }
}

impl Vocabulary for Words {
    type Input = Input;
    type Output = Output;

    fn input(&self, record: &Record) -> Result<Input, String> {
        let mut steps = Self::steps(&record.value)?;
        if steps.iter().all(|(name, ..)| *name == "r") {
            return Ok(Input::Read);
        }
        match (steps.pop(), steps.is_empty()) {
            (Some(("w", key, value)), true) => Ok(Input::Write { key, value }),
            _ => Err("a transaction reads a group of keys, or writes one key".to_owned()),
        }
    }

    fn output(&self, input: &Input, record: &Record) -> Result<Answer<Self>, String> {
        if *input != Input::Read {
            return Ok(Answer::Is(Vec::new()));
        }
        let steps = Self::steps(&record.value)?;
        let mut read: Output = steps.into_iter().map(|(_, key, value)| (key, value)).collect();
        read.sort();
        Ok(Answer::Is(read))
    }
}

fn describe(input: &Input, output: Option<&Output>) -> String {
    match (input, output) {
        (Input::Write { key, value }, _) => format!("write({key}, {value})"),
        (Input::Read, Some(read)) => {
            let shown: Vec<String> =
                read.iter().map(|(key, value)| format!("{key} {value}")).collect();
            format!("read -> {{{}}}", shown.join(", "))
        }
        (Input::Read, None) => "read -> ?".to_owned(),
    }
}

/// Decides whether all reads of each group saw the writes in one order.
///
/// *Unknown* if a read has another number of keys than `group`, if a key has two values, or if there
/// are no two reads of one group.
pub fn check(history: &History<Input, Output>, group: Option<usize>) -> Report {
    if let Some(why) = unclear(history, group) {
        let unknown = Finding::Unknown(Unknown::Ambiguous(why));
        return Report::new(unknown, history.len(), 1, history.len() as u64);
    }
    let mut groups: BTreeMap<Vec<&str>, Vec<(usize, &Op)>> = BTreeMap::new();
    for operation in history.operations() {
        let Some(read) = operation.output().filter(|_| operation.input == Input::Read) else {
            continue;
        };
        let keys = read.iter().map(|(key, _)| &**key).collect();
        let seen = read.iter().filter(|(_, value)| !value.is_nil()).count();
        groups.entry(keys).or_default().push((seen, operation));
    }
    let is_compared = groups.values().any(|reads| reads.len() > 1);
    let nothing =
        (!is_compared).then_some("no two reads took the same keys, so nothing can be compared");
    let violation = groups.into_values().find_map(|mut reads| {
        // Stable: of equal counts, the one invoked first is first.
        reads.sort_by_key(|(seen, _)| *seen);
        reads.windows(2).find_map(|pair| fork(pair[0].1, pair[1].1))
    });
    let violation = violation.map(|found| found.explain(history.len(), describe));
    report(history, violation, nothing, &["long-fork"])
}

/// Why reads cannot be compared, if so.
fn unclear(history: &History<Input, Output>, group: Option<usize>) -> Option<String> {
    let mut values: BTreeMap<&str, &Value> = BTreeMap::new();
    for operation in history.operations() {
        let read = operation.output().map_or(&[][..], |read| &**read);
        if let (Input::Read, Some(_), Some(group)) = (&operation.input, operation.output(), group)
            && read.len() != group
        {
            let what = shown(operation, describe(&operation.input, operation.output()));
            return Some(format!("{what} has {} keys, and a group has {group}", read.len()));
        }
        let written = match &operation.input {
            Input::Write { key, value } if !operation.is_failed() => Some((&**key, value)),
            Input::Write { .. } | Input::Read => None,
        };
        let seen = read.iter().filter(|(_, value)| !value.is_nil());
        for (key, value) in seen.map(|(key, value)| (&**key, value)).chain(written) {
            let known = *values.entry(key).or_insert(value);
            if known != value {
                return Some(format!(
                    "key {key} has the values {known} and {value}; each key must be written once"
                ));
            }
        }
    }
    None
}

/// `fewer` saw no more writes than `more`: did it see one that `more` did not?
fn fork<'a>(fewer: &'a Op, more: &'a Op) -> Option<Contradiction<'a, Input, Output>> {
    let (a, b) = (fewer.output()?, more.output()?);
    // Both have the same keys in the same order.
    let only = |one: &Output, other: &Output| {
        let pairs = one.iter().zip(other);
        pairs.into_iter().find(|(a, b)| !a.1.is_nil() && b.1.is_nil()).map(|(a, _)| a.0.clone())
    };
    let (of_fewer, of_more) = (only(a, b)?, only(b, a)?);
    let show = |o: &Op| shown(o, describe(&o.input, o.output()));
    Some(Contradiction {
        rule: "prefix consistency",
        pattern: "long-fork",
        sentence: format!(
            "The history has a long fork: {} saw the write of {of_fewer} without that of {of_more}, and {} \
             saw that of {of_more} without that of {of_fewer}, so that there is no one order of the writes.",
            show(fewer),
            show(more)
        ),
        window: vec![fewer, more],
        conflict: Some((more, fewer)),
        is_minimal: true,
    })
}

/// As the command line knows it.
pub const SUBJECT: Subject = Subject {
    name: "long-fork",
    summary: "reads of groups of keys, each written once, as lists of `[r KEY VALUE]`, and `[w KEY VALUE]`; \
              `group = N` refuses reads of another number of keys",
    consistencies: &["prefix"],
    judge,
};

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.consistency_among(SUBJECT.consistencies)?;
    options.only_settings(&["group"])?;
    let group = options.setting_int("group")?.and_then(|group| usize::try_from(group).ok());
    let history = read_history(records, &Words)?;
    Ok(drawn(check(&history, group), &history, options, describe))
}
