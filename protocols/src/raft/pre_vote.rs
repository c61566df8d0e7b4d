//! Pre-Vote (dissertation, §9.6): a server asks whether it would win before it stands.
//!
//! A server that is cut off stands again and again, each time in a higher term. When it comes back, that term deposes a leader
//! of whom nobody else had complained. With Pre-Vote it first asks whether others *would* vote for it. Nothing changes by the
//! question, neither term nor vote, and nothing is written; only who has a quorum of answers stands for election.
//!
//! *Ours:* a server would vote only in a term that it has not yet reached, and a refusal names the term that it is in. Whoever asks
//! goes on from there. Without that, a long log in a low term and a short log in a high one refuse each other for ever.

use orrery_sim::{Context, NodeId};

use super::bugs::R35;
use super::election::is_up_to_date;
use super::message::{Message, PreVote, PreVoteResponse};
use super::role::Role;
use super::server::{Note, Raft, Server};

impl Server {
    /// Asks all others whether they would vote for this server in the next term.
    pub(super) fn ask_before_standing(&mut self, ctx: &mut Context<'_, Raft>) {
        let term = self.current_term.next();
        self.role = Role::PreCandidate { would_vote: vec![] };
        ctx.note(Note::BecamePreCandidate { term });
        self.restart_election_timer(ctx);
        let request = PreVote {
            term,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
        };
        for voter in self.other_voters(ctx) {
            ctx.send(voter, Message::PreVote(request.clone()));
        }
        self.count_pre_vote(ctx.id(), ctx);
    }

    /// Says whether this server would vote, and which term it is in. It would not while it hears a leader, and not for a log that
    /// is less up to date (§5.4.1). The answer binds nobody.
    pub(super) fn handle_pre_vote_request(
        &mut self,
        from: NodeId,
        request: &PreVote,
        ctx: &mut Context<'_, Raft>,
    ) {
        let is_new_term = self.current_term < request.term;
        if !is_new_term && ctx.bug(&R35) {
            return;
        }
        let own = (self.log.last_term(), self.log.last_index());
        let is_fit = is_up_to_date((request.last_log_term, request.last_log_index), own);
        let would_vote = is_new_term && is_fit && !self.has_current_leader(ctx);
        if !would_vote {
            ctx.probe("pre-vote-refused");
        }
        let response =
            PreVoteResponse { term: self.current_term, asked_for: request.term, would_vote };
        ctx.send(from, Message::PreVoteResponse(response));
    }

    /// Counts an answer to the question that is open. A newer term in it was taken over before.
    pub(super) fn handle_pre_vote_response(
        &mut self,
        from: NodeId,
        response: &PreVoteResponse,
        ctx: &mut Context<'_, Raft>,
    ) {
        if response.would_vote && response.asked_for == self.current_term.next() {
            self.count_pre_vote(from, ctx);
        }
    }

    fn count_pre_vote(&mut self, voter: NodeId, ctx: &mut Context<'_, Raft>) {
        let Role::PreCandidate { would_vote } = &mut self.role else { return };
        if would_vote.contains(&voter) {
            return;
        }
        would_vote.push(voter);
        let voters = would_vote.clone();
        if self.is_quorum(|id| voters.contains(&id), ctx) {
            self.stand_for_election(false, ctx);
        }
    }
}
