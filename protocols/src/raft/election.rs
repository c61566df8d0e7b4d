//! Leader election (§5.2) and the restriction on who may be elected (§5.4.1).

use std::collections::BTreeSet;
use std::mem;

use orrery_sim::{Context, DurationRange, NodeId};

use crate::kv::Command;
use crate::quorum::majority;

use super::bugs::{R2, R4, R7, R8, R13, R15, R37, R38, V1};
use super::log::Payload;
use super::message::{Message, RequestVote, RequestVoteResponse};
use super::numbers::{Index, Term};
use super::role::{Leadership, Reader, Role};
use super::server::{Note, Raft, Record, Server, Timer};
use super::variants;

impl Server {
    /// `Timeout`: no leader was heard for an election timeout. With Pre-Vote, the server asks first
    /// whether it would win.
    pub(super) fn timeout(&mut self, ctx: &mut Context<'_, Raft>) {
        if self.is_leader() {
            return;
        }
        if !self.may_stand(ctx) {
            return self.restart_election_timer(ctx);
        }
        self.give_up_own_reads(ctx);
        if self.settings.pre_vote {
            self.ask_before_standing(ctx);
        } else {
            self.stand_for_election(false, ctx);
        }
    }

    /// The server votes for itself in a new term. `disrupts` is whether its leader told it to.
    pub(super) fn stand_for_election(&mut self, disrupts: bool, ctx: &mut Context<'_, Raft>) {
        self.current_term = self.current_term.next();
        self.role = Role::Candidate { votes_granted: vec![] };
        ctx.note(Note::BecameCandidate { term: self.current_term });
        self.cast_vote(ctx.id(), ctx);
        self.restart_election_timer(ctx);
        self.request_vote(disrupts, ctx);
    }

    /// `RequestVote`: asks all others. Term and own vote are on disk first: a candidate that forgot
    /// them in a crash could vote for another in the same term.
    fn request_vote(&mut self, disrupts: bool, ctx: &mut Context<'_, Raft>) {
        let request = RequestVote {
            term: self.current_term,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
            disrupts,
        };
        self.sync(ctx);
        for voter in self.other_voters(ctx) {
            ctx.send(voter, Message::RequestVote(request.clone()));
        }
    }

    /// Who is asked for votes.
    pub(super) fn other_voters(&self, ctx: &Context<'_, Raft>) -> BTreeSet<NodeId> {
        let mut voters = self.peers(ctx);
        voters.retain(|id| self.governing(ctx).is_voter(*id));
        voters
    }

    /// `HandleRequestVoteRequest`: one vote per term, first come first served (§5.2), and none for
    /// a candidate whose log is less up to date (§5.4.1).
    pub(super) fn handle_request_vote_request(
        &mut self,
        from: NodeId,
        request: &RequestVote,
        ctx: &mut Context<'_, Raft>,
    ) {
        let candidates = (request.last_log_term, request.last_log_index);
        let own = (self.log.last_term(), self.log.last_index());
        let is_free = self.voted_for.is_none_or(|candidate| candidate == from) || ctx.bug(&V1);
        let is_fit = match () {
            () if ctx.bug(&R7) => own.1 <= candidates.1,
            () if ctx.bug(&R8) => own.0 <= candidates.0,
            () => is_up_to_date(candidates, own),
        };
        let vote_granted = request.term == self.current_term && is_free && is_fit;
        if vote_granted && ctx.bug(&R4) {
            variants::answer_before_the_vote(from, self.current_term, ctx);
        }
        if vote_granted && self.voted_for != Some(from) {
            self.cast_vote(from, ctx);
        }
        if !is_fit {
            ctx.probe("vote-refused-for-log");
        }
        // A server that refuses keeps its own candidacy in mind: its log may be the better one.
        if vote_granted || ctx.bug(&R38) {
            self.restart_election_timer(ctx);
        }
        let response = RequestVoteResponse { term: self.current_term, vote_granted };
        self.answer(from, Message::RequestVoteResponse(response), ctx);
    }

    /// Gives the vote of the current term to `candidate`.
    fn cast_vote(&mut self, candidate: NodeId, ctx: &mut Context<'_, Raft>) {
        self.voted_for = Some(candidate);
        let voted_for = self.voted_for.filter(|_| !ctx.bug(&R2));
        let position = self.write(Record::Vote { term: self.current_term, voted_for }, ctx);
        self.pledge(candidate, position);
    }

