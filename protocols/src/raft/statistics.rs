//! What a run of Raft is measured by.

use orrery_sim::registration::{NoteEntry, Statistic};

use super::numbers::{Index, Term};
use super::server::{Note, Raft};

/// The statistics, in the order of [`of_run`].
pub(super) const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "split",
        scale: 1,
        unit: "",
        about: "1 if the first election ended without a winner, 0 if it had one",
    },
    Statistic {
        name: "election_time",
        scale: 1_000_000,
        unit: "ms",
        about: "from the start of the run to the first leader",
    },
    Statistic { name: "leader_changes", scale: 1, unit: "", about: "elections won" },
    Statistic {
        name: "terms",
        scale: 1,
        unit: "",
        about: "the highest term that anybody stood for election in",
    },
    Statistic { name: "committed", scale: 1, unit: "", about: "the highest committed index" },
];

/// The values of [`STATISTICS`].
pub(super) fn of_run(notes: &[NoteEntry<Raft>]) -> Vec<Option<i64>> {
    let mut first_term: Option<Term> = None;
    let mut highest_term = Term(0);
    let mut was_first_term_won = false;
    let mut first_leader = None;
    let mut elections = 0_u64;
    let mut committed = Index(0);
    for entry in notes {
        match &entry.note {
            Note::BecameCandidate { term } => {
                first_term.get_or_insert(*term);
                highest_term = highest_term.max(*term);
            }
            Note::Elected { term, .. } => {
                elections += 1;
                first_leader.get_or_insert(entry.time.as_nanos());
                was_first_term_won |= first_term == Some(*term);
            }
            Note::Committed { index, .. } => committed = committed.max(*index),
            Note::Voted { .. }
            | Note::SteppedDown { .. }
            | Note::Truncated { .. }
            | Note::Applied { .. }
            | Note::Reconfiguring { .. }
            | Note::Reconfigured { .. }
            | Note::Installed { .. } => {}
        }
    }
    let split = first_term.map(|_| u64::from(!was_first_term_won));
    let values = [split, first_leader, Some(elections), Some(highest_term.0), Some(committed.0)];
    values.into_iter().map(|value| value.and_then(|value| i64::try_from(value).ok())).collect()
}
