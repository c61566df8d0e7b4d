//! Quorums that are consistent with the crashes that they know of.
//!
//! **Source:** E. Michael, D. Ports, N. Sharma and A. Szekeres, *Recovering Shared Objects Without Stable Storage*, DISC 2017. They
//! show that the recovery of the paper forgets too much: a replica that asked for a view, crashed and recovered in an earlier one
//! goes on there as if it had never asked, while what it had said is still on its way and counts. Their remedy: messages of a quorum say
//! who is known to have crashed how often, and what a replica said before a crash that anybody in the quorum knows of does not count.

use std::collections::BTreeMap;

use orrery_sim::NodeId;

use super::message::CrashVector;
use super::replica::Settings;

/// Adds what `other` knows of crashes.
pub(super) fn merge(known: &mut CrashVector, other: &CrashVector) {
    for (id, crashes) in other {
        let latest = known.entry(*id).or_default();
        *latest = (*latest).max(*crashes);
    }
}

/// Those whose message was sent after all crashes of the sender that any of the messages knows of.
pub(super) fn consistent<T>(
    messages: &BTreeMap<NodeId, T>,
    vector: impl Fn(&T) -> &CrashVector,
    settings: &Settings,
) -> Vec<NodeId> {
    let mut all = CrashVector::new();
    for message in messages.values().filter(|_| settings.crash_vectors) {
        merge(&mut all, vector(message));
    }
    let crashes = |vector: &CrashVector, id: NodeId| vector.get(&id).copied().unwrap_or(0);
    let is_consistent =
        |(id, message): &(&NodeId, &T)| crashes(&all, **id) <= crashes(vector(message), **id);
    messages.iter().filter(is_consistent).map(|(id, _)| *id).collect()
}