    /// `HandleRequestVoteResponse`.
    pub(super) fn handle_request_vote_response(
        &mut self,
        from: NodeId,
        response: &RequestVoteResponse,
        ctx: &mut Context<'_, Raft>,
    ) {
        // `DropStaleResponse`: a vote counts in its own term only.
        let is_current = response.term == self.current_term || ctx.bug(&R13);
        if is_current && response.vote_granted {
            self.count_vote(from, ctx);
        }
    }

    /// Counts voters, not votes: a message may arrive twice.
    pub(super) fn count_vote(&mut self, voter: NodeId, ctx: &mut Context<'_, Raft>) {
        let Role::Candidate { votes_granted } = &mut self.role else { return };
        if votes_granted.contains(&voter) && !ctx.bug(&R15) {
            return ctx.probe("second-vote");
        }
        votes_granted.push(voter);
        let granted = votes_granted.clone();
        let counts_twice = ctx.bug(&R15) && majority(ctx.node_count()) as usize <= granted.len();
        if self.is_quorum(|id| granted.contains(&id), ctx) || counts_twice {
            self.become_leader(ctx);
        }
    }

    /// `BecomeLeader`: tells everybody at once, before they stand for election themselves.
    fn become_leader(&mut self, ctx: &mut Context<'_, Raft>) {
        // Everything in our log is on our disk: our vote is, and was written after it.
        let mut leadership = Leadership::new(ctx.id(), &self.peers(ctx), self.log.last_index());
        leadership.contact.since = ctx.now();
        let before = mem::replace(&mut self.role, Role::Leader(Box::new(leadership)));
        let Role::Candidate { votes_granted: votes } = before else {
            unreachable!("only candidates are elected")
        };
        ctx.note(Note::Elected { term: self.current_term, votes });
        ctx.cancel_timer(Timer::Election);
        if self.settings.no_op {
            // With an entry of our own term committed, so is everything before it (§8).
            self.append_own(Payload::Command(Command::NoOp), ctx);
        }
        self.heartbeat(ctx);
    }

    /// `UpdateTerm`: a newer term than ours makes us a follower in it, whatever the message says
    /// (§5.1). Not so the question whether somebody would vote: nobody is in that term yet.
    pub(super) fn update_term(&mut self, message: &Message, ctx: &mut Context<'_, Raft>) {
        let term = message.term();
        let is_question = matches!(message, Message::PreVote(_));
        if term <= self.current_term || is_question || self.is_deaf_to(message, ctx) {
            return;
        }
        self.give_up_own_reads(ctx);
        let deposed = self.current_term;
        self.current_term = term;
        self.voted_for = None;
        self.write(Record::Vote { term, voted_for: None }, ctx);
        if self.is_leader() {
            ctx.note(Note::SteppedDown { term: deposed });
        }
        self.return_to_follower(None, ctx);
    }

    /// `ReturnToFollowerState`. A candidate or follower keeps its election timer: only the current
    /// leader and a granted vote put it off.
    pub(super) fn return_to_follower(
        &mut self,
        leader: Option<NodeId>,
        ctx: &mut Context<'_, Raft>,
    ) {
        let before = mem::replace(&mut self.role, Role::Follower { leader });
        if let Role::Leader(leadership) = before {
            ctx.cancel_timer(Timer::Heartbeat);
            self.restart_election_timer(ctx);
            for id in &leadership.asked {
                ctx.hand_over(*id, leader);
            }
            for (id, _) in &leadership.changes {
                ctx.hand_over(*id, leader);
            }
            for (id, reader) in leadership.waiting_reads() {
                if matches!(reader, Reader::Client(_)) {
                    ctx.redirect(id, leader);
                }
            }
            self.release_held(leader, ctx);
        }
    }

    /// A timeout of its own for each server and each time makes it likely that one of them stands
    /// alone (§5.2).
    pub(super) fn restart_election_timer(&self, ctx: &mut Context<'_, Raft>) {
        if self.settings.is_live && !self.is_leader() {
            let timeout = self.settings.election_timeout;
            let latest = if ctx.bug(&R37) { timeout.min } else { timeout.max };
            ctx.set_timer_between(Timer::Election, DurationRange::new(timeout.min, latest));
        }
    }
}

/// Whether a log that ends with `candidates` term and index is at least as up to date as one that
/// ends with `voters` (§5.4.1): the later last term, and of equal terms the longer log.
///
/// A voter has every committed entry that it helped to commit. Since a majority did, no candidate
/// gets a majority without having it too.
pub fn is_up_to_date(candidates: (Term, Index), voters: (Term, Index)) -> bool {
    voters <= candidates
}
