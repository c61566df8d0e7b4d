//! The active view (HyParView, §4.2 and §4.3, algorithm 1): joining, replacing peers that fail, and links that are mutual.

use orrery_sim::{Context, Duration, NodeId};

use super::bugs::G18;
use super::message::Message;
use super::peer::{Note, Overlay, Peer, Timer};

impl Peer {
    /// At the start of the run nodes join one after the other, within `join`; whoever comes back joins within a period.
    pub(super) fn await_first_period(&self, is_first_life: bool, ctx: &mut Context<'_, Overlay>) {
        let phase = if is_first_life {
            let before = u64::from(self.id.0 - 1);
            let turn = self.settings.join.checked_mul_ratio(before, u64::from(ctx.node_count()));
            turn.unwrap_or(self.settings.join)
        } else {
            Duration::from_nanos(ctx.below(self.settings.period.as_nanos()))
        };
        ctx.set_timer(Timer::Period, phase);
    }

    /// Asks the peers for a sign of life, gives up those that were silent, and looks for others.
    pub(super) fn period(&mut self, ctx: &mut Context<'_, Overlay>) {
        ctx.set_timer(Timer::Period, self.settings.period);
        self.round += 1;
        self.drop_silent(ctx);
        for peer in self.peers_but(&[]) {
            ctx.send(peer, Message::KeepAlive { round: self.round });
        }
        self.look_for_peers(ctx);
        self.look_for_lost(ctx);
        if self.round.is_multiple_of(self.settings.shuffle) {
            self.begin_shuffle(ctx);
        }
    }

    fn drop_silent(&mut self, ctx: &mut Context<'_, Overlay>) {
        let oldest = self.round.saturating_sub(self.settings.patience);
        let active = self.views.active.iter();
        let silent: Vec<NodeId> =
            active.filter(|(_, answered)| **answered < oldest).map(|(peer, _)| *peer).collect();
        for peer in silent {
            self.views.lose(peer, self.settings.passive);
            self.neighbor_down(peer);
            ctx.note(Note::NeighborDown { peer, is_lost: true });
        }
    }

    /// Where the active view has room, asks somebody from the passive view; who knows nobody joins anew (§4.3).
    fn look_for_peers(&mut self, ctx: &mut Context<'_, Overlay>) {
        if self.settings.active as usize <= self.views.active.len() {
            return;
        }
        if let Some((name, since)) = self.asked {
            if self.round < since + self.settings.patience {
                return;
            }
            // It did not answer.
            self.asked = None;
            self.views.lose(name, self.settings.passive);
        }
        let is_alone = self.views.active.is_empty();
        if let Some(name) = Self::any_of(&self.views.passive, ctx) {
            self.asked = Some((name, self.round));
            return ctx.send(name, Message::Neighbor { is_high: is_alone });
        }
        if is_alone {
            self.join(ctx);
        }
    }

    /// Joins: the first time through one that was there before, later through any other.
    fn join(&self, ctx: &mut Context<'_, Overlay>) {
        let is_first = self.is_first_life && self.round == 1;
        let known = if is_first { self.id.0 - 1 } else { ctx.node_count() - 1 };
        if known == 0 {
            return;
        }
        let number = ctx.below(u64::from(known)) as u32 + 1;
        let contact = if number < self.id.0 { number } else { number + 1 };
        ctx.send(NodeId(contact), Message::Join);
    }

    /// Now and then asks one of those who were silent: it may be back, or the way to it.
    fn look_for_lost(&self, ctx: &mut Context<'_, Overlay>) {
        if self.views.lost.is_empty() || !self.round.is_multiple_of(self.settings.reconnect) {
            return;
        }
        if let Some(name) = Self::any_of(&self.views.lost, ctx) {
            ctx.probe("reconnect");
            ctx.send(name, Message::Neighbor { is_high: true });
        }
    }

    /// Somebody is new: takes it in, and has it taken in elsewhere.
    pub(super) fn on_join(&mut self, joiner: NodeId, ctx: &mut Context<'_, Overlay>) {
        self.take_in(joiner, ctx);
        let ttl = self.settings.active_walk;
        for peer in self.peers_but(&[joiner]) {
            ctx.send(peer, Message::ForwardJoin { joiner, ttl });
        }
    }

