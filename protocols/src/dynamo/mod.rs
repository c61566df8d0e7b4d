//! A store after Dynamo: each key on N nodes, reads of R, writes of W, and versions that nobody has put in order kept side by side.
//!
//! **Sources:** G. DeCandia et al., *Dynamo: Amazon's Highly Available Key-value Store*, SOSP 2007, cited as §4.4; N. Preguiça et al., *Dotted Version Vectors*, PODC
//! 2012, for clocks that tell versions of one coordinator apart.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links, no leader. Safety needs no clocks, except for the removal of
//! deleted keys: no message and no hint may be older than `grace`.
//!
//! # The idea
//!
//! - The nodes stand on a ring. A key belongs to the N nodes behind its place, its *owners* (§4.2, §4.3). One of them *coordinates* an operation: a write is done when W owners have it on disk,
//!   a read when R have answered (§4.5). If R + W > N, they meet.
//! - A version knows what its writer had seen. What was seen is overwritten; what was not stays beside it, as a *sibling* (§4.4). Whoever writes next, having read both, reconciles them.
//! - An owner that does not answer is stood in for: somebody else keeps a *hint* for it and hands it over later (§4.6). With a *sloppy* quorum a hint counts like a copy, so that
//!   writes always succeed; and reads may miss them.
//! - What a reader finds out of date is repaired (§5), and owners compare their keys by hashes now and then (§4.7).
//! - A deletion is a version too, a *tombstone*: it is removed when all owners are known to have it, and not before `grace`.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `ring.rs` | §4.2, §4.3 | `owners`, `stand_ins` |
//! | `store.rs` | §4.4, §4.6 | versions, hints, the journal |
//! | `server.rs` | | a node's state; which rule handles what |
//! | `coordinator.rs` | §4.5, §5 | `get`, `put`, `on_read_reply`, `on_write_reply`, `stand_in`, read repair |
//! | `replica.rs` | §4.5, §4.6 | `on_read`, `on_write`, `hand_off` |
//! | `entropy.rs` | §4.7 | comparison by hashes; removal of tombstones |
//! | [`invariants`] | | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Ours
//!
//! - *Contexts.* In the paper a client hands back the context of its last read. The clients here have no memory, so `Put` and `Delete` read first, as one operation: they
//!   overwrite what they have read. `Add` has read nothing, and overwrites nothing.
//! - Dotted version vectors instead of vector clocks: with these, two writes through one coordinator that knew nothing of each other overwrite each other. For that all siblings of a key travel together.
//! - Hashes are compared in two steps, the root and then 16 leaves, instead of a deep tree.
//! - One place per node on the ring.
//!
//! # Left out
//!
//! Virtual nodes, joining and leaving, the gossip of membership (§4.8), session guarantees, truncation of clocks except as a planted bug.

pub mod bugs;
mod coordinator;
mod entropy;
pub mod invariants;
pub mod message;
mod registration;
mod replica;
pub mod ring;
mod server;
mod store;

pub use message::Message;
pub use registration::Parameters;
pub use server::{Dynamo, Note, Operation, Output, Server, Settings, Timer};
pub use store::{Actor, Hint, Name, Record, Siblings, Store, Written};
