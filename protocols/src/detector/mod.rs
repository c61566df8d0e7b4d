//! Failure detectors by heartbeats: who is silent for longer than a fixed time has failed, or who is silent for longer than its earlier
//! heartbeats make likely.
//!
//! **Sources:** T. Chandra and S. Toueg, *Unreliable Failure Detectors for Reliable Distributed Systems*, JACM 1996, figure 10, cited as "Chandra & Toueg";
//! N. Hayashibara, X. Défago, R. Yared and T. Katayama, *The φ Accrual Failure Detector*, SRDS 2004, cited as §IV; W. Chen, S. Toueg and M. Aguilera, *On
//! the Quality of Service of Failure Detectors*, DSN 2000, for what is measured.
//!
//! **System model:** crash-recovery, asynchronous, fair-loss links, clocks that only measure spans. A process keeps one number on disk, the count of its lives. No
//! detector of such a system is always right: who is slow looks like one that has failed.
//!
//! # The idea
//!
//! - Each process sends all others a heartbeat every `interval`.
//! - *Heartbeat*: a process that is silent for `timeout` is suspected. Too short accuses the living, too long finds the dead late. After each mistake the
//!   time may grow, so that there are only finitely many of them once delays have any bound (Chandra & Toueg).
//! - *φ accrual*: the last intervals between heartbeats say how likely a longer one is. φ = -log10 of that: at φ = 1 one suspicion in ten is wrong, at φ = 8 one in a hundred
//!   million, if intervals are as assumed. A process whose φ passes `threshold` is suspected: soon on a quiet network, late on a restless one.
//! - Who stood still itself has heard nobody, and that says nothing of the others.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `process.rs` | Chandra & Toueg; §IV.A | `beat`, `on_heartbeat`, `on_deadline`, `look_at_oneself` |
//! | `estimate.rs` | §IV.A, §IV.B | the window of intervals, φ, and when it reaches the threshold |
//! | `tail.rs` | §IV.B | the tail of the normal law in fixed point |
//! | [`invariants`] | | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Fixed timeouts, with a growth after mistakes; φ from a window of intervals under a normal law (the paper) or an exponential one (Cassandra).
//!
//! # Ours
//!
//! - φ is not computed all the time: when a heartbeat comes, the moment is known at which φ will reach the threshold.
//! - Heartbeats are numbered, so that a late one or a copy counts for nothing.
//! - The deviation has a floor (`least_deviation`, as in Akka): on a network without jitter the next heartbeat that is a microsecond late would be one in a million.
//! - An interval above `outage` is an outage and not jitter, and stays out of the window (as in Cassandra).
//! - A process that is more than `own_pause` late with its own heartbeat stood still (Cassandra looks at itself likewise). Heartbeats that waited for it all come at once:
//!   these intervals stay out of the window, and everybody gets the time to be heard once more.
//! - Until a window has two intervals, the mean is `interval`, and the deviation a quarter of it (as in Akka).
//!
//! # Left out
//!
//! Several thresholds on one level for several uses; gossip of who is suspected: that is [`swim`](crate::swim).

pub mod bugs;
mod estimate;
pub mod invariants;
mod message;
mod process;
mod registration;
mod statistics;
mod tail;

pub use estimate::Estimate;
pub use message::{Level, Message, Stamp};
pub use process::{Detector, Kind, Law, Note, Process, Record, Settings, Timer};
pub use registration::Parameters;