    /// The walk of somebody new comes by, and ends here if it has gone far enough or cannot go on.
    pub(super) fn on_forward_join(
        &mut self,
        from: NodeId,
        joiner: NodeId,
        ttl: u32,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if joiner == self.id {
            return;
        }
        let others = self.peers_but(&[from, joiner]);
        let next = if ttl == 0 { None } else { Self::any_of(&others, ctx) };
        let Some(next) = next else { return self.take_in(joiner, ctx) };
        if ttl == self.settings.passive_walk {
            self.remember(joiner, &[], ctx);
        }
        ctx.send(next, Message::ForwardJoin { joiner, ttl: ttl - 1 });
    }

    fn take_in(&mut self, joiner: NodeId, ctx: &mut Context<'_, Overlay>) {
        self.connect(joiner, ctx);
        ctx.send(joiner, Message::Welcome);
    }

    /// Puts a node into the active view; another one has to go if there is no room, and is told.
    pub(super) fn connect(&mut self, peer: NodeId, ctx: &mut Context<'_, Overlay>) {
        if peer == self.id || self.views.active.contains_key(&peer) {
            return;
        }
        if self.settings.active as usize <= self.views.active.len()
            && let Some(out) = Self::any_of(&self.peers_but(&[]), ctx)
        {
            ctx.probe("evicted");
            ctx.send(out, Message::Disconnect);
            self.demote(out, ctx);
        }
        if self.asked.is_some_and(|(name, _)| name == peer) {
            self.asked = None;
        }
        self.views.activate(peer, self.round);
        self.neighbor_up(peer);
        ctx.note(Note::NeighborUp { peer });
    }

    /// Moves a peer to the passive view.
    fn demote(&mut self, peer: NodeId, ctx: &mut Context<'_, Overlay>) {
        self.views.active.remove(&peer);
        self.neighbor_down(peer);
        ctx.note(Note::NeighborDown { peer, is_lost: false });
        self.remember(peer, &[], ctx);
    }

    /// Puts a name into the passive view.
    pub(super) fn remember(
        &mut self,
        name: NodeId,
        first_out: &[NodeId],
        ctx: &mut Context<'_, Overlay>,
    ) {
        let place = ctx.below(u64::from(self.settings.passive.max(1)));
        self.views.remember(self.id, name, self.settings.passive, first_out, place);
    }

    /// Somebody needs a peer. It is refused only if it has others and there is no room (§4.3).
    pub(super) fn on_neighbor(
        &mut self,
        from: NodeId,
        is_high: bool,
        ctx: &mut Context<'_, Overlay>,
    ) {
        let is_peer = self.views.active.contains_key(&from);
        let has_room = self.views.active.len() < self.settings.active as usize;
        let is_accepted = is_high || has_room || is_peer;
        if is_accepted {
            self.connect(from, ctx);
        }
        ctx.send(from, Message::NeighborReply { is_accepted });
    }

    /// Who was refused stays where it is, and asks another one in the next period.
    pub(super) fn on_neighbor_reply(
        &mut self,
        from: NodeId,
        is_accepted: bool,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if self.asked.is_some_and(|(name, _)| name == from) {
            self.asked = None;
        }
        if is_accepted {
            self.connect(from, ctx);
        } else {
            ctx.probe("refused");
        }
    }

    /// The other side has dropped the link.
    pub(super) fn on_disconnect(&mut self, from: NodeId, ctx: &mut Context<'_, Overlay>) {
        if self.views.active.contains_key(&from) {
            self.demote(from, ctx);
        }
    }

    /// Gives a sign of life to a peer; who takes itself for one and is not is told.
    pub(super) fn on_keep_alive(
        &mut self,
        from: NodeId,
        round: u64,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if self.views.active.contains_key(&from) || ctx.bug(&G18) {
            ctx.send(from, Message::KeepAliveAck { round });
        } else {
            ctx.probe("one-sided");
            ctx.send(from, Message::Disconnect);
        }
    }

    /// A peer is there, or was when it was asked.
    pub(super) fn on_keep_alive_ack(&mut self, from: NodeId, round: u64) {
        if let Some(answered) = self.views.active.get_mut(&from) {
            *answered = round.min(self.round).max(*answered);
        }
    }
}
