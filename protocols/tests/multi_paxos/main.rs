//! Multi-Paxos under test: short stories, what things cost, each bug caught, and sweeps over seeds and faults.

mod bugs;
mod costs;
mod stories;
mod support;
mod sweep;
