//! Run, judge, sweep and replay any [`Node`](orrery_sim::Node) on the Orrery engine.

#![forbid(unsafe_code)]
// The lint does not hear a narrower place: `panics.rs` says why it has thread-local state.
#![expect(
    clippy::disallowed_macros,
    reason = "a panic hook has no other way to speak to its thread"
)]

pub mod case;
pub mod describe;
pub mod determinism;
pub mod explore;
pub mod history;
pub mod inevitable;
pub mod live;
pub mod marks;
mod panics;
pub mod recording;
mod registered;
pub mod report;
pub mod runner;
pub mod search;
pub mod service;
pub mod session;
pub mod shrink;
pub mod statistics;
mod stuck;
pub mod subject;
pub mod swarm;
pub mod sweep;
pub mod why;
pub mod workloads;

pub use case::Case;
pub use marks::{FaultWord, Mark, MarkKind, NodeChange};
pub use registered::registered;
pub use report::{Report, Verdict};
pub use runner::Runner;
pub use session::{Session, WorldView};
pub use subject::{CaseError, Registry, RunOptions, Subject};

pub use orrery_check as check;
pub use orrery_sim as sim;
