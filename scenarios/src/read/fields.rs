//! Typed values out of a tree. What does not fit is reported and left out, so that reading goes on.

use std::fmt::Display;
use std::str::FromStr;

use orrery_sim::{ClientId, Duration, DurationRange, NodeId, Probability, SimTime};

use crate::error::Problems;
use crate::quantity::{Quantity, Ratio};
use crate::suggest::did_you_mean;
use crate::tree::{Entry, Table, Tree, Value};

/// The entries of one table: those that are asked for are the ones that it may have.
pub(crate) struct Fields<'t> {
    table: &'t Table,
    what: &'static str,
    asked: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    /// The fields of `tree`, which is called `what` in messages.
    pub(crate) fn of(tree: &'t Tree, what: &'static str, problems: &mut Problems) -> Option<Self> {
        let table = tree.as_table();
        if table.is_none() {
            let message = format!("{what} is a table of keys, not {}", tree.kind());
            problems.push(tree.problem(message).help("write `{ key = value, .. }`"));
        }
        table.map(|table| Self { table, what, asked: vec![] })
    }

    /// The value of `key`, if it is there.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'t Tree> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn entry(&mut self, key: &'static str) -> Option<&'t Entry> {
        self.asked.push(key);
        self.table.get(key)
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for entry in &self.table.0 {
            if !self.asked.contains(&entry.key.as_str()) {
                let message = format!("{} has no key `{}`", self.what, entry.key);
                let help = did_you_mean(&entry.key, &self.asked, "keys");
                let problem = crate::error::Problem::at(&entry.key_place, message);
                problems.push(problem.help(help));
            }
        }
    }
}

/// The field `key` of the table `tree`, which cannot do without it.
pub(crate) fn needed<'t>(
    fields: &mut Fields<'t>,
    key: &'static str,
    tree: &Tree,
    help: &str,
    problems: &mut Problems,
) -> Option<&'t Tree> {
    let found = fields.get(key);
    if found.is_none() {
        problems.push(tree.problem(format!("`{key}` is missing here")).help(help));
    }
    found
}

/// Reports that `tree` is not `wanted`.
pub(crate) fn mismatch(tree: &Tree, wanted: &str, example: &str, problems: &mut Problems) {
    let message = format!("this is {}, not {wanted}", tree.kind());
    problems.push(tree.problem(message).help(format!("write {wanted}, as in `{example}`")));
}

pub(crate) fn text<'t>(tree: &'t Tree, problems: &mut Problems) -> Option<&'t str> {
    if tree.as_text().is_none() {
        mismatch(tree, "a string", "\"..\"", problems);
    }
    tree.as_text()
}

pub(crate) fn boolean(tree: &Tree, problems: &mut Problems) -> Option<bool> {
    if let Value::Boolean(flag) = tree.value {
        return Some(flag);
    }
    mismatch(tree, "a boolean", "true", problems);
    None
}

/// A whole number from `least` to the type's largest.
pub(crate) fn whole<T>(tree: &Tree, least: T, problems: &mut Problems) -> Option<T>
where
    T: TryFrom<i128> + Into<i128> + Copy + Display + Bounded,
{
    let Value::Integer(number) = tree.value else {
        mismatch(tree, "a whole number", &least.to_string(), problems);
        return None;
    };
    let in_range = T::try_from(number).ok().filter(|_| least.into() <= number);
    if in_range.is_none() {
        let message = format!("`{number}` is out of range");
        problems.push(
            tree.problem(message).help(format!("write a number from {least} to {}", T::MOST)),
        );
    }
    in_range
}

/// A type with a largest value.
pub(crate) trait Bounded: Sized {
    /// The largest value.
    const MOST: Self;
}

impl Bounded for u32 {
    const MOST: Self = Self::MAX;
}

impl Bounded for u64 {
    const MOST: Self = Self::MAX;
}

