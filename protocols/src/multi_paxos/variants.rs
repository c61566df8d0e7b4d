//! Wrong code of planted bugs that is longer than a condition.

use std::collections::BTreeMap;

use orrery_sim::{Context, LocalTime, NodeId};

use super::bugs::P18;
use super::message::{Command, PValue};
use super::numbers::Slot;
use super::quorums::Quorums;
use super::server::MultiPaxos;
use super::slots::Slots;

/// P11: up to the last slot that the new leader has accepted something in, nothing counts but what it has accepted itself.
pub(super) fn trust_own_slots(
    pvalues: &mut BTreeMap<Slot, PValue>,
    own: &Slots<PValue>,
    slot_out: Slot,
) {
    pvalues.retain(|slot, _| own.end() <= *slot);
    pvalues.extend(own.range(slot_out).map(|(slot, pvalue)| (slot, pvalue.clone())));
}

/// P12: the next slot with a decision, whatever lies before.
pub(super) fn over_the_gap(decisions: &Slots<Command>, slot_out: Slot) -> Slot {
    decisions.range(slot_out).next().map_or(slot_out, |(slot, _)| slot)
}

/// P13: whether one more would make these a quorum of phase 1.
pub(super) fn lacks_one(quorums: &Quorums, members: &[NodeId], promises: &[NodeId]) -> bool {
    members.iter().any(|member| {
        let with = [promises, &[*member]].concat();
        quorums.is_phase_1(members, &with)
    })
}

/// The clock by which a lease is measured: one that only goes forward; under P18, the one on the wall.
pub(super) fn lease_clock(ctx: &Context<'_, MultiPaxos>) -> LocalTime {
    if ctx.bug(&P18) { LocalTime::from_nanos(ctx.wall_clock().as_nanos()) } else { ctx.now() }
}
