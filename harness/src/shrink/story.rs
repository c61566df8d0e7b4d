//! The way to a failure in a few lines: what happened last, and what led to it.

use std::collections::BTreeSet;

use crate::case::Case;
use crate::report::Report;
use crate::session::{Row, RowKind, Session};
use crate::subject::{CaseError, Subject};

/// Lines that are told at most.
const LINES: usize = 16;

/// Characters of a line at most.
const WIDTH: usize = 180;

/// The last events of the run of `case`, which comes to `report`: its faults, what clients asked, milestones, and the events that
/// led to the one at which it fails, each in a line.
///
/// # Errors
/// Where the case cannot be run.
pub fn last_events(
    subject: &dyn Subject,
    case: &Case,
    report: &Report,
) -> Result<Vec<String>, CaseError> {
    let session = subject.open(case)?;
    let failed = report.violation.as_ref().map_or(session.events(), |failure| failure.event);
    let last = if failed == 0 { session.events() } else { failed };
    let chain = chain(session.as_ref(), last);
    let mut lines = Vec::new();
    for number in (1..=last).rev() {
        let Some(row) = session.row(number) else { continue };
        if chain.contains(&number) || is_milestone(&row) {
            lines.push(line(&row));
        }
        if lines.len() == LINES {
            break;
        }
    }
    lines.reverse();
    Ok(lines)
}

/// The event, what brought it about, what brought that about, and so on.
fn chain(session: &dyn Session, last: u64) -> BTreeSet<u64> {
    let mut chain = BTreeSet::new();
    let mut next = Some(last);
    while let Some(number) = next
        && chain.len() < LINES
    {
        chain.insert(number);
        next = session.row(number).and_then(|row| row.cause).filter(|cause| *cause < number);
    }
    chain
}

fn is_milestone(row: &Row) -> bool {
    let is_seen = match row.kind {
        RowKind::Fault { .. } => row.title != "request",
        RowKind::Ask { attempt, .. } => attempt == 1,
        RowKind::GiveUp { .. } | RowKind::Panic => true,
        RowKind::Start | RowKind::Arrive { .. } | RowKind::Timer | RowKind::Synced => false,
    };
    is_seen || !row.notes.is_empty() || row.new_role.is_some() || row.violation.is_some()
}

fn line(row: &Row) -> String {
    let node = row.node.map_or_else(String::new, |node| format!("{node} "));
    let notes =
        if row.notes.is_empty() { String::new() } else { format!(": {}", row.notes.join("; ")) };
    let time = row.time.to_string();
    let line = format!("{time:>12}  #{:<5} {node}{}{notes}", row.number, row.title);
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{} ..", &line[..end]),
        None => line,
    }
}
