//! What servers send. The receiver learns the sender from the network, so `candidateId` and
//! `leaderId` of figure 2 are not repeated here.

use std::sync::Arc;

use serde::Serialize;

use crate::kv::Piece;

use super::configuration::Configuration;
use super::log::Entry;
use super::numbers::{Index, Round, Term};

/// A message, in the order of a run without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From a candidate: vote for me.
    RequestVote(RequestVote),
    /// To a candidate: yes or no.
    RequestVoteResponse(RequestVoteResponse),
    /// From a leader: here are entries, or none as a heartbeat.
    AppendEntries(AppendEntries),
    /// To a leader: how far our logs agree.
    AppendEntriesResponse(AppendEntriesResponse),
    /// From a leader: a piece of a snapshot, in place of entries that it has no more.
    InstallSnapshot(InstallSnapshot),
    /// To a leader: how much of the snapshot is here.
    InstallSnapshotResponse(InstallSnapshotResponse),
}

impl Message {
    /// The sender's term: every message carries it (§5.1).
    pub const fn term(&self) -> Term {
        match self {
            Self::RequestVote(request) => request.term,
            Self::RequestVoteResponse(response) => response.term,
            Self::AppendEntries(request) => request.term,
            Self::AppendEntriesResponse(response) => response.term,
            Self::InstallSnapshot(request) => request.term,
            Self::InstallSnapshotResponse(response) => response.term,
        }
    }
}

/// From a candidate: vote for me.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestVote {
    /// The candidate's term.
    pub term: Term,
    /// The index of the candidate's last entry, by which voters judge whether its log is up to
    /// date.
    pub last_log_index: Index,
    /// The term of that entry: it counts first.
    pub last_log_term: Term,
}

/// To a candidate: yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestVoteResponse {
    /// The voter's term, for a candidate that has fallen behind.
    pub term: Term,
    /// Whether the candidate has the vote.
    pub vote_granted: bool,
}

/// From a leader: here are entries, or none as a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppendEntries {
    /// The leader's term.
    pub term: Term,
    /// The index before the first of the entries. The receiver takes them only if its log agrees up
    /// to here.
    pub prev_log_index: Index,
    /// The term of the entry there.
    pub prev_log_term: Term,
    /// The entries, of terms up to the leader's. Empty in a heartbeat.
    pub entries: Vec<Entry>,
    /// How far the leader knows entries to be committed. It may be beyond what this message proves
    /// to be in the receiver's log.
    pub leader_commit: Index,
    /// The leader's latest round of heartbeats; the response carries it back.
    pub round: Round,
}

/// To a leader: how far our logs agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppendEntriesResponse {
    /// The follower's term, for a leader that has been deposed.
    pub term: Term,
    /// What became of the entries.
    pub outcome: Outcome,
    /// The round of the request: proof that the leader was followed when it began that round.
    pub round: Round,
}

/// What a follower answers to AppendEntries; `success` and more of figure 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// Our logs agree up to here, and on my side that is on disk. It is the end of this request's
    /// entries and not of my log: what I have beyond may be somebody else's.
    Matched(Index),
    /// Our logs do not agree at the request's previous index.
    Refused {
        /// That index, so that old news is known as such.
        prev_log_index: Index,
        /// Where to try next.
        retry_from: Index,
    },
}

/// From a leader: a piece of a snapshot, in place of entries that it has no more (figure 13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstallSnapshot {
    /// The leader's term.
    pub term: Term,
    /// The last entry that the snapshot stands for.
    pub last_included_index: Index,
    /// The term of that entry.
    pub last_included_term: Term,
    /// The latest configuration up to there.
    pub configuration: Arc<Configuration>,
    /// How many pieces come before these.
    pub offset: u32,
    /// Pieces of the state: `data[]` in figure 13.
    pub data: Vec<Piece>,
    /// Whether these are the last.
    pub done: bool,
    /// The leader's latest round of heartbeats; the response carries it back.
    pub round: Round,
}

/// To a leader: how much of the snapshot is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstallSnapshotResponse {
    /// The follower's term, for a leader that has been deposed.
    pub term: Term,
    /// Which snapshot.
    pub last_included_index: Index,
    /// How many pieces of it are here without a gap: where to go on. Not in figure 13, whose leader waits for each chunk's
    /// response.
    pub received: u32,
    /// Whether the follower has taken it over, or needs it no more. It is on its disk then.
    pub is_installed: bool,
    /// The round of the request: proof that the leader was followed when it began that round.
    pub round: Round,
}
