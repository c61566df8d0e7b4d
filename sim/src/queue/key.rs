//! What the queue orders by.

use crate::time::SimTime;

/// Bits of the slot in a key.
pub(super) const SLOT_BITS: u32 = 24;
/// Bits of the order in a key.
pub(super) const ORDER_BITS: u32 = 40;
/// The last order there is. One more bit pattern stands for no key at all.
pub(crate) const ORDER_MAX: u64 = (1 << ORDER_BITS) - 2;
/// The bit pattern of a slot that stands for none.
pub(super) const NO_SLOT: u32 = (1 << SLOT_BITS) - 1;

/// A packed key: time 64 bits, order 40, slot 24. The slot only finds the payload; two keys never agree in
/// time and order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

/// No key: later than every key there can be.
pub(super) const NO_KEY: Key = Key(u128::MAX);

impl Key {
    #[inline]
    pub(super) const fn new(time: SimTime, order: u64, slot: u32) -> Self {
        let low = order << SLOT_BITS | slot as u64;
        Self((time.as_nanos() as u128) << 64 | low as u128)
    }

    /// Whether it stands for no key: no key has the last order.
    #[inline]
    pub(super) const fn is_none(self) -> bool {
        self.0 as u64 == NO_KEY.0 as u64
    }

    #[inline]
    pub(crate) const fn time(self) -> SimTime {
        SimTime::from_nanos((self.0 >> 64) as u64)
    }

    #[inline]
    pub(crate) const fn order(self) -> u64 {
        (self.0 as u64) >> SLOT_BITS
    }

    #[inline]
    pub(super) const fn slot(self) -> u32 {
        self.0 as u32 & NO_SLOT
    }
}
