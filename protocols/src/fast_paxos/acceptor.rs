//! The acceptor: phases 1b and 2b of classic rounds (§2.1), and the vote of a fast round (§2.2).

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::message::{Message, Vote};
use super::process::{FastPaxos, Note, Process, Record};
use super::round::Round;

/// What an acceptor remembers. `rnd` and `vote` are on its disk before anybody is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Acceptor {
    /// The highest round in which it takes part.
    pub rnd: Option<Round>,
    /// `vrnd` and `vval`: its vote of the highest round in which it has voted.
    pub vote: Option<Vote>,
    /// The fast round in which it may vote for what a proposer sends. Lost in a crash, which costs a
    /// vote.
    pub any: Option<Round>,
    /// The value that reached it first, for when it may.
    pub proposed: Option<String>,
}

impl Process {
    /// `Phase1b`: takes part in the round, if it is the highest that it has heard of, and says how it
    /// voted last.
    pub(super) fn phase_1b(
        &mut self,
        from: NodeId,
        round: Round,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        if let Some(rnd) = self.acceptor.rnd.filter(|rnd| round < *rnd) {
            return self.answer(from, Message::Nack { round, rnd }, ctx);
        }
        if self.acceptor.rnd < Some(round) {
            self.acceptor.rnd = Some(round);
            self.acceptor.any = None;
            self.write(Record::Joined { round }, ctx);
            self.note_when_durable(Note::Joined { round }, ctx);
        }
        let vote = self.acceptor.vote.clone();
        self.answer(from, Message::Phase1b { round, vote }, ctx);
        self.hear_of(round);
    }

    /// `Phase2b` of a classic round: votes for the coordinator's value. In a fast round, *any* lets
    /// it vote for the first value that a proposer sends, or has sent (§2.2).
    pub(super) fn phase_2b(
        &mut self,
        from: NodeId,
        round: Round,
        value: Option<String>,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        if let Some(rnd) = self.acceptor.rnd.filter(|rnd| round < *rnd) {
            ctx.probe("late-phase-2a");
            return self.answer(from, Message::Nack { round, rnd }, ctx);
        }
        self.hear_of(round);
        if let Some(value) = value {
            return self.vote(round, value, ctx);
        }
        self.acceptor.rnd = Some(round);
        self.acceptor.any = Some(round);
        self.vote_fast(ctx);
    }

    /// A proposer's value reaches the acceptor directly: one delay less than by way of a coordinator.
    pub(super) fn handle_propose(&mut self, value: String, ctx: &mut Context<'_, FastPaxos>) {
        self.acceptor.proposed.get_or_insert(value);
        self.vote_fast(ctx);
    }

    /// `Phase2b` of a fast round.
    fn vote_fast(&mut self, ctx: &mut Context<'_, FastPaxos>) {
        let Acceptor { rnd, any: Some(round), proposed: Some(value), .. } = &self.acceptor else {
            return;
        };
        if *rnd == Some(*round) {
            let (round, value) = (*round, value.clone());
            self.vote(round, value, ctx);
        }
    }

    /// One vote per round, and everybody hears of it.
    fn vote(&mut self, round: Round, value: String, ctx: &mut Context<'_, FastPaxos>) {
        let voted = self.acceptor.vote.as_ref().map(|vote| vote.round);
        if Some(round) <= voted {
            return ctx.probe("voted-before");
        }
        let vote = Vote { round, value };
        self.acceptor.rnd = Some(round);
        self.acceptor.vote = Some(vote.clone());
        self.write(Record::Voted { vote: vote.clone() }, ctx);
        self.note_when_durable(Note::Voted { vote: vote.clone() }, ctx);
        self.sync(ctx);
        ctx.broadcast(&Message::Phase2b { vote: vote.clone() });
        self.answer(ctx.id(), Message::Phase2b { vote }, ctx);
    }
}
