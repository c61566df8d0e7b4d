//! The primary, which puts writes in order, and followers, which apply them later.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use crate::clocks::Hybrid;

use super::bugs::Q23;
use super::message::{Body, Entry};
use super::process::{Note, Process, Role, Sessions, Timer};

/// Entries on one message.
const BATCH: usize = 16;

/// Puts writes in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Primary {
    /// All writes.
    log: Vec<Entry>,
    /// By follower: how many it has applied.
    applied: BTreeMap<NodeId, u64>,
    /// By client: its newest write, and when that was taken.
    done: BTreeMap<NodeId, (u64, Hybrid)>,
}

impl Primary {
    pub(super) fn new(followers: u32) -> Self {
        let applied = (0..followers).map(|place| (NodeId(place + 2), 0)).collect();
        Self { log: vec![], applied, done: BTreeMap::new() }
    }
}

/// Applies writes later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Follower {
    /// How many entries are applied.
    count: u64,
    /// The time of the last one.
    time: Hybrid,
    /// By client: its newest write.
    registers: BTreeMap<NodeId, u64>,
    /// By client: a read that waits, and for what.
    waiting: BTreeMap<NodeId, (u64, Hybrid)>,
}

impl Process {
    /// A client writes: once, however often it asks.
    pub(super) fn on_write(&mut self, from: NodeId, value: u64, ctx: &mut Context<'_, Sessions>) {
        let Role::Primary(primary) = &mut self.role else { return };
        let time = self.stamps.hybrid;
        let done = primary.done.entry(from).or_default();
        if done.0 < value {
            *done = (value, time);
            primary.log.push(Entry { client: from, value, time });
        }
        if done.0 == value {
            let token = done.1;
            self.say(from, Body::Written { value, token }, ctx);
        }
    }

    /// Sends each follower what it lacks.
    pub(super) fn replicate(&mut self, ctx: &mut Context<'_, Sessions>) {
        let Role::Primary(primary) = &self.role else { return };
        for (follower, before) in &primary.applied {
            let rest = primary.log.iter().skip(*before as usize);
            let entries: Vec<Entry> = rest.take(BATCH).cloned().collect();
            if !entries.is_empty() {
                self.say(*follower, Body::Append { before: *before, entries }, ctx);
            }
        }
        ctx.set_timer(Timer::Replicate, self.settings.replicate);
    }

    /// The order goes on: applies what is new, and answers whoever waited for it.
    pub(super) fn on_append(
        &mut self,
        from: NodeId,
        before: u64,
        entries: Vec<Entry>,
        ctx: &mut Context<'_, Sessions>,
    ) {
        let Role::Follower(follower) = &mut self.role else { return };
        for (place, entry) in (before..).zip(entries) {
            if place == follower.count {
                follower.count += 1;
                follower.time = entry.time;
                follower.registers.insert(entry.client, entry.value);
            }
        }
        let count = follower.count;
        self.say(from, Body::Applied { count }, ctx);
        self.serve(ctx);
    }

    /// A follower has come so far.
    pub(super) fn on_applied(&mut self, from: NodeId, count: u64) {
        let Role::Primary(primary) = &mut self.role else { return };
        if let Some(applied) = primary.applied.get_mut(&from) {
            *applied = count.max(*applied);
        }
    }

    /// A client reads: from the time of its token on (Terry et al., §4).
    pub(super) fn on_read(
        &mut self,
        from: NodeId,
        read: u64,
        token: Hybrid,
        ctx: &mut Context<'_, Sessions>,
    ) {
        let Role::Follower(follower) = &mut self.role else { return };
        follower.waiting.insert(from, (read, token));
        if follower.time < token && !ctx.bug(&Q23) {
            ctx.probe("waits-for-token");
            ctx.note(Note::Waits { reader: from, token });
        }
        self.serve(ctx);
    }

    /// Answers those whose token is reached.
    fn serve(&mut self, ctx: &mut Context<'_, Sessions>) {
        let Role::Follower(follower) = &mut self.role else { return };
        let time = follower.time;
        let is_due = |token: Hybrid| token <= time || ctx.bug(&Q23);
        let (due, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut follower.waiting).into_iter().partition(|(_, it)| is_due(it.1));
        follower.waiting = rest;
        let registers = follower.registers.clone();
        for (client, (read, _)) in due {
            let value = registers.get(&client).copied().unwrap_or(0);
            self.say(client, Body::Found { read, value, token: time }, ctx);
        }
    }
}
