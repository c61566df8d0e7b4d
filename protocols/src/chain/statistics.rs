//! What a run of a chain is measured by (§4).

use orrery_sim::World;
use orrery_sim::registration::{NoteEntry, Statistic};

use crate::kv::service::{OUTAGE, QUERY_LATENCY, THROUGHPUT, UPDATE_LATENCY, of_service};

use super::{Chain, Note, Station};

/// The statistics, in the order of [`of_run`].
pub(crate) const STATISTICS: &[Statistic] = &[
    THROUGHPUT,
    UPDATE_LATENCY,
    QUERY_LATENCY,
    OUTAGE,
    Statistic {
        name: "configurations",
        scale: 1,
        unit: "",
        about: "how often the master changed the chain",
    },
];

/// The values of [`STATISTICS`].
pub(crate) fn of_run(world: &World<Station>, notes: &[NoteEntry<Chain>]) -> Vec<Option<i64>> {
    let is_change = |note: &&NoteEntry<Chain>| matches!(note.note, Note::Configured { .. });
    let changes = notes.iter().filter(is_change).count();
    let mut values = of_service(world).to_vec();
    values.push(i64::try_from(changes).ok());
    values
}
