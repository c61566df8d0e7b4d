//! A trace in the JSON format that Perfetto and `chrome://tracing` open: a track per node with its roles and its events, messages as
//! arrows between them, a track per client with its operations. Times are the simulation's.

use std::ops::RangeInclusive;

use orrery_harness::session::{ArrivalFate, Row, RowKind, Session, SessionError};
use orrery_sim::SimTime;
use serde_json::{Value as Json, json};

use super::spans::{Being, operations, spans};

/// The process of all nodes, and that of all clients.
const NODES: u32 = 1;
const CLIENTS: u32 = 2;
/// What happens at an instant is drawn this long, in nanoseconds: arrows begin and end at what has a length.
const INSTANT: u64 = 1_000;

pub(super) fn export(
    session: &mut dyn Session,
    range: RangeInclusive<u64>,
) -> Result<String, SessionError> {
    let header = session.header().clone();
    let mut events = vec![named(NODES, None, &header.scenario), named(CLIENTS, None, "clients")];
    events.extend((1..=header.nodes).map(|node| named(NODES, Some(node), &format!("n{node}"))));
    events.extend((1..=header.clients).map(|c| named(CLIENTS, Some(c), &format!("c{c}"))));
    for span in spans(session, range.clone())? {
        let name = match span.being {
            Being::Role(role) => role,
            Being::Down => String::from("down"),
            Being::Paused => String::from("paused"),
        };
        let length = span.to.as_nanos() - span.from.as_nanos();
        events.push(slice((NODES, span.node.0), &name, "role", (span.from, length), None));
    }
    for row in super::rows(session, range.clone()) {
        event(&row, &mut events);
    }
    for operation in operations(session, range)? {
        let ended = operation.ended.unwrap_or(session.view().time);
        let length = ended.as_nanos().saturating_sub(operation.invoked.as_nanos());
        let ending = operation.ending.as_deref().unwrap_or("still open");
        let args = json!({"operation": operation.id, "answer": ending});
        let track = (CLIENTS, operation.client.0);
        let time = (operation.invoked, length);
        events.push(slice(track, &operation.asked, "operation", time, Some(&args)));
    }
    Ok(format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{}\n]}}\n", events.join(",\n")))
}

fn event(row: &Row, events: &mut Vec<String>) {
    let node = row.node.map_or(0, |node| node.0);
    let category = match &row.kind {
        RowKind::Fault { .. } => "fault",
        RowKind::Panic => "panic",
        RowKind::Ask { .. } | RowKind::GiveUp { .. } => "client",
        RowKind::Start | RowKind::Arrive { .. } | RowKind::Timer | RowKind::Synced => "event",
    };
    let args = super::jsonl::event(row);
    let place = (NODES, node);
    events.push(slice(place, &row.title, category, (row.time, INSTANT), Some(&args)));
    for sent in row.sent.iter().filter(|sent| !sent.is_lost) {
        events.push(arrow("s", place, row.time, &sent.message.to_string()));
    }
    if let RowKind::Arrive { message, fate: ArrivalFate::Handled, is_copy: false, .. } = &row.kind {
        events.push(arrow("f", place, row.time, &message.to_string()));
    }
}

fn named(process: u32, track: Option<u32>, name: &str) -> String {
    let what = if track.is_some() { "thread_name" } else { "process_name" };
    let name = json!({ "name": name });
    format!(
        "{{\"ph\":\"M\",\"name\":\"{what}\",\"pid\":{process},\"tid\":{},\"args\":{name}}}",
        track.unwrap_or(0)
    )
}

fn slice(
    (process, track): (u32, u32),
    name: &str,
    category: &str,
    (start, length): (SimTime, u64),
    args: Option<&Json>,
) -> String {
    let name = json!(name);
    let args = args.map(|args| format!(",\"args\":{args}")).unwrap_or_default();
    format!(
        "{{\"ph\":\"X\",\"name\":{name},\"cat\":\"{category}\",\"pid\":{process},\"tid\":{track},\"ts\":{},\"dur\":{}{args}}}",
        micros(start.as_nanos()),
        micros(length)
    )
}

fn arrow(phase: &str, (process, track): (u32, u32), time: SimTime, id: &str) -> String {
    let (id, end) = (json!(id), if phase == "f" { ",\"bp\":\"e\"" } else { "" });
    format!(
        "{{\"ph\":\"{phase}\",\"name\":\"message\",\"cat\":\"message\",\"id\":{id},\"pid\":{process},\"tid\":{track},\"ts\":{}{end}}}",
        micros(time.as_nanos())
    )
}

/// The format counts microseconds, with decimals.
fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}
