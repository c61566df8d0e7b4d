//! What a lying server says. Raft's fault model has no liars: it is safe "under all non-Byzantine conditions" (§2), and each of
//! these breaks it. The server lies in its own name; what it keeps on disk and in memory is the truth.

use orrery_sim::random::Draw;

use crate::kv::Command;

use super::log::Entry;
use super::message::{AppendEntries, AppendEntriesResponse, Message, Outcome};
use super::message::{PreVoteResponse, ReadIndexResponse, RequestVote, RequestVoteResponse};
use super::numbers::Index;
use super::server::Server;

impl Server {
    /// The lie that stands in for `message`, if there is one.
    pub(super) fn lie(&self, message: &Message, draw: &mut Draw<'_>) -> Option<Message> {
        match message {
            Message::RequestVote(request) => {
                Some(Message::RequestVote(self.claim_newest_log(request)))
            }
            Message::RequestVoteResponse(response) => {
                grant_anyway(response).map(Message::RequestVoteResponse)
            }
            Message::AppendEntries(request) => {
                change_entries(request, draw).map(Message::AppendEntries)
            }
            Message::AppendEntriesResponse(response) => {
                claim_to_match(response).map(Message::AppendEntriesResponse)
            }
            Message::PreVoteResponse(response) if !response.would_vote => {
                Some(Message::PreVoteResponse(PreVoteResponse {
                    would_vote: true,
                    ..response.clone()
                }))
            }
            Message::ReadIndexResponse(response) => {
                Some(Message::ReadIndexResponse(ReadIndexResponse {
                    read_index: Index(0),
                    ..response.clone()
                }))
            }
            // These are told as they are.
            Message::InstallSnapshot(_)
            | Message::InstallSnapshotResponse(_)
            | Message::PreVote(_)
            | Message::PreVoteResponse(_)
            | Message::TimeoutNow(_)
            | Message::ReadIndex(_) => None,
        }
    }

    /// A candidate claims a last entry of its own term: no log is more up to date (§5.4.1).
    fn claim_newest_log(&self, request: &RequestVote) -> RequestVote {
        let last_log_index = self.log.last_index().next();
        RequestVote { last_log_index, last_log_term: request.term, ..request.clone() }
    }
}

/// A voter tells every candidate that it has its vote (§5.2).
fn grant_anyway(response: &RequestVoteResponse) -> Option<RequestVoteResponse> {
    (!response.vote_granted).then(|| RequestVoteResponse { vote_granted: true, ..response.clone() })
}

/// A leader gives about half of its followers entries that do nothing in place of what clients asked: same index, same term,
/// another log (§5.3).
fn change_entries(request: &AppendEntries, draw: &mut Draw<'_>) -> Option<AppendEntries> {
    if request.entries.is_empty() || draw.below(2) == 0 {
        return None;
    }
    let entry = |entry: &Entry| Entry::of_command(entry.term, Command::NoOp);
    Some(AppendEntries { entries: request.entries.iter().map(entry).collect(), ..request.clone() })
}

/// A follower that lacks what comes before the entries says that it has that: the leader counts it towards the majority (§5.3).
fn claim_to_match(response: &AppendEntriesResponse) -> Option<AppendEntriesResponse> {
    match response.outcome {
        Outcome::Matched(_) => None,
        Outcome::Refused { prev_log_index, .. } => Some(AppendEntriesResponse {
            outcome: Outcome::Matched(prev_log_index),
            ..response.clone()
        }),
    }
}
