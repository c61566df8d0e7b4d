//! Transactions over lists or registers: which isolation levels a history keeps.
//!
//! A transaction is a list of steps, each a read or a write of one key. Every value is written to a key at
//! most once, so a read tells whose write it saw. From that follows which transaction comes
//! before which; a cycle among them has a name in the literature, and rules out the levels that
//! do not allow it.
//!
//! - [`list-append`](LIST_APPEND): a list that was read shows the order of its appends, so every
//!   level is decided. Appends that nobody read come after those that somebody read.
//! - [`rw-register`](RW_REGISTER): a register shows only its last write. The order of the writes is
//!   taken from the system's own commit order where the records have it, or searched for.
//!
//! # Examples
//!
//! Two transactions that each read what the other appends to: write skew, which snapshot isolation allows.
//!
//! ```
//! use orrery_check::formats;
//! use orrery_check::subject::{Options, subject};
//!
//! let history = r#"
//! {"index": 0, "time": 1, "type": "invoke", "process": 0, "f": "txn", "value": [["r", "x", null], ["append", "y", 1]]}
//! {"index": 1, "time": 2, "type": "invoke", "process": 1, "f": "txn", "value": [["r", "y", null], ["append", "x", 1]]}
//! {"index": 2, "time": 3, "type": "ok", "process": 0, "f": "txn", "value": [["r", "x", []], ["append", "y", 1]]}
//! {"index": 3, "time": 4, "type": "ok", "process": 1, "f": "txn", "value": [["r", "y", []], ["append", "x", 1]]}
//! "#;
//! let mut records = formats::read(history.as_bytes(), None)?;
//! let report = (subject("list-append").unwrap().judge)(&mut records, &Options::default())?;
//! assert!(report.is_violated());
//! assert_eq!(report.weakest_violated, ["serializable"]);
//! assert_eq!(report.strongest_kept, ["strong-snapshot-isolation"]);
//! # Ok::<(), orrery_check::record::ReadError>(())
//! ```
//!
//! Registers, as the tools for weak isolation write them: the second session misses a write of the transaction whose
//! other write it saw.
//!
//! ```
//! use orrery_check::formats;
//! use orrery_check::subject::{Options, subject};
//!
//! let history = "w 0 1\nw 1 1\n=====\nr 0 1\nr 1 nil\n";
//! let mut records = formats::read(history.as_bytes(), None)?;
//! let options = Options { consistency: Some("read-atomic".to_owned()), ..Options::default() };
//! let report = (subject("rw-register").unwrap().judge)(&mut records, &options)?;
//! assert!(report.is_violated());
//! # Ok::<(), orrery_check::record::ReadError>(())
//! ```

mod cycles;
mod dependencies;
mod explain;
mod facts;
mod graph;
mod history;
mod judge;
mod lattice;
mod lists;
mod polygraph;
mod read;
mod registers;
mod weak;
mod words;

use crate::finding::{Finding, Report, Unknown, Witness};
use crate::history::OperationId;
use crate::picture::Picture;
use crate::record::{Place, ReadError, Records};
use crate::subject::{Options, Subject};

use history::{Family, Names, Status, Transactions};

pub use lattice::{Isolation, NAMES, Order};

/// Transactions that append to lists and read them.
pub const LIST_APPEND: &str = "list-append";
/// Transactions that write and read registers.
pub const RW_REGISTER: &str = "rw-register";

/// What a history of transactions can be judged as.
pub static SUBJECTS: [Subject; 2] = [
    Subject {
        name: LIST_APPEND,
        summary: "transactions over lists: value = [[append x 1] [r x [1]] ..]",
        consistencies: &NAMES,
        judge: |records, options| judge_family(records, options, false),
    },
    Subject {
        name: RW_REGISTER,
        summary: "transactions over registers: value = [[w x 1] [r x 1] ..]; every value is written once",
        consistencies: &NAMES,
        judge: |records, options| judge_family(records, options, true),
    },
];

fn judge_family(
    records: &mut Records<'_>,
    options: &Options,
    registers: bool,
) -> Result<Report, ReadError> {
    options.only_settings(&[])?;
    let at_start = |message: String| ReadError::new(Place { line: 1, column: 1 }, message);
    let level = match &options.consistency {
        None => Isolation::StrictSerializable,
        Some(name) => Isolation::named(&name.to_ascii_lowercase()).ok_or_else(|| {
            at_start(format!(
                "no isolation level is called `{name}`: there are {}",
                NAMES.join(", ")
            ))
        })?,
    };
    let mut names = Names::new();
    let family = match &options.initial {
        initial if registers => {
            Family::Registers(names.atom(initial.as_ref().unwrap_or(&crate::record::Value::Nil)))
        }
        None => Family::Lists,
        Some(_) => {
            return Err(at_start(
                "lists are empty at first: leave the initial value out".to_owned(),
            ));
        }
    };
    let history = read::read(records, family, names)?;
    if level.order() == Order::RealTime && !history.has_invocations {
        return Err(at_start(format!(
            "{} needs to know when transactions began, and no `invoke` says so here: ask for {} or weaker",
            level.name(),
            Isolation::StrongSessionSerializable.name(),
        )));
    }
    let mut report = check(&history, level, options.budget);
    if options.picture {
        let shown = (0..history.txns.len() as history::Txn).map(|txn| history.window(txn));
        report.picture = Some(Box::new(Picture::of_finding(&report.finding, shown)));
    }
    Ok(report)
}

/// Judges a history at one level and places it among the others.
fn check(history: &Transactions, level: Isolation, budget: crate::Budget) -> Report {
    let facts = judge::facts(history);
    let judgement = judge::judge(history, &facts, budget.steps);
    let sessions_count = judge::sessions_count(history);
    let standing = &judgement.standing;
    let finding = match standing.of(level) {
        Some(true) => Finding::Holds(witness(history, &judgement, level)),
        Some(false) => {
            let anomaly =
                judgement.against(level, sessions_count).expect("a violation has an anomaly");
            Finding::Violated(Box::new(explain::explain(history, &facts, level, anomaly)))
        }
        None => Finding::Unknown(Unknown::NoOrderFound {
            level: level.name(),
            transactions: history.txns.len(),
        }),
    };
    let mut report = Report::new(finding, history.txns.len(), history.keys(), judgement.steps);
    report.strongest_kept = standing.strongest_kept();
    report.weakest_violated = standing.weakest_violated();
    report
}

fn witness(history: &Transactions, judgement: &judge::Judgement, level: Isolation) -> Witness {
    let completed = history.txns.iter().filter(|txn| txn.status == Status::Ok).count();
    match &judgement.order {
        Some((shown, order))
            if completed > 0 && shown.implies(level, judge::sessions_count(history)) =>
        {
            let ids: Vec<OperationId> = order.iter().map(|&txn| history.id(txn)).collect();
            Witness::Commits(ids)
        }
        _ => Witness::NoPattern { patterns: lattice::patterns(level), completed },
    }
}
