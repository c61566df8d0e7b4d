//! A set to which elements are only added: is each acknowledged element there for good?
//!
//! As Jepsen's `set-full`: an element is *known* when its addition is acknowledged or a read shows it,
//! whatever returns first. A read that begins after that and lacks it makes it *stale* if a read that
//! was invoked later has it, and *lost* if none has. An element that no read could show is *never read*.
//!
//! ```
//! use orrery_check::aggregates::set_full::{self, Input, Output};
//! use orrery_check::{Finding, HistoryBuilder};
//!
//! let elements = |elements: &[i64]| Output::Elements(elements.iter().map(|&e| e.into()).collect());
//! let mut history = HistoryBuilder::new();
//! for (time, input, output) in [
//!     (10, Input::Add(1.into()), Output::Added),
//!     (20, Input::Add(2.into()), Output::Added),
//!     (30, Input::Read, elements(&[1])),
//!     (40, Input::Read, elements(&[1, 2])),
//! ] {
//!     let operation = history.invoke(1, time, input)?;
//!     history.ok(operation, time + 5, output)?;
//! }
//! let history = history.finish();
//! assert_eq!(set_full::survey(&history).stale, [2.into()]);
//! assert!(set_full::check(&history, false).holds());
//! assert!(set_full::check(&history, true).is_violated());
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Report;
use crate::history::{History, Operation};
use crate::record::{ReadError, Record, Records, Value};
use crate::shown::{Contradiction, drawn, precedes, shown};
use crate::subject::{Options, Subject};
use crate::vocabulary::{Answer, Vocabulary, read_history};

use super::report;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// To add this element.
    Add(Value),
    /// All elements.
    Read,
}

/// What can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The element is in the set.
    Added,
    /// These are in the set.
    Elements(Vec<Value>),
}

type Op = Operation<Input, Output>;

struct Words;

impl Vocabulary for Words {
    type Input = Input;
    type Output = Output;

    fn input(&self, record: &Record) -> Result<Input, String> {
        match &*record.function {
            "add" => Ok(Input::Add(record.value.clone())),
            "read" | "final-read" => Ok(Input::Read),
            other => Err(format!("`{other}` is neither `add` nor `read`")),
        }
    }

    fn output(&self, input: &Input, record: &Record) -> Result<Answer<Self>, String> {
        match (input, record.value.list()) {
            (Input::Add(_), _) => Ok(Answer::Is(Output::Added)),
            (Input::Read, Some(list)) => Ok(Answer::Is(Output::Elements(list.to_vec()))),
            (Input::Read, None) => {
                Err(format!("a read answers with a list, not `{}`", record.value))
            }
        }
    }
}

fn describe(input: &Input, output: Option<&Output>) -> String {
    match (input, output) {
        (Input::Add(element), _) => format!("add({element})"),
        (Input::Read, Some(Output::Elements(elements))) if elements.len() > 12 => {
            let (first, last) = (&elements[0], &elements[elements.len() - 1]);
            format!("read -> {} elements, from {first} to {last}", elements.len())
        }
        (Input::Read, Some(Output::Elements(elements))) => {
            format!("read -> {}", Value::List(elements.clone()))
        }
        (Input::Read, _) => "read -> ?".to_owned(),
    }
}

/// What became of the elements, each list in the order of the elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Known, and in every read that was invoked late enough.
    pub stable: Vec<Value>,
    /// Stable, but a read that began after they were known lacked them.
    pub stale: Vec<Value>,
    /// A read that began after they were known lacks them, and so do all after it.
    pub lost: Vec<Value>,
    /// Added, but no read tells.
    pub never_read: Vec<Value>,
    /// Read, but nobody had tried to add them, or only in vain.
    pub unexpected: Vec<Value>,
    /// More than once in a read.
    pub duplicated: Vec<Value>,
}

/// What the operations say of one element.
#[derive(Clone, Copy, Default)]
struct Element<'a> {
    add: Option<&'a Op>,
    /// Of its additions and the reads that have it, what returned first.
    known: Option<&'a Op>,
    /// By invocation.
    last_present: Option<&'a Op>,
    last_absent: Option<&'a Op>,
    first_read: Option<&'a Op>,
    is_duplicated: Option<&'a Op>,
}

impl<'a> Element<'a> {
    fn know(&mut self, operation: &'a Op) {
        let position = |o: &Op| o.returned.map_or(usize::MAX, |returned| returned.position);
        if operation.output().is_some()
            && self.known.is_none_or(|known| position(operation) < position(known))
        {
            self.known = Some(operation);
        }
    }

    /// The read that lacks it although it was known.
    fn missed(&self) -> Option<&'a Op> {
        self.last_absent.filter(|read| self.known.is_some_and(|known| precedes(known, read)))
    }

    fn is_stable(&self) -> bool {
        let position = |o: Option<&Op>| o.map(|o| o.invoked.position);
        self.last_present.is_some() && position(self.last_absent) < position(self.last_present)
    }

    fn is_unexpected(&self) -> bool {
        let was_tried = |read: &Op| {
            let end = read.completed().map_or(u64::MAX, |returned| returned.time);
            self.add.is_some_and(|add| add.invoked.time <= end)
        };
        self.first_read.is_some_and(|read| !was_tried(read))
    }
}

