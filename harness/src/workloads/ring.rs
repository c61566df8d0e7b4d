//! A token goes round a ring.

use orrery_sim::{Context, Node, NodeId, Protocol, Start};
use serde::Serialize;

pub(super) const NODES: u32 = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring;

impl Protocol for Ring {
    type Config = ();
    /// How many hops the token has made.
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
pub(super) struct Member {
    hops: u64,
}

impl Node for Member {
    type Protocol = Ring;

    fn on_start(start: Start<'_, Ring>, ctx: &mut Context<'_, Ring>) -> Self {
        if start.id == NodeId(1) {
            ctx.send(NodeId(2), 1);
        }
        Self { hops: 0 }
    }

    fn on_message(&mut self, _: NodeId, hops: u64, ctx: &mut Context<'_, Ring>) {
        self.hops = hops;
        ctx.send(NodeId(ctx.id().0 % NODES + 1), hops + 1);
    }

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Ring>) {}
}
