//! Raft under test: short stories, each bug caught, and sweeps over seeds and faults.

mod bugs;
mod byzantine;
mod compaction;
mod elections;
mod membership;
mod reads;
mod stories;
mod support;
mod sweep;
