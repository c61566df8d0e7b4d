//! A counter by its bounds: a read lies between all that had certainly been added before it began and
//! all that can have been added before it ended. Weaker than linearizability, which also says that
//! reads agree with each other, but fast on histories of any length.
//!
//! ```
//! use orrery_check::aggregates::bounds::{self, Input};
//! use orrery_check::HistoryBuilder;
//!
//! let mut history = HistoryBuilder::new();
//! let add = history.invoke(1, 10, Input::Add(2))?;
//! let early = history.invoke(2, 20, Input::Read)?;
//! history.ok(early, 30, Some(2))?; // the addition may have happened already
//! history.ok(add, 40, None)?;
//! let late = history.invoke(2, 50, Input::Read)?;
//! assert!(bounds::check(&history.clone().finish(), 0).holds());
//! history.ok(late, 60, Some(0))?; // but now it has
//! assert!(bounds::check(&history.finish(), 0).is_violated());
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

use crate::finding::Report;
use crate::history::{History, Operation};
use crate::record::{ReadError, Record, Records};
use crate::shown::{Contradiction, drawn, precedes, shown};
use crate::subject::Options;
use crate::vocabulary::{Answer, Vocabulary, read_history};

use super::report;

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// To add this, which may be negative.
    Add(i64),
    /// The sum.
    Read,
}

/// The sum that a read saw.
pub type Output = Option<i64>;

type Op = Operation<Input, Output>;

/// An explanation shows no more additions than this.
const SHOWN: usize = 30;

struct Words;

impl Vocabulary for Words {
    type Input = Input;
    type Output = Output;

    fn input(&self, record: &Record) -> Result<Input, String> {
        let amount = || match (&record.value, record.value.int()) {
            (value, None) if value.is_nil() => Ok(1),
            (_, Some(amount)) => Ok(amount),
            (value, None) => Err(format!("a whole number is expected, not `{value}`")),
        };
        if let Some(key) = &record.key {
            return Err(format!("bounds are of one counter, and here is a key, {key}"));
        }
        match &*record.function {
            "read" => Ok(Input::Read),
            "add" | "inc" | "increment" => Ok(Input::Add(amount()?)),
            "dec" | "decrement" => Ok(Input::Add(amount()?.saturating_neg())),
            other => Err(format!("`{other}` is none of `add`, `inc`, `dec`, `read`")),
        }
    }

    fn output(&self, input: &Input, record: &Record) -> Result<Answer<Self>, String> {
        match (input, record.value.int()) {
            (Input::Add(_), _) => Ok(Answer::Is(None)),
            (Input::Read, Some(sum)) => Ok(Answer::Is(Some(sum))),
            (Input::Read, None) => {
                Err(format!("a read answers with a whole number, not `{}`", record.value))
            }
        }
    }
}

fn describe(input: &Input, output: Option<&Output>) -> String {
    match (input, output) {
        (Input::Add(amount), _) => format!("add({amount})"),
        (Input::Read, Some(Some(sum))) => format!("read -> {sum}"),
        (Input::Read, _) => "read -> ?".to_owned(),
    }
}

fn amount(operation: &Op) -> i128 {
    match operation.input {
        Input::Add(amount) => i128::from(amount),
        Input::Read => 0,
    }
}

/// Decides whether every read lies within its bounds; `initial` is the sum before the first addition.
///
/// A history without reads holds.
pub fn check(history: &History<Input, Output>, initial: i64) -> Report {
    let adds: Vec<&Op> = history
        .operations()
        .iter()
        .filter(|o| matches!(o.input, Input::Add(_)) && !o.is_failed())
        .collect();
    let reads: Vec<(&Op, i64)> =
        history.operations().iter().filter_map(|o| Some((o, (*o.output()?)?))).collect();
    let sums = Sums::new(&adds);
    let violation = reads.into_iter().find_map(|(read, seen)| {
        let (low, high) = sums.bounds(read, i128::from(initial));
        let is_low = i128::from(seen) < low;
        (is_low || i128::from(seen) > high)
            .then(|| out_of_bounds(&adds, read, seen, (low, high), initial))
    });
    let violation = violation.map(|found| found.explain(history.len(), describe));
    report(history, violation, None, &["below-bounds", "above-bounds"])
}

