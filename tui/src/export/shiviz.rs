//! A log for `ShiViz`: each event with its host and its vector clock (Fidge 1988; Mattern 1989).
//!
//! The page reads it with its default expression: a line with the event, then one with the host and its clock. Hosts are the
//! nodes; a client's question counts as an event of the node that is asked. What happens to nobody, such as a cut, is left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use orrery_harness::session::{ArrivalFate, RowKind, Session};
use orrery_sim::NodeId;
use serde_json::{Map, Value as Json};

type Clock = BTreeMap<NodeId, u64>;

pub(super) fn export(session: &dyn Session, range: RangeInclusive<u64>) -> String {
    let mut text = String::new();
    let mut clocks: BTreeMap<NodeId, Clock> = BTreeMap::new();
    // Of the events that sent something: the sender's clock then.
    let mut at: BTreeMap<u64, Clock> = BTreeMap::new();
    for row in super::rows(session, range) {
        let Some(node) = row.node.filter(|_| is_local(&row.kind)) else { continue };
        let clock = clocks.entry(node).or_default();
        if let RowKind::Arrive { sent_at, .. } = &row.kind {
            for (other, count) in at.get(sent_at).into_iter().flatten() {
                let known = clock.entry(*other).or_default();
                *known = (*known).max(*count);
            }
        }
        *clock.entry(node).or_default() += 1;
        if !row.sent.is_empty() {
            at.insert(row.number, clock.clone());
        }
        let entries = clock.iter().map(|(node, count)| (node.to_string(), Json::from(*count)));
        let clock = Json::Object(entries.collect::<Map<_, _>>());
        let payload = row.payload.as_deref().map(|payload| format!(" {payload}"));
        let event = format!("{} {}{}", row.time, row.title, payload.unwrap_or_default());
        text.push_str(&event.replace(['\n', '\r'], " "));
        writeln!(text, "\n{node} {clock}").expect("strings grow");
    }
    text
}

/// Whether the node itself takes part: a message that does not get through is no event of its receiver.
const fn is_local(kind: &RowKind) -> bool {
    match kind {
        RowKind::Arrive { fate, .. } => matches!(fate, ArrivalFate::Handled),
        RowKind::Start
        | RowKind::Timer
        | RowKind::Synced
        | RowKind::Ask { .. }
        | RowKind::GiveUp { .. }
        | RowKind::Fault { .. }
        | RowKind::Panic => true,
    }
}
