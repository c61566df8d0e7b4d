//! Shuffling passive views (HyParView, §4.4): names travel, so that views are samples of all nodes.

use orrery_sim::{Context, NodeId};

use super::message::Message;
use super::peer::{Overlay, Peer};

impl Peer {
    /// Sends a few names, with its own, on a random walk.
    pub(super) fn begin_shuffle(&self, ctx: &mut Context<'_, Overlay>) {
        let Some(to) = Self::any_of(&self.peers_but(&[]), ctx) else { return };
        let mut nodes = vec![self.id];
        nodes.extend(some(self.peers_but(&[to]), self.settings.shuffle_active, ctx));
        nodes.extend(some(self.views.passive.clone(), self.settings.shuffle_passive, ctx));
        let ttl = self.settings.active_walk;
        ctx.send(to, Message::Shuffle { origin: self.id, nodes, ttl });
    }

    /// A walk comes by, or ends here: then the names are swapped for as many from the passive view.
    pub(super) fn on_shuffle(
        &mut self,
        from: NodeId,
        origin: NodeId,
        nodes: Vec<NodeId>,
        ttl: u32,
        ctx: &mut Context<'_, Overlay>,
    ) {
        if origin == self.id {
            return;
        }
        let others = self.peers_but(&[from, origin]);
        if 0 < ttl
            && 1 < self.views.active.len()
            && let Some(next) = Self::any_of(&others, ctx)
        {
            return ctx.send(next, Message::Shuffle { origin, nodes, ttl: ttl - 1 });
        }
        let reply = some(self.views.passive.clone(), nodes.len() as u32, ctx);
        self.take_names(&nodes, &reply, ctx);
        ctx.send(origin, Message::ShuffleReply { nodes: reply, offered: nodes });
    }

    /// Names in return.
    pub(super) fn on_shuffle_reply(
        &mut self,
        nodes: &[NodeId],
        offered: &[NodeId],
        ctx: &mut Context<'_, Overlay>,
    ) {
        self.take_names(nodes, offered, ctx);
    }

    /// Keeps names that are new; for want of room, those go first that the other side has now.
    fn take_names(&mut self, nodes: &[NodeId], given: &[NodeId], ctx: &mut Context<'_, Overlay>) {
        for name in nodes {
            self.remember(*name, given, ctx);
        }
    }
}

/// At most `count` of these, drawn without repetition.
fn some(mut names: Vec<NodeId>, count: u32, ctx: &mut Context<'_, Overlay>) -> Vec<NodeId> {
    let count = names.len().min(count as usize);
    for place in 0..count {
        let other = place + ctx.below((names.len() - place) as u64) as usize;
        names.swap(place, other);
    }
    names.truncate(count);
    names
}
