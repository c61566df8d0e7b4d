//! Paxos: a single value is chosen by processes that fail and messages that get lost.
//!
//! **Sources:** L. Lamport, *Paxos Made Simple*, 2001, cited by its sections (§2.2); L. Lamport, *The
//! Part-Time Parliament*, 1998, where the same algorithm is called the synod; his TLA+ specification
//! `Paxos`, whose actions Phase1a to Phase2b are the rules here.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links. Safety
//! needs no clocks; progress needs a majority of the acceptors and one proposer that is left alone
//! for four message delays.
//!
//! # The idea
//!
//! Many may propose a value; one is to be chosen, and never another. A value is chosen when a
//! *majority of acceptors* have accepted a proposal of it, since two majorities share an acceptor. But
//! several proposals may each get a few acceptors, so acceptors must be able to accept more than one;
//! hence proposals are *numbered*, and the rules make sure that once a value is chosen, every
//! higher-numbered proposal has that value:
//!
//! - **Phase 1.** A proposer asks the acceptors to promise that they accept nothing numbered less than
//!   its number, and to say what they have accepted. With the answers of a majority it knows of every
//!   value that has been chosen, or still may be, at a lower number.
//! - **Phase 2.** It asks them to accept the value of the *highest-numbered* proposal that was
//!   reported, and only if there is none, a value of its own. An acceptor accepts unless it has
//!   promised a higher number since.
//!
//! What was chosen is nowhere written down: it is a fact about the disks of a majority. Learners find
//! it out.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `process.rs` | §2.5 | which agents a process plays, what is on its disk, which rule handles what |
//! | [`proposer`] | §2.2, §2.4 | `prepare` (1a), `choose_value` (P2c), `accept` (2a), `hear_of`, `retry` |
//! | [`acceptor`] | §2.2 | `handle_prepare` (1b), `handle_accept` (2b) |
//! | [`learner`] | §2.3 | `handle_accepted`, `learn` |
//! | [`message`] | | every message and what its fields mean |
//! | [`invariants`] | §2.1, §2.2 | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Proposers, acceptors and learners as separate agents; a process may play any of them. Stable
//! storage of what acceptors promise and accept and of the numbers that proposers use (§2.5). Both ways
//! to learn (§2.3). A distinguished proposer, if one wants (§2.4), which may do phase 1 before anybody
//! has a wish.
//!
//! # Ours
//!
//! - A number is a round and the proposer's name, so that they differ (§2.5 leaves it open).
//! - An acceptor that accepts has promised that number too, as in the TLA+ specification. The paper
//!   has acceptors remember the highest number *accepted* beside the highest *promised*.
//! - Agents of one process talk without messages. What one tells another counts when it is on the
//!   process's disk, as for everybody else.
//! - A process also gives up its number when its own acceptor promises a higher one.
//! - An acceptor whose disk comes back empty stays out, as in *Paxos Made Live* (Chandra, Griesemer and
//!   Redstone 2007, §5.1): its first record says that it has joined.
//!
//! # Left out
//!
//! - A sequence of decisions: that is Multi-Paxos.
//! - Other quorums than majorities: that is Flexible Paxos.
//! - Learners ask nobody: one that misses a message learns when a proposer proposes again.

pub mod acceptor;
mod ballot;
pub mod bugs;
pub mod invariants;
pub mod learner;
pub mod message;
mod process;
pub mod proposer;
mod registration;
mod statistics;

pub use ballot::{Ballot, Proposal};
pub use message::Message;
pub use process::{Learning, Note, Operation, Output, Paxos, Process, Record, Settings, Timer};
pub use registration::Parameters;
