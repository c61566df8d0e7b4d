//! Viewstamped Replication under test: short stories, its bug caught, and sweeps over seeds and faults.

mod bugs;
mod stories;
mod support;
mod sweep;
