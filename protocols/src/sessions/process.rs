//! A node: primary, follower or client, and which rule handles what.

use serde::Serialize;

use orrery_sim::{Context, Duration, Law, Node, NodeId, Protocol, Start};

use crate::clocks::Hybrid;

use super::client::Client;
use super::message::{Body, Message};
use super::stamps::{Event, Stamps};
use super::store::{Follower, Primary};

/// The store with its clocks, and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions;

/// What each node is told at its start; [`Parameters`](super::Parameters) says what the fields mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How many followers there are, behind n1.
    pub followers: u32,
    /// Pause of a client between two operations.
    pub think: Law,
    /// How often the primary sends entries.
    pub replicate: Duration,
    /// How long a client waits before it asks again.
    pub retry: Duration,
}

/// Timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Followers get what they lack.
    Replicate,
    /// The client's next operation begins.
    Next,
    /// The client's operation has not been answered.
    Retry,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// Something happened at a process.
    Happened {
        /// The event that sent the message, if this is its arrival.
        cause: Option<Event>,
        /// What the clocks make of it.
        stamps: Box<Stamps>,
        /// What the wall clock shows, in nanoseconds.
        physical: i64,
    },
    /// A client knows that its write took effect.
    Wrote {
        /// Which.
        value: u64,
        /// Its time.
        token: Hybrid,
    },
    /// A client asks a follower.
    Asks {
        /// Number of the read.
        read: u64,
    },
    /// A client's read is answered.
    Read {
        /// Number of the read.
        read: u64,
        /// By whom.
        at: NodeId,
        /// What it found.
        value: u64,
    },
    /// A follower lets a read wait until it has come as far as the token.
    Waits {
        /// Whose.
        reader: NodeId,
        /// As far as what.
        token: Hybrid,
    },
}

impl Protocol for Sessions {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// What a node is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Role {
    /// Puts writes in order.
    Primary(Primary),
    /// Applies them later, and is read.
    Follower(Follower),
    /// Writes and reads.
    Client(Client),
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    pub(super) settings: Settings,
    /// Of its last event.
    pub(super) stamps: Stamps,
    pub(super) role: Role,
}

/// Who puts writes in order.
pub(super) const PRIMARY: NodeId = NodeId(1);

impl Node for Process {
    type Protocol = Sessions;

    fn on_start(start: Start<'_, Sessions>, ctx: &mut Context<'_, Sessions>) -> Self {
        let settings = start.config.clone();
        let role = if start.id == PRIMARY {
            ctx.set_timer(Timer::Replicate, settings.replicate);
            Role::Primary(Primary::new(settings.followers))
        } else if start.id.0 <= 1 + settings.followers {
            Role::Follower(Follower::default())
        } else {
            let pause = ctx.draw(&settings.think);
            ctx.set_timer(Timer::Next, pause);
            Role::Client(Client::default())
        };
        Self { settings, stamps: Stamps::new(start.id), role }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Sessions>) {
        self.stamps.happen(Some(&message.stamps), ctx);
        match message.body {
            Body::Write { value } => self.on_write(from, value, ctx),
            Body::Written { value, token } => self.on_written(value, token, ctx),
            Body::Append { before, entries } => self.on_append(from, before, entries, ctx),
            Body::Applied { count } => self.on_applied(from, count),
            Body::Read { read, token } => self.on_read(from, read, token, ctx),
            Body::Found { read, value, token } => self.on_found(from, (read, value), token, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Sessions>) {
        self.stamps.happen(None, ctx);
        match timer {
            Timer::Replicate => self.replicate(ctx),
            Timer::Next => self.begin(ctx),
            Timer::Retry => self.ask(ctx),
        }
    }

    fn role(&self) -> &'static str {
        match self.role {
            Role::Primary(_) => "primary",
            Role::Follower(_) => "follower",
            Role::Client(_) => "client",
        }
    }
}

impl Process {
    /// Says something, with the stamps of the event in which it is said.
    pub(super) fn say(&self, to: NodeId, body: Body, ctx: &mut Context<'_, Sessions>) {
        ctx.send(to, Message { stamps: self.stamps.clone(), body });
    }
}
