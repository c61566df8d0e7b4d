//! Conflict-free replicated data types: replicas that take updates at once, without asking anybody, and agree when they have heard of the same.
//!
//! **Sources:** M. Shapiro, N. Preguica, C. Baquero and M. Zawirski, *Conflict-free Replicated Data Types*, SSS 2011, and *A comprehensive study of Convergent and
//! Commutative Replicated Data Types*, INRIA RR-7506, 2011. P. Almeida, A. Shoker and C. Baquero, *Delta state replicated data types*, J. Parallel Distrib. Comput.
//! 111, 2018. RGA: H.-G. Roh, M. Jeon, J.-S. Kim and J. Lee, *Replicated abstract data types*, J. Parallel Distrib. Comput. 71(3), 2011.
//!
//! **System model:** asynchronous, fair-loss links; replicas may crash and forget everything. Nothing is promised about an update whose replica crashed before
//! another had it.
//!
//! # The idea
//!
//! The states of a type are a *join semilattice*: any two have a least upper bound, whatever the order and however often they are joined. An update only ever moves a
//! state up. So replicas need only send each other their states now and then (`exchange = "state"`), or the *deltas* of those that were not acknowledged yet
//! (`delta`). Replicas that send *operations* (`op`) need a channel that delivers each of them once and after those that it depends on.
//!
//! | `kind` | concurrent updates |
//! |---|---|
//! | `g-counter`, `pn-counter` | add up |
//! | `g-set`, `2p-set` | unite; what is removed stays removed |
//! | `or-set` | an addition wins over a removal that did not know of it |
//! | `lww` | the later one wins, by the clocks; the higher replica of equal ones |
//! | `mv` | are both kept |
//! | `rga` | letters put at one place stand one behind the other, the newer ones first |
//!
//! **Kept:** all of that. **Ours:** one protocol for all types; version vectors beside every state, by which a rule knows what a replica has heard of; a replica that
//! restarts has a new name. **Left out:** garbage collection of tombstones, types within types.

mod bugs;
mod deltas;
mod dot;
mod invariants;
mod meaning;
mod message;
mod ops;
mod parameters;
mod registration;
mod replica;
mod state;
mod variants;

pub use bugs::{BUGS, G10, G11, G12, G13, G14, G15, G16};
pub use dot::{Dot, ReplicaId, Versions};
pub use invariants::{Convergence, Meaning};
pub use meaning::{Made, meaning};
pub use message::{ElementId, Message, Note, Op, Operation, Output, Timer, Update, Value};
pub use parameters::{Exchange, Kind, Parameters};
pub use registration::Crdt;
pub use replica::Replica;
pub use state::{State, Written};
