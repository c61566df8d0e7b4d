//! Which leaders count as current: check-quorum (dissertation, §6.2) and vote stickiness (dissertation, §4.2.3).
//!
//! A leader that hears no quorum for an election timeout steps down: it could commit nothing, and whoever still hears it would wait
//! for it in vain. A server that has heard a leader within the shortest election timeout votes for nobody, and no request for a vote
//! moves its term: nobody can have good reason to ask. Each needs the other. A leader that holds on although it can do nothing keeps voters that stick to it
//! from electing a better one; and voters that do not stick to a leader which has its quorum let anybody depose it.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, LocalTime, NodeId};

use super::bugs::R36;
use super::message::Message;
use super::role::Role;
use super::server::{Note, Raft, Server};

/// When a leader heard its followers last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// When it was elected, by its own clock: nobody owed it an answer before.
    pub since: LocalTime,
    /// When a response of each follower came, by the leader's own clock.
    pub heard: BTreeMap<NodeId, LocalTime>,
}

impl Server {
    /// A leader asks itself whether it still is one: a quorum answered within the longest election timeout, itself included. If not,
    /// it steps down and becomes a follower in its own term.
    pub(super) fn holds_quorum(&mut self, ctx: &mut Context<'_, Raft>) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        if !self.settings.check_quorum || ctx.bug(&R36) {
            return true;
        }
        let (own, now, contact) = (ctx.id(), ctx.now(), &leadership.contact);
        let is_heard = |id: NodeId| {
            let last = contact.heard.get(&id).copied().unwrap_or(contact.since);
            id == own || now.since(last) < self.settings.election_timeout.max
        };
        if self.is_quorum(is_heard, ctx) {
            return true;
        }
        ctx.note(Note::LostQuorum { term: self.current_term });
        ctx.note(Note::SteppedDown { term: self.current_term });
        self.return_to_follower(None, ctx);
        false
    }

    /// Whether this server leads, or heard a leader within the shortest election timeout. A server that came back with a journal may
    /// have heard one right before its crash, so that its start counts too.
    pub(super) fn has_current_leader(&self, ctx: &Context<'_, Raft>) -> bool {
        let within = self.settings.election_timeout.min;
        let heard = self.last_heard.is_some_and(|last| ctx.now().since(last) < within);
        self.is_leader() || heard
    }

    /// Whether `message` asks for a vote that is not to be had, and that leaves no trace: term and vote stay as they are. A
    /// candidate whom its leader told to stand may disturb (dissertation, §3.10); one of an old term is told so.
    pub(super) fn sticks_to_its_leader(&self, message: &Message, ctx: &Context<'_, Raft>) -> bool {
        let Message::RequestVote(request) = message else { return false };
        self.settings.sticky
            && !request.disrupts
            && self.current_term <= request.term
            && self.has_current_leader(ctx)
            && !ctx.bug(&R36)
    }
}
