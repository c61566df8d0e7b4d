//! Leader Append-Only and Log Matching.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, Sequence, SimTime, Step, Violation, World};

use crate::raft::log::{Log, Payload};
use crate::raft::numbers::{Index, Term};
use crate::raft::server::{Note, Raft, Server};
use crate::replicated::{Milestone, Replica};

/// Leader Append-Only (figure 3): a leader never overwrites or deletes entries in its log; it only
/// appends new ones.
#[derive(Clone, Debug, Serialize)]
pub struct LeaderAppendOnly {
    /// For each server that leads: since when in which term, and the end of its log.
    leaders: Vec<Option<(Term, Index)>>,
}

impl LeaderAppendOnly {
    const NAME: &'static str = "Leader Append-Only";

    /// For a run of `nodes` servers.
    pub fn new(nodes: u32) -> Self {
        Self { leaders: vec![None; nodes as usize] }
    }
}

impl Monitor<Server> for LeaderAppendOnly {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let leader = world.node(id).filter(|server| server.is_leader());
        let now = leader.map(|leader| (leader.current_term(), leader.log().last_index()));
        let before = std::mem::replace(&mut self.leaders[id.index()], now);
        let (Some((old_term, old_last)), Some((term, last))) = (before, now) else { return Ok(()) };
        let has_shrunk = last < old_last || truncated_from(step).is_some();
        if term != old_term || !has_shrunk {
            return Ok(());
        }
        Err(Violation {
            rule: Self::NAME,
            source: "Raft, figure 3 and §5.3",
            facts: vec![
                format!("{id} led {term} with a log up to {old_last}"),
                format!("{id} deleted entries of it at {}", step.time),
            ],
            nodes: vec![id],
        })
    }
}

/// Log Matching (figure 3): if two logs contain an entry with the same index and term, then they
/// are identical in all entries up through that index.
///
/// By induction it is enough that index and term determine the command and the term of the entry
/// before; so each entry is looked at once, when it comes into a log.
#[derive(Clone, Debug, Serialize)]
pub struct LogMatching {
    /// For each server, its life and up to where its log was looked at.
    servers: Vec<(u32, Index)>,
    /// The entry that came first to each index, from `i1` on.
    first: Sequence<Known>,
    /// Those of other terms that came later.
    others: BTreeMap<(Index, Term), Known>,
}

/// An entry as it was first seen.
#[derive(Clone, Debug, Serialize)]
struct Known {
    term: Term,
    /// The term of the entry before it.
    previous: Term,
    payload: Payload,
    by: NodeId,
    at: SimTime,
}

impl LogMatching {
    const NAME: &'static str = "Log Matching";

    /// For a run of `nodes` servers.
    pub fn new(nodes: u32) -> Self {
        let servers = vec![(0, Index(0)); nodes as usize];
        Self { servers, first: Sequence::new(), others: BTreeMap::new() }
    }

    /// An entry is at `index` of the log of `id`.
    fn look_at(
        &mut self,
        id: NodeId,
        log: &Log,
        index: Index,
        now: SimTime,
    ) -> Result<(), Violation> {
        let Some((entry, previous)) = log.get(index).zip(log.term_at(index.previous())) else {
            return Ok(());
        };
        let term = entry.term;
        let found = Known { term, previous, payload: entry.payload.clone(), by: id, at: now };
        let known = match self.first.get(index.previous().0 as usize) {
            // Over a gap, which a snapshot has made that it should not: another rule's business.
            None if self.first.len() as u64 + 1 < index.0 => return Ok(()),
            None => {
                self.first.push(found);
                return Ok(());
            }
            Some(first) if first.term == term => first,
            Some(_) => self.others.entry((index, term)).or_insert_with(|| found.clone()),
        };
        if (known.previous, &known.payload) == (previous, &found.payload) {
            return Ok(());
        }
        let fact = |entry: &Known| {
            let Known { term, previous, payload, by, at } = entry;
            format!("{by} had {index} of {term} at {at}: {payload:?} after an entry of {previous}")
        };
        Err(Violation {
            rule: Self::NAME,
            source: "Raft, figure 3 and §5.3",
            facts: vec![fact(known), fact(&found)],
            nodes: vec![known.by, id],
        })
    }
}

impl Monitor<Server> for LogMatching {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Raft>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(server) = world.node(id) else { return Ok(()) };
        let (log, incarnation) = (server.log(), world.incarnation(id));
        let (life, end) = self.servers[id.index()];
        // After a crash the log may end earlier, or end as it did before its last change.
        let kept = if life == incarnation { end } else { Index(0) };
        let kept = truncated_from(step).map_or(kept, |from| from.previous().min(kept));
        // What lies behind a snapshot has another entry before it than it had.
        let kept = installed(step).map_or(kept, |index| index.min(kept));
        self.servers[id.index()] = (incarnation, log.last_index());
        let mut index = kept.max(log.base_index());
        while index < log.last_index() {
            index = index.next();
            self.look_at(id, log, index, step.time)?;
        }
        Ok(())
    }
}

/// Log Matching of two logs, judged in full.
pub fn log_matching(a: &Log, b: &Log) -> bool {
    let mut common = a.last_index().min(b.last_index());
    while a.term_at(common) != b.term_at(common) {
        common = common.previous();
    }
    // From the last entry that agrees in index and term backwards, all must be the same.
    (1..=common.0).all(|index| a.get(Index(index)) == b.get(Index(index)))
}

/// The last entry that a snapshot stands for which was taken over in the last event.
fn installed(step: &Step<Raft>) -> Option<Index> {
    let installed = step.notes.iter().filter_map(|note| match Server::milestone(note) {
        Some(Milestone::Installed { position }) => Some(Index(position)),
        Some(Milestone::Executed { .. }) | None => None,
    });
    installed.min()
}

/// The first entry that the last event deleted from its server's log.
pub(super) fn truncated_from(step: &Step<Raft>) -> Option<Index> {
    let deleted = step.notes.iter().filter_map(|note| match note {
        Note::Truncated { from } => Some(*from),
        Note::BecameCandidate { .. }
        | Note::Voted { .. }
        | Note::Elected { .. }
        | Note::SteppedDown { .. }
        | Note::Committed { .. }
        | Note::Applied { .. }
        | Note::Reconfiguring { .. }
        | Note::Reconfigured { .. }
        | Note::Installed { .. }
        | Note::BecamePreCandidate { .. }
        | Note::LostQuorum { .. }
        | Note::TransferBegun { .. }
        | Note::TransferAbandoned { .. } => None,
    });
    deleted.min()
}
