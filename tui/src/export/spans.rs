//! What lasts: the roles, outages and pauses of nodes, and the operations of clients.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use orrery_harness::session::{OperationView, RowKind, Session, SessionError};
use orrery_harness::{FaultWord, NodeChange};
use orrery_sim::{NodeId, SimTime};

/// What a node is for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Being {
    /// It has this role.
    Role(String),
    /// It is down.
    Down,
    /// It stands still.
    Paused,
}

/// For so long, a node is one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) node: NodeId,
    pub(super) being: Being,
    pub(super) from: SimTime,
    pub(super) to: SimTime,
}

/// The spans of all nodes, by their beginning. What nodes were before the first event is looked up there.
pub(super) fn spans(
    session: &mut dyn Session,
    range: RangeInclusive<u64>,
) -> Result<Vec<Span>, SessionError> {
    session.seek(range.start().saturating_sub(1))?;
    let start = session.view().time;
    let mut now: BTreeMap<NodeId, (Option<Being>, String, SimTime)> = BTreeMap::new();
    for node in &session.view().nodes {
        let being = if !node.is_up {
            // Before its first event a node is not down: it has not started.
            (0 < session.view().event).then_some(Being::Down)
        } else if node.is_paused {
            Some(Being::Paused)
        } else {
            Some(Being::Role(node.role.clone()))
        };
        now.insert(node.id, (being, node.role.clone(), start));
    }
    let (mut spans, mut end) = (Vec::new(), start);
    for row in super::rows(session, range) {
        end = row.time;
        let Some(node) = row.node else { continue };
        let Some((being, role, since)) = now.get_mut(&node) else { continue };
        if let Some(new) = &row.new_role {
            role.clone_from(new);
        }
        let next = match &row.kind {
            RowKind::Fault { word, .. } => match FaultWord::of(word).change() {
                NodeChange::Down => Some(Being::Down),
                NodeChange::Paused => Some(Being::Paused),
                NodeChange::Up => Some(Being::Role(role.clone())),
                NodeChange::Nothing => None,
            },
            _ => row.new_role.as_ref().map(|_| Being::Role(role.clone())),
        };
        if let Some(next) = next.filter(|next| Some(next) != being.as_ref()) {
            let before = being.replace(next);
            let from = std::mem::replace(since, row.time);
            spans.extend(before.map(|being| Span { node, being, from, to: row.time }));
        }
    }
    for (node, (being, _, from)) in now {
        spans.extend(being.map(|being| Span { node, being, from, to: end }));
    }
    spans.sort_by_key(|span| (span.from, span.node));
    Ok(spans)
}

/// A view shows so many operations at least, and so many more are begun between two looks at most.
const BETWEEN_LOOKS: usize = 32;

/// The operations of clients that were open at some time in the range, by their invocation, as they were at its end.
pub(super) fn operations(
    session: &mut dyn Session,
    range: RangeInclusive<u64>,
) -> Result<Vec<OperationView>, SessionError> {
    let is_invocation = |kind: &RowKind| matches!(kind, RowKind::Ask { attempt: 1, .. });
    let rows = super::rows(session, range.clone());
    let invocations: Vec<u64> =
        rows.filter(|row| is_invocation(&row.kind)).map(|row| row.number).collect();
    let looks: Vec<u64> = invocations.iter().copied().skip(1).step_by(BETWEEN_LOOKS).collect();
    let mut found: BTreeMap<(u64, String), OperationView> = BTreeMap::new();
    for event in looks.into_iter().chain([*range.end()]) {
        session.seek(event)?;
        for operation in &session.view().operations {
            let is_over = operation.ended_at.is_some_and(|ended| ended < *range.start());
            if !is_over {
                found.insert((operation.invoked_at, operation.id.clone()), operation.clone());
            }
        }
    }
    Ok(found.into_values().collect())
}
