//! What a run is measured by.

use orrery_sim::registration::{NoteEntry, Statistic};

use super::server::{MultiPaxos, Note};

/// The statistics, in the order of [`of_run`].
pub(super) const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "election_time",
        scale: 1_000_000,
        unit: "ms",
        about: "from the start of the run to the first leader",
    },
    Statistic { name: "leader_changes", scale: 1, unit: "", about: "ballots adopted" },
    Statistic {
        name: "rounds",
        scale: 1,
        unit: "",
        about: "the highest round of a ballot that anybody sent a scout for",
    },
    Statistic {
        name: "chosen",
        scale: 1,
        unit: "",
        about: "the highest slot in which a leader knew a command to be chosen",
    },
    Statistic {
        name: "gaps_filled",
        scale: 1,
        unit: "",
        about: "no-ops that new leaders proposed for gaps",
    },
    Statistic {
        name: "snapshots_installed",
        scale: 1,
        unit: "",
        about: "snapshots taken over, in catching up and in restarts",
    },
];

/// The values of [`STATISTICS`].
pub(super) fn of_run(notes: &[NoteEntry<MultiPaxos>]) -> Vec<Option<i64>> {
    let mut first_leader = None;
    let (mut changes, mut rounds, mut chosen, mut gaps, mut installed) =
        (0_u64, 0, 0, 0_u64, 0_u64);
    for entry in notes {
        match &entry.note {
            Note::Scouting { ballot } => rounds = rounds.max(ballot.round),
            Note::Adopted { .. } => {
                changes += 1;
                first_leader.get_or_insert(entry.time.as_nanos());
            }
            Note::Proposed { fills_gap, .. } => gaps += u64::from(*fills_gap),
            Note::Chosen { slot, .. } => chosen = chosen.max(slot.0),
            Note::Installed { .. } => installed += 1,
            Note::Preempted { .. }
            | Note::Performed { .. }
            | Note::Reconfigured { .. }
            | Note::Retired { .. }
            | Note::SnapshotTaken { .. }
            | Note::DiskLost => {}
        }
    }
    let counts = [changes, rounds, chosen, gaps, installed].map(Some);
    let values = [first_leader].into_iter().chain(counts);
    values.map(|value| value.and_then(|value| i64::try_from(value).ok())).collect()
}
