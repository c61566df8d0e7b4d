//! A bank: transfers move money, so that every read of all accounts shows the same total.
//!
//! ```
//! use orrery_check::aggregates::bank::{self, Input, Output, Rules};
//! use orrery_check::{Finding, HistoryBuilder};
//!
//! let balances = |a, b| Output::Balances(vec![("a".to_owned(), Some(a)), ("b".to_owned(), Some(b))]);
//! let mut history = HistoryBuilder::new();
//! for (process, input, output) in [
//!     (1, Input::Read, balances(10, 0)),
//!     (1, Input::transfer("a", "b", 4), Output::Done),
//!     (2, Input::Read, balances(6, 0)), // half of the transfer
//! ] {
//!     let operation = history.invoke(process, 0, input)?;
//!     history.ok(operation, 0, output)?;
//! }
//! let report = bank::check(&history.finish(), Rules::default());
//! let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
//! assert_eq!(explanation.pattern, "wrong-total");
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

use crate::finding::Report;
use crate::history::{History, Operation};
use crate::record::{ReadError, Record, Records, Value};
use crate::shown::{Contradiction, drawn, shown};
use crate::subject::{Options, Subject};
use crate::vocabulary::{Answer, Vocabulary, read_history};

use super::report;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// All balances.
    Read,
    /// To move money.
    Transfer {
        /// The account it leaves.
        from: String,
        /// The account it goes to.
        to: String,
        /// How much.
        amount: i64,
    },
}

impl Input {
    /// Moves `amount`.
    pub fn transfer(from: &str, to: &str, amount: i64) -> Self {
        Self::Transfer { from: from.to_owned(), to: to.to_owned(), amount }
    }
}

/// What can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// What is on each account; `None` if it has no number.
    Balances(Vec<(String, Option<i64>)>),
    /// The money was moved.
    Done,
}

/// What a bank must keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The total of every read; that of the first read if `None`.
    pub total: Option<i64>,
    /// Whether an account may be overdrawn.
    pub may_be_negative: bool,
}

type Op = Operation<Input, Output>;
/// What is on each account.
type Balances = [(String, Option<i64>)];

/// The words: `read` with a map from accounts to balances, `transfer` with `from`, `to`, `amount`.
struct Words;

impl Vocabulary for Words {
    type Input = Input;
    type Output = Output;

    fn input(&self, record: &Record) -> Result<Input, String> {
        let part = |name| record.value.field(name);
        match &*record.function {
            "read" => Ok(Input::Read),
            "transfer" => {
                let all = (part("from"), part("to"), part("amount").and_then(Value::int));
                let (Some(from), Some(to), Some(amount)) = all else {
                    return Err("a transfer has `from`, `to` and a whole `amount`".to_owned());
                };
                Ok(Input::transfer(&from.to_string(), &to.to_string(), amount))
            }
            other => Err(format!("`{other}` is neither `read` nor `transfer`")),
        }
    }

    fn output(&self, input: &Input, record: &Record) -> Result<Answer<Self>, String> {
        if *input != Input::Read {
            return Ok(Answer::Is(Output::Done));
        }
        let Value::Map(entries) = &record.value else {
            return Err("a read answers with a map from accounts to balances".to_owned());
        };
        let balances =
            entries.iter().map(|(account, balance)| (account.to_string(), balance.int()));
        Ok(Answer::Is(Output::Balances(balances.collect())))
    }
}

fn describe(input: &Input, output: Option<&Output>) -> String {
    match (input, output) {
        (Input::Transfer { from, to, amount }, _) => format!("transfer({from} to {to}, {amount})"),
        (Input::Read, Some(Output::Balances(balances))) => {
            let shown: Vec<String> = balances
                .iter()
                .map(|(account, balance)| match balance {
                    Some(balance) => format!("{account} {balance}"),
                    None => format!("{account} nil"),
                })
                .collect();
            format!("read -> {{{}}}", shown.join(", "))
        }
        (Input::Read, _) => "read -> ?".to_owned(),
    }
}

