//! Replicas that exchange updates: do they end in one state?
//!
//! A process is a replica. It makes updates (`add`, whose elements a read shows as a list, or `update`,
//! of which nothing is known), may say what it receives (`deliver`, with the value of the update), and
//! shows its state (`read`, or `final-read` when all has arrived). Three rules, each on top of the one
//! before:
//!
//! - **eventual**: all final reads are equal. Pattern: `diverged`.
//! - **strong-eventual**: also, at every step, replicas that have the same updates are in the same
//!   state. Pattern: `same-updates`.
//! - **convergence**: also, the final state has every acknowledged addition and nothing else. Patterns:
//!   `lost`, `unexpected`, `duplicated`.
//!
//! **Source:** Shapiro, Preguica, Baquero & Zawirski, *Conflict-free Replicated Data Types* (2011), for
//! strong eventual consistency.
//!
//! ```
//! use orrery_check::convergence::{self, Input, Level};
//! use orrery_check::record::Value;
//! use orrery_check::{Finding, HistoryBuilder};
//!
//! // Two replicas receive the same two updates in different orders, and the last one wins.
//! let mut history = HistoryBuilder::new();
//! for (replica, input, state) in [
//!     (1, Input::Update("a".into()), None),
//!     (2, Input::Update("b".into()), None),
//!     (1, Input::Deliver("b".into()), None),
//!     (2, Input::Deliver("a".into()), None),
//!     (1, Input::Read, Some(Value::from("b"))),
//!     (2, Input::Read, Some(Value::from("a"))),
//! ] {
//!     let operation = history.invoke(replica, 0, input)?;
//!     history.ok(operation, 0, state)?;
//! }
//! let report = convergence::check(&history.finish(), Level::Convergence);
//! let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
//! assert_eq!(explanation.pattern, "same-updates");
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

mod laws;

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregates::report;
use crate::finding::Report;
use crate::history::{History, Operation, ProcessId};
use crate::record::{ReadError, Record, Records, Value};
use crate::shown::{Contradiction, drawn, shown};
use crate::subject::{Options, Subject};
use crate::vocabulary::{Answer, Vocabulary, read_history};

pub use laws::{Broken, broken_law};

/// What a replica does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Adds this element.
    Add(Value),
    /// Makes this update, of which nothing but its name is known.
    Update(Value),
    /// Receives this update of another replica.
    Deliver(Value),
    /// Shows its state.
    Read,
    /// Shows its state when nothing is under way any more.
    FinalRead,
}

/// The state that a read shows.
pub type Output = Option<Value>;

type Op = Operation<Input, Output>;
type Found<'a> = Contradiction<'a, Input, Output>;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Equal final states.
    Eventual,
    /// And the same updates always mean the same state.
    StrongEventual,
    /// And nothing is lost or out of thin air.
    Convergence,
}

impl Level {
    /// From the weakest.
    pub const ALL: [Self; 3] = [Self::Eventual, Self::StrongEventual, Self::Convergence];

    /// As options name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eventual => "eventual",
            Self::StrongEventual => "strong-eventual",
            Self::Convergence => "convergence",
        }
    }

    const fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::Eventual => &["diverged"],
            Self::StrongEventual => &["diverged", "same-updates"],
            Self::Convergence => &["diverged", "same-updates", "lost", "unexpected", "duplicated"],
        }
    }
}

struct Words;

impl Vocabulary for Words {
    type Input = Input;
    type Output = Output;

    fn input(&self, record: &Record) -> Result<Input, String> {
        match &*record.function {
            "add" => Ok(Input::Add(record.value.clone())),
            "update" => Ok(Input::Update(record.value.clone())),
            "deliver" => Ok(Input::Deliver(record.value.clone())),
            "read" => Ok(Input::Read),
            "final-read" => Ok(Input::FinalRead),
            other => Err(format!(
                "`{other}` is none of `add`, `update`, `deliver`, `read`, `final-read`"
            )),
        }
    }

    fn output(&self, input: &Input, record: &Record) -> Result<Answer<Self>, String> {
        Ok(Answer::Is(match input {
            Input::Read | Input::FinalRead => Some(record.value.clone()),
            Input::Add(_) | Input::Update(_) | Input::Deliver(_) => None,
        }))
    }
}

