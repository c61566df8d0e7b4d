//! The learner ("Paxos Made Simple", §2.3): a value is chosen when a single proposal with that value
//! has been accepted by a majority of the acceptors.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use crate::quorum::majority;

use super::ballot::{Ballot, Proposal};
use super::bugs::{P8, P9, P10};
use super::message::Message;
use super::process::{Learning, Note, Paxos, Process};
use super::proposer::Phase;

/// What a learner knows. It forgets all of it in a crash; whoever asks for the value again makes a
/// proposer find it out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Learner {
    /// Who has accepted what, number by number.
    pub votes: BTreeMap<Ballot, Votes>,
    /// What was chosen.
    pub learned: Option<Proposal>,
}

/// The acceptances of one proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Votes {
    /// Its value.
    pub value: String,
    /// Which acceptors have accepted it.
    pub by: Vec<NodeId>,
}

impl Process {
    /// Phase 2b arrives: counts acceptors, proposal by proposal.
    pub(super) fn handle_accepted(
        &mut self,
        from: NodeId,
        proposal: Proposal,
        ctx: &mut Context<'_, Paxos>,
    ) {
        let needed = self.needed(proposal.ballot, ctx);
        let Some(learner) = &mut self.learner else { return };
        let fresh = Votes { value: proposal.value.clone(), by: vec![] };
        let votes = learner.votes.entry(proposal.ballot).or_insert(fresh);
        if votes.by.contains(&from) && !ctx.bug(&P9) {
            return ctx.probe("second-accepted");
        }
        votes.by.push(from);
        let mut count = votes.by.len();
        if ctx.bug(&P8) {
            count = learner.acceptors_of(&proposal.value);
        }
        if needed <= count {
            if self.settings.learning == Learning::Proposer {
                let message = Message::Learn { proposal: proposal.clone() };
                Self::send_to(&self.settings.learners, &message, ctx);
            }
            self.learn(proposal, ctx);
        }
    }

    /// How many acceptances make a proposal chosen: those of a majority of all acceptors, however
    /// many of them have answered phase 1.
    fn needed(&self, ballot: Ballot, ctx: &Context<'_, Paxos>) -> usize {
        let phase = self.proposer.as_ref().map(|proposer| &proposer.phase);
        match phase {
            Some(Phase::Accepting { proposal, promises })
                if proposal.ballot == ballot && ctx.bug(&P10) =>
            {
                majority(*promises as u32) as usize
            }
            Some(
                Phase::Idle
                | Phase::GivingWay
                | Phase::Preparing { .. }
                | Phase::Prepared { .. }
                | Phase::Accepting { .. },
            )
            | None => self.quorum(),
        }
    }

    /// A value was chosen. Numbers up to this one have nothing more to tell.
    pub(super) fn learn(&mut self, proposal: Proposal, ctx: &mut Context<'_, Paxos>) {
        let Some(learner) = &mut self.learner else { return };
        learner.votes = learner.votes.split_off(&proposal.ballot);
        learner.votes.remove(&proposal.ballot);
        let known = learner.learned.as_ref().map(|known| &known.value);
        if known != Some(&proposal.value) {
            ctx.note(Note::Learned { proposal: proposal.clone() });
        }
        self.tell_clients(&proposal.value, ctx);
        if let Some(learner) = &mut self.learner {
            learner.learned = Some(proposal);
        }
    }
}

impl Learner {
    /// P8: how many acceptors have accepted this value, at whichever number.
    fn acceptors_of(&self, value: &str) -> usize {
        let votes = self.votes.values().filter(|votes| votes.value == value);
        let mut by: Vec<NodeId> = votes.flat_map(|votes| votes.by.iter().copied()).collect();
        by.sort_unstable();
        by.dedup();
        by.len()
    }
}
