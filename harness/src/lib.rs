//! Run, judge, sweep and replay any [`Node`](orrery_sim::Node) on the Orrery engine.

#![forbid(unsafe_code)]

pub mod case;
pub mod report;
pub mod session;
pub mod subject;

pub use case::Case;
pub use report::{Report, Verdict};
pub use session::{Session, WorldView};
pub use subject::{CaseError, Registry, RunOptions, Subject};

pub use orrery_check as check;
pub use orrery_sim as sim;
