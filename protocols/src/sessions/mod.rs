//! Clocks at work: a store whose followers lag behind, logical clocks on every message, and sessions in which a client reads its own writes.
//!
//! **Sources:** L. Lamport, *Time, Clocks, and the Ordering of Events in a Distributed System*, CACM 1978, cited as "Lamport"; C. Fidge 1988 and F. Mattern 1988
//! for vector clocks; S. Kulkarni et al., *Logical Physical Clocks*, OPODIS 2014, cited as "HLC"; D. Terry et al., *Session Guarantees for Weakly Consistent
//! Replicated Data*, PDIS 1994, cited as "Terry et al."; M. Tyulenev et al., *Implementation of Cluster-wide Logical Clock and Causal Consistency in MongoDB*, SIGMOD 2019, for
//! a token that is a hybrid time.
//!
//! **System model:** no crashes; asynchronous, fair-loss links; wall clocks that drift and jump as they like.
//!
//! # The idea
//!
//! - n1 is the primary: it puts writes in order and gives each a hybrid time. Followers get the entries later and apply them in order. The last nodes are clients, with a register each: they write at
//!   the primary and read at any follower.
//! - A follower lags, so that a client might not find what it has just written. It brings a *token* along, the time of the newest entry that it knows of, and the follower waits until it has come
//!   that far.
//! - Whatever a node does is an event, with three stamps: Lamport's clock, a vector clock and a hybrid one. Each message carries those of the event that sent it. Nothing here but tokens needs
//!   them; monitors compare them with what has in fact caused what.
//!
//! # Where to read what
//!
//! | file | rules |
//! |---|---|
//! | `stamps.rs` | the clocks of a process, and `happen`: IR1 and IR2 of Lamport, figure 5 of HLC |
//! | `process.rs` | a node's state; which rule handles what |
//! | `store.rs` | primary and followers: `on_write`, `replicate`, `on_append`, `serve` |
//! | `client.rs` | writes, reads and the token |
//! | [`invariants`] | what must hold after every event |
//! | [`bugs`] | each rule's mistake |
//!
//! # Ours
//!
//! What a handler does is one event: it receives, thinks and sends at one stamp. A client has one operation open at a time, and repeats it until it is answered.
//!
//! # Left out
//!
//! Crashes and disks: a clock that is not to go back would be kept on disk. Another primary. Writes Follow Reads and Monotonic Writes hold because one node orders all writes.

pub mod bugs;
mod client;
pub mod invariants;
mod message;
mod process;
mod registration;
mod stamps;
mod store;

pub use message::{Body, Entry, Message};
pub use process::{Note, Process, Role, Sessions, Settings, Timer};
pub use registration::Parameters;
pub use stamps::{Event, Stamps};
