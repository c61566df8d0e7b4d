//! Raft: consensus by a strong leader and a replicated log.
//!
//! **Sources:** D. Ongaro and J. Ousterhout, *In Search of an Understandable Consensus Algorithm
//! (Extended Version)*, 2014, cited as §5.2 or figure 2; D. Ongaro, *Consensus: Bridging Theory and
//! Practice*, 2014, cited as "dissertation, §6.4"; and his TLA+ specification `raft.tla`, whose
//! names the rules here carry.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links. Safety
//! needs no clocks; progress needs a majority that is up, connected and timely.
//!
//! # The idea
//!
//! Servers that apply the same commands in the same order have the same state. Raft makes them
//! agree on that order by agreeing on a *log*, one entry after the other, under one *leader* at a
//! time:
//!
//! - Time is divided into *terms*. Each begins with an election, and has one leader or none. A
//!   server votes once per term, a candidate needs a majority, and two majorities share a server:
//!   hence never two leaders in one term.
//! - The leader appends what clients ask to its log and sends it to its followers. A follower takes
//!   entries only if its log agrees with the leader's up to there; where it does not, the leader
//!   goes back until it does, and the follower's log is made equal to the leader's from there on.
//! - An entry of the leader's own term that is on a majority of disks is *committed*: every later
//!   leader will have it, because voters refuse candidates whose logs are less up to date than
//!   theirs. Committed entries are *applied* to the state machine in order.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `server.rs` | figure 2, state | what is kept on disk and in memory; which rule handles what |
//! | `election.rs` | §5.2, §5.4.1 | `timeout`, `request_vote`, `handle_request_vote_request`, `become_leader`, `update_term` |
//! | `replication.rs` | §5.3, §5.4.2 | `client_request`, `append_entries`, `handle_append_entries_request`, `advance_commit_index` |
//! | [`configuration`] | §6; dissertation, chapter 4 | who decides |
//! | `membership.rs` | dissertation, chapter 4 | `begin_change`, `caught_up`, `append_configuration`, `configuration_is_committed` |
//! | `snapshot.rs` | §7, figure 13 | `compact_log`, `install_snapshot`, `handle_install_snapshot_request` |
//! | `sessions.rs` | dissertation, §6.3 | `expire_sessions` |
//! | `pre_vote.rs` | dissertation, §9.6 | `ask_before_standing`, `handle_pre_vote_request` |
//! | `check_quorum.rs` | dissertation, §6.2, §4.2.3 | `holds_quorum`, `sticks_to_its_leader` |
//! | `transfer.rs` | dissertation, §3.10 | `transfer_leadership`, `handle_timeout_now` |
//! | `reads.rs` | dissertation, §6.4 | `read_index`, `serve_reads` |
//! | `lease.rs` | dissertation, §6.4.1 | `renew_lease`, `has_lease` |
//! | `follower_reads.rs` | dissertation, §6.4 | `follower_read`, `handle_read_index_request` |
//! | [`log`] | §5.3 | the log by itself |
//! | [`administration`] | | what an administrator may ask |
//! | [`message`] | figure 2, RPCs | every message and what its fields mean |
//! | [`invariants`] | figure 3 | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//! | `forge.rs` | §2 | what a lying server says, which Raft does not bear |
//!
//! # Kept
//!
//! Leader election, log replication, the restriction on commitment, persistence, exactly-once
//! client operations and the end of client sessions (§8; dissertation, §6.3), membership changes by
//! one server and by joint consensus, learners (§6; dissertation, chapter 4), log compaction and
//! `InstallSnapshot` in chunks (§7; dissertation, chapter 5), reads without log entries by ReadIndex (§8;
//! dissertation, §6.4), by leases (dissertation, §6.4.1) and on followers (dissertation, §6.4),
//! Pre-Vote (dissertation, §9.6), check-quorum (dissertation, §6.2), vote stickiness (dissertation,
//! §4.2.3), leadership transfer (dissertation, §3.10), batching and pipelining (dissertation, §10.2),
//! the leader's write to its
//! own disk in parallel with its followers' (dissertation, §10.2.1).
//!
//! # Ours
//!
//! - RPCs are single messages: nobody waits for a response, and a lost one is made up for by the
//!   next heartbeat.
//! - `nextIndex` moves on when entries are *sent*. If they get lost, the follower refuses what
//!   comes next, which names where to go on from: retransmission and log repair are one mechanism.
//! - A response to AppendEntries says up to where the logs agree, and a refusal where to try next
//!   (the optimisation at the end of §5.3, in a simple form).
//! - AppendEntries carries a round number. A response to round 5 proves that the sender followed
//!   this leader after round 5 began; reads wait for that of a majority.
//! - A server counts its own vote, and a leader its own entries, once they are on its own disk, as
//!   it does others'.
//! - A snapshot travels in pieces that are values and sessions, not bytes, and its receiver says how
//!   many it has. Changes of membership wait in a queue at the leader.
//! - A refused Pre-Vote names the voter's term, from which the asker goes on; and a server would vote
//!   only in a term that it has not reached.
//! - Voters stick to their leader for that long after a restart, too.
//! - A leader that has sent `TimeoutNow` has no leases any more in its term, whatever became of the
//!   transfer.
//! - A leader that steps down sends the clients that wait for it elsewhere. Their operations may
//!   still take effect; the session table makes the retry harmless.
//!
//! # Left out
//!
//! - Clients on the network: they ask any server, without delay.
//! - Priorities of servers in elections.

pub mod administration;
pub mod bugs;
mod check_quorum;
pub mod configuration;
mod election;
mod follower_reads;
mod forge;
pub mod invariants;
mod lease;
pub mod log;
mod membership;
pub mod message;
mod numbers;
mod pre_vote;
mod reads;
mod registration;
mod replication;
mod role;
mod server;
mod sessions;
mod snapshot;
mod statistics;
mod transfer;
mod variants;

pub use administration::Operation;
pub use check_quorum::Contact;
pub use configuration::Configuration;
pub use election::is_up_to_date;
pub use follower_reads::FollowerRead;
pub use lease::{DriftBound, Lease};
pub use log::{Entry, Log, Payload};
pub use membership::CatchUp;
pub use message::Message;
pub use numbers::{Index, Round, Term};
pub use reads::Reads;
pub use registration::Parameters;
pub use role::{Leadership, Read, Reader, Role};
pub use server::{Config, Note, Raft, Record, Server, Settings, Timer};
pub use snapshot::{Receiving, Sending, Snapshot};
pub use transfer::Transfer;
