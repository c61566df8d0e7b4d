//! Log compaction (§7; dissertation, chapter 5): a snapshot stands for the entries that it covers, and a follower that
//! needs one of those gets the snapshot instead.

use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use crate::kv::{Piece, Store};

use super::bugs::{R28, R29, R30, R31};
use super::configuration::Configuration;
use super::log::Log;
use super::message::{InstallSnapshot, InstallSnapshotResponse, Message};
use super::numbers::{Index, Term};
use super::role::Role;
use super::server::{Note, Raft, Record, Server};

/// The state after a prefix of the log, and what else that prefix decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// The last entry that it stands for.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// The latest configuration up to there, without which its owner would not know whom it belongs to (§7).
    pub configuration: Arc<Configuration>,
    /// Values and sessions: a retry is known as such after it too (§8; dissertation, §6.3).
    pub state: Arc<Store>,
}

/// A snapshot on its way to a follower.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sending {
    /// Which one: a newer one of the leader's own does not take its place halfway.
    snapshot: Snapshot,
    /// The pieces that the follower is known to have.
    offset: u32,
}

/// A snapshot on its way from the leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receiving {
    last_included_index: Index,
    last_included_term: Term,
    pieces: Vec<Piece>,
}

/// Every server.
impl Server {
    /// Takes a snapshot of everything applied, once the log has grown to `snapshot_after` entries, and gives up the entries
    /// that it stands for. Each server does so by itself: what is committed needs nobody's consent (dissertation, §5.1).
    pub(super) fn compact_log(&mut self, ctx: &mut Context<'_, Raft>) {
        let Some(limit) = self.settings.snapshot_after else { return };
        let applied = (self.last_applied.0 - self.log.base_index().0) as usize;
        let Some(last_included_term) = self.log.term_at(self.last_applied) else { return };
        if applied < limit as usize {
            return;
        }
        let state = &self.state_machine;
        let state = if ctx.bug(&R30) { state.without_sessions() } else { state.clone() };
        let configuration = Arc::clone(self.configuration_at(self.last_applied));
        let snapshot = Snapshot {
            last_included_index: self.last_applied,
            last_included_term,
            configuration,
            state: Arc::new(state),
        };
        ctx.probe("snapshot-taken");
        self.log.compact(self.last_applied, last_included_term);
        self.keep_snapshot(snapshot, ctx);
    }

    /// The snapshot takes the place of what it stands for, in memory and on disk.
    fn keep_snapshot(&mut self, snapshot: Snapshot, ctx: &mut Context<'_, Raft>) {
        let index = snapshot.last_included_index;
        let latest = Arc::clone(&snapshot.configuration);
        let first = self.configurations.first().cloned().filter(|_| ctx.bug(&R31));
        self.configurations.retain(|(place, _)| index < *place);
        self.configurations.insert(0, first.unwrap_or((index, latest)));
        self.snapshot = Some(snapshot);
        self.rewrite_journal(ctx);
    }

    /// Replaces the journal, atomically, by records that add up to the same: what the snapshot stands for is not in it.
    fn rewrite_journal(&mut self, ctx: &mut Context<'_, Raft>) {
        let vote = Record::Vote { term: self.current_term, voted_for: self.voted_for };
        let snapshot = self.snapshot.iter().cloned().map(Record::Snapshot);
        let mut index = self.log.base_index();
        let entries = self.log.slice(index.next(), u32::MAX).map(|entry| {
            index = index.next();
            Record::Append { index, entry: entry.clone() }
        });
        let records = [vote].into_iter().chain(snapshot).chain(entries).collect();
        self.replace_journal(records, ctx);
    }

    /// Goes on from a snapshot: at a restart, or because the leader sent it.
    pub(super) fn restore(&mut self, snapshot: &Snapshot) {
        self.state_machine = Store::clone(&snapshot.state);
        self.last_applied = snapshot.last_included_index;
        self.commit_index = self.commit_index.max(snapshot.last_included_index);
    }
}

/// As a leader.
impl Server {
    /// `InstallSnapshot`: sends the next chunk to a follower that needs entries which the log has no more.
    pub(super) fn install_snapshot(&mut self, to: NodeId, ctx: &mut Context<'_, Raft>) {
        let Some(own) = &self.snapshot else { return };
        let Role::Leader(leadership) = &mut self.role else { return };
        let sending = leadership
            .sending
            .entry(to)
            .or_insert_with(|| Sending { snapshot: own.clone(), offset: 0 });
        let pieces = sending.snapshot.state.pieces();
        let start = (sending.offset as usize).min(pieces.len());
        let end = (start + self.settings.snapshot_chunk as usize).min(pieces.len());
        let request = InstallSnapshot {
            term: self.current_term,
            last_included_index: sending.snapshot.last_included_index,
            last_included_term: sending.snapshot.last_included_term,
            configuration: Arc::clone(&sending.snapshot.configuration),
            offset: start as u32,
            data: pieces[start..end].to_vec(),
            done: end == pieces.len(),
            round: leadership.round,
        };
        ctx.send(to, Message::InstallSnapshot(request));
    }

