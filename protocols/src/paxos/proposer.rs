//! The proposer: phases 1a and 2a ("Paxos Made Simple", §2.2), and when to try again (§2.4).

use serde::Serialize;

use orrery_sim::{Context, NodeId, OperationId};

use super::ballot::{Ballot, Proposal};
use super::bugs::{P3, P4, P5, P9, P19};
use super::message::Message;
use super::process::{Note, Output, Paxos, Process, Record, Timer};

/// What a proposer knows. Only `tried` is on its disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposer {
    /// The highest number that it has tried (§2.5): it never uses one twice.
    pub tried: Option<Ballot>,
    /// The highest number that it has heard of. To go below would be in vain.
    pub seen: Option<Ballot>,
    /// The value that it would like to be chosen: what its first waiting client asked for.
    pub wish: Option<String>,
    /// Whom it has to tell what was chosen.
    pub clients: Vec<OperationId>,
    /// Where it stands.
    pub phase: Phase,
}

/// Where a proposer stands with its present number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Phase {
    /// It proposes nothing.
    Idle,
    /// It heard of a higher number, and waits before it tries again.
    GivingWay,
    /// Phase 1: it waits for promises.
    Preparing {
        /// Its number.
        ballot: Ballot,
        /// Who has promised.
        promises: Vec<NodeId>,
        /// The highest-numbered proposal that these reported.
        highest: Option<Proposal>,
    },
    /// Phase 1 is over, nothing was reported, and no client has a wish: a distinguished proposer
    /// ahead of its time.
    Prepared {
        /// Its number.
        ballot: Ballot,
        /// How many promised.
        promises: usize,
    },
    /// Phase 2: its proposal is out.
    Accepting {
        /// What it proposes.
        proposal: Proposal,
        /// How many promised.
        promises: usize,
    },
}

impl Phase {
    /// The number under which it works.
    pub const fn ballot(&self) -> Option<Ballot> {
        match self {
            Self::Idle | Self::GivingWay => None,
            Self::Preparing { ballot, .. } | Self::Prepared { ballot, .. } => Some(*ballot),
            Self::Accepting { proposal, .. } => Some(proposal.ballot),
        }
    }
}

impl Proposer {
    /// One that is idle, and has tried this number before.
    pub const fn new(tried: Option<Ballot>) -> Self {
        Self { tried, seen: tried, wish: None, clients: vec![], phase: Phase::Idle }
    }
}

impl Process {
    /// A client asks: its value is one that may be chosen. Where another one has been, it gets
    /// that.
    pub(super) fn propose(&mut self, id: OperationId, value: String, ctx: &mut Context<'_, Paxos>) {
        let only = self.settings.distinguished.filter(|only| *only != ctx.id());
        let Some(proposer) = self.proposer.as_mut().filter(|_| only.is_none()) else {
            return ctx.redirect(id, only);
        };
        let known = self.learner.as_ref().and_then(|learner| learner.learned.as_ref());
        if let Some(chosen) = known.filter(|_| self.settings.remembers) {
            return ctx.complete(id, Output::Chosen { value: chosen.value.clone() });
        }
        if !proposer.clients.contains(&id) {
            proposer.clients.push(id);
        }
        let wish = proposer.wish.get_or_insert(value).clone();
        match proposer.phase {
            Phase::Idle => self.prepare(ctx),
            Phase::Prepared { ballot, promises } => {
                self.accept(&Proposal { ballot, value: wish }, promises, ctx);
            }
            Phase::GivingWay | Phase::Preparing { .. } | Phase::Accepting { .. } => {}
        }
    }

    /// Phase 1a: selects a number above all that it knows of and asks the acceptors to promise. The
    /// number is on disk before anybody hears of it.
    pub(super) fn prepare(&mut self, ctx: &mut Context<'_, Paxos>) {
        let Some(proposer) = &mut self.proposer else { return };
        let last = proposer.tried.max(proposer.seen);
        let ballot = Ballot {
            round: last.map_or(1, |last| last.round + 1),
            proposer: if ctx.bug(&P5) { NodeId(1) } else { ctx.id() },
        };
        proposer.tried = Some(ballot);
        proposer.phase = Phase::Preparing { ballot, promises: vec![], highest: None };
        ctx.set_timer_between(Timer::Retry, self.settings.timeout);
        self.write(Record::Tried { ballot }, ctx);
        self.note_when_durable(Note::Began { ballot }, ctx);
        let message = Message::Prepare { ballot };
        // Its own acceptor's promise goes to the disk in the same write.
        if self.acceptor.is_some() {
            self.handle_prepare(ctx.id(), ballot, ctx);
        }
        self.sync(ctx);
        Self::send_to(&self.settings.acceptors, &message, ctx);
    }