const PATTERNS: [&str; 4] = ["unexpected-account", "nil-balance", "wrong-total", "negative-value"];

/// Decides whether every read shows the same accounts with the same total.
///
/// *Unknown* if no read completed.
pub fn check(history: &History<Input, Output>, rules: Rules) -> Report {
    let reads: Vec<(&Op, &Balances)> = history
        .operations()
        .iter()
        .filter_map(|operation| match operation.output() {
            Some(Output::Balances(balances)) => Some((operation, &**balances)),
            Some(Output::Done) | None => None,
        })
        .collect();
    let nothing = reads.is_empty().then_some("no read completed, so nobody saw a balance");
    let violation = reads.first().and_then(|&first| {
        let expected = rules.total.unwrap_or_else(|| total(first.1));
        reads.iter().find_map(|&read| violation(first, read, expected, rules))
    });
    let violation = violation.map(|found| found.explain(history.len(), describe));
    report(history, violation, nothing, &PATTERNS)
}

/// A sum that no balance can push over its edge.
fn total(balances: &Balances) -> i64 {
    balances.iter().filter_map(|(_, balance)| *balance).fold(0, i64::saturating_add)
}

fn violation<'a>(
    (first, accounts): (&'a Op, &Balances),
    (read, balances): (&'a Op, &Balances),
    expected: i64,
    rules: Rules,
) -> Option<Contradiction<'a, Input, Output>> {
    let is_known = |account: &str| accounts.iter().any(|(known, _)| known == account);
    let name = |(account, _): &(String, Option<i64>)| account.clone();
    let stranger = balances.iter().map(name).find(|account| !is_known(account));
    let has = |account: &str| balances.iter().any(|(other, _)| other == account);
    let missing = accounts.iter().map(name).find(|account| !has(account));
    let empty = balances.iter().find(|(_, balance)| balance.is_none()).map(name);
    let overdrawn =
        balances.iter().find(|(_, balance)| balance.is_some_and(|sum| sum < 0)).map(name);
    let sum = total(balances);
    let (pattern, why, needs_first) = if let Some(account) = stranger {
        (
            "unexpected-account",
            format!("has an account {account}, which the first read had not"),
            true,
        )
    } else if let Some(account) = missing {
        ("unexpected-account", format!("has no account {account}, which the first read had"), true)
    } else if let Some(account) = empty {
        ("nil-balance", format!("has no number on account {account}"), false)
    } else if sum != expected {
        let of = if rules.total.is_some() { "it must be" } else { "the first read has" };
        ("wrong-total", format!("has {sum} in total, and {of} {expected}"), rules.total.is_none())
    } else if let Some(account) = overdrawn.filter(|_| !rules.may_be_negative) {
        ("negative-value", format!("has account {account} below zero"), false)
    } else {
        return None;
    };
    let shown = shown(read, describe(&read.input, read.output()));
    Some(Contradiction {
        rule: "constant total",
        pattern,
        sentence: format!("The history does not keep the money of the bank: {shown} {why}."),
        window: if needs_first { vec![first, read] } else { vec![read] },
        conflict: needs_first.then_some((read, first)),
        is_minimal: true,
    })
}

/// As the command line knows it.
pub const SUBJECT: Subject = Subject {
    name: "bank",
    summary: "a bank: `transfer` {from to amount}, `read` {account balance}; `total = N` (default: that \
              of the first read), `negative = true` if accounts may be overdrawn",
    consistencies: &["total"],
    judge,
};

fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.consistency_among(SUBJECT.consistencies)?;
    options.only_settings(&["total", "negative"])?;
    let is_true = |value: &Value| *value == Value::Bool(true) || value.name() == Some("true");
    let rules = Rules {
        total: options.setting_int("total")?,
        may_be_negative: options.setting("negative").is_some_and(is_true),
    };
    let history = read_history(records, &Words)?;
    Ok(drawn(check(&history, rules), &history, options, describe))
}
