//! What all replicated logs of this crate have in common: they drive a [`Store`], and are judged by the
//! same rules about what it executes.
//!
//! **Source:** F. Schneider, *Implementing Fault-Tolerant Services Using the State Machine
//! Approach: A Tutorial*, 1990: replicas that execute the same commands in the same order have the same
//! state. For exactly-once execution: Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 6.3.
//!
//! A position is the place of a command in the log (index, slot, op-number): from 1, without gaps.

mod ghost;
mod once;
mod order;
mod replay;

use orrery_sim::{Node, Protocol};

use crate::kv::{Command, Store};

pub use once::ExactlyOnce;
pub use order::SameOrder;
pub use replay::StateEqualsReplay;

/// The milestones of a node's protocol.
pub type NoteOf<N> = <<N as Node>::Protocol as Protocol>::Note;

/// A node that executes a replicated log.
pub trait Replica: Node {
    /// What its log drives.
    fn store(&self) -> &Store;

    /// The position of the last command that it executed; 0 before the first.
    fn executed(&self) -> u64;

    /// What `note` says about the execution of the log, if anything. There is one such note for each command that a node
    /// executes, and for each state that it takes over from a snapshot, its own included.
    fn milestone(note: &NoteOf<Self>) -> Option<Milestone<'_>>;
}

/// A step in the execution of a log.
#[derive(Clone, Copy, Debug)]
pub enum Milestone<'a> {
    /// A command was executed.
    Executed {
        /// Its position.
        position: u64,
        /// What it was.
        command: &'a Command,
        /// Whether a client's operation took effect in it.
        took_effect: bool,
    },
    /// The state after the command at this position was taken over.
    Installed {
        /// The position.
        position: u64,
    },
}
