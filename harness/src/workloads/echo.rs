//! Every node sends heartbeats to all others, and moves its election timer whenever one arrives.

use orrery_sim::{Context, Duration, DurationRange, Node, NodeId, Protocol, Start};
use serde::Serialize;

use super::choice::Choice;
use super::millis;

pub(super) const NODES: u32 = 100;
/// Time from one heartbeat of a node to its next, in milliseconds.
const PERIOD_MS: u64 = 50;
/// The same as a duration.
pub(super) const PERIOD: Duration = Duration::from_millis(PERIOD_MS);
/// How long a node waits for a heartbeat.
pub(super) const PATIENCE: DurationRange = millis(150, 300);
/// What a heartbeat says.
pub(super) const BEAT: u64 = 7;

/// When the `index`-th node, from 0, sends its first heartbeat.
pub(super) const fn first_beat(index: u64) -> Duration {
    Duration::from_millis(1 + index % PERIOD_MS)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Echo;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Timer {
    Beat,
    Election,
}

impl Protocol for Echo {
    type Config = Choice;
    type Message = u64;
    type Timer = Timer;
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
pub(super) struct Beater {
    choice: Choice,
}

impl Beater {
    fn arm(&mut self, ctx: &mut Context<'_, Echo>) {
        ctx.set_timer(Timer::Election, self.choice.between(PATIENCE));
    }
}

impl Node for Beater {
    type Protocol = Echo;

    fn on_start(start: Start<'_, Echo>, ctx: &mut Context<'_, Echo>) -> Self {
        let mut node = Self { choice: start.config.clone() };
        ctx.set_timer(Timer::Beat, first_beat(start.id.index() as u64));
        node.arm(ctx);
        node
    }

    fn on_message(&mut self, _: NodeId, _: u64, ctx: &mut Context<'_, Echo>) {
        self.arm(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Echo>) {
        match timer {
            Timer::Beat => {
                ctx.broadcast(&BEAT);
                ctx.set_timer(Timer::Beat, PERIOD);
            }
            Timer::Election => self.arm(ctx),
        }
    }
}
