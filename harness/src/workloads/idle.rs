//! Five nodes ask each other every millisecond. All others wait for a timer that is hours away.

use orrery_sim::{Context, Duration, Node, NodeId, Protocol, Start};
use serde::Serialize;

use super::choice::Choice;
use super::{REPLY, REQUEST};

/// How many nodes talk.
const TALKERS: u32 = 5;
/// Time from one request of a node to its next.
const PERIOD: Duration = Duration::from_millis(1);
/// What an idle node waits for: longer than any run that is measured.
const LONG: Duration = Duration::from_secs(1_000_000);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Idle;

impl Protocol for Idle {
    type Config = Choice;
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
pub(super) struct Talker {
    choice: Choice,
}

impl Node for Talker {
    type Protocol = Idle;

    fn on_start(start: Start<'_, Idle>, ctx: &mut Context<'_, Idle>) -> Self {
        ctx.set_timer((), if start.id.0 <= TALKERS { PERIOD } else { LONG });
        Self { choice: start.config.clone() }
    }

    fn on_message(&mut self, from: NodeId, message: u64, ctx: &mut Context<'_, Idle>) {
        if message == REQUEST {
            ctx.send(from, REPLY);
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Idle>) {
        let to = self.choice.other(ctx.id(), TALKERS);
        ctx.send(to, REQUEST);
        ctx.set_timer((), PERIOD);
    }
}
