//! The two traits that a protocol implements.

use serde::Serialize;

use crate::context::Context;
use crate::data::Data;
use crate::id::{NodeId, OperationId};
use crate::journal::{Damaged, DiskError, Journal, Position};
use crate::random::Draw;

/// The data of one protocol; `()` where it has none of a kind.
pub trait Protocol: Clone + std::fmt::Debug + PartialEq + Eq + Send + Sync + 'static {
    /// What each node is told at its start, made from the scenario's parameters.
    type Config: Data;
    /// What nodes send: may be lost, duplicated, delayed and reordered.
    type Message: Data;
    /// Names of timers. Setting one that is set moves it; a restart forgets all.
    type Timer: Data + Copy + Ord;
    /// One record of the journal: what survives a crash.
    type Record: Data;
    /// A milestone that monitors, goals and people watch for: elected, committed, applied.
    type Note: Data;
    /// What a client asks.
    type Operation: Data;
    /// What it gets.
    type Output: Data;
}

/// A deterministic state machine without clock, socket, thread or random source: whatever it may
/// know or do comes through its [`Context`]. Same inputs in the same order, same effects; that makes a
/// run replayable from its seed.
///
/// Every kind of node in a run shares one [`Protocol`], so that an enum of kinds delegates in one line
/// per arm.
pub trait Node: Sized + Serialize {
    /// The data that it works on.
    type Protocol: Protocol;

    /// Makes the node, at the start of the run and after each crash: there is no other way to come
    /// back than from what the journal kept.
    fn on_start(start: Start<'_, Self::Protocol>, ctx: &mut Context<'_, Self::Protocol>) -> Self;

    /// A message arrived.
    fn on_message(
        &mut self,
        from: NodeId,
        message: <Self::Protocol as Protocol>::Message,
        ctx: &mut Context<'_, Self::Protocol>,
    );

    /// A timer came due.
    fn on_timer(
        &mut self,
        timer: <Self::Protocol as Protocol>::Timer,
        ctx: &mut Context<'_, Self::Protocol>,
    );

    /// A client asks something of this node. It answers at once or later with
    /// [`Context::complete`], or sends the client elsewhere with [`Context::redirect`].
    fn on_operation(
        &mut self,
        _id: OperationId,
        _operation: <Self::Protocol as Protocol>::Operation,
        _ctx: &mut Context<'_, Self::Protocol>,
    ) {
    }

    /// The disk made everything up to `through` durable.
    fn on_synced(&mut self, _through: Position, _ctx: &mut Context<'_, Self::Protocol>) {}

    /// A sync failed that would have made everything up to `through` durable. Nothing that only it would have covered is,
    /// and what waits for it goes on waiting. A node that handles this may sync again, now or later: that sync
    /// covers what the failed one did, and what waits goes on when it succeeds.
    ///
    /// Without a handler the node stops. A process that does not know what is on its disk had better not go on: see
    /// A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
    fn on_sync_failed(
        &mut self,
        _through: Position,
        _error: DiskError,
        ctx: &mut Context<'_, Self::Protocol>,
    ) {
        ctx.stop();
    }

    /// Whether the protocol can start from a journal with this damage, which is in order and not empty. It then reads the
    /// [`Journal::entries`] and decides what it still knows; places that it truncates or replaces by a
    /// checkpoint are whole again.
    ///
    /// If not, a damaged end that no sync had covered is cut off, as every log with checksums does, and the node starts;
    /// with any other damage it stays down, since what it promised may be in the record that it cannot read.
    fn recovers_from(_config: &<Self::Protocol as Protocol>::Config, _damage: &[Damaged]) -> bool {
        false
    }

    /// What it could tell `to` in place of `message`, were it to lie in its own name (`equivocate`); `None` where it
    /// has no lie for that. It is asked for each message by itself: whether the others are told the same is for `to` and
    /// `draw` to decide. Its state stays as its protocol says.
    fn forge(
        &self,
        _to: NodeId,
        _message: &<Self::Protocol as Protocol>::Message,
        _draw: &mut Draw<'_>,
    ) -> Option<<Self::Protocol as Protocol>::Message> {
        None
    }

    /// What a receiver without a checksum reads in place of `message` where the link damaged it; `None` where its
    /// checksum notices, so that it is discarded and counted.
    fn corrupt(
        _message: &<Self::Protocol as Protocol>::Message,
        _draw: &mut Draw<'_>,
    ) -> Option<<Self::Protocol as Protocol>::Message> {
        None
    }

    /// Whether it lacks what a crash took from it, and is as good as down: drawn crashes spare the others meanwhile.
    fn is_recovering(&self) -> bool {
        false
    }

    /// The node's role in a word, such as `leader`; plans and predicates name nodes by it.
    fn role(&self) -> &'static str {
        ""
    }

    /// The term, ballot, view or epoch in which it has that role. Of several nodes with one role, the
    /// one of the highest epoch is meant.
    fn epoch(&self) -> u64 {
        0
    }
}

/// What a starting node is given.
#[derive(Debug)]
pub struct Start<'a, P: Protocol> {
    /// Who it is.
    pub id: NodeId,
    /// Its configuration.
    pub config: &'a P::Config,
    /// How often it has started before: 0 at the start of the run.
    pub incarnation: u32,
    /// What its disk kept.
    pub journal: &'a Journal<P::Record>,
}
