//! What a run of Paxos is measured by.

use std::collections::BTreeSet;

use orrery_sim::registration::{NoteEntry, Statistic};

use super::process::{Note, Paxos};

/// The statistics, in the order of [`of_run`].
pub(super) const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "first_learned",
        scale: 1_000_000,
        unit: "ms",
        about: "from the start of the run until the first learner knows what was chosen",
    },
    Statistic {
        name: "last_learned",
        scale: 1_000_000,
        unit: "ms",
        about: "from the start of the run until the last learner does that ever did",
    },
    Statistic { name: "ballots", scale: 1, unit: "", about: "how often a proposer began phase 1" },
    Statistic { name: "proposals", scale: 1, unit: "", about: "how often one began phase 2" },
    Statistic { name: "gave_way", scale: 1, unit: "", about: "how often one gave up its number" },
    Statistic { name: "round", scale: 1, unit: "", about: "the highest round that was tried" },
];

/// The values of [`STATISTICS`].
pub(super) fn of_run(notes: &[NoteEntry<Paxos>]) -> Vec<Option<i64>> {
    let (mut first, mut last) = (None, None);
    let (mut ballots, mut proposals, mut gave_way, mut round) = (0, 0, 0, 0);
    let mut learners = BTreeSet::new();
    for entry in notes {
        match &entry.note {
            Note::Began { ballot } => {
                ballots += 1;
                round = ballot.round.max(round);
            }
            Note::Proposed { .. } => proposals += 1,
            Note::GaveWay { .. } => gave_way += 1,
            Note::Learned { .. } => {
                first.get_or_insert(entry.time.as_nanos());
                if learners.insert(entry.node) {
                    last = Some(entry.time.as_nanos());
                }
            }
            Note::Promised { .. } | Note::Accepted { .. } | Note::LostDisk => {}
        }
    }
    let values = [first, last, Some(ballots), Some(proposals), Some(gave_way), Some(round)];
    values.into_iter().map(|value| value.and_then(|value| i64::try_from(value).ok())).collect()
}
