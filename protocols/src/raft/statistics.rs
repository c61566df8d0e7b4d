//! What a run of Raft is measured by.

use std::collections::BTreeMap;

use orrery_sim::World;
use orrery_sim::client::HistoryKind;
use orrery_sim::registration::{NoteEntry, Statistic};

use crate::kv::{Administered, Operation};

use super::numbers::{Index, Term};
use super::server::{Note, Raft, Server};

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
    Statistic {
        name: "failover_time",
        scale: 1_000_000,
        unit: "ms",
        about: "from the last crash of a leader to the election of the next",
    },
    Statistic {
        name: "write_time",
        scale: 1_000_000,
        unit: "ms",
        about: "from a client's call to its answer, in the mean over the run's writes",
    },
];

/// The values of [`STATISTICS`].
pub(super) fn of_run(world: &World<Server>, notes: &[NoteEntry<Raft>]) -> Vec<Option<i64>> {
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
            | Note::Installed { .. }
            | Note::BecamePreCandidate { .. }
            | Note::LostQuorum { .. }
            | Note::TransferBegun { .. }
            | Note::TransferAbandoned { .. } => {}
        }
    }
    let split = first_term.map(|_| u64::from(!was_first_term_won));
    let values = [
        split,
        first_leader,
        Some(elections),
        Some(highest_term.0),
        Some(committed.0),
        failover_time(world, notes),
        write_time(world),
    ];
    values.into_iter().map(|value| value.and_then(|value| i64::try_from(value).ok())).collect()
}

/// From the last crash of a leader to the next election, in nanoseconds. A leader that crashed after it had a successor does not count.
fn failover_time(world: &World<Server>, notes: &[NoteEntry<Raft>]) -> Option<u64> {
    let elections: Vec<&NoteEntry<Raft>> =
        notes.iter().filter(|entry| matches!(entry.note, Note::Elected { .. })).collect();
    let mut times = elections.windows(2).filter_map(|pair| {
        let (leader, next) = (pair[0], pair[1]);
        let crash = world.last_crash(leader.node)?;
        let is_between = leader.time <= crash && crash <= next.time;
        is_between.then(|| next.time.since(crash).as_nanos())
    });
    times.next_back()
}

/// From call to answer, in the mean over all writes that have one, in nanoseconds.
fn write_time(world: &World<Server>) -> Option<u64> {
    let mut open = BTreeMap::new();
    let (mut sum, mut count) = (0_u128, 0_u128);
    for entry in world.history() {
        match &entry.what {
            HistoryKind::Invoke(Administered::Store(operation))
                if !matches!(operation, Operation::Get { .. }) =>
            {
                open.insert(entry.operation, entry.time);
            }
            HistoryKind::Ok(_) => {
                if let Some(asked) = open.remove(&entry.operation) {
                    sum += u128::from(entry.time.since(asked).as_nanos());
                    count += 1;
                }
            }
            HistoryKind::Invoke(_) | HistoryKind::Fail | HistoryKind::Info => {}
        }
    }
    u64::try_from(sum.checked_div(count)?).ok()
}
