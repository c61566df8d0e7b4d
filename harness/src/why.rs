//! Why something happened: the events of a run that can have led to one of them (Lamport 1978, *happened before*).

use std::collections::BTreeSet;

use crate::marks::MarkKind;
use crate::session::Session;

/// What led to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cone {
    /// What brought it about directly, and what brought that about, and so on: each event was sent, armed or asked for at the one
    /// before it. The event itself is last.
    pub chain: Vec<u64>,
    /// Every event that can have had a part in it: all that happened before it on its node, all that happened before a message
    /// was sent that its node had handled by then, and so on. In order, the event itself included.
    pub events: BTreeSet<u64>,
    /// Those of them that are faults.
    pub faults: Vec<u64>,
}

/// The cone of `event`; empty where the run has no such event.
///
/// A message that did not get through is no part of what its receiver knew. What a node knew before a crash is: its disk may have
/// kept it.
pub fn cone(session: &dyn Session, event: u64) -> Cone {
    let marks = session.marks();
    let mark = |number: u64| number.checked_sub(1).and_then(|place| marks.get(place as usize));
    let mut chain = vec![];
    let mut next = mark(event).map(|_| event);
    while let Some(number) = next {
        chain.push(number);
        next = mark(number).and_then(super::marks::Mark::cause).filter(|cause| *cause < number);
    }
    chain.reverse();

    // Going back, an event is in the cone if one of the cone was brought about by it, or came behind it on its node.
    let mut causes: BTreeSet<u64> = BTreeSet::from([event]);
    let mut nodes = BTreeSet::new();
    let mut events = BTreeSet::new();
    let mut faults = vec![];
    for number in (1..=event).rev() {
        let Some(mark) = mark(number) else { continue };
        let is_cause = causes.remove(&number);
        let was_known =
            mark.node.is_some_and(|node| nodes.contains(&node)) && takes_part(mark.kind);
        if !is_cause && !was_known {
            continue;
        }
        events.insert(number);
        if matches!(mark.kind, MarkKind::Fault(_)) {
            faults.push(number);
        }
        nodes.extend(mark.node.filter(|_| takes_part(mark.kind)));
        causes.extend(mark.cause().filter(|cause| *cause < number));
    }
    faults.reverse();
    Cone { chain, events, faults }
}

/// Whether the node itself takes part in such an event.
const fn takes_part(kind: MarkKind) -> bool {
    match kind {
        MarkKind::Arrive(fate) => matches!(fate, crate::session::ArrivalFate::Handled),
        MarkKind::Start
        | MarkKind::Timer
        | MarkKind::Synced
        | MarkKind::Ask
        | MarkKind::GiveUp
        | MarkKind::Fault(_)
        | MarkKind::Panic => true,
    }
}
