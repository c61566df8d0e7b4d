//! The store after Dynamo under test: short stories, planted bugs caught, and sweeps over seeds and faults.

mod bugs;
mod stories;
#[path = "../membership/support.rs"]
mod support;
mod sweep;
mod world;