fn describe(input: &Input, output: Option<&Output>) -> String {
    let state = match output {
        Some(Some(state)) => state.to_string(),
        Some(None) | None => "?".to_owned(),
    };
    match input {
        Input::Add(element) => format!("add({element})"),
        Input::Update(update) => format!("update({update})"),
        Input::Deliver(update) => format!("deliver({update})"),
        Input::Read => format!("read -> {state}"),
        Input::FinalRead => format!("final-read -> {state}"),
    }
}

fn show(operation: &Op) -> String {
    shown(operation, describe(&operation.input, operation.output())).to_string()
}

/// A state to compare: a list of elements that were added has no order.
fn state(operation: &Op, is_set: bool) -> Option<Value> {
    let state = operation.output()?.clone()?;
    match state {
        Value::List(mut elements) if is_set => {
            elements.sort();
            elements.dedup();
            Some(Value::List(elements))
        }
        other => Some(other),
    }
}

/// Decides whether the replicas converge in the sense of `level`, and which levels they keep.
///
/// *Unknown* if nothing can be compared: no two final reads, and no two reads of replicas that have
/// the same updates; or if an update is made after a final read.
pub fn check(history: &History<Input, Output>, level: Level) -> Report {
    let operations = history.operations();
    let is_set = operations.iter().any(|o| matches!(o.input, Input::Add(_)));
    let finals: Vec<&Op> =
        operations.iter().filter(|o| o.input == Input::FinalRead && o.output().is_some()).collect();
    let is_update = |o: &&Op| matches!(o.input, Input::Add(_) | Input::Update(_));
    let last_update = operations.iter().rfind(is_update).map(|o| o.invoked.position);
    let is_early = finals.first().is_some_and(|read| Some(read.invoked.position) < last_update);
    let (same, compared) = same_updates(history, is_set);
    let nothing = if is_early {
        Some("an update is made after a final read, so that it was not final")
    } else if finals.len() < 2 && compared == 0 {
        Some("there are no two `final-read`s, and no two reads of replicas with the same updates")
    } else {
        None
    };
    let mut found = [
        diverged(&finals, is_set),
        same,
        (if is_set { wrong_elements(history, &finals) } else { None }),
    ];
    if is_early {
        found = [None, None, None];
    }
    let asked = Level::ALL.iter().position(|&other| other == level).expect("all are there");
    let first = found.iter().position(Option::is_some);
    let violation = found.into_iter().take(asked + 1).flatten().next();
    let violation = violation.map(|found| found.explain(history.len(), describe));
    let mut report = report(history, violation, nothing, level.patterns());
    if nothing.is_none() && !history.is_empty() {
        let kept =
            first.map_or(Some(Level::Convergence), |first| Level::ALL[..first].last().copied());
        report.strongest_kept = kept.into_iter().map(Level::name).collect();
        report.weakest_violated = first.into_iter().map(|first| Level::ALL[first].name()).collect();
    }
    report
}

fn diverged<'a>(finals: &[&'a Op], is_set: bool) -> Option<Found<'a>> {
    let first = finals.first()?;
    let other = finals.iter().find(|read| state(read, is_set) != state(first, is_set))?;
    let differs = match (state(first, is_set), state(other, is_set)) {
        (Some(Value::List(a)), Some(Value::List(b))) if is_set => {
            let only = |a: &[Value], b: &[Value]| a.iter().find(|e| !b.contains(e)).cloned();
            let missing = only(&a, &b).or_else(|| only(&b, &a));
            missing.map(|element| format!(": one has {element}, the other has not"))
        }
        _ => None,
    };
    Some(Contradiction {
        rule: "eventual convergence",
        pattern: "diverged",
        sentence: format!(
            "The replicas do not converge: {} and {} differ{}.",
            show(first),
            show(other),
            differs.unwrap_or_default()
        ),
        window: vec![first, other],
        conflict: Some((other, first)),
        is_minimal: true,
    })
}

