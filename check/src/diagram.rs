//! Draws a window of operations as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::finding::WindowOperation;
use crate::history::{Moment, OperationId, Outcome};
use crate::picture::Band;

/// The widest line drawn.
const WIDTH: usize = 100;
/// Columns between two moments, when there is room.
const SPACING: usize = 10;

/// A lane per process, time to the right.
pub(crate) fn lanes(window: &[WindowOperation], stuck: Option<OperationId>) -> String {
    lanes_with(window, stuck, &[])
}

/// The same, and a lane for each band below.
pub(crate) fn lanes_with(
    window: &[WindowOperation],
    stuck: Option<OperationId>,
    bands: &[Band],
) -> String {
    let processes: BTreeSet<_> = window.iter().map(|operation| operation.process).collect();
    let names = processes.iter().map(|process| process.to_string().len());
    let kinds = bands.iter().map(|band| band.kind.name().len() + 1);
    let margin = names.chain(kinds).max().unwrap_or(0) + 2;
    let columns = Columns::new(window, WIDTH - margin);
    let mut rows: BTreeMap<_, Vec<u8>> =
        processes.iter().map(|&process| (process, vec![b' '; columns.width])).collect();
    for (index, operation) in window.iter().enumerate() {
        let row = rows.get_mut(&operation.process).expect("a row for each process");
        bar(row, &columns, operation, index + 1, Some(operation.id) == stuck);
    }
    let mut text = format!("{:margin$}{}", "", columns.axis());
    text.truncate(text.trim_end().len());
    text.push('\n');
    let rows = rows.into_iter().map(|(process, row)| {
        (process.to_string(), String::from_utf8(row).expect("bars are ASCII"))
    });
    let bands = bands.iter().map(|band| (band.kind.name().to_owned(), band_row(band, &columns)));
    for (name, row) in rows.chain(bands) {
        let line = format!("{name:margin$}{row}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `[partition n1 | n2==]`; open to the right if it went on.
fn band_row(band: &Band, columns: &Columns) -> String {
    let place = |time: u64| {
        let column = columns.of(time);
        // Between two moments, halfway.
        let is_moment = columns.times.binary_search(&time).is_ok();
        if is_moment { column } else { column.saturating_sub(columns.spacing / 2) }
    };
    let start = place(band.from).min(columns.width - 3);
    let end = band.to.map_or(columns.width - 1, place).clamp(start + 2, columns.width - 1);
    let label = cut_to(&band.label, end - start - 1);
    let close = if band.to.is_some() { ']' } else { '>' };
    format!("{:start$}[{label:=<1$}{close}", "", end - start - 1)
}

/// The first characters, as many as there is room for.
fn cut_to(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

/// The operations by number, one a line.
pub(crate) fn legend(window: &[WindowOperation]) -> String {
    let mut text = String::new();
    let digits = window.len().to_string().len();
    let process_width = window.iter().map(|o| o.process.to_string().len()).max().unwrap_or(0);
    let description_width =
        window.iter().map(|o| o.description.chars().count()).max().unwrap_or(0).min(40);
    for (index, operation) in window.iter().enumerate() {
        let description = cut(&operation.description, 40);
        let process = operation.process.to_string();
        let number = index + 1;
        let line = format!(
            "{number:digits$}  {process:process_width$}  {description:description_width$}  {}",
            place(operation)
        );
        text.push_str(&cut(line.trim_end(), WIDTH));
        text.push('\n');
    }
    text
}

/// When and where: `5us to 6us, n3, events 17 and 21`.
pub(crate) fn place(operation: &WindowOperation) -> String {
    let invoked = time(operation.invoked.time);
    let returned = operation.returned.as_ref();
    let mut text = match (&operation.outcome, returned) {
        (Outcome::Ok(()), Some(returned)) => format!("{invoked} to {}", time(returned.time)),
        (Outcome::Fail, Some(returned)) => format!("{invoked} to {}, failed", time(returned.time)),
        (Outcome::Info, Some(returned)) => {
            format!("from {invoked}, outcome unknown since {}", time(returned.time))
        }
        _ => format!("from {invoked}, never returned"),
    };
    let (at, to) = (operation.invoked, returned.copied());
    let both = |of: fn(Moment) -> Option<u64>| (of(at), to.and_then(of));
    match both(|moment| moment.node.map(u64::from)) {
        (Some(a), Some(b)) if a != b => write!(text, ", n{a} and n{b}"),
        (Some(node), _) | (None, Some(node)) => write!(text, ", n{node}"),
        (None, None) => Ok(()),
    }
    .and_then(|()| match both(|moment| moment.event) {
        (Some(a), Some(b)) => write!(text, ", events {a} and {b}"),
        (Some(event), None) | (None, Some(event)) => write!(text, ", event {event}"),
        (None, None) => Ok(()),
    })
    .expect("writing to a string cannot fail");
    text
}

/// Nanoseconds in the largest unit that is not above them, without loss: `1.5ms`.
pub(crate) fn time(nanoseconds: u64) -> String {
    let (unit, digits, name) = match nanoseconds {
        0 => return "0".to_owned(),
        1..1_000 => return format!("{nanoseconds}ns"),
        1_000..1_000_000 => (1_000, 3, "us"),
        1_000_000..1_000_000_000 => (1_000_000, 6, "ms"),
        _ => (1_000_000_000, 9, "s"),
    };
    let fraction = format!("{:0digits$}", nanoseconds % unit);
    let number = format!("{}.{fraction}", nanoseconds / unit);
    format!("{}{name}", number.trim_end_matches('0').trim_end_matches('.'))
}

/// The moments of a window, and the column of each.
struct Columns {
    times: Vec<u64>,
    spacing: usize,
    /// The column of the last moment.
    last: usize,
    width: usize,
    /// The most columns there can be.
    room: usize,
}

impl Columns {
    fn new(window: &[WindowOperation], room: usize) -> Self {
        let times: BTreeSet<u64> = window
            .iter()
            .flat_map(|o| [Some(o.invoked.time), o.returned.map(|returned| returned.time)])
            .flatten()
            .collect();
        let times: Vec<u64> = times.into_iter().collect();
        // Behind the last moment there is room for a bar of no length, with its number and mark.
        let tail = window.len().to_string().len() + 3;
        let spacing = ((room - tail) / times.len().max(1)).clamp(1, SPACING);
        let last = (times.len().saturating_sub(1) * spacing).min(room - tail);
        Self { times, spacing, last, width: last + tail, room }
    }

    /// Moments that find no room share the last column.
    fn of(&self, time: u64) -> usize {
        let index = self.times.partition_point(|&other| other < time);
        (index * self.spacing).min(self.last)
    }

    fn axis(&self) -> String {
        let mut axis = String::new();
        for &moment in &self.times {
            let (column, label) = (self.of(moment), time(moment));
            let is_free = axis.is_empty() || column > axis.len();
            if is_free && column + label.len() <= self.room {
                write!(axis, "{:1$}{label}", "", column - axis.len())
                    .expect("writing to a string cannot fail");
            }
        }
        axis
    }
}

fn bar(
    row: &mut [u8],
    columns: &Columns,
    operation: &WindowOperation,
    number: usize,
    is_stuck: bool,
) {
    let start = columns.of(operation.invoked.time);
    let (end, fill, close) = match (&operation.outcome, operation.returned) {
        (Outcome::Ok(()), Some(returned)) => (columns.of(returned.time), b'=', b']'),
        (Outcome::Fail, Some(returned)) => (columns.of(returned.time), b'x', b']'),
        _ => (columns.width - 1, b'~', b'>'),
    };
    let label = format!("{number}{}", if is_stuck { "!" } else { "" });
    // Wide enough for the number, even if the operation took no time.
    let end = end.max(start + label.len() + 1);
    row[start..=end].fill(fill);
    row[start] = b'[';
    row[end] = close;
    row[start + 1..=start + label.len()].copy_from_slice(label.as_bytes());
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::ProcessId;

    #[test]
    fn times_lose_nothing() {
        let cases = [0, 999, 1_000, 1_500_000, 2_000_000_001, 60_000_000_000];
        assert_eq!(cases.map(time), ["0", "999ns", "1us", "1.5ms", "2.000000001s", "60s"]);
    }

    #[test]
    fn no_line_is_wider_than_the_page() {
        let moment = |time| Moment { time, position: 0, node: Some(1), event: Some(time) };
        let operation = |id: u64| WindowOperation {
            id: OperationId(id),
            process: ProcessId(u64::MAX - id % 3),
            description: "put(key, a value that is quite long, and then some) -> ok".to_owned(),
            outcome: Outcome::Ok(()),
            invoked: moment(id * 1_000_001),
            returned: Some(moment(id * 1_000_001 + 500)),
        };
        for count in [0, 1, 5, 40, 200] {
            let window: Vec<_> = (0..count).map(operation).collect();
            let text = lanes(&window, Some(OperationId(3))) + &legend(&window);
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        }
    }
}
