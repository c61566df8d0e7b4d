//! What happens at a process, and the stamps that its clocks give it.

use std::fmt;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use crate::clocks::{Hybrid, Lamport, VectorClock};

use super::bugs::{Q18, Q19, X2};
use super::process::{Note, Sessions};

/// The name of an event: where it happened, and the how manieth it was there, from 1. Prints as `n2#7`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Event {
    /// Where.
    pub node: NodeId,
    /// The how manieth there.
    pub number: u64,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.node, self.number)
    }
}

/// What three clocks make of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stamps {
    /// Which event.
    pub event: Event,
    /// Lamport's clock.
    pub lamport: Lamport,
    /// A count for each process.
    pub vector: VectorClock<NodeId>,
    /// Physical time, as far as it goes.
    pub hybrid: Hybrid,
}

impl Stamps {
    /// Before anything has happened.
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            event: Event { node, number: 0 },
            lamport: Lamport::default(),
            vector: VectorClock::default(),
            hybrid: Hybrid::default(),
        }
    }

    /// The next event of this process; the arrival of a message, if there is one that was stamped `sent`.
    pub(super) fn happen(&mut self, sent: Option<&Self>, ctx: &mut Context<'_, Sessions>) {
        let physical = ctx.wall_clock().as_nanos();
        self.event.number += 1;
        self.lamport = match sent {
            Some(sent) if !ctx.bug(&Q19) => self.lamport.receive(sent.lamport),
            Some(_) | None => self.lamport.tick(),
        };
        if let Some(sent) = sent {
            self.vector.merge(&sent.vector);
        }
        self.vector.tick(self.event.node);
        self.hybrid = match sent {
            Some(sent) if ctx.bug(&X2) => {
                let own = self.hybrid.time;
                self.hybrid.receive(sent.hybrid, own)
            }
            Some(sent) if !ctx.bug(&Q18) => self.hybrid.receive(sent.hybrid, physical),
            Some(_) | None => self.hybrid.tick(physical),
        };
        if physical < self.hybrid.time {
            ctx.probe("ahead-of-physical");
        }
        let cause = sent.map(|sent| sent.event);
        ctx.note(Note::Happened { cause, stamps: Box::new(self.clone()), physical });
    }
}
