//! Every node asks another one every millisecond.

use orrery_sim::{Context, Duration, Node, NodeId, Protocol, Start};
use serde::Serialize;

use super::choice::Choice;
use super::{REPLY, REQUEST};

pub(super) const NODES: u32 = 50;
/// Time from one request of a node to its next.
pub(super) const PERIOD: Duration = Duration::from_millis(1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flood;

impl Protocol for Flood {
    type Config = Choice;
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
pub(super) struct Asker {
    choice: Choice,
}

impl Node for Asker {
    type Protocol = Flood;

    fn on_start(start: Start<'_, Flood>, ctx: &mut Context<'_, Flood>) -> Self {
        ctx.set_timer((), PERIOD);
        Self { choice: start.config.clone() }
    }

    fn on_message(&mut self, from: NodeId, message: u64, ctx: &mut Context<'_, Flood>) {
        if message == REQUEST {
            ctx.send(from, REPLY);
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Flood>) {
        let to = self.choice.other(ctx.id(), ctx.node_count());
        ctx.send(to, REQUEST);
        ctx.set_timer((), PERIOD);
    }
}
