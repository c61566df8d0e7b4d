//! A client: it writes at the primary, reads at any follower, and remembers how far its session has come.

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use crate::clocks::Hybrid;

use super::message::Body;
use super::process::{Note, PRIMARY, Process, Role, Sessions, Timer};

/// What it is waiting for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
enum Open {
    /// Nothing.
    #[default]
    Nothing,
    /// Its newest write.
    Write,
    /// Its newest read.
    Read,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Writes so far.
    writes: u64,
    /// Reads so far.
    reads: u64,
    open: Open,
    /// The newest time that it has heard of in an answer.
    token: Hybrid,
}

impl Process {
    /// The next operation: writes and reads take turns.
    pub(super) fn begin(&mut self, ctx: &mut Context<'_, Sessions>) {
        let Role::Client(client) = &mut self.role else { return };
        if client.writes == client.reads {
            client.writes += 1;
            client.open = Open::Write;
        } else {
            client.reads += 1;
            client.open = Open::Read;
            ctx.note(Note::Asks { read: client.reads });
        }
        self.ask(ctx);
    }

    /// Asks, also once more; a read at any follower.
    pub(super) fn ask(&mut self, ctx: &mut Context<'_, Sessions>) {
        let Role::Client(client) = &self.role else { return };
        let (to, body) = match client.open {
            Open::Nothing => return,
            Open::Write => (PRIMARY, Body::Write { value: client.writes }),
            Open::Read => {
                let place = ctx.below(u64::from(self.settings.followers)) as u32;
                (NodeId(place + 2), Body::Read { read: client.reads, token: client.token })
            }
        };
        self.say(to, body, ctx);
        ctx.set_timer(Timer::Retry, self.settings.retry);
    }

    /// The write took effect: the session has come as far as it.
    pub(super) fn on_written(
        &mut self,
        value: u64,
        token: Hybrid,
        ctx: &mut Context<'_, Sessions>,
    ) {
        let Role::Client(client) = &mut self.role else { return };
        if client.open == Open::Write && value == client.writes {
            ctx.note(Note::Wrote { value, token });
            self.conclude(token, ctx);
        }
    }

    /// The read is answered: the session has come as far as what was read.
    pub(super) fn on_found(
        &mut self,
        from: NodeId,
        (read, value): (u64, u64),
        token: Hybrid,
        ctx: &mut Context<'_, Sessions>,
    ) {
        let Role::Client(client) = &mut self.role else { return };
        if client.open == Open::Read && read == client.reads {
            ctx.note(Note::Read { read, at: from, value });
            self.conclude(token, ctx);
        }
    }

    fn conclude(&mut self, token: Hybrid, ctx: &mut Context<'_, Sessions>) {
        let pause = ctx.draw(&self.settings.think);
        let Role::Client(client) = &mut self.role else { return };
        client.token = client.token.max(token);
        client.open = Open::Nothing;
        ctx.cancel_timer(Timer::Retry);
        ctx.set_timer(Timer::Next, pause);
    }
}
