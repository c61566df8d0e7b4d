//! What servers send. The receiver learns the sender from the network, so `candidateId` and
//! `leaderId` of figure 2 are not repeated here.

use std::ops::Not;
use std::sync::Arc;

use serde::Serialize;

use orrery_sim::OperationId;

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
    /// From who would stand for election: would you vote for me?
    PreVote(PreVote),
    /// The answer to that.
    PreVoteResponse(PreVoteResponse),
    /// From a leader: stand for election, now.
    TimeoutNow(TimeoutNow),
    /// From a follower that was asked for a read: how far must I have applied?
    ReadIndex(ReadIndex),
    /// From a leader: this far.
    ReadIndexResponse(ReadIndexResponse),
}

impl Message {
    /// The sender's term: every message carries it (§5.1). That of a `PreVote` is one that nobody is in yet.
    pub const fn term(&self) -> Term {
        match self {
            Self::PreVote(request) => request.term,
            Self::PreVoteResponse(response) => response.term,
            Self::TimeoutNow(request) => request.term,
            Self::ReadIndex(request) => request.term,
            Self::ReadIndexResponse(response) => response.term,
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
    /// Whether its leader told the candidate to stand, so that even those vote who have just heard that leader (dissertation,
    /// §3.10). Left out where it is not so.
    #[serde(skip_serializing_if = "Not::not")]
    pub disrupts: bool,
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

/// From who would stand for election: would you vote for me (dissertation, §9.6)? It changes nobody's term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreVote {
    /// The term in which the sender would stand: the one after its own.
    pub term: Term,
    /// As in [`RequestVote`].
    pub last_log_index: Index,
    /// As in [`RequestVote`].
    pub last_log_term: Term,
}

/// The answer to a pre-vote. It binds nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreVoteResponse {
    /// The voter's term. Where it is not below that of the question, the answer is no, and the asker goes on from this term.
    pub term: Term,
    /// The term of the question, so that an answer to an older one is known as such.
    pub asked_for: Term,
    /// Whether the voter would vote for the asker in that term.
    pub would_vote: bool,
}

/// From a leader to the server that is to lead next (dissertation, §3.10): stand for election, now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimeoutNow {
    /// The leader's term. In any other the order is void.
    pub term: Term,
}

/// From a follower: how far must I have applied to answer this read (dissertation, §6.4)?
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadIndex {
    /// The follower's term.
    pub term: Term,
    /// The client's operation.
    pub read: OperationId,
}

/// From a leader to a follower: what was committed after the client had asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadIndexResponse {
    /// The leader's term.
    pub term: Term,
    /// The client's operation.
    pub read: OperationId,
    /// How far the follower must have applied.
    pub read_index: Index,
}