    /// Phase 1b arrives. With the promises of a majority, no proposal that is numbered less can be
    /// chosen any more but one that these have reported.
    pub(super) fn handle_promise(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        accepted: Option<Proposal>,
        ctx: &mut Context<'_, Paxos>,
    ) {
        let quorum = self.quorum();
        let Some(proposer) = &mut self.proposer else { return };
        let Phase::Preparing { ballot: current, promises, highest } = &mut proposer.phase else {
            return;
        };
        if *current != ballot {
            return; // An answer to an earlier try.
        }
        if promises.contains(&from) && !ctx.bug(&P9) {
            return ctx.probe("second-promise");
        }
        promises.push(from);
        if let Some(report) = accepted {
            ctx.probe("value-reported");
            let is_first = highest.is_none();
            let is_higher = highest.as_ref().is_none_or(|known| known.ballot < report.ballot);
            if is_first || (is_higher && !ctx.bug(&P4)) {
                *highest = Some(report);
            }
        }
        if quorum <= promises.len() {
            let (promises, highest) = (promises.len(), highest.take());
            self.choose_value(ballot, promises, highest, ctx);
        }
    }

    /// The rule that makes it safe, P2c: the value of the highest-numbered proposal that was
    /// reported, since it may have been chosen. Only if there is none, any value, such as its own.
    fn choose_value(
        &mut self,
        ballot: Ballot,
        promises: usize,
        highest: Option<Proposal>,
        ctx: &mut Context<'_, Paxos>,
    ) {
        let Some(proposer) = &mut self.proposer else { return };
        let wish = proposer.wish.clone();
        let reported = highest.map(|proposal| proposal.value);
        let value = if ctx.bug(&P3) { wish.or(reported) } else { reported.or(wish) };
        if let Some(value) = value {
            return self.accept(&Proposal { ballot, value }, promises, ctx);
        }
        proposer.phase = Phase::Prepared { ballot, promises };
        ctx.cancel_timer(Timer::Retry);
    }

    /// Phase 2a: asks the acceptors to accept.
    fn accept(&mut self, proposal: &Proposal, promises: usize, ctx: &mut Context<'_, Paxos>) {
        let Some(proposer) = &mut self.proposer else { return };
        proposer.phase = Phase::Accepting { proposal: proposal.clone(), promises };
        ctx.note(Note::Proposed { proposal: proposal.clone() });
        ctx.set_timer_between(Timer::Retry, self.settings.timeout);
        let message = Message::Accept { proposal: proposal.clone() };
        Self::send_to(&self.settings.acceptors, &message, ctx);
        // Its own acceptor's disk works while the message travels.
        if self.acceptor.is_some() {
            self.handle_accept(ctx.id(), proposal, ctx);
        }
    }

    /// An acceptor ignores us, because it has promised a higher number to somebody.
    pub(super) fn handle_nack(
        &mut self,
        ballot: Ballot,
        promised: Ballot,
        ctx: &mut Context<'_, Paxos>,
    ) {
        if ballot < promised {
            self.hear_of(promised, ctx);
        }
    }

    /// "It is probably a good idea to abandon a proposal if some proposer has begun trying to issue a
    /// higher-numbered one" (§2.2, end). It tries again after a time of its own: two proposers that
    /// came back at once might stop each other for ever (§2.4).
    pub(super) fn hear_of(&mut self, other: Ballot, ctx: &mut Context<'_, Paxos>) {
        let Some(proposer) = &mut self.proposer else { return };
        proposer.seen = proposer.seen.max(Some(other));
        let Some(ballot) = proposer.phase.ballot().filter(|own| *own < other) else { return };
        ctx.note(Note::GaveWay { ballot, to: other });
        proposer.phase = Phase::GivingWay;
        if ctx.bug(&P19) {
            ctx.set_timer(Timer::Retry, self.settings.backoff.min);
        } else {
            ctx.set_timer_between(Timer::Retry, self.settings.backoff);
        }
    }

    /// Neither chosen nor refused for too long, or back after giving way: a higher number may have
    /// more luck, and never does harm.
    pub(super) fn retry(&mut self, ctx: &mut Context<'_, Paxos>) {
        let is_distinguished = self.settings.distinguished == Some(ctx.id());
        let is_over = self.learned().is_some();
        let Some(proposer) = &mut self.proposer else { return };
        match proposer.phase {
            Phase::Idle | Phase::Prepared { .. } => {}
            Phase::GivingWay | Phase::Preparing { .. } | Phase::Accepting { .. } => {
                proposer.phase = Phase::Idle;
                if !proposer.clients.is_empty() || (is_distinguished && !is_over) {
                    self.prepare(ctx);
                }
            }
        }
    }

    /// What was chosen is known: its clients are told, and there is nothing left to propose.
    pub(super) fn tell_clients(&mut self, value: &str, ctx: &mut Context<'_, Paxos>) {
        let Some(proposer) = &mut self.proposer else { return };
        for id in proposer.clients.drain(..) {
            ctx.complete(id, Output::Chosen { value: value.to_owned() });
        }
        proposer.wish = None;
        proposer.phase = Phase::Idle;
        ctx.cancel_timer(Timer::Retry);
    }
}
