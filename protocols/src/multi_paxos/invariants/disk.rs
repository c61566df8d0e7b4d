//! What came to be on the disks.

use serde::Serialize;

use orrery_sim::{NodeId, Position, World};

use crate::multi_paxos::server::{Record, Server};

/// How far the journal of each process was read.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reader(Vec<Place>);

#[derive(Clone, Debug, Default, Serialize)]
struct Place {
    durable: Position,
    records: usize,
    /// Whether the first record was a snapshot up to this slot: another one means another journal.
    snapshot: u64,
}

impl Reader {
    /// For a run of `nodes` processes.
    pub(super) fn new(nodes: u32) -> Self {
        Self(vec![Place::default(); nodes as usize])
    }

    /// The records of `id` that came to be on its disk since this was asked last; after a checkpoint all of them.
    pub(super) fn news<'a>(
        &mut self,
        id: NodeId,
        world: &'a World<Server>,
    ) -> impl Iterator<Item = &'a Record> + use<'a> {
        let journal = world.journal(id);
        let all = journal.as_written();
        let place = &mut self.0[id.index()];
        // A crash may have left a torn end, which the next start cuts off.
        let is_whole = journal.damage().next().is_none();
        let has_changed = place.durable != journal.durable() || all.len() != place.records;
        if !is_whole || !has_changed {
            return all.range(all.len()..all.len());
        }
        let snapshot = match all.first() {
            Some(Record::Snapshot(snapshot)) => snapshot.slot_out.0,
            Some(
                Record::InUse
                | Record::Promised { .. }
                | Record::Accepted { .. }
                | Record::Chosen { .. }
                | Record::Decided { .. },
            )
            | None => 0,
        };
        let from = if place.snapshot == snapshot { place.records.min(all.len()) } else { 0 };
        *place = Place { durable: journal.durable(), records: all.len(), snapshot };
        all.range(from..all.len())
    }
}
