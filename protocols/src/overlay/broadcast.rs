//! Broadcast trees (Plumtree, §3.2 to §3.4): eager links carry broadcasts, lazy ones announce them, and each becomes the other where need be.

use orrery_sim::{Context, NodeId, OperationId};

use super::bugs::G17;
use super::message::Message;
use super::peer::{Note, Output, Overlay, Peer, Received, Timer};

impl Peer {
    /// Tells everybody (algorithm 1, `Broadcast`).
    pub(super) fn broadcast(
        &mut self,
        id: OperationId,
        text: String,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if !self.received.contains_key(&id) {
            ctx.note(Note::Broadcasts { id });
            self.deliver(id, 0, text, None, ctx);
        }
        ctx.complete(id, Output::Sent);
    }

    /// Delivers a broadcast, and hands it on to all but who sent it (`EagerPush`, `LazyPush`).
    fn deliver(
        &mut self,
        id: OperationId,
        round: u32,
        text: String,
        from: Option<NodeId>,
        ctx: &mut Context<'_, Overlay>,
    ) {
        self.last.clone_from(&text);
        ctx.note(Note::Delivered { id, text: text.clone(), round });
        for peer in self.eager.iter().filter(|peer| Some(**peer) != from) {
            let (round, text) = (round + 1, text.clone());
            ctx.send(*peer, Message::Gossip { id, round, text });
        }
        for peer in self.lazy.iter().filter(|peer| Some(**peer) != from) {
            ctx.send(*peer, Message::IHave { id, round: round + 1 });
        }
        self.received.insert(id, Received { round, text });
    }

    /// A broadcast arrives. The first copy makes its link eager, any other makes its link lazy.
    pub(super) fn on_gossip(
        &mut self,
        from: NodeId,
        id: OperationId,
        round: u32,
        text: String,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if self.received.contains_key(&id) {
            self.make_lazy(from);
            return ctx.send(from, Message::Prune);
        }
        let announced = self.missing.remove(&id);
        if announced.is_some() {
            ctx.cancel_timer(Timer::Missing(id));
        }
        self.make_eager(from);
        self.deliver(id, round, text, Some(from), ctx);
        self.optimize(from, round, &announced.unwrap_or_default(), ctx);
    }

    /// Where an announcement came over a much shorter way, that link takes the place of this one (§3.8).
    fn optimize(
        &mut self,
        from: NodeId,
        round: u32,
        announced: &[(NodeId, u32)],
        ctx: &mut Context<'_, Overlay>,
    ) {
        let shortest = announced.iter().min_by_key(|(_, steps)| *steps);
        let Some((peer, steps)) = shortest.filter(|(peer, _)| *peer != from) else { return };
        if round.saturating_sub(*steps) < self.settings.threshold {
            return;
        }
        ctx.probe("optimized");
        self.make_eager(*peer);
        ctx.send(*peer, Message::Graft { id: None, round: *steps });
        self.make_lazy(from);
        ctx.send(from, Message::Prune);
    }

    /// The other side gets what goes over this link twice.
    pub(super) fn on_prune(&mut self, from: NodeId) {
        self.make_lazy(from);
    }

    /// Somebody has a broadcast. If it does not come soon, it will be asked for (algorithm 2).
    pub(super) fn on_i_have(
        &mut self,
        from: NodeId,
        id: OperationId,
        round: u32,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if self.received.contains_key(&id) {
            return;
        }
        let announced = self.missing.entry(id).or_default();
        if announced.iter().any(|(peer, _)| *peer == from) {
            return;
        }
        announced.push((from, round));
        if announced.len() == 1 && !ctx.bug(&G17) {
            ctx.set_timer(Timer::Missing(id), self.settings.graft_timeout);
        }
    }

    /// An announced broadcast has not come: asks who announced it first, and makes that link eager.
    pub(super) fn graft(&mut self, id: OperationId, ctx: &mut Context<'_, Overlay>) {
        let Some(announced) = self.missing.get_mut(&id) else { return };
        let (peer, round) = announced.remove(0);
        if announced.is_empty() {
            // Whoever announces it from now on begins anew.
            self.missing.remove(&id);
        } else {
            ctx.set_timer(Timer::Missing(id), self.settings.graft_again);
        }
        ctx.probe("graft");
        self.make_eager(peer);
        ctx.send(peer, Message::Graft { id: Some(id), round });
    }

    /// The other side lacks a broadcast, and wants them as a whole.
    pub(super) fn on_graft(
        &mut self,
        from: NodeId,
        id: Option<OperationId>,
        round: u32,
        ctx: &mut Context<'_, Overlay>,
    ) {
        self.make_eager(from);
        let Some(id) = id else { return };
        if let Some(received) = self.received.get(&id) {
            ctx.send(from, Message::Gossip { id, round, text: received.text.clone() });
        }
    }

    /// A new peer gets broadcasts as a whole, until one of them is its second copy (algorithm 3).
    pub(super) fn neighbor_up(&mut self, peer: NodeId) {
        self.lazy.remove(&peer);
        self.eager.insert(peer);
    }

    /// Nothing more is to be had from a former peer (algorithm 3).
    pub(super) fn neighbor_down(&mut self, peer: NodeId) {
        self.eager.remove(&peer);
        self.lazy.remove(&peer);
    }

    fn make_eager(&mut self, peer: NodeId) {
        if self.lazy.remove(&peer) {
            self.eager.insert(peer);
        }
    }

    fn make_lazy(&mut self, peer: NodeId) {
        if self.eager.remove(&peer) {
            self.lazy.insert(peer);
        }
    }
}
