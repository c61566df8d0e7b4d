//! What a run is measured by (vRS §5.1).

use orrery_sim::World;
use orrery_sim::registration::{NoteEntry, Statistic};

use crate::kv::service::{OUTAGE, QUERY_LATENCY, THROUGHPUT, UPDATE_LATENCY, of_service};

use super::{Note, Party, PrimaryBackup};

/// The statistics, in the order of [`of_run`].
pub(super) const STATISTICS: &[Statistic] = &[
    THROUGHPUT,
    UPDATE_LATENCY,
    QUERY_LATENCY,
    OUTAGE,
    Statistic {
        name: "views",
        scale: 1,
        unit: "",
        about: "how often the view service changed the view",
    },
];

/// The values of [`STATISTICS`].
pub(super) fn of_run(world: &World<Party>, notes: &[NoteEntry<PrimaryBackup>]) -> Vec<Option<i64>> {
    let is_change = |entry: &&NoteEntry<PrimaryBackup>| match entry.note {
        Note::ViewChanged { .. } => true,
        Note::Entered { .. }
        | Note::Serving { .. }
        | Note::Vouched { .. }
        | Note::Committed { .. }
        | Note::Executed { .. }
        | Note::Recovered { .. }
        | Note::Truncated { .. }
        | Note::Fenced { .. }
        | Note::Answered { .. }
        | Note::NoLease { .. } => false,
    };
    let views = notes.iter().filter(is_change).count();
    let mut values = of_service(world).to_vec();
    values.push(i64::try_from(views).ok());
    values
}
