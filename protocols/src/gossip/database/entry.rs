//! What a site has under a key.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use orrery_sim::NodeId;

/// The place of an update in time (Demers, section 1.1): no two updates have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// What the wall clock showed, in nanoseconds, or one more than the item before.
    pub time: i64,
    /// Where.
    pub site: NodeId,
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}us@{}", self.time / 1_000, self.site))
    }
}

/// As it prints, with all its digits.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}@{}", self.time, self.site))
    }
}

/// What an update left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Item {
    /// A value.
    Value(String),
    /// A death certificate: the key was deleted (Demers, section 2).
    Death {
        /// Since when it counts, by the wall clock that activated it, in nanoseconds: later than the deletion if it was dormant.
        activation: i64,
        /// Who keeps it when everybody else has dropped it.
        retention: Vec<NodeId>,
    },
}

/// An item and its timestamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it was updated.
    pub timestamp: Timestamp,
    /// What with.
    pub item: Item,
}

impl Entry {
    /// By what of two entries of one key the newer one is known: the timestamp, and for the same certificate its activation.
    pub const fn age(&self) -> (Timestamp, i64) {
        match &self.item {
            Item::Value(_) => (self.timestamp, i64::MIN),
            Item::Death { activation, .. } => (self.timestamp, *activation),
        }
    }

    /// Whether it is a death certificate.
    pub const fn is_death(&self) -> bool {
        matches!(self.item, Item::Death { .. })
    }

    /// When it was activated, if it is a death certificate.
    pub const fn activation(&self) -> Option<i64> {
        match &self.item {
            Item::Value(_) => None,
            Item::Death { activation, .. } => Some(*activation),
        }
    }
}

/// Entries on their way.
pub(super) type Entries = BTreeMap<String, Entry>;

/// 64 bits of a key and its entry.
pub(super) fn hash(key: &str, entry: &Entry) -> u64 {
    let ((time, activation), site) = ((entry.timestamp.time, entry.age().1), entry.timestamp.site);
    let numbers = [time.cast_unsigned(), activation.cast_unsigned(), u64::from(site.0)];
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
    mix(key.bytes().chain(bytes))
}

/// 64 bits of a key.
pub(super) fn hash_key(key: &str) -> u64 {
    mix(key.bytes())
}

/// FNV-1a, and the last rounds of `SplitMix64`, since sums of such hashes are compared.
fn mix(bytes: impl Iterator<Item = u8>) -> u64 {
    let folded = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let z = (folded ^ (folded >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
