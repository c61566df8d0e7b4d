//! View-numbers and op-numbers. They print as `v3` and `o7`.

use orrery_sim::NodeId;

use crate::number::number;

number! {
    /// A view-number: time is divided into views, and each has one primary. The first is `v0`.
    ViewNumber, "v"
}
number! {
    /// An op-number: the place of a request in the log, from `o1`. It also counts the requests up to it; `o0` is before the first.
    OpNumber, "o"
}

impl ViewNumber {
    /// The primary of this view among so many replicas: they take turns (§3).
    pub fn primary(self, replicas: u32) -> NodeId {
        NodeId::from_index((self.0 % u64::from(replicas.max(1))) as usize)
    }
}
