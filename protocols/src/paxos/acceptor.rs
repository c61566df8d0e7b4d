//! The acceptor: phases 1b and 2b ("Paxos Made Simple", §2.2). It is the memory of the algorithm.

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::ballot::{Ballot, Proposal};
use super::bugs::{P1, P2, P6, P7};
use super::message::Message;
use super::process::{Learning, Note, Paxos, Process, Record};

/// What an acceptor must remember, whatever happens (§2.5): all of it is on its disk before anybody
/// is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Acceptor {
    /// The highest number that it has promised: it accepts nothing below.
    pub promised: Option<Ballot>,
    /// The highest-numbered proposal that it has accepted.
    pub accepted: Option<Proposal>,
}

impl Process {
    /// Phase 1b: promises never again to accept a proposal that is numbered less, unless it has
    /// promised a higher number already, and reports the highest-numbered proposal that it has
    /// accepted.
    pub(super) fn handle_prepare(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        ctx: &mut Context<'_, Paxos>,
    ) {
        let Some(acceptor) = &mut self.acceptor else { return };
        if let Some(promised) = acceptor.promised.filter(|promised| ballot < *promised) {
            return self.ignore(from, ballot, promised, ctx);
        }
        let accepted = acceptor.accepted.clone();
        let is_news = acceptor.promised < Some(ballot);
        acceptor.promised = Some(ballot);
        if is_news && !ctx.bug(&P1) {
            self.write(Record::Promised { ballot }, ctx);
        }
        if is_news {
            self.note_when_durable(Note::Promised { ballot }, ctx);
        }
        self.answer(from, Message::Promise { ballot, accepted }, ctx);
        self.hear_of(ballot, ctx);
    }

    /// Phase 2b: accepts the proposal unless it has promised a higher number (P1a). To accept is to
    /// promise as well: what is numbered less came too late.
    pub(super) fn handle_accept(
        &mut self,
        from: NodeId,
        proposal: &Proposal,
        ctx: &mut Context<'_, Paxos>,
    ) {
        let Some(acceptor) = &mut self.acceptor else { return };
        let ballot = proposal.ballot;
        if let Some(promised) = acceptor.promised.filter(|promised| ballot < *promised) {
            ctx.probe("accept-refused");
            if !ctx.bug(&P6) {
                return self.ignore(from, ballot, promised, ctx);
            }
        }
        if !ctx.bug(&P7) {
            acceptor.promised = acceptor.promised.max(Some(ballot));
        }
        let is_news = acceptor.accepted.as_ref() != Some(proposal);
        acceptor.accepted = Some(proposal.clone());
        if is_news && !ctx.bug(&P2) {
            self.write(Record::Accepted { proposal: proposal.clone() }, ctx);
        }
        if is_news {
            self.note_when_durable(Note::Accepted { proposal: proposal.clone() }, ctx);
        }
        self.report(from, proposal, ctx);
        self.hear_of(ballot, ctx);
    }

    /// Tells those who learn what it has accepted (§2.3).
    fn report(&mut self, proposer: NodeId, proposal: &Proposal, ctx: &mut Context<'_, Paxos>) {
        let mut listeners = vec![proposer];
        if self.settings.learning == Learning::Everybody {
            listeners.extend(self.settings.learners.iter().filter(|id| **id != proposer));
        }
        for to in listeners {
            self.answer(to, Message::Accepted { proposal: proposal.clone() }, ctx);
        }
    }

    /// A request that comes too late is ignored; to say so only saves time.
    fn ignore(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        promised: Ballot,
        ctx: &mut Context<'_, Paxos>,
    ) {
        if self.settings.nacks {
            self.answer(from, Message::Nack { ballot, promised }, ctx);
        }
    }
}
