//! A number that only grows: whoever asks after somebody has seen a value sees no smaller one.
//!
//! ```
//! use orrery_check::aggregates::monotonic::{self, Input, Order};
//! use orrery_check::{Finding, HistoryBuilder};
//!
//! let mut history = HistoryBuilder::new();
//! for (process, time, seen) in [(1, 10, 7), (2, 30, 6)] {
//!     let operation = history.invoke(process, time, Input::ask("x"))?;
//!     history.ok(operation, time + 10, Some(seen))?;
//! }
//! let history = history.finish();
//! assert!(monotonic::check(&history, Order::RealTime).is_violated());
//! assert!(monotonic::check(&history, Order::Session).holds());
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

use std::collections::BTreeMap;

use crate::finding::Report;
use crate::history::{History, Operation, ProcessId};
use crate::record::{ReadError, Record, Records, Value};
use crate::shown::{Contradiction, drawn, shown};
use crate::subject::{Options, Subject};
use crate::vocabulary::{Answer, Vocabulary, read_history};

use super::report;

/// What can be asked of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which number.
    pub key: String,
    /// What is to be written there, if it is no question.
    pub write: Option<i64>,
}

impl Input {
    /// A read, or an increment that answers with the new value.
    pub fn ask(key: &str) -> Self {
        Self { key: key.to_owned(), write: None }
    }
}

/// What was seen; `None` for nothing yet, and for a write.
pub type Output = Option<i64>;

/// Who must see no smaller value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Everybody who asks later.
    RealTime,
    /// The same process.
    Session,
}

type Op = Operation<Input, Output>;

struct Words;

impl Vocabulary for Words {
    type Input = Input;
    type Output = Output;

    fn input(&self, record: &Record) -> Result<Input, String> {
        let key = record.key.as_ref().map_or_else(|| "x".to_owned(), ToString::to_string);
        let write = match &*record.function {
            "read" | "inc" => None,
            "write" | "add" => Some(record.value.int().ok_or("a write has a whole number")?),
            other => return Err(format!("`{other}` is none of `read`, `inc`, `write`, `add`")),
        };
        Ok(Input { key, write })
    }

    fn output(&self, input: &Input, record: &Record) -> Result<Answer<Self>, String> {
        match (&record.value, input.write) {
            (_, Some(_)) | (Value::Nil, None) => Ok(Answer::Is(None)),
            (value, None) => match value.int() {
                Some(number) => Ok(Answer::Is(Some(number))),
                None => Err(format!("a whole number is expected, not `{value}`")),
            },
        }
    }
}

fn describe(input: &Input, output: Option<&Output>) -> String {
    let Input { key, write } = input;
    match (write, output) {
        (Some(value), _) => format!("write({key}, {value})"),
        (None, Some(Some(seen))) => format!("read({key}) -> {seen}"),
        (None, Some(None)) => format!("read({key}) -> nil"),
        (None, None) => format!("read({key}) -> ?"),
    }
}

/// The value that the operation shows to be there.
fn value(operation: &Op) -> Option<i64> {
    let output = operation.output()?;
    operation.input.write.or(*output)
}

/// Decides whether no answer is smaller than one that was known before it was asked for.
pub fn check(history: &History<Input, Output>, order: Order) -> Report {
    let asked = |o: &&Op| o.input.write.is_none() && o.output().is_some();
    let answered = history.operations().iter().filter(asked).count();
    let nothing = (answered == 0).then_some("no question was answered, so nobody saw a value");
    let violation = match order {
        Order::RealTime => after_return(history),
        Order::Session => in_sessions(history),
    };
    let violation = violation.map(|found| found.explain(history.len(), describe));
    report(history, violation, nothing, &["went-back"])
}

/// The largest value so far of each key, and who showed it.
type Highest<'a, K> = BTreeMap<K, (i64, &'a Op)>;

fn raise<'a, K: Ord>(highest: &mut Highest<'a, K>, key: K, operation: &'a Op) {
    let Some(value) = value(operation) else { return };
    let best = highest.entry(key).or_insert((value, operation));
    if value > best.0 {
        *best = (value, operation);
    }
}

fn judged<'a>(
    operation: &'a Op,
    before: Option<&(i64, &'a Op)>,
) -> Option<Contradiction<'a, Input, Output>> {
    let &(floor, known) = before?;
    let is_back = operation.input.write.is_none()
        && operation.output().is_some_and(|seen| seen.is_none_or(|seen| seen < floor));
    is_back.then(|| went_back(operation, known))
}

fn after_return(history: &History<Input, Output>) -> Option<Contradiction<'_, Input, Output>> {
    let mut returned: Vec<&Op> =
        history.operations().iter().filter(|o| o.completed().is_some()).collect();
    returned.sort_by_key(|o| o.completed().map(|moment| (moment.time, moment.position)));
    let mut returned = returned.into_iter().peekable();
    let (mut highest, mut own) = (Highest::new(), Highest::new());
    for operation in history.operations() {
        let is_before = |o: &&Op| o.completed().is_some_and(|at| at.time < operation.invoked.time);
        while let Some(earlier) = returned.next_if(is_before) {
            raise(&mut highest, &*earlier.input.key, earlier);
        }
        let key = &*operation.input.key;
        let found = judged(operation, highest.get(key))
            .or_else(|| judged(operation, own.get(&(operation.process, key))));
        if found.is_some() {
            return found;
        }
        raise(&mut own, (operation.process, key), operation);
    }
    None
}

fn in_sessions(history: &History<Input, Output>) -> Option<Contradiction<'_, Input, Output>> {
    let mut own: Highest<'_, (ProcessId, &str)> = Highest::new();
    history.operations().iter().find_map(|operation| {
        let session = (operation.process, &*operation.input.key);
        let found = judged(operation, own.get(&session));
        raise(&mut own, session, operation);
        found
    })
}

fn went_back<'a>(read: &'a Op, known: &'a Op) -> Contradiction<'a, Input, Output> {
    let show = |o: &Op| shown(o, describe(&o.input, o.output()));
    Contradiction {
        rule: "a value that only grows",
        pattern: "went-back",
        sentence: format!(
            "The history has a value that went back: {} came after {}.",
            show(read),
            show(known)
        ),
        window: vec![known, read],
        conflict: Some((read, known)),
        is_minimal: true,
    }
}

/// As the command line knows it.
pub const SUBJECT: Subject = Subject {
    name: "monotonic",
    summary: "numbers that only grow: `read` and `inc` answer with the value, `write` N; `key` optional",
    consistencies: &["real-time", "session"],
    judge,
};

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    let order = match options.consistency_among(SUBJECT.consistencies)? {
        "session" => Order::Session,
        _ => Order::RealTime,
    };
    options.only_settings(&[])?;
    let history = read_history(records, &Words)?;
    Ok(drawn(check(&history, order), &history, options, describe))
}
