//! Clocks that count what happened instead of time: what one can know of the order of events without a global clock.
//!
//! - [`Lamport`]: one number. What comes after has a greater one; the converse does not hold.
//! - [`VectorClock`]: a number per process. One comes before the other exactly if what it stamps does.
//! - [`Dotted`]: versions of a value, each with a name of its own and what its writer had seen: siblings of one server are told apart.
//! - [`Hybrid`]: Lamport's clock, kept close to physical time.
//!
//! Each is plain data with pure rules; `protocols/tests/clocks.rs` has their laws.

mod dotted;
mod hybrid;
mod lamport;
mod vector;

pub use dotted::{Dot, Dotted};
pub use hybrid::Hybrid;
pub use lamport::Lamport;
pub use vector::{Causality, VectorClock};
