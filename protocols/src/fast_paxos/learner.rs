//! The learner: a value is chosen in a round when a quorum of that round has voted for it.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::message::Vote;
use super::process::{FastPaxos, Note, Process};
use super::round::Round;

/// What a learner knows. It forgets all of it in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Learner {
    /// Who voted for what, round by round.
    pub votes: BTreeMap<Round, BTreeMap<NodeId, String>>,
    /// What was chosen.
    pub learned: Option<Vote>,
}

impl Process {
    /// Phase 2b arrives: counts votes, round by round. How many are a quorum hangs on the round.
    pub(super) fn handle_phase_2b(
        &mut self,
        from: NodeId,
        vote: Vote,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        self.hear_of(vote.round);
        if self.learner.learned.is_some() {
            return;
        }
        let quorum = self.settings.sizes.seen(vote.round, ctx);
        let votes = self.learner.votes.entry(vote.round).or_default();
        if votes.insert(from, vote.value.clone()).is_some() {
            return ctx.probe("second-vote-message");
        }
        if quorum <= votes.values().filter(|value| **value == vote.value).count() {
            return self.learn(vote, ctx);
        }
        let votes = votes.clone();
        self.recover_from_collision(vote.round, &votes, ctx);
    }

    fn learn(&mut self, vote: Vote, ctx: &mut Context<'_, FastPaxos>) {
        ctx.note(Note::Learned { vote: vote.clone() });
        self.learner.votes.clear();
        self.tell_clients(&vote.value, ctx);
        self.learner.learned = Some(vote);
    }
}
