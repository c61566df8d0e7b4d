//! The happened-before relation as a graph: one node per event, in a row for each place, an edge to what it brought about.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use orrery_harness::session::{RowKind, Session};

pub(super) fn export(session: &dyn Session, range: RangeInclusive<u64>) -> String {
    let mut text = String::from(
        "digraph run {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n",
    );
    let first = *range.start();
    let mut places: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut edges = String::new();
    for row in super::rows(session, range) {
        let place = row.node.map_or_else(|| String::from("world"), |node| node.to_string());
        let look = match (&row.violation, &row.kind) {
            (Some(_), _) | (None, RowKind::Panic) => ", style=filled, fillcolor=\"#f4b6b0\"",
            (None, RowKind::Fault { .. }) => ", style=filled, fillcolor=\"#f6e3b0\"",
            (None, _) if row.new_role.is_some() => ", style=filled, fillcolor=\"#cfe3f7\"",
            (None, _) => "",
        };
        let label = format!("{} {}\\n{}", row.number, row.time, quoted(&row.title));
        writeln!(text, "  e{} [label=\"{label}\"{look}];", row.number).expect("strings grow");
        let own = places.entry(place).or_default();
        if let Some(before) = own.last() {
            writeln!(edges, "  e{before} -> e{} [style=dotted, arrowhead=none];", row.number)
                .expect("strings grow");
        }
        own.push(row.number);
        let cause = match &row.kind {
            RowKind::Arrive { sent_at, .. } => Some(*sent_at),
            _ => row.cause,
        };
        if let Some(cause) = cause.filter(|cause| first <= *cause) {
            writeln!(edges, "  e{cause} -> e{};", row.number).expect("strings grow");
        }
    }
    for (place, events) in &places {
        let events: Vec<String> = events.iter().map(|event| format!("e{event}")).collect();
        writeln!(
            text,
            "  subgraph cluster_{place} {{ label=\"{place}\"; color=\"#bbbbbb\"; {}; }}",
            events.join("; ")
        )
        .expect("strings grow");
    }
    text.push_str(&edges);
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    super::cut(text, 60).replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}
