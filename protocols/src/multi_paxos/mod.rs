//! Multi-Paxos: a sequence of commands, each chosen by an instance of Paxos, under one leader for all of them.
//!
//! **Sources:** L. Lamport, *The Part-Time Parliament*, 1998, §3, and *Paxos Made Simple*, 2001, §3, cited as "Paxos Made
//! Simple"; R. van Renesse and D. Altinbuken, *Paxos Made Moderately Complex*, 2015, cited as PMMC, whose names for messages, state
//! and functions are used here; T. Chandra, R. Griesemer and J. Redstone, *Paxos Made Live*, 2007; H. Howard, D. Malkhi and A. Spiegelman,
//! *Flexible Paxos: Quorum Intersection Revisited*, 2016; L. Lamport, D. Malkhi and L. Zhou, *Reconfiguring a State Machine*, 2010.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links. Safety needs no clocks, unless leases are
//! asked for, which need a bound on their drift; progress needs a quorum of each phase that is up, connected and timely.
//!
//! # The idea
//!
//! Replicas that perform the same commands in the same order have the same state. So each place in that order, a *slot*, is filled
//! by consensus, and one instance of Paxos decides it:
//!
//! - A *ballot* is a round with one leader. In phase 1 the leader of a ballot asks the acceptors to *promise* that they will accept
//!   nothing at a lower one, and to tell what they have accepted. In phase 2 it proposes, and they *accept*.
//! - A command that a quorum has accepted at one ballot is *chosen*. Quorums of the two phases meet: so whoever completes phase 1
//!   later hears of it, and may propose nothing else in that slot.
//! - Phase 1 names no command. So one message does it for all slots, once, when a leader takes over. From then on each command costs
//!   one round trip: phase 2.
//! - Slots are decided independently, so there may be *gaps*: a later slot chosen, an earlier one not. A new leader fills them with
//!   commands that do nothing. Replicas *perform* commands in the order of slots, and never over a gap.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `server.rs` | | what is kept on disk and in memory; which rule handles what |
//! | `acceptor.rs` | PMMC, figure 4 | `p1a`, `p2a`, `promise`, `accept` |
//! | `leader.rs` | PMMC, figures 6 and 7 | `election_timeout` (spawns a scout), `p1b`, `adopted`, `propose`, `commander`, `p2b`, `is_preempted_by` |
//! | `replica.rs` | PMMC, figure 1 | `request`, `perform`, `reconfigure`; catching up and snapshots: Paxos Made Live, §5 |
//! | `reads.rs` | Paxos Made Live, §5.2 | heartbeats, reads by a quorum and under a lease, the end of sessions |
//! | [`quorums`] | Flexible Paxos | which sets are quorums |
//! | [`configuration`] | Reconfiguring a State Machine | who decides which slot |
//! | [`message`] | | every message and what its fields mean |
//! | [`invariants`] | | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Phase 1 once for all slots; phase 2 pipelined, within a window; no-ops in gaps; acceptors that keep one pvalue per slot (PMMC, §4.1);
//! replica, leader and acceptor in one process (PMMC, §4.4); catching up by commands and by snapshots, a disk that is lost, master
//! leases (Paxos Made Live, §5); any quorums that meet (Flexible Paxos); configurations by the α window.
//!
//! # Ours
//!
//! - Decisions have no messages of their own: each P2a and each heartbeat says up to which slot the leader knows them. A follower
//!   that accepted those slots at that ballot knows them too; one that did not asks.
//! - A leader asks again, at its heartbeats, those who have not answered: PMMC assumes links that lose nothing.
//! - The leader is elected by timeouts drawn at random; PMMC leaves this open, and raises a timeout after each preemption (§3).
//! - An acceptor that has forgotten slots behind a snapshot sends the snapshot with its promise.
//! - Clients' sessions, as for all replicated logs here: [`crate::kv`].
//!
//! # Left out
//!
//! - Reconfiguration by other ways than α (stopping, Vertical Paxos, Matchmaker).
//! - Snapshots in parts: one message carries all of it.
//! - Processes that are only a replica, a leader or an acceptor, but for acceptors that are in no configuration: they learn.

mod acceptor;
pub mod bugs;
pub mod configuration;
pub mod invariants;
mod leader;
pub mod message;
mod numbers;
pub mod quorums;
mod reads;
mod registration;
mod replica;
mod role;
mod server;
mod slots;
mod statistics;
mod variants;

pub use message::{Administration, Command, Message, PValue, Snapshot};
pub use numbers::{Ballot, Round, Slot};
pub use quorums::Quorums;
pub use registration::{Parameters, ReadBy};
pub use role::{Commander, Leadership, Read, Role, Scout, pmax};
pub use server::{
    Acceptor, Learner, Lease, LeaseTerms, MultiPaxos, Note, Reads, Record, Server, Settings, Timer,
};
pub use slots::Slots;