/// A value that is written as a string and reads itself.
fn parsed<T>(tree: &Tree, wanted: &str, example: &str, problems: &mut Problems) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    let Some(text) = tree.as_text() else {
        mismatch(tree, wanted, example, problems);
        return None;
    };
    text.parse().map_err(|error: T::Err| problems.push(explained(tree, &error.to_string()))).ok()
}

/// A message of the form `what is wrong: what would be right` taken apart.
pub(crate) fn explained(tree: &Tree, message: &str) -> crate::error::Problem {
    match message.split_once(": ") {
        Some((wrong, right)) => tree.problem(wrong).help(right),
        None => tree.problem(message),
    }
}

pub(crate) fn duration(tree: &Tree, problems: &mut Problems) -> Option<Duration> {
    parsed(tree, "a duration", "\"150ms\"", problems)
}

pub(crate) fn duration_range(tree: &Tree, problems: &mut Problems) -> Option<DurationRange> {
    parsed(tree, "a range of durations", "\"1ms..10ms\"", problems)
}

/// A range, or one duration for exactly that.
pub(crate) fn span(tree: &Tree, problems: &mut Problems) -> Option<DurationRange> {
    match tree.as_text() {
        Some(text) if !text.contains("..") => {
            duration(tree, problems).map(|exactly| DurationRange::new(exactly, exactly))
        }
        _ => duration_range(tree, problems),
    }
}

/// A time of the run, written as the duration since its start.
pub(crate) fn time(tree: &Tree, problems: &mut Problems) -> Option<SimTime> {
    duration(tree, problems).map(|duration| SimTime::ZERO.saturating_add(duration))
}

