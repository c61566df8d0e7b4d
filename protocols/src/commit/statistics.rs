//! What a run reports in numbers.

use std::collections::BTreeMap;

use orrery_sim::registration::{NoteEntry, Statistic};
use orrery_sim::{NodeId, OperationId, SimTime, World};

use super::message::WORK;
use super::{Commit, Note, Outcome, Site};

const fn count(name: &'static str, about: &'static str) -> Statistic {
    Statistic { name, scale: 1, unit: "", about }
}

const fn millis(name: &'static str, about: &'static str) -> Statistic {
    Statistic { name, scale: 1_000_000, unit: "ms", about }
}

/// The statistics, in the order of [`of_run`].
pub(super) const STATISTICS: &[Statistic] = &[
    count("commits", "transactions that committed"),
    count("aborts", "transactions that aborted after votes were asked for"),
    count("messages", "messages of the commit, without those of the work before it"),
    count("forced", "forced writes of all nodes"),
    count("forced_coordinator", "forced writes of nodes that are no participants"),
    count("forced_participants", "forced writes of all participants together"),
    count("lazy_coordinator", "lazy writes of nodes that are no participants"),
    count("lazy_participants", "lazy writes of all participants together"),
    millis(
        "delays_participants",
        "mean time from the begin of a commit until all participants know the outcome: with links of 1 ms, delays",
    ),
    millis(
        "delays_coordinator",
        "mean time from the begin of a commit until the coordinator knows the outcome: with links of 1 ms, delays",
    ),
    millis("in_doubt", "the longest time that a participant was uncertain"),
    count("blocked", "how often work had to wait for locks"),
    count("damage", "heuristic decisions that turned out wrong"),
];

/// One transaction.
#[derive(Default)]
struct Seen {
    began: Option<SimTime>,
    /// When each node decided first, and whether it is a participant.
    decided: BTreeMap<NodeId, (SimTime, bool)>,
    outcome: Option<Outcome>,
}

impl Seen {
    /// From the begin to the last decision of those who are participants, or who are not.
    fn delay(&self, participants: bool) -> Option<u128> {
        let of_kind = self.decided.values().filter(|(_, is_one)| *is_one == participants);
        let last = of_kind.map(|(time, _)| *time).max()?;
        Some(u128::from(last.since(self.began?).as_nanos()))
    }
}

fn mean(values: impl Iterator<Item = u128>) -> Option<i64> {
    let (count, sum) = values.fold((0, 0), |(count, sum), value| (count + 1_u128, sum + value));
    i64::try_from(sum.checked_div(count)?).ok()
}

/// The values of [`STATISTICS`].
pub(super) fn of_run(world: &World<Site>, notes: &[NoteEntry<Commit>]) -> Vec<Option<i64>> {
    let settings = world.config(NodeId(1));
    let is_participant = |id: NodeId| settings.participants.contains(&id);
    // A node that is both counts as a participant in what it writes, and as the coordinator in what it decides.
    let decides = |id: NodeId| settings.coordinators.contains(&id);
    let mut transactions: BTreeMap<OperationId, Seen> = BTreeMap::new();
    let mut doubts: BTreeMap<(NodeId, OperationId), SimTime> = BTreeMap::new();
    let (mut in_doubt, mut blocked, mut damage) = (None, 0, 0);
    for NoteEntry { time, node, note, .. } in notes {
        match note {
            Note::Began { operation, .. } if !settings.protocol.is_paxos() => {
                transactions.entry(*operation).or_default().began.get_or_insert(*time);
            }
            Note::Voted { operation, .. } => {
                transactions.entry(*operation).or_default().began.get_or_insert(*time);
            }
            Note::Prepared { operation, .. } => {
                doubts.insert((*node, *operation), *time);
            }
            Note::Decided { operation, outcome, .. } => {
                let seen = transactions.entry(*operation).or_default();
                seen.outcome.get_or_insert(*outcome);
                let kind = is_participant(*node) && !(decides(*node) && seen.decided.is_empty());
                seen.decided.entry(*node).or_insert((*time, kind));
                let since = doubts.remove(&(*node, *operation));
                in_doubt = in_doubt.max(since.map(|since| time.since(since).as_nanos()));
            }
            Note::Waits { .. } => blocked += 1,
            Note::HeuristicDamage { .. } => damage += 1,
            Note::Began { .. }
            | Note::Counted { .. }
            | Note::TookOver { .. }
            | Note::BallotBegan { .. }
            | Note::Heuristic { .. } => {}
        }
    }
    let outcomes = |wanted| transactions.values().filter(move |seen| seen.outcome == Some(wanted));
    let kinds = world.counters().messages().filter(|(kind, _)| !WORK.contains(kind));
    let sent = kinds.map(|(_, count)| count.sent).sum();
    let writes = |participants| {
        let ids = NodeId::all(world.node_count());
        let ids = ids.filter(move |id| is_participant(*id) == participants);
        ids.map(|id| world.writes(id))
            .fold((0, 0), |(forced, lazy), one| (forced + one.forced, lazy + one.lazy))
    };
    let (others, own) = (writes(false), writes(true));
    let number = |value: u64| i64::try_from(value).ok();
    vec![
        number(outcomes(Outcome::Commit).count() as u64),
        number(outcomes(Outcome::Abort).count() as u64),
        number(sent),
        number(others.0 + own.0),
        number(others.0),
        number(own.0),
        number(others.1),
        number(own.1),
        mean(transactions.values().filter_map(|seen| seen.delay(true))),
        mean(transactions.values().filter_map(|seen| seen.delay(false))),
        in_doubt.and_then(number),
        Some(blocked),
        Some(damage),
    ]
}
