//! HyParView and Plumtree: everybody knows a few others, and what is broadcast still reaches all.
//!
//! **Sources:** J. Leitão, J. Pereira and L. Rodrigues, *HyParView: a membership protocol for reliable gossip-based broadcast*, DSN 2007,
//! cited as "HyParView, §4.2"; by the same, *Epidemic Broadcast Trees*, SRDS 2007, cited as "Plumtree, §3.2".
//!
//! **System model:** crashes that take the whole memory, asynchronous, fair-loss links, no disk. Any node may be told of any one other, its
//! contact, when it knows nobody. Both papers have TCP, which loses nothing and notices failures; here peers ask each other for a sign of
//! life, and what the network loses is announced by others.
//!
//! # The idea
//!
//! - A node keeps a small *active view*, of peers that it exchanges messages with, and a larger *passive view* of others, to
//!   replace peers that fail. Both are of constant size, however many nodes there are.
//! - Active links are mutual. Who joins is handed on by a random walk, so that it gets peers all over; who is full drops a peer, and tells it so.
//! - Passive views are shuffled: now and then a node swaps a few names with one that is some steps away.
//! - A broadcast goes to some peers as a whole (*eager*) and to the others as an announcement (*lazy*). A copy that comes twice *prunes* its
//!   link to a lazy one, so that the eager links become a tree. An announcement of something that does not come *grafts* its link back.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `peer.rs` | | a node's state; which rule handles what |
//! | `views.rs` | HyParView, §4.1 | the two views |
//! | `membership.rs` | HyParView, §4.2, §4.3, algorithm 1 | `join`, `on_forward_join`, `on_neighbor`, `on_disconnect`, `period` |
//! | `shuffle.rs` | HyParView, §4.4 | `begin_shuffle`, `on_shuffle`, `on_shuffle_reply` |
//! | `broadcast.rs` | Plumtree, §3.2 to §3.4, algorithms 1 to 3 | `broadcast`, `on_gossip`, `on_prune`, `on_i_have`, `graft`, `on_graft` |
//! | [`message`] | | every message and what its fields mean |
//! | [`invariants`] | | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Both views, ARWL and PRWL, priorities of requests, shuffles by random walks, names that were just sent away replaced first; eager and lazy peers, prune,
//! graft with its two timers, the optimisation of the tree by `threshold`.
//!
//! # Ours
//!
//! - Signs of life, in place of TCP: each `period` a node asks each active peer, and drops one that has answered none of the last `patience` questions.
//!   Who is asked by somebody that it does not hold for a peer says so (`Disconnect`), so that links that are one-sided, because a message
//!   was lost or a node forgot, do not stay so.
//! - Who joins is told by each that took it in (`Welcome`): over TCP it would see the connection.
//! - Peers that were lost are remembered for a while and asked again, so that the halves of a healed partition find each other.
//! - The nodes join one after the other, each through one that is there, drawn at random, as a bootstrap service would name it. Whoever comes back
//!   joins through any other.
//!
//! # Left out
//!
//! Batches of announcements, X-BOT, forgetting old broadcasts: a node keeps what it has delivered.

mod broadcast;
pub mod bugs;
pub mod invariants;
mod membership;
pub mod message;
mod peer;
mod registration;
mod shuffle;
mod views;

pub use message::Message;
pub use peer::{Note, Operation, Output, Overlay, Peer, Settings, Timer};
pub use registration::Parameters;
pub use views::Views;