/// The first two reads of replicas with the same updates that differ, and how many reads could be
/// compared.
fn same_updates(history: &History<Input, Output>, is_set: bool) -> (Option<Found<'_>>, usize) {
    let operations = history.operations();
    if !operations.iter().any(|o| matches!(o.input, Input::Deliver(_))) {
        return (None, 0);
    }
    let mut has: BTreeMap<ProcessId, BTreeSet<&Value>> = BTreeMap::new();
    let mut reads: BTreeMap<Vec<&Value>, &Op> = BTreeMap::new();
    let mut compared = 0;
    for operation in operations.iter().filter(|o| o.output().is_some()) {
        let own = has.entry(operation.process).or_default();
        match &operation.input {
            Input::Add(update) | Input::Update(update) | Input::Deliver(update) => {
                own.insert(update);
            }
            Input::Read | Input::FinalRead => {
                let updates: Vec<&Value> = own.iter().copied().collect();
                let Some(&other) = reads.get(&updates) else {
                    reads.insert(updates, operation);
                    continue;
                };
                compared += 1;
                if state(other, is_set) != state(operation, is_set) {
                    return (Some(different(history, other, operation, &updates)), compared);
                }
            }
        }
    }
    (None, compared)
}

fn different<'a>(
    history: &'a History<Input, Output>,
    first: &'a Op,
    second: &'a Op,
    updates: &[&Value],
) -> Found<'a> {
    let had = |read: &Op| {
        let (process, position) = (read.process, read.invoked.position);
        let is_had = move |o: &&Op| {
            let is_update = !matches!(o.input, Input::Read | Input::FinalRead);
            is_update
                && o.process == process
                && o.invoked.position < position
                && o.output().is_some()
        };
        history.operations().iter().filter(is_had)
    };
    let names: Vec<String> = updates.iter().map(ToString::to_string).collect();
    Contradiction {
        rule: "strong eventual consistency",
        pattern: "same-updates",
        sentence: format!(
            "The replicas do not converge: {} and {} have the same updates ({}) and differ.",
            show(first),
            show(second),
            names.join(", ")
        ),
        window: had(first).chain(had(second)).chain([first, second]).collect(),
        conflict: Some((second, first)),
        is_minimal: true,
    }
}

/// An acknowledged addition that a final read lacks, or an element there that nobody added.
fn wrong_elements<'a>(history: &'a History<Input, Output>, finals: &[&'a Op]) -> Option<Found<'a>> {
    let mut adds: BTreeMap<&Value, &Op> = BTreeMap::new();
    for operation in history.operations() {
        if let Input::Add(element) = &operation.input {
            let known = adds.entry(element).or_insert(operation);
            // One that is acknowledged says most, one that failed says least.
            let worth = |o: &Op| (o.output().is_some(), !o.is_failed());
            if worth(operation) > worth(known) {
                *known = operation;
            }
        }
    }
    finals.iter().find_map(|read| {
        let Some(Some(Value::List(shown))) = read.output() else { return None };
        let seen: BTreeSet<&Value> = shown.iter().collect();
        let lost =
            adds.iter().find(|(element, add)| add.output().is_some() && !seen.contains(*element));
        let is_added = |element: &Value| adds.get(element).is_some_and(|add| !add.is_failed());
        let unexpected = shown.iter().find(|element| !is_added(element));
        let (pattern, other, why) = if let Some((element, add)) = lost {
            ("lost", Some(*add), format!("lacks {element}, which {} had added", show(add)))
        } else if let Some(element) = unexpected {
            let add = adds.get(element).copied();
            let but = add.map_or_else(
                || "nobody added".to_owned(),
                |add| format!("only {} tried to add", show(add)),
            );
            ("unexpected", add, format!("has {element}, which {but}"))
        } else if seen.len() < shown.len() {
            ("duplicated", None, "has an element more than once".to_owned())
        } else {
            return None;
        };
        Some(Contradiction {
            rule: "convergence",
            pattern,
            sentence: format!(
                "The replicas do not converge to what was added: {} {why}.",
                show(read)
            ),
            window: other.into_iter().chain([*read]).collect(),
            conflict: other.map(|add| (*read, add)),
            is_minimal: true,
        })
    })
}

/// What this family can judge.
pub static SUBJECTS: [Subject; 1] = [Subject {
    name: "convergence",
    summary: "replicas (processes) that `add` VALUE or `update` NAME, `deliver` what they receive, and show \
              their state by `read` and `final-read`",
    consistencies: &["convergence", "strong-eventual", "eventual"],
    judge,
}];

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    let name = options.consistency_among(SUBJECTS[0].consistencies)?;
    options.only_settings(&[])?;
    let level = Level::ALL.into_iter().find(|level| level.name() == name).expect("all are listed");
    let history = read_history(records, &Words)?;
    Ok(drawn(check(&history, level), &history, options, describe))
}
