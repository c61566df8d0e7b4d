//! Atomic commit under test: known answers, short stories, each bug caught, and sweeps over seeds and faults.

mod bugs;
mod costs;
mod stories;
mod support;
mod sweep;
