//! FLP: no deterministic protocol decides in every asynchronous run, even if nobody crashes.
//!
//! **Sources:** M. Fischer, N. Lynch and M. Paterson, *Impossibility of Distributed Consensus with One
//! Faulty Process*, JACM 32 (2), 1985, cited by its sections and lemmas; H. Völzer, *A constructive proof for FLP*,
//! Information Processing Letters 92, 2004, for the idea to look at runs in which one process is silent.
//!
//! **System model:** the paper's. A step is an *event*: a process receives a message, or nothing, and sends
//! messages. Messages wait in a buffer for as long as the scheduler likes, and none is lost. No clocks.
//!
//! # The idea
//!
//! Three processes agree on a bit by Paxos ([`consensus`]). They bear that one of them stops, so from
//! each configuration any two can decide without the third. A configuration from which both values can
//! still be decided is *bivalent*. Lemma 3 of the paper: from a bivalent configuration, whatever message
//! is due, there are steps after which it has been received and the configuration is bivalent still. So a
//! scheduler that always takes those steps delivers every message, lets every process take its turn, and
//! never lets them decide.
//!
//! The scheduler here (`n4`, which has the message buffer) does not know the lemma's steps: it *finds* them, with
//! the protocol in hand, as the adversary of the proof may. Process by process, the oldest message is due. If its receipt
//! leaves both values possible, it happens; if not, another step is let happen first. That a configuration is
//! bivalent is proved by two schedules that decide differently ([`configuration`]); the monitor
//! [`Bivalent`] proves it again after each step, from the states of the real processes.
//!
//! # What ends it
//!
//! After so many steps as one likes the scheduler becomes fair, and the processes get a *failure detector* that can be
//! relied upon: it names the same leader to all (Chandra and Toueg 1996, Ω). Then they decide within a
//! few turns. With such a detector from the start the scheduler loses at once.
//!
//! # Left out
//!
//! Crashes: the schedule needs none, which makes the result stronger than its name. Ballots without end: the
//! numbers grow by three each time.

pub mod configuration;
pub mod consensus;
mod node;
pub mod scheduler;

pub use consensus::Content;
pub use node::{Bivalent, Consensus, Fair, Flp, Member, Message, Note, Parameters};
