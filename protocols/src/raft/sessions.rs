//! The end of client sessions (dissertation, §6.3): servers must end the same session at the same place of the log, or a retry
//! would take effect on some of them only. So a leader decides by its own clock, and all act on its entry.

use orrery_sim::{ClientId, Context};

use crate::kv::Command;

use super::bugs::R33;
use super::log::Payload;
use super::server::{Raft, Server};

impl Server {
    /// An operation of `client` was executed.
    pub(super) fn session_used(&mut self, client: ClientId, ctx: &Context<'_, Raft>) {
        if self.settings.session_timeout.is_some() {
            self.sessions_used.insert(client, ctx.now());
        }
    }

    /// A leader proposes the end of the sessions that were not used for `session_timeout`.
    pub(super) fn expire_sessions(&mut self, ctx: &mut Context<'_, Raft>) {
        for (client, through) in self.idle_sessions(ctx) {
            ctx.probe("session-expired");
            // Not again before this had time to be committed.
            self.sessions_used.insert(client, ctx.now());
            self.append_own(Payload::Command(Command::ExpireSession { client, through }), ctx);
        }
    }

    /// The sessions that were not used for `session_timeout` by this server's clock, each with its last operation.
    fn idle_sessions(&mut self, ctx: &Context<'_, Raft>) -> Vec<(ClientId, u64)> {
        let Some(timeout) = self.settings.session_timeout else { return vec![] };
        let now = ctx.now();
        let sessions = self.state_machine.sessions();
        // One that came with a snapshot counts as used when it is first looked at.
        let idle = sessions.filter(|(client, _)| {
            timeout <= now.since(*self.sessions_used.entry(*client).or_insert(now))
        });
        idle.collect()
    }

    /// R33: ends sessions by this server's own clock.
    pub(super) fn expire_by_own_clock(&mut self, ctx: &Context<'_, Raft>) {
        if ctx.bug(&R33) {
            for (client, through) in self.idle_sessions(ctx) {
                self.state_machine.expire(client, through);
            }
        }
    }
}
