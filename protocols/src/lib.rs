//! Distributed protocols as their papers have them, to be read with the paper beside: one file or
//! folder per protocol, its rules under the paper's names, its invariants and its planted bugs next
//! to them.
//!
//! - [`ping`]: lab 0. Thirty lines of protocol, and every tool of the lab shown on it.
//! - [`raft`]: consensus by a leader and a replicated log.
//! - [`paxos`]: consensus on a single value, by any majority.
//! - [`fast_paxos`]: the same, two delays after a client asks.
//! - [`flp`]: consensus that a scheduler keeps open for as long as it likes.
//! - [`multi_paxos`]: a sequence of commands, each chosen by an instance of Paxos.
//! - [`abd`]: a register on a majority of copies, with one writer or many.
//! - [`primary_backup`]: one server works, the others hear of it before the client does.
//! - [`chain`]: chain replication, and [`craq`] with reads at every server.
//! - [`viewstamped`]: consensus by a primary and views, without a disk.
//! - [`gossip`]: epidemics: what sites tell random others, until all know it.
//! - [`crdt`]: replicated data types that need no agreement.
//! - [`commit`]: a transaction takes effect at all nodes or at none.
//! - [`saga`]: a row of short transactions, each with another that makes up for it.
//! - [`bank`]: accounts, transfers and locks: what atomic commit works on.
//! - [`overlay`]: HyParView and Plumtree, who knows a few others and still reaches all.
//! - [`swim`]: who is in the group and who has failed.
//! - [`detector`]: who is silent for too long: heartbeats with a fixed time, and φ accrual.
//! - [`dynamo`]: a store that can always be written to, and keeps what it cannot put in order.
//! - [`clocks`]: logical clocks, that count events instead of time.
//! - [`sessions`]: those clocks at work, and clients that read their own writes.
//! - [`engine`]: small worlds whose numbers are known exactly.
//! - [`kv`]: the key-value store that replicated state machines here replicate.
//! - [`quorum`]: the arithmetic of majorities.
//! - [`replicated`]: what all replicated logs have in common, and the rules by which they are judged.

#![forbid(unsafe_code)]

pub mod abd;
pub mod bank;
pub mod chain;
pub mod clocks;
pub mod commit;
pub mod craq;
pub mod crdt;
pub mod detector;
pub mod dynamo;
pub mod engine;
pub mod fast_paxos;
pub mod flp;
pub mod gossip;
pub mod kv;
pub mod multi_paxos;
mod number;
pub mod overlay;
pub mod paxos;
mod permutation;
pub mod ping;
pub mod primary_backup;
pub mod quorum;
pub mod raft;
pub mod replicated;
pub mod saga;
pub mod sessions;
pub mod swim;
mod undisturbed;
pub mod viewstamped;