/// A duration that may be negative, in nanoseconds.
pub(crate) fn signed_duration(tree: &Tree, problems: &mut Problems) -> Option<i64> {
    let Some(text) = tree.as_text() else {
        mismatch(tree, "a duration", "\"-5ms\"", problems);
        return None;
    };
    let trimmed = text.trim();
    let (sign, magnitude) = match trimmed.strip_prefix('-') {
        Some(magnitude) => (-1, magnitude),
        None => (1, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    match magnitude.parse::<Duration>() {
        Err(error) => {
            problems.push(explained(tree, &error.to_string()));
            None
        }
        Ok(duration) => {
            let nanos = i64::try_from(sign * i128::from(duration.as_nanos())).ok();
            if nanos.is_none() {
                let message = format!("`{text}` is too long for a clock");
                problems.push(tree.problem(message).help("it is at most 292 years either way"));
            }
            nanos
        }
    }
}

/// A probability as a string or as a number. A decimal is read digit by digit, never as a float.
pub(crate) fn probability(tree: &Tree, problems: &mut Problems) -> Option<Probability> {
    let written = match &tree.value {
        Value::Text(text) => text.text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.clone(),
        Value::Boolean(_) | Value::List(_) | Value::Table(_) => {
            mismatch(tree, "a probability", "\"5%\"", problems);
            return None;
        }
    };
    written.parse().map_err(|error: String| problems.push(explained(tree, &error))).ok()
}

/// A positive number without unit, in millionths, as a string or as a number, read digit by digit.
pub(crate) fn millionths(tree: &Tree, problems: &mut Problems) -> Option<u64> {
    let written = match &tree.value {
        Value::Text(text) => text.text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.clone(),
        Value::Boolean(_) | Value::List(_) | Value::Table(_) => {
            mismatch(tree, "a number", "1.5", problems);
            return None;
        }
    };
    let found = scaled(&written, 1_000_000).and_then(|number| u64::try_from(number).ok());
    let positive = found.filter(|number| 0 < *number);
    if positive.is_none() {
        let help = "write a positive number with at most six places, as in `1.5`";
        problems.push(tree.problem(format!("`{written}` is no such number")).help(help));
    }
    positive
}

/// The number `written` times `factor`, if that is whole.
pub(crate) fn scaled(written: &str, factor: u64) -> Option<i128> {
    let number = Quantity::Number(Ratio::parse(written.trim())?);
    match number.times(Quantity::Number(Ratio::whole(i128::from(factor)))).ok()? {
        Quantity::Number(ratio) => ratio.as_whole(),
        Quantity::Time(_) => None,
    }
}

/// Units of a drift, and their parts per billion.
const DRIFT_UNITS: [(&str, u64); 3] = [("ppm", 1_000), ("ppb", 1), ("%", 10_000_000)];

/// How much faster a clock runs than true time, in parts per billion.
pub(crate) fn drift(tree: &Tree, problems: &mut Problems) -> Option<i64> {
    const EXAMPLE: &str =
        "write how much faster than true time the clock runs, as in `200ppm`, `-10%` or `5ppb`";
    let Some(text) = tree.as_text() else {
        mismatch(tree, "a drift", "\"200ppm\"", problems);
        return None;
    };
    let trimmed = text.trim();
    let found =
        DRIFT_UNITS.iter().find_map(|(unit, ppb)| scaled(trimmed.strip_suffix(unit)?, *ppb));
    let Some(ppb) = found else {
        problems.push(
            tree.problem(format!("`{text}` is no drift of whole parts per billion")).help(EXAMPLE),
        );
        return None;
    };
    if ppb < -1_000_000_000 {
        let help = "`-100%` is a clock that stands still; write no less";
        problems.push(tree.problem(format!("`{text}` makes the clock run backwards")).help(help));
        return None;
    }
    // Beyond a thousand times true speed, a clock is a slip of the pen.
    let in_range = i64::try_from(ppb).ok().filter(|ppb| *ppb <= 1_000_000_000_000);
    if in_range.is_none() {
        problems.push(tree.problem(format!("`{text}` is too fast for a clock")).help(EXAMPLE));
    }
    in_range
}

/// A node of the run. Without `nodes`, which is wrong itself, any number will do.
pub(crate) fn node(tree: &Tree, nodes: Option<u32>, problems: &mut Problems) -> Option<NodeId> {
    let id: NodeId = parsed(tree, "a node", "\"n1\"", problems)?;
    is_in_run(id, nodes, problems, |message| tree.problem(message)).then_some(id)
}

pub(crate) fn is_in_run(
    id: NodeId,
    nodes: Option<u32>,
    problems: &mut Problems,
    problem: impl FnOnce(String) -> crate::error::Problem,
) -> bool {
    let Some(nodes) = nodes else { return true };
    let is_there = (1..=nodes).contains(&id.0);
    if !is_there {
        let help = format!(
            "the scenario has {nodes} nodes, n1 to n{nodes}: name one of them, or raise `nodes`"
        );
        problems.push(problem(format!("there is no {id}")).help(help));
    }
    is_there
}

/// A client of the run.
pub(crate) fn client(tree: &Tree, clients: u32, problems: &mut Problems) -> Option<ClientId> {
    let id: ClientId = parsed(tree, "a client", "\"c1\"", problems)?;
    let is_there = (1..=clients).contains(&id.0);
    if !is_there {
        let help = match clients {
            0 => String::from("the scenario has no clients: write `clients = { count = 1 }`"),
            1 => String::from("the scenario has one client, c1: name it, or raise `clients.count`"),
            _ => format!(
                "the scenario has {clients} clients, c1 to c{clients}: name one, or raise `clients.count`"
            ),
        };
        problems.push(tree.problem(format!("there is no {id}")).help(help));
    }
    is_there.then_some(id)
}

/// The items of a list.
pub(crate) fn list<'t>(tree: &'t Tree, what: &str, problems: &mut Problems) -> &'t [Tree] {
    let Value::List(items) = &tree.value else {
        let message = format!("{what} is a list, not {}", tree.kind());
        problems.push(tree.problem(message).help("write `[ .. ]`"));
        return &[];
    };
    items
}

/// One value, or a list of them.
pub(crate) fn one_or_more(tree: &Tree) -> &[Tree] {
    match &tree.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(tree),
    }
}