/// Running sums of the additions by when they were invoked and by when they returned.
struct Sums {
    /// Time, and the sums of the negative and the positive additions up to there.
    invoked: Vec<(u64, i128, i128)>,
    returned: Vec<(u64, i128, i128)>,
}

impl Sums {
    fn new(adds: &[&Op]) -> Self {
        let running = |mut times: Vec<(u64, i128)>| {
            times.sort_unstable();
            let (mut negative, mut positive) = (0, 0);
            let sum = |(time, amount): (u64, i128)| {
                negative += amount.min(0);
                positive += amount.max(0);
                (time, negative, positive)
            };
            times.into_iter().map(sum).collect()
        };
        let of = |o: &&Op| (o.invoked.time, amount(o));
        let returned = adds.iter().filter_map(|o| Some((o.completed()?.time, amount(o))));
        Self {
            invoked: running(adds.iter().map(of).collect()),
            returned: running(returned.collect()),
        }
    }

    /// The least and the greatest sum that the read can have seen. Additions that returned in the
    /// instant of its invocation count as concurrent.
    fn bounds(&self, read: &Op, initial: i128) -> (i128, i128) {
        let end = read.completed().map_or(u64::MAX, |returned| returned.time);
        let up_to = |sums: &[(u64, i128, i128)], count: usize| {
            count.checked_sub(1).map_or((0, 0), |last| (sums[last].1, sums[last].2))
        };
        let before = self.returned.partition_point(|(time, ..)| *time < read.invoked.time);
        let (sure_negative, sure_positive) = up_to(&self.returned, before);
        let possible = self.invoked.partition_point(|(time, ..)| *time <= end);
        let (any_negative, any_positive) = up_to(&self.invoked, possible);
        (initial + sure_positive + any_negative, initial + any_positive + sure_negative)
    }
}

fn out_of_bounds<'a>(
    adds: &[&'a Op],
    read: &'a Op,
    seen: i64,
    (low, high): (i128, i128),
    initial: i64,
) -> Contradiction<'a, Input, Output> {
    let end = read.completed().map_or(u64::MAX, |returned| returned.time);
    let is_low = i128::from(seen) < low;
    // What can only push the bound away from the answer must be shown; of what pushes it towards the
    // answer, as little as is enough, the largest first.
    let possible = adds.iter().copied().filter(|o| o.invoked.time <= end);
    let (mut window, mut pushes): (Vec<&Op>, Vec<&Op>) =
        possible.partition(|o| (amount(o) < 0) == is_low);
    pushes.retain(|o| precedes(o, read));
    pushes.sort_by_key(|o| (std::cmp::Reverse(amount(o).abs()), o.invoked.position));
    let mut bound = i128::from(initial) + window.iter().map(|o| amount(o)).sum::<i128>();
    for add in pushes {
        let is_enough = if is_low { bound > i128::from(seen) } else { bound < i128::from(seen) };
        if is_enough {
            break;
        }
        bound += amount(add);
        window.push(add);
    }
    let is_shown = window.len() <= SHOWN;
    let count = window.len();
    if !is_shown {
        window.clear();
    }
    window.push(read);
    let show = shown(read, describe(&read.input, read.output()));
    let why = if is_low {
        format!("the sum was at least {low} when it was asked for")
    } else {
        format!("no more than {high} can have been added when it was answered")
    };
    let left_out =
        if is_shown { String::new() } else { format!(" ({count} additions, not shown)") };
    Contradiction {
        rule: "counter bounds",
        pattern: if is_low { "below-bounds" } else { "above-bounds" },
        sentence: format!(
            "The history does not keep the bounds of the counter: {show}, but {why}{left_out}."
        ),
        window,
        conflict: None,
        is_minimal: is_shown,
    }
}

/// What `orrery check --model counter --consistency bounds` does.
///
/// # Errors
/// The first record that cannot be read.
pub fn judge(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.only_settings(&[])?;
    let initial = options.initial.as_ref().and_then(crate::record::Value::int).unwrap_or(0);
    let history = read_history(records, &Words)?;
    Ok(drawn(check(&history, initial), &history, options, describe))
}
