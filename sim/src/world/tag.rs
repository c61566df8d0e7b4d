//! The words that tell one thing from another in the digest: 4 bits for what it is, 4 for details, 28 for the
//! sender, 28 for the node.

use crate::id::NodeId;
use crate::step::Arrival;

pub(super) const START: u64 = 0;
pub(super) const ARRIVE: u64 = 1;
pub(super) const TIMER: u64 = 2;
pub(super) const SYNCED: u64 = 3;
pub(super) const ASK: u64 = 4;
pub(super) const GIVE_UP: u64 = 5;
pub(super) const DEED: u64 = 6;
pub(super) const DEVIATED: u64 = 7;
pub(super) const SENT: u64 = 8;
pub(super) const TIMER_SET: u64 = 9;
pub(super) const TIMER_CANCELLED: u64 = 10;
pub(super) const WRITTEN: u64 = 11;
pub(super) const SYNC: u64 = 12;
pub(super) const NOTED: u64 = 13;
pub(super) const COMPLETED: u64 = 14;
pub(super) const STOPPED: u64 = 15;

/// Of [`SYNCED`]: that the sync failed.
pub(super) const FAILED: u64 = 1 << 5;

/// Details of [`DEVIATED`].
pub(super) const FORGED: u64 = 0;
pub(super) const WITHHELD: u64 = 1;
pub(super) const REPLAYED: u64 = 2;

/// Beside a message that was sent, in place of its arrival: it is lost.
pub(super) const LOST: u64 = u64::MAX;
/// It is kept back.
pub(super) const HELD: u64 = u64::MAX - 1;
/// There is no such link.
pub(super) const NO_LINK: u64 = u64::MAX - 2;
/// The link has no room for it.
pub(super) const QUEUE_FULL: u64 = u64::MAX - 3;
/// Beside [`SENT`]: it will arrive damaged.
pub(super) const DAMAGED: u64 = 1 << 4;

/// Bits of a message's number that share a word with the time: up there are no bits of a run of five hours.
pub(super) const NUMBER: u32 = 20;

/// Where it happened.
#[inline]
pub(super) const fn at(node: NodeId) -> u64 {
    (node.0 as u64) << 36
}

/// Between whom it happened.
#[inline]
pub(super) const fn link(from: NodeId, to: NodeId) -> u64 {
    (from.0 as u64) << 8 | at(to)
}

/// That a message arrived, and how. The third bit of the arrival stands apart: it came later than the copy's.
#[inline]
pub(super) const fn arrival(arrival: Arrival, is_copy: bool) -> u64 {
    let arrival = arrival as u64;
    ARRIVE | (arrival & 3) << 4 | (is_copy as u64) << 6 | (arrival >> 2) << 7
}