    /// Sends the next chunk, or goes on with the log once the follower has all.
    pub(super) fn handle_install_snapshot_response(
        &mut self,
        from: NodeId,
        response: &InstallSnapshotResponse,
        ctx: &mut Context<'_, Raft>,
    ) {
        if response.term != self.current_term {
            return; // `DropStaleResponse`.
        }
        self.acknowledge(from, response.round, ctx);
        let Role::Leader(leadership) = &mut self.role else { return };
        let index = response.last_included_index;
        let Some(sending) = leadership.sending.get_mut(&from) else { return };
        if sending.snapshot.last_included_index != index {
            return self.serve_reads(ctx); // Of an earlier one.
        }
        if response.is_installed {
            leadership.sending.remove(&from);
            leadership.matches(from, index);
            self.append_entries(from, ctx);
            self.advance_commit_index(ctx);
            self.caught_up(from, ctx);
        } else if response.received != sending.offset {
            sending.offset = response.received;
            self.install_snapshot(from, ctx);
        }
        self.serve_reads(ctx);
    }
}

/// As a follower.
impl Server {
    /// `InstallSnapshot`, receiver's rules (figure 13): puts the chunks together, and takes the snapshot over with the last.
    pub(super) fn handle_install_snapshot_request(
        &mut self,
        from: NodeId,
        request: InstallSnapshot,
        ctx: &mut Context<'_, Raft>,
    ) {
        let (index, term) = (request.last_included_index, request.last_included_term);
        let mut response = InstallSnapshotResponse {
            term: self.current_term,
            last_included_index: index,
            received: 0,
            is_installed: false,
            round: request.round,
        };
        if request.term == self.current_term && !self.is_leader() {
            self.follow(from, ctx);
            if index <= self.commit_index && !ctx.bug(&R28) {
                response.is_installed = true; // A copy from earlier: the log is beyond it.
            } else {
                self.receive(&request);
                let received = self.receiving.as_ref().map_or(0, |all| all.pieces.len() as u32);
                response.received = received;
                if request.done && received == request.offset + request.data.len() as u32 {
                    self.take_over((index, term), request.configuration, ctx);
                    response.is_installed = true;
                }
            }
        }
        self.answer(from, Message::InstallSnapshotResponse(response), ctx);
    }

    /// Adds a chunk to those of the same snapshot, if it is the next one.
    fn receive(&mut self, request: &InstallSnapshot) {
        let which = (request.last_included_index, request.last_included_term);
        let known = self.receiving.take_if(|receiving| {
            (receiving.last_included_index, receiving.last_included_term) == which
        });
        let mut receiving = known.unwrap_or(Receiving {
            last_included_index: which.0,
            last_included_term: which.1,
            pieces: vec![],
        });
        if receiving.pieces.len() as u32 == request.offset {
            receiving.pieces.extend(request.data.iter().cloned());
        }
        self.receiving = Some(receiving);
    }

    /// All chunks are there. Entries behind the last that the snapshot stands for stay if the log has that one; otherwise
    /// the whole log gives way (figure 13, rules 6 and 7).
    fn take_over(
        &mut self,
        (index, term): (Index, Term),
        configuration: Arc<Configuration>,
        ctx: &mut Context<'_, Raft>,
    ) {
        let pieces = self.receiving.take().map_or(vec![], |receiving| receiving.pieces);
        let agrees = self.log.holds(index, term) && !ctx.bug(&R28);
        let is_longer = index < self.log.last_index();
        if agrees || (is_longer && ctx.bug(&R29)) {
            self.log.compact(index, term);
        } else {
            if is_longer {
                ctx.probe("snapshot-over-conflict");
            }
            self.forget_configurations_from(index.next());
            self.log = Log::behind(index, term);
            ctx.note(Note::Truncated { from: index.next() });
        }
        let state = Arc::new(Store::of_pieces(pieces));
        let snapshot =
            Snapshot { last_included_index: index, last_included_term: term, configuration, state };
        self.restore(&snapshot);
        self.keep_snapshot(snapshot, ctx);
        ctx.note(Note::Installed { index });
    }
}
