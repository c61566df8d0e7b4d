//! Chain replication and CRAQ under test: short stories, each bug caught, and sweeps over seeds and faults.

mod bugs;
mod craq;
mod stories;
mod support;
mod sweep;