fn elements(history: &History<Input, Output>) -> BTreeMap<&Value, Element<'_>> {
    let mut all: BTreeMap<&Value, Element<'_>> = BTreeMap::new();
    let mut reads: Vec<(&Op, BTreeSet<&Value>)> = Vec::new();
    for operation in history.operations() {
        match (&operation.input, operation.output()) {
            (Input::Add(element), _) if !operation.is_failed() => {
                let element = all.entry(element).or_default();
                element.add.get_or_insert(operation);
                element.know(operation);
            }
            (Input::Read, Some(Output::Elements(seen))) => {
                let mut set = BTreeSet::new();
                for value in seen {
                    let element = all.entry(value).or_default();
                    if !set.insert(value) {
                        element.is_duplicated.get_or_insert(operation);
                    }
                    element.first_read.get_or_insert(operation);
                    element.last_present = Some(operation);
                    element.know(operation);
                }
                reads.push((operation, set));
            }
            _ => {}
        }
    }
    // From the last read back, an element leaves at the first read that lacks it.
    let mut open: Vec<&Value> = all.keys().copied().collect();
    for (read, seen) in reads.into_iter().rev() {
        open.retain(|element| {
            let is_seen = seen.contains(element);
            if !is_seen {
                all.get_mut(element).expect("all are there").last_absent = Some(read);
            }
            is_seen
        });
    }
    all
}

/// What became of each element.
pub fn survey(history: &History<Input, Output>) -> Survey {
    let mut survey = Survey::default();
    for (value, element) in elements(history) {
        let value = value.clone();
        if element.is_duplicated.is_some() {
            survey.duplicated.push(value.clone());
        }
        if element.is_unexpected() {
            survey.unexpected.push(value);
        } else if element.is_stable() {
            if element.missed().is_some() {
                survey.stale.push(value.clone());
            }
            survey.stable.push(value);
        } else if element.missed().is_some() {
            survey.lost.push(value);
        } else {
            survey.never_read.push(value);
        }
    }
    survey
}

/// Decides whether no acknowledged element is lost, none doubled, and none out of thin air; and, if
/// `fresh`, none stale.
///
/// *Unknown* if no read shows that any element lasts.
pub fn check(history: &History<Input, Output>, fresh: bool) -> Report {
    let survey = survey(history);
    let all = elements(history);
    let of = |list: &[Value]| list.first().map(|value| (value.clone(), all[value]));
    let (lost, stale) = (of(&survey.lost), of(&survey.stale).filter(|_| fresh));
    let violation = if let Some((value, element)) = lost {
        let others = survey.lost.len() - 1;
        let also =
            if others == 0 { String::new() } else { format!(" ({others} more are lost too)") };
        missing("lost", &value, &element, &format!("no later read has it{also}"))
    } else if let Some((value, element)) = of(&survey.unexpected) {
        element.first_read.map(|read| unexpected(history, &value, read))
    } else if let Some((value, element)) = of(&survey.duplicated) {
        element.is_duplicated.map(|read| {
            let show = shown(read, describe(&read.input, read.output()));
            one("duplicated", read, &format!("{show} has {value} more than once"))
        })
    } else if let Some((value, element)) = stale {
        missing("stale", &value, &element, "later reads have it again")
    } else {
        None
    };
    let violation = violation.map(|found| found.explain(history.len(), describe));
    let is_blind = survey.stable.is_empty();
    let nothing =
        is_blind.then_some("no read began after an addition was acknowledged and shows it");
    let patterns: &[&str] = if fresh {
        &["lost", "stale", "unexpected", "duplicated"]
    } else {
        &["lost", "unexpected", "duplicated"]
    };
    report(history, violation, nothing, patterns)
}

fn one<'a>(pattern: &'static str, read: &'a Op, why: &str) -> Contradiction<'a, Input, Output> {
    Contradiction {
        rule: "set",
        pattern,
        sentence: format!("The history does not keep a set: {why}."),
        window: vec![read],
        conflict: None,
        is_minimal: true,
    }
}

fn unexpected<'a>(
    history: &'a History<Input, Output>,
    value: &Value,
    read: &'a Op,
) -> Contradiction<'a, Input, Output> {
    let show = |o: &Op| shown(o, describe(&o.input, o.output()));
    let add = history.operations().iter().find(|o| matches!(&o.input, Input::Add(e) if e == value));
    let why = match add {
        Some(add) if add.is_failed() => {
            format!("{} has {value}, but {} failed", show(read), show(add))
        }
        Some(add) => format!("{} has {value}, but {} came later", show(read), show(add)),
        None => format!("{} has {value}, which nobody added", show(read)),
    };
    let mut found = one("unexpected", read, &why);
    found.window.extend(add);
    found.conflict = add.map(|add| (read, add));
    found
}

fn missing<'a>(
    pattern: &'static str,
    value: &Value,
    element: &Element<'a>,
    after: &str,
) -> Option<Contradiction<'a, Input, Output>> {
    let (known, read) = (element.known?, element.missed()?);
    let show = |o: &Op| shown(o, describe(&o.input, o.output()));
    let mut found = one(
        pattern,
        read,
        &format!(
            "{} lacks {value}, but it began after {} had returned, and {after}",
            show(read),
            show(known)
        ),
    );
    // With a read that shows the element goes its addition.
    found.window.extend([Some(known), element.add].into_iter().flatten());
    found.window.extend(element.last_present.filter(|_| pattern == "stale"));
    found.conflict = Some((read, known));
    Some(found)
}

/// As the command line knows it.
pub const SUBJECT: Subject = Subject {
    name: "set-full",
    summary: "a set to which `add` VALUE adds and that `read` shows as a list: nothing lost, doubled or out \
              of thin air; with `linearizable`, no stale read either",
    consistencies: &["eventual", "linearizable"],
    judge,
};

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    let fresh = options.consistency_among(SUBJECT.consistencies)? == "linearizable";
    options.only_settings(&[])?;
    let history = read_history(records, &Words)?;
    Ok(drawn(check(&history, fresh), &history, options, describe))
}
