//! The ring (§4.2, §4.3): where a key belongs, and who stands in for whom.

use orrery_sim::NodeId;

/// The place of a key, among so many nodes: FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo, 1991), so that anybody can recompute it.
fn place(key: &str, nodes: u32) -> u32 {
    let hash = key.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    ((hash >> 32) % u64::from(nodes)) as u32
}

/// All nodes, from the place of a key on: the first `n` are its owners, the others stand in for them.
fn from_place(key: &str, nodes: u32) -> impl Iterator<Item = NodeId> {
    let first = place(key, nodes);
    (0..nodes).map(move |step| NodeId((first + step) % nodes + 1))
}

/// The preference list of a key: its `n` owners, in order.
pub fn owners(key: &str, n: u32, nodes: u32) -> Vec<NodeId> {
    from_place(key, nodes).take(n as usize).collect()
}

/// Who keeps hints for owners that do not answer, in order.
pub fn stand_ins(key: &str, n: u32, nodes: u32) -> Vec<NodeId> {
    from_place(key, nodes).skip(n as usize).collect()
}

/// Which leaf of the hash tree a key is in, of so many.
pub(super) fn leaf(key: &str, leaves: u32) -> u32 {
    place(key, leaves)
}
